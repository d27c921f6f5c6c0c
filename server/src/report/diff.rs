//! What fixes change: as lines under a finding, and as a unified diff.

use std::io::Write;

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

/// A unified diff of all files.
pub(crate) fn print(out: &mut impl Write, report: &Report, fixed: &Fixed) -> anyhow::Result<()> {
    for (path, new) in &fixed.files {
        let old = report.file_id(path).and_then(|id| report.file(id)).map(|f| f.text);
        let name = shown(path);
        let before = if old.is_some() { format!("a/{name}") } else { "/dev/null".into() };
        writeln!(out, "{}", paint(style::STRONG, format!("--- {before}\n+++ b/{name}")))?;
        let old = old.unwrap_or_default();
        let (a, b): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
        for hunk in hunks(&a, &b) {
            writeln!(out, "{}", paint(style::BORDER, hunk.header()))?;
            for (mark, line) in &hunk.lines {
                match mark {
                    '+' => writeln!(out, "{}", paint(style::ADDED, format!("+{line}")))?,
                    '-' => writeln!(out, "{}", paint(style::REMOVED, format!("-{line}")))?,
                    _ => writeln!(out, " {line}")?,
                }
            }
        }
    }
    Ok(())
}

struct Hunk<'t> {
    old: usize,
    new: usize,
    lines: Vec<(char, &'t str)>,
}

impl Hunk<'_> {
    fn header(&self) -> String {
        let count = |skip: char| self.lines.iter().filter(|(mark, _)| *mark != skip).count();
        format!("@@ -{},{} +{},{} @@", self.old + 1, count('+'), self.new + 1, count('-'))
    }
}

/// Changes with their context; near ones share a hunk.
fn hunks<'t>(a: &[&'t str], b: &[&'t str]) -> Vec<Hunk<'t>> {
    let script = script(a, b);
    let changed: Vec<usize> = script.iter().enumerate().filter(|(_, s)| s.0 != ' ').map(|(i, _)| i).collect();
    let mut hunks: Vec<(usize, usize)> = Vec::new();
    for at in changed {
        let (from, to) = (at.saturating_sub(CONTEXT), (at + CONTEXT + 1).min(script.len()));
        match hunks.last_mut() {
            Some(last) if from <= last.1 => last.1 = to,
            _ => hunks.push((from, to)),
        }
    }
    let before = |end: usize, skip: char| script[..end].iter().filter(|s| s.0 != skip).count();
    hunks
        .into_iter()
        .map(|(from, to)| Hunk {
            old: before(from, '+'),
            new: before(from, '-'),
            lines: script[from..to].to_vec(),
        })
        .collect()
}

/// Equal, removed and added lines: the longest common subsequence of what is left between equal ends.
fn script<'t>(a: &[&'t str], b: &[&'t str]) -> Vec<(char, &'t str)> {
    let start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(x, y)| x == y).count();
    let (x, y) = (&a[start..a.len() - end], &b[start..b.len() - end]);
    let mut table = vec![vec![0u32; y.len() + 1]; x.len() + 1];
    for i in (0..x.len()).rev() {
        for j in (0..y.len()).rev() {
            table[i][j] =
                if x[i] == y[j] { table[i + 1][j + 1] + 1 } else { table[i + 1][j].max(table[i][j + 1]) };
        }
    }
    let mut lines: Vec<(char, &str)> = a[..start].iter().map(|l| (' ', *l)).collect();
    let (mut i, mut j) = (0, 0);
    while i < x.len() || j < y.len() {
        if i < x.len() && j < y.len() && x[i] == y[j] {
            lines.push((' ', x[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == y.len() || i < x.len() && table[i + 1][j] >= table[i][j + 1] {
            lines.push(('-', x[i]));
            i += 1;
        } else {
            lines.push(('+', y[j]));
            j += 1;
        }
    }
    lines.extend(a[a.len() - end..].iter().map(|l| (' ', *l)));
    lines
}
