//! What fixes change: as lines under a finding, and as a unified diff.

use std::io::Write;

use similar::{ChangeTag, TextDiff};
use svclint_catalog::{Edit, Fix};
use svclint_engine::{Fixed, Report};

use super::shown;
use super::style::{self, paint};

/// Lines that a fix replaces.
pub(crate) struct Change {
    pub(crate) path: String,
    /// From 1.
    pub(crate) line: u32,
    pub(crate) removed: Vec<String>,
    pub(crate) added: Vec<String>,
}

/// The lines that a fix touches, before and after, each edit by itself.
pub(crate) fn lines_changed(report: &Report, fix: &Fix) -> Vec<Change> {
    let mut changes = Vec::new();
    for edit in &fix.edits {
        match edit {
            Edit::Create { path, text } => changes.push(Change {
                path: shown(path),
                line: 1,
                removed: Vec::new(),
                added: text.lines().map(str::to_owned).collect(),
            }),
            Edit::Replace { file, span, text } => {
                let Some(source) = report.file(*file) else { continue };
                let first = source.lines.line_of(span.start);
                let last = source.lines.line_of(span.end);
                let from = source.lines.line_span(&source.text, first).start;
                let to = source.lines.line_span(&source.text, last).end;
                let before = source.text.get(from as usize..to as usize).unwrap_or("");
                let head = source.text.get(from as usize..span.start as usize).unwrap_or("");
                let tail = source.text.get(span.end as usize..to as usize).unwrap_or("");
                let after = format!("{head}{text}{tail}");
                let (mut removed, mut added): (Vec<&str>, Vec<&str>) =
                    (before.lines().collect(), after.lines().collect());
                let same_start = removed.iter().zip(&added).take_while(|(a, b)| a == b).count();
                removed.drain(..same_start);
                added.drain(..same_start);
                while !removed.is_empty() && removed.last() == added.last() {
                    removed.pop();
                    added.pop();
                }
                let own = |lines: Vec<&str>| lines.into_iter().map(str::to_owned).collect();
                let line = first + 1 + same_start as u32;
                changes.push(Change {
                    path: shown(&source.path),
                    line,
                    removed: own(removed),
                    added: own(added),
                });
            }
        }
    }
    changes
}

/// Lines around a change.
const CONTEXT: usize = 3;

/// A unified diff of all files, as `patch` and `git apply` take it.
pub(crate) fn print(out: &mut impl Write, report: &Report, fixed: &Fixed) -> anyhow::Result<()> {
    for (path, new) in &fixed.files {
        let old = report.file_id(path).and_then(|id| report.file(id)).map(|f| f.text);
        let name = shown(path);
        let before = if old.is_some() { format!("a/{name}") } else { "/dev/null".into() };
        writeln!(out, "{}", paint(style::STRONG, format!("--- {before}\n+++ b/{name}")))?;
        let old = old.unwrap_or_default();
        let diff = TextDiff::from_lines(&*old, new.as_str());
        for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
            writeln!(out, "{}", paint(style::BORDER, hunk.header()))?;
            for change in hunk.iter_changes() {
                let line = change.value().strip_suffix('\n').unwrap_or(change.value());
                match change.tag() {
                    ChangeTag::Insert => writeln!(out, "{}", paint(style::ADDED, format!("+{line}")))?,
                    ChangeTag::Delete => writeln!(out, "{}", paint(style::REMOVED, format!("-{line}")))?,
                    ChangeTag::Equal => writeln!(out, " {line}")?,
                }
                if change.missing_newline() {
                    writeln!(out, "\\ No newline at end of file")?;
                }
            }
        }
    }
    Ok(())
}
