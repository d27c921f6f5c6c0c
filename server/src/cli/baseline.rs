//! `svclint baseline`: the findings that were there when svclint came. A check reports only others.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use svclint_engine::{AcceptedBy, KnownFinding, Options, Report, ReportedFinding, Workspace, compare};
use svclint_model::normal_path;

use super::check::write;
use super::{Outcome, analyse};
use crate::report::{count, shown};

/// The name that is found without being told.
const FILE: &str = "svclint-baseline.json";

#[derive(Subcommand)]
pub(crate) enum BaselineCommand {
    /// Write all findings of today to a new baseline: from now on only others are reported
    Create(BaselineArgs),
    /// Add the findings that are new, and take out those that are gone
    Update(BaselineArgs),
    /// Take out the findings that are gone, and add none
    Prune(BaselineArgs),
}

#[derive(Args)]
pub(crate) struct BaselineArgs {
    /// Folders and files; the current folder if none is given. What the baseline says of others stays
    paths: Vec<PathBuf>,
    /// The file; otherwise the one that the configuration names, or `svclint-baseline.json`
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
}

pub(crate) fn run(command: &BaselineCommand) -> anyhow::Result<Outcome> {
    let (BaselineCommand::Create(args) | BaselineCommand::Update(args) | BaselineCommand::Prune(args)) =
        command;
    let (workspace, report) = analyse(&args.paths, Options::default())?;
    let found = Baseline::find(args.baseline.as_deref().filter(|path| path.is_file()), &workspace)?;
    let (mut baseline, adds) = match (command, found) {
        (BaselineCommand::Create(_), Some(baseline)) => anyhow::bail!(
            "`{}` is there already; `svclint baseline update` brings it up to date",
            shown(&baseline.shown)
        ),
        (BaselineCommand::Create(_), None) => (Baseline::new(args.baseline.as_deref(), &workspace), true),
        (_, None) => anyhow::bail!("there is no baseline; `svclint baseline create` writes one"),
        (BaselineCommand::Update(_), Some(baseline)) => (baseline, true),
        (BaselineCommand::Prune(_), Some(baseline)) => (baseline, false),
    };
    let (added, removed) = baseline.renew(&workspace, &report, adds);
    baseline.write()?;
    anstream::eprintln!(
        "{}: {}, {added} added, {removed} taken out",
        shown(&baseline.shown),
        count(baseline.findings.len(), "finding")
    );
    Ok(Outcome::Clean)
}

/// A baseline as it is on disk.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    findings: Vec<KnownFinding>,
}

/// The findings that are known, and the file that they stand in.
pub(super) struct Baseline {
    /// Its absolute path.
    file: PathBuf,
    /// Its path as it is shown.
    pub(super) shown: PathBuf,
    findings: Vec<KnownFinding>,
}

impl Baseline {
    /// A new one, at the path that is given, beside the nearest configuration, or in the folder that is checked.
    fn new(path: Option<&Path>, workspace: &Workspace) -> Baseline {
        let root = workspace.roots().first().cloned().unwrap_or_default();
        let dir = if root.is_dir() { root.clone() } else { root.parent().unwrap_or(&root).to_owned() };
        let of_config = || workspace.effective(&root).files.pop().map(|file| file.with_file_name(FILE));
        let named =
            path.map(Path::to_owned).or_else(|| workspace.effective(&root).baseline).or_else(of_config);
        Baseline::at(&named.unwrap_or_else(|| dir.join(FILE)), workspace, Vec::new())
    }

    fn at(path: &Path, workspace: &Workspace, findings: Vec<KnownFinding>) -> Baseline {
        let file = workspace.absolute(path);
        let here = workspace.absolute(Path::new(""));
        let shown = file.strip_prefix(&here).unwrap_or(&file).to_owned();
        Baseline { shown, file, findings }
    }

    /// The one that is named here or in the configuration, or the nearest in or above the first folder that is checked, up to that of the
    /// repository. One that is named has to be there.
    pub(super) fn find(named: Option<&Path>, workspace: &Workspace) -> anyhow::Result<Option<Baseline>> {
        let root = workspace.roots().first().cloned().unwrap_or_default();
        let found = match named {
            Some(path) => Some(path.to_owned()),
            None => {
                let of_config = workspace.effective(&root).baseline.filter(|path| path.is_file());
                of_config.or_else(|| nearest(&workspace.absolute(&root)))
            }
        };
        let Some(path) = found else { return Ok(None) };
        let text = std::fs::read_to_string(&path).map_err(|e| {
            anyhow::anyhow!(
                "the baseline `{}` cannot be read: {e}; `svclint baseline create` writes one",
                shown(&path)
            )
        })?;
        let document: Document = serde_json::from_str(&text).map_err(|e| {
            anyhow::anyhow!("the baseline `{}` cannot be read: {e}; `svclint baseline create` writes a new one where it is deleted", shown(&path))
        })?;
        if document.version != 1 {
            anyhow::bail!(
                "the baseline `{}` is of version {}; this svclint knows version 1",
                shown(&path),
                document.version
            );
        }
        Ok(Some(Baseline::at(&path, workspace, document.findings)))
    }

    /// Takes what it has out of what is reported.
    pub(super) fn set_aside(&self, report: &mut Report) {
        let known = compare(report, &self.findings);
        let is_own = |f: &ReportedFinding| is_failure(f.finding.rule.id);
        let aside: Vec<bool> =
            known.iter().zip(&report.findings).map(|(known, f)| known.is_some() && !is_own(f)).collect();
        report.set_aside(AcceptedBy::Baseline, |number| aside.get(number) == Some(&true));
    }

    /// What it has that a run (in which nothing is set aside but by it) did not find, of what the run looked at.
    pub(super) fn stale(&self, workspace: &Workspace, report: &Report) -> Vec<&KnownFinding> {
        let mut all = report.clone();
        all.findings.extend(
            report
                .accepted
                .iter()
                .filter(|a| matches!(a.by, AcceptedBy::Baseline | AcceptedBy::Before))
                .map(|a| a.finding.clone()),
        );
        let there: BTreeSet<usize> = compare(&all, &self.findings).into_iter().flatten().collect();
        let looked = Looked::of(workspace, report);
        let entries = self.findings.iter().enumerate();
        entries.filter(|(n, k)| !there.contains(n) && looked.at(self, k)).map(|(_, known)| known).collect()
    }

    /// Brings it up to date; gives how many findings came and went.
    fn renew(&mut self, workspace: &Workspace, report: &Report, adds: bool) -> (usize, usize) {
        let known = compare(report, &self.findings);
        let there: BTreeSet<usize> = known.iter().copied().flatten().collect();
        let looked = Looked::of(workspace, report);
        let old = self.findings.iter().enumerate();
        let mut findings: Vec<KnownFinding> = old
            .filter(|(number, entry)| !there.contains(number) && !looked.at(self, entry))
            .map(|(_, entry)| entry.clone())
            .collect();
        let removed = self.findings.len() - there.len() - findings.len();
        let mut added = 0;
        for (reported, known) in report.findings.iter().zip(&known) {
            let is_kept = known.is_some() || adds && !is_failure(reported.finding.rule.id);
            added += usize::from(is_kept && known.is_none());
            let file = report.file(reported.finding.place.file).filter(|_| is_kept);
            findings.extend(
                file.map(|file| KnownFinding::of(reported, self.path_of(&workspace.absolute(&file.path)))),
            );
        }
        findings.sort();
        self.findings = findings;
        (added, removed)
    }

    /// A file's path from the folder of the baseline.
    fn path_of(&self, file: &Path) -> String {
        let dir = self.file.parent().unwrap_or(&self.file);
        shown(file.strip_prefix(dir).unwrap_or(file))
    }

    /// An entry a line: changes of it can be read, and merged.
    fn write(&self) -> anyhow::Result<()> {
        let lines: Vec<String> = self.findings.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
        let text =
            if lines.is_empty() { String::new() } else { format!("\n    {}\n  ", lines.join(",\n    ")) };
        write(&self.file, &format!("{{\n  \"version\": 1,\n  \"findings\": [{text}]\n}}\n"))
    }
}

/// What svclint says of its own state is never an old finding.
fn is_failure(rule: &str) -> bool {
    matches!(rule, "config-error" | "internal-error")
}

/// What a run looked at.
struct Looked {
    roots: Vec<PathBuf>,
    rules: BTreeSet<&'static str>,
}

impl Looked {
    fn of(workspace: &Workspace, report: &Report) -> Looked {
        let mut rules: BTreeSet<&str> = report.timings.each.iter().map(|t| t.rule).collect();
        rules.extend(svclint_engine::own_rules().map(|own| own.id));
        let root = |root: &PathBuf| workspace.absolute(root);
        Looked { roots: workspace.roots().iter().map(root).collect(), rules }
    }

    /// Whether it would have found what an entry stands for. An entry of a rule that there is no more is out of date too.
    fn at(&self, baseline: &Baseline, known: &KnownFinding) -> bool {
        let path = normal_path(&baseline.file.with_file_name(&known.path));
        let is_gone = svclint_catalog::rule(&known.rule).is_none();
        self.roots.iter().any(|root| path.starts_with(root)) && (is_gone || self.rules.contains(&*known.rule))
    }
}

fn nearest(root: &Path) -> Option<PathBuf> {
    for dir in root.ancestors() {
        let path = dir.join(FILE);
        if path.is_file() {
            return Some(path);
        }
        if dir.join(".git").exists() {
            break;
        }
    }
    None
}
