//! Findings that are known already: those of a baseline, and those from before a change.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::report::{Report, ReportedFinding};

/// What is kept of a finding, so that it is known again after lines moved, files were renamed and code was formatted anew.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFinding {
    /// The file; only for people, and for telling what is out of date.
    pub path: String,
    /// The rule.
    pub rule: String,
    /// What it is about.
    pub subject: String,
    /// See [`ReportedFinding::fingerprint`].
    pub fingerprint: String,
    /// See [`ReportedFinding::content`].
    pub content: String,
}

impl KnownFinding {
    /// What is kept of a finding in a file.
    pub fn of(reported: &ReportedFinding, path: String) -> KnownFinding {
        KnownFinding {
            path,
            rule: reported.finding.rule.id.to_owned(),
            subject: reported.finding.subject.clone(),
            fingerprint: reported.fingerprint.clone(),
            content: reported.content.clone(),
        }
    }
}

/// For each finding of a report the number of the known finding that it is. Each known finding stands for one. First those that are the
/// same in the same place of the code, then those that are the same somewhere else.
pub fn compare(report: &Report, known: &[KnownFinding]) -> Vec<Option<usize>> {
    let mut is_free = vec![true; known.len()];
    let mut found = vec![None; report.findings.len()];
    let keys: [fn(&KnownFinding) -> &str; 2] = [|k| &k.fingerprint, |k| &k.content];
    let own: [fn(&ReportedFinding) -> &str; 2] = [|f| &f.fingerprint, |f| &f.content];
    for (key, own) in keys.into_iter().zip(own) {
        let mut free: HashMap<&str, Vec<usize>> = HashMap::new();
        for (number, finding) in
            known.iter().enumerate().rev().filter(|(n, _)| is_free.get(*n) == Some(&true))
        {
            free.entry(key(finding)).or_default().push(number);
        }
        for (place, finding) in found.iter_mut().zip(&report.findings).filter(|(place, _)| place.is_none()) {
            *place = free.get_mut(own(finding)).and_then(Vec::pop);
            if let Some(taken) = place.and_then(|number| is_free.get_mut(number)) {
                *taken = false;
            }
        }
    }
    found
}
