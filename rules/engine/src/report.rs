//! What a run found.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use svclint_catalog::Finding;
use svclint_model::{FileId, Model, Rejoined};
use svclint_syntax::LineIndex;

use crate::store::FactStore;
use crate::timings::Timings;

/// A finding with what the outside needs.
#[derive(Clone, Debug)]
pub struct ReportedFinding {
    /// What the rule said.
    pub finding: Finding,
    /// Names the finding over time: of rule, subject and text, not of line numbers. 16 hex digits.
    pub fingerprint: String,
    /// The same without where it is: it stays when a function moves to another module or a file is renamed. 16 hex digits.
    pub content: String,
}

/// A finding that is not reported as such.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The finding.
    pub finding: ReportedFinding,
    /// What accepts it.
    pub by: AcceptedBy,
    /// Why.
    pub reason: Option<String>,
}

/// What accepts a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AcceptedBy {
    /// A comment in the code.
    Comment,
    /// An exception of the configuration.
    Configuration,
    /// It was there when the baseline was made.
    Baseline,
    /// It was there before the change that is looked at.
    Before,
}

/// A file that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its path.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// Figures of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Services found.
    pub services: usize,
    /// Their routes.
    pub routes: usize,
    /// Clients of all kinds.
    pub clients: usize,
    /// Files read.
    pub files: usize,
    /// Findings reported.
    pub findings: usize,
    /// Findings with a fix.
    pub fixable: usize,
    /// Findings that a comment or the configuration accepts.
    pub suppressed: usize,
    /// Findings that the baseline has.
    pub baseline: usize,
    /// Findings that were there before the change that is looked at.
    pub before: usize,
    /// Files left out, in whole or in part.
    pub skipped: usize,
}

/// A file of a report.
#[derive(Clone, Debug)]
pub struct FileRef {
    /// Its path.
    pub path: Arc<Path>,
    /// Its text.
    pub text: Arc<str>,
    /// Its lines.
    pub lines: Arc<LineIndex>,
}

/// What a run found.
#[derive(Clone)]
pub struct Report {
    /// In the order of path and place.
    pub findings: Vec<ReportedFinding>,
    /// What was found and is accepted.
    pub accepted: Vec<Accepted>,
    /// What was left out.
    pub skipped: Vec<Skipped>,
    /// Figures.
    pub summary: Summary,
    /// The model that the rules read.
    pub model: Arc<Model>,
    /// How much of it had to be joined anew since the run before.
    pub rejoined: Rejoined,
    /// How long it took.
    pub took: Duration,
    /// What of that each stage and each rule took.
    pub timings: Timings,
    pub(crate) store: FactStore,
}

impl Report {
    /// A file.
    pub fn file(&self, id: FileId) -> Option<FileRef> {
        let (path, analysis) = self.store.file(id)?;
        Some(FileRef { path: path.clone(), text: analysis.text.clone(), lines: analysis.lines.clone() })
    }

    /// The id of a path.
    pub fn file_id(&self, path: &Path) -> Option<FileId> {
        self.store.paths.binary_search_by(|p| (**p).cmp(path)).ok().map(|i| FileId(i as u32))
    }

    /// The texts, for whoever renders fixes.
    pub fn store(&self) -> &FactStore {
        &self.store
    }

    /// Keeps only some of what is reported.
    pub fn retain(&mut self, is_kept: impl FnMut(&ReportedFinding) -> bool) {
        self.findings.retain(is_kept);
        self.count();
    }

    /// Takes findings out of what is reported, for a reason that they share.
    pub fn set_aside(&mut self, by: AcceptedBy, mut is_aside: impl FnMut(usize) -> bool) {
        let mut number = 0;
        let aside = self.findings.extract_if(.., |_| {
            number += 1;
            is_aside(number - 1)
        });
        let aside: Vec<Accepted> = aside.map(|finding| Accepted { finding, by, reason: None }).collect();
        match by {
            AcceptedBy::Comment | AcceptedBy::Configuration => self.summary.suppressed += aside.len(),
            AcceptedBy::Baseline => self.summary.baseline += aside.len(),
            AcceptedBy::Before => self.summary.before += aside.len(),
        }
        self.accepted.extend(aside);
        self.count();
    }

    fn count(&mut self) {
        self.summary.findings = self.findings.len();
        self.summary.fixable = self.findings.iter().filter(|f| !f.finding.fixes.is_empty()).count();
    }
}
