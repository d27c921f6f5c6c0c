//! Applying fixes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use svclint_catalog::{Applicability, Edit, Fix};
use svclint_model::FileId;
use svclint_syntax::{Bounds, Span, with_parser_stack};

use crate::report::Report;
use crate::store::Analysis;

/// Which fixes are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixMode {
    /// Only those that change nothing else.
    Safe,
    /// Those that change behaviour too.
    Unsafe,
}

/// The files after fixing.
#[derive(Clone, Debug, Default)]
pub struct Fixed {
    /// New texts, by path.
    pub files: BTreeMap<PathBuf, String>,
    /// What was done.
    pub outcome: FixOutcome,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FixOutcome {
    /// Fixes applied.
    pub applied: usize,
    /// Fixes that overlap with an applied one: they wait for the next round.
    pub waiting: usize,
    /// Fixes that would have broken the file's syntax, by rule: each is a bug in the rule.
    pub refused: Vec<String>,
}

/// Applies the first fitting fix of every finding to the texts of a report, the first in a file first. A fix is applied with
/// all of its edits or not at all: one that overlaps with another waits, and one that would break a file is refused.
pub fn fix_all(report: &Report, mode: FixMode) -> Fixed {
    fix_where(report, mode, |_| true)
}

/// The same for one file: only fixes that change nothing else.
pub fn fix_file(report: &Report, mode: FixMode, file: FileId) -> Fixed {
    let is_here = |edit: &Edit| matches!(edit, Edit::Replace { file: own, .. } if *own == file);
    fix_where(report, mode, |fix| fix.edits.iter().all(is_here))
}

/// A fix with the rule that offers it.
type Offered<'r> = (&'r str, &'r Fix);

fn fix_where(report: &Report, mode: FixMode, is_wanted: impl Fn(&Fix) -> bool) -> Fixed {
    let mut outcome = FixOutcome::default();
    let mut chosen: Vec<Offered<'_>> = Vec::new();
    let mut edits = Edits::default();
    for reported in &report.findings {
        let fits = |f: &&Fix| match f.applicability {
            Applicability::Safe => true,
            Applicability::Unsafe => mode == FixMode::Unsafe,
            Applicability::Proposal => false,
        };
        let Some(fix) = reported.finding.fixes.iter().find(fits).filter(|fix| is_wanted(fix)) else {
            continue;
        };
        if edits.conflict_with(fix) {
            outcome.waiting += 1;
            continue;
        }
        edits.add(fix);
        chosen.push((reported.finding.rule.id, fix));
    }
    loop {
        let files = edits.applied(report);
        let broken: Vec<FileId> =
            files.changed.iter().filter(|(id, new)| breaks(report, **id, new)).map(|(id, _)| *id).collect();
        if broken.is_empty() {
            outcome.applied = chosen.len();
            return Fixed { files: files.by_path(report), outcome };
        }
        let refused = refused(report, &chosen, &broken);
        chosen.retain(|(_, fix)| !refused.iter().any(|(_, other)| std::ptr::eq(*fix, *other)));
        outcome.refused.extend(refused.iter().map(|(rule, _)| (*rule).to_owned()));
        outcome.refused.sort_unstable();
        outcome.refused.dedup();
        edits = Edits::default();
        chosen.iter().for_each(|(_, fix)| edits.add(fix));
    }
}

/// Those of the fixes of broken files that break one by themselves; all of them where it takes several.
fn refused<'r>(report: &Report, chosen: &[Offered<'r>], broken: &[FileId]) -> Vec<Offered<'r>> {
    let is_there = |edit: &Edit| matches!(edit, Edit::Replace { file, .. } if broken.contains(file));
    let of_broken = || chosen.iter().copied().filter(|(_, fix)| fix.edits.iter().any(is_there));
    let breaks_alone = |(_, fix): &Offered<'_>| {
        let mut alone = Edits::default();
        alone.add(fix);
        alone.applied(report).changed.iter().any(|(id, new)| breaks(report, *id, new))
    };
    let culprits: Vec<Offered<'r>> = of_broken().filter(breaks_alone).collect();
    if culprits.is_empty() { of_broken().collect() } else { culprits }
}

/// The edits of some fixes.
#[derive(Default)]
struct Edits<'r> {
    replaced: BTreeMap<FileId, Vec<(Span, &'r str)>>,
    created: BTreeMap<&'r Path, &'r str>,
}

/// Texts after some edits.
struct Texts<'r> {
    changed: BTreeMap<FileId, String>,
    created: BTreeMap<&'r Path, &'r str>,
}

impl<'r> Edits<'r> {
    fn add(&mut self, fix: &'r Fix) {
        for edit in &fix.edits {
            match edit {
                Edit::Replace { file, span, text } => {
                    let edits = self.replaced.entry(*file).or_default();
                    // Two fixes may need the same import.
                    if !edits.contains(&(*span, text)) {
                        edits.push((*span, text));
                    }
                }
                Edit::Create { path, text } => drop(self.created.insert(path, text)),
            }
        }
    }

    fn conflict_with(&self, fix: &Fix) -> bool {
        fix.edits.iter().any(|edit| match edit {
            Edit::Replace { file, span, text } => {
                let others = self.replaced.get(file).map_or(&[][..], Vec::as_slice);
                let is_same = |s: Span, t: &str| s == *span && t == text && span.is_empty();
                others.iter().any(|(s, t)| overlap(*s, *span) && !is_same(*s, t))
            }
            Edit::Create { path, text } => self.created.get(&**path).is_some_and(|other| other != text),
        })
    }

    fn applied(&self, report: &Report) -> Texts<'r> {
        let new = |(file, edits): (&FileId, &Vec<(Span, &str)>)| {
            Some((*file, apply(&report.file(*file)?.text, edits.clone())))
        };
        Texts { changed: self.replaced.iter().filter_map(new).collect(), created: self.created.clone() }
    }
}

impl Texts<'_> {
    fn by_path(self, report: &Report) -> BTreeMap<PathBuf, String> {
        let path = |id| report.file(id).map(|file| file.path.to_path_buf());
        let changed = self.changed.into_iter().filter_map(|(id, text)| Some((path(id)?, text)));
        let created = self.created.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned()));
        changed.chain(created).collect()
    }
}

/// Whether a file that parsed would no longer.
fn breaks(report: &Report, file: FileId, new: &str) -> bool {
    let Some(old) = report.file(file) else { return false };
    let bounds = Bounds { max_depth: u32::MAX, ..Bounds::default() };
    let parses = |text: &str| {
        let read = || Analysis::read(&old.path, text.to_owned(), None, &bounds).errors().is_empty();
        with_parser_stack(read).unwrap_or(false)
    };
    parses(&old.text) && !parses(new)
}

/// Two insertions at one point overlap too: their order would be an accident.
fn overlap(a: Span, b: Span) -> bool {
    a.start < b.end && b.start < a.end || a.start == b.start
}

fn apply(text: &str, mut edits: Vec<(Span, &str)>) -> String {
    edits.sort_by_key(|(span, _)| (span.start, span.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (span, new) in edits {
        let (start, end) = (span.start as usize, span.end as usize);
        if start < at || end > text.len() {
            continue;
        }
        out.push_str(text.get(at..start).unwrap_or(""));
        out.push_str(new);
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or(""));
    out
}
