//! Applying fixes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use svclint_catalog::{Applicability, Edit, Fix};
use svclint_model::FileId;
use svclint_syntax::{Bounds, ChunkKind, Language, Span, parse, with_parser_stack};

use crate::report::Report;

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

/// Applies the first fitting fix of every finding to the texts of a report, the first in a file first. Fixes that overlap
/// wait; a file that would no longer parse is left as it was.
pub fn fix_all(report: &Report, mode: FixMode) -> Fixed {
    let mut fixed = Fixed::default();
    let mut chosen: BTreeMap<FileId, Vec<(Span, String)>> = BTreeMap::new();
    let mut owners: BTreeMap<FileId, Vec<&str>> = BTreeMap::new();
    for reported in &report.findings {
        let fits = |f: &&Fix| match f.applicability {
            Applicability::Safe => true,
            Applicability::Unsafe => mode == FixMode::Unsafe,
            Applicability::Proposal => false,
        };
        let Some(fix) = reported.finding.fixes.iter().find(fits) else { continue };
        if conflicts(fix, &chosen) {
            fixed.outcome.waiting += 1;
            continue;
        }
        for edit in &fix.edits {
            match edit {
                Edit::Replace { file, span, text } => {
                    let edits = chosen.entry(*file).or_default();
                    // Two fixes may need the same import.
                    if !edits.iter().any(|(s, t)| s == span && t == text) {
                        edits.push((*span, text.clone()));
                    }
                    owners.entry(*file).or_default().push(reported.finding.rule.id);
                }
                Edit::Create { path, text } => drop(fixed.files.insert(path.clone(), text.clone())),
            }
        }
        fixed.outcome.applied += 1;
    }
    for (file, edits) in chosen {
        let Some(source) = report.file(file) else { continue };
        let text = apply(&source.text, edits);
        let breaks = Language::of(&source.path) == Language::Rust && parses(&source.text) && !parses(&text);
        if breaks {
            let rules = owners.remove(&file).unwrap_or_default();
            fixed.outcome.applied = fixed.outcome.applied.saturating_sub(rules.len());
            fixed.outcome.refused.extend(rules.into_iter().map(str::to_owned));
        } else {
            fixed.files.insert(source.path.to_path_buf(), text);
        }
    }
    fixed
}

fn conflicts(fix: &Fix, chosen: &BTreeMap<FileId, Vec<(Span, String)>>) -> bool {
    fix.edits.iter().any(|edit| match edit {
        Edit::Replace { file, span, text } => {
            let others = chosen.get(file).map_or(&[][..], Vec::as_slice);
            others.iter().any(|(s, t)| overlap(*s, *span) && !(s == span && t == text && span.is_empty()))
        }
        Edit::Create { .. } => false,
    })
}

/// Two insertions at one point overlap too: their order would be an accident.
fn overlap(a: Span, b: Span) -> bool {
    a.start < b.end && b.start < a.end || a.start == b.start
}

fn apply(text: &str, mut edits: Vec<(Span, String)>) -> String {
    edits.sort_by_key(|(span, _)| (span.start, span.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (span, new) in edits {
        let (start, end) = (span.start as usize, span.end as usize);
        if start < at || end > text.len() {
            continue;
        }
        out.push_str(text.get(at..start).unwrap_or(""));
        out.push_str(&new);
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or(""));
    out
}

fn parses(text: &str) -> bool {
    let text = &text[svclint_syntax::prelude_len(text)..];
    let bounds = Bounds { max_depth: u32::MAX, ..Bounds::default() };
    with_parser_stack(|| parse(text, ChunkKind::Items, &bounds, |_, _| ()).is_ok()).unwrap_or(false)
}
