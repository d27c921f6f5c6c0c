//! Runs all rules over extracted repositories, and holds what they find against the verdicts, real defects and labels.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use svclint_catalog::Level;
use svclint_engine::{Cancel, DiskFs, Options, Workspace};
use svclint_model::FileId;

use super::book::Verdict;

/// A finding as it is compared.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) rule: &'static str,
    pub(crate) path: String,
    pub(crate) line: u32,
    pub(crate) subject: String,
}

/// What a folder holds and what is found in it.
#[derive(Default)]
pub(crate) struct Checked {
    pub(crate) found: Vec<Found>,
    pub(crate) lines: usize,
}

/// Checks a folder with all rules, those that are off as well.
pub(crate) fn check(folder: &Path) -> Checked {
    let levels = svclint_catalog::rules().iter().map(|r| (r.meta.id.to_owned(), Level::Warn)).collect();
    let options = Options { levels, ..Options::default() };
    let Ok(mut workspace) = Workspace::new(Arc::new(DiskFs), vec![folder.to_owned()], options) else {
        return Checked::default();
    };
    if workspace.load().is_err() {
        return Checked::default();
    }
    let report = workspace.check(&Cancel::default()).expect("nobody cancels");
    let lines = (0..).map_while(|n| report.file(FileId(n))).map(|f| f.lines.line_count() as usize).sum();
    let found = report.findings.iter().filter_map(|reported| {
        let finding = &reported.finding;
        let file = report.file(finding.place.file)?;
        let path = file.path.strip_prefix(folder).unwrap_or(&file.path).to_string_lossy().into_owned();
        let line = file.lines.line_of(finding.place.span.start) + 1;
        Some(Found { rule: finding.rule.id, path, line, subject: finding.subject.clone() })
    });
    Checked { found: found.collect(), lines }
}

/// The repositories below a folder, by `owner/name`; their folders are called `owner__name`.
pub(crate) fn repositories(corpus: &Path) -> BTreeMap<String, PathBuf> {
    let groups = fs::read_dir(corpus).into_iter().flatten().flatten().map(|e| e.path());
    let folders = groups.flat_map(|group| fs::read_dir(group).into_iter().flatten().flatten());
    let named = |folder: PathBuf| {
        let (owner, name) = folder.file_name()?.to_str()?.split_once("__")?;
        Some((format!("{owner}/{name}"), folder.clone()))
    };
    folders.filter_map(|e| named(e.path())).collect()
}

/// Whether a finding is the one that a verdict speaks of.
pub(crate) fn is_judged(found: &Found, verdict: &Verdict) -> bool {
    found.path == verdict.path && (found.subject == verdict.item || verdict.item.is_empty())
}

/// A real defect, before and after its correction.
#[derive(Deserialize)]
struct Case {
    id: String,
    defects: Vec<Defect>,
}

#[derive(Deserialize)]
struct Defect {
    #[serde(rename = "rule")]
    kind: String,
    file: String,
    lines: Vec<u32>,
}

/// A place that somebody labelled: a defect, or a trap that only looks like one.
#[derive(Deserialize)]
struct Label {
    repo: String,
    file: String,
    line: u32,
    #[serde(rename = "kind")]
    says: String,
    #[serde(rename = "rule")]
    kind: String,
}

/// How much of something was reported.
#[derive(Clone, Copy, Default)]
pub(crate) struct Share {
    pub(crate) reported: usize,
    pub(crate) of: usize,
}

impl Share {
    fn add(&mut self, reported: bool) {
        self.reported += usize::from(reported);
        self.of += 1;
    }
}

/// What was reported of known places, by rule.
#[derive(Default)]
pub(crate) struct Known {
    /// Real defects.
    pub(crate) defects: BTreeMap<String, Share>,
    /// Labelled defects.
    pub(crate) labels: BTreeMap<String, Share>,
    /// Traps: to be left alone.
    pub(crate) traps: BTreeMap<String, Share>,
}

/// Lines between a defect and a finding that still is about it.
const NEAR: u32 = 5;

/// Kinds of defects that have no line: they belong to a whole service.
const OF_SERVICES: [&str; 11] = [
    "missing-health-endpoint",
    "no-graceful-shutdown",
    "grpc-health-missing",
    "unversioned-api",
    "no-readiness-endpoint",
    "missing-probe",
    "server-no-request-timeout",
    "service-without-correlation",
    "shared-database",
    "unversioned-proto",
    "no-trace-propagator",
];

/// Holds the findings against the known defects and traps of a corpus: `truth.json`, `labels.json` and `rule_map.json` in
/// `data`, the cases extracted to `corpus/truth/ID/before`.
pub(crate) fn known(corpus: &Path, data: &Path, checked: &BTreeMap<String, Checked>) -> Known {
    let rules: BTreeMap<String, Vec<String>> = json(&data.join("rule_map.json"));
    let mut known = Known::default();
    for case in json::<Vec<Case>>(&data.join("truth.json")) {
        let folder = corpus.join("truth").join(&case.id).join("before");
        if !folder.is_dir() {
            continue;
        }
        let found = check(&folder).found;
        for defect in &case.defects {
            let mapped = rules.get(&defect.kind).map_or(&[][..], Vec::as_slice);
            let whole = OF_SERVICES.contains(&defect.kind.as_str());
            let near = |f: &&Found| {
                whole || f.path == defect.file && defect.lines.iter().any(|l| l.abs_diff(f.line) <= NEAR)
            };
            let rules: BTreeSet<&str> = found.iter().filter(near).map(|f| f.rule).collect();
            let reported = mapped.iter().any(|m| rules.contains(m.as_str()));
            mapped.iter().for_each(|m| known.defects.entry(m.clone()).or_default().add(reported));
        }
    }
    for label in json::<Vec<Label>>(&data.join("labels.json")) {
        let Some(checked) = checked.get(&label.repo.replace("{dot}", ".")) else { continue };
        let mapped = rules.get(&label.kind).map_or(&[][..], Vec::as_slice);
        let is_trap = label.says == "trap";
        let whole = !is_trap && OF_SERVICES.contains(&label.kind.as_str());
        let near = |f: &&Found| f.path == label.file && (whole || label.line.abs_diff(f.line) <= NEAR);
        let rules: BTreeSet<&str> = checked.found.iter().filter(near).map(|f| f.rule).collect();
        let reported = mapped.iter().any(|m| rules.contains(m.as_str()));
        for rule in mapped {
            if is_trap {
                known.traps.entry(rule.clone()).or_default().add(rules.contains(rule.as_str()));
            } else {
                known.labels.entry(rule.clone()).or_default().add(reported);
            }
        }
    }
    known
}

fn json<T: for<'de> Deserialize<'de>>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
