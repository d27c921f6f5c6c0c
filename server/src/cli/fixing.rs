//! `--fix`: until nothing changes any more, or not at all.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use svclint_engine::{FixMode, Report, Workspace, fix_all};

use super::check::write;
use super::gate::Gate;
use super::git;
use crate::report;

/// Rounds of fixing end at a fixpoint; more than this many mean that two rules undo each other.
const MAX_ROUNDS: usize = 10;

/// How many files of a dirty tree are named.
const NAMED: usize = 5;

/// Refuses where there are changes that are not committed: they could not be told from the fixes, nor the fixes taken back without them.
pub(super) fn refuse_dirty(roots: &[PathBuf]) -> anyhow::Result<()> {
    let dirty = git::dirty(roots)?;
    if dirty.is_empty() {
        return Ok(());
    }
    let mut names: Vec<String> = dirty
        .iter()
        .take(NAMED)
        .map(|path| format!("\n  {}", path.strip_prefix(".").unwrap_or(path).display()))
        .collect();
    if let Some(more) = dirty.len().checked_sub(NAMED).filter(|more| *more > 0) {
        names.push(format!("\n  and {more} more"));
    }
    anyhow::bail!(
        "nothing is fixed: there are changes that are not committed; commit or stash them, or say `--allow-dirty`{}",
        names.concat()
    )
}

/// The findings that are to be fixed.
pub(super) fn chosen<'r>(report: &'r Report, only: Option<&BTreeSet<&'static str>>) -> Cow<'r, Report> {
    let Some(only) = only else { return Cow::Borrowed(report) };
    let mut report = report.clone();
    report.retain(|f| only.contains(f.finding.rule.id));
    Cow::Owned(report)
}

/// Fixes until nothing changes any more. `None` where that does not come about: then all files are as they were.
pub(super) fn apply(
    workspace: &mut Workspace,
    first: Report,
    mode: FixMode,
    only: Option<&BTreeSet<&'static str>>,
    gate: &Gate,
) -> anyhow::Result<Option<Report>> {
    let mut report = first.clone();
    let (mut applied, mut refused) = (0, BTreeSet::new());
    let mut written = BTreeSet::new();
    for _ in 0..MAX_ROUNDS {
        let fixed = fix_all(&chosen(&report, only), mode);
        let changed: Vec<_> = fixed.files.iter().filter(|(path, text)| is_new(&report, path, text)).collect();
        refused.extend(fixed.outcome.refused);
        if changed.is_empty() {
            complain(&refused);
            if applied > 0 {
                anstream::eprintln!("{} applied", report::count_of(applied, "fix", "fixes"));
            }
            return Ok(Some(report));
        }
        for (path, text) in &changed {
            write(path, text)?;
            written.insert((*path).clone());
        }
        applied += fixed.outcome.applied;
        workspace.refresh(changed.into_iter().map(|(path, _)| path.clone()));
        let next = workspace.check(&svclint_engine::Cancel::default());
        report = next.ok_or_else(|| anyhow::anyhow!("the run was cancelled"))?;
        gate.set_aside(&mut report);
    }
    for path in &written {
        match first.file_id(path).and_then(|id| first.file(id)) {
            Some(before) => write(path, &before.text)?,
            None => std::fs::remove_file(path)?,
        }
    }
    anstream::eprintln!(
        "the fixes undo each other, so all files are as they were before; please report this"
    );
    Ok(None)
}

fn is_new(report: &Report, path: &Path, text: &str) -> bool {
    let old = report.file_id(path).and_then(|id| report.file(id));
    old.is_none_or(|f| *f.text != *text)
}

pub(super) fn complain(refused: &BTreeSet<String>) {
    for rule in refused {
        anstream::eprintln!(
            "a fix of `{rule}` would have broken the syntax of a file and was not applied; please report this"
        );
    }
}
