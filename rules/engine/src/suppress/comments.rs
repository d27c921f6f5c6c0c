//! Comments to svclint in files that are no Rust.

use svclint_syntax::{Language, LineIndex, Span};

use super::{Suppression, suppression};
use crate::store::Analysis;

/// What a comment to the end of the line begins with; `None` for languages that have none.
pub fn comment_marker(language: Language) -> Option<&'static str> {
    match language {
        Language::Rust | Language::Proto => Some("//"),
        Language::Yaml | Language::Toml | Language::Dockerfile | Language::Env | Language::Ignore => {
            Some("#")
        }
        Language::Sql => Some("--"),
        Language::Json | Language::Template | Language::Other => None,
    }
}

/// The suppressions of a file, by its language's comments.
pub(super) fn read(analysis: &Analysis, language: Language) -> Vec<Suppression> {
    let (text, lines) = (&*analysis.text, &*analysis.lines);
    let Some(marker) = comment_marker(language) else { return Vec::new() };
    if !text.contains("svclint:") {
        return Vec::new();
    }
    let of_line = |number: u32| {
        let line = lines.line_span(text, number);
        let at = directive(line.text(text), marker)?;
        let comment = Span::new(line.start + at.start, line.start + at.start + at.text.len() as u32);
        suppression(at.said, comment, || covered(text, lines, language, number, at.start))
    };
    (0..lines.line_count()).filter_map(of_line).collect()
}

/// `# svclint: allow(..)` in a line.
struct Directive<'t> {
    /// The byte of the line that the comment begins at.
    start: u32,
    /// The comment.
    text: &'t str,
    /// What is said to svclint.
    said: &'t str,
}

fn directive<'t>(line: &'t str, marker: &str) -> Option<Directive<'t>> {
    let word = line.find("svclint:")?;
    let start = line[..word].rfind(marker)?;
    let between = line[start + marker.len()..word].trim();
    let before = &line[..start];
    let is_comment = between.is_empty() && (before.is_empty() || before.ends_with([' ', '\t']));
    is_comment.then(|| Directive {
        start: start as u32,
        text: line[start..].trim_end(),
        said: line[word + "svclint:".len()..].trim(),
    })
}

/// The comment's own line if something stands in front of it; else the next line that says something, and what belongs to it.
fn covered(text: &str, lines: &LineIndex, language: Language, line: u32, column: u32) -> Vec<Span> {
    let of = |number: u32| lines.line_span(text, number).text(text);
    let own = lines.line_span(text, line);
    if !of(line)[..column as usize].trim().is_empty() {
        return vec![own];
    }
    let says = |number: &u32| {
        let content = of(*number).trim();
        !content.is_empty() && !content.starts_with(['#', '/']) && !content.starts_with("--")
    };
    let Some(next) = (line + 1..lines.line_count()).find(says) else { return vec![own] };
    let last = match language {
        Language::Yaml => end_of_block(next, lines.line_count(), &of),
        Language::Dockerfile => {
            (next..lines.line_count()).find(|n| !of(*n).trim_end().ends_with('\\')).unwrap_or(next)
        }
        _ => next,
    };
    let (first, last) = (lines.line_span(text, next), lines.line_span(text, last));
    vec![Span::new(first.start, last.end)]
}

/// The last line of the YAML that begins on a line: what is indented deeper; at the beginning of a document all of it.
fn end_of_block<'t>(first: u32, count: u32, of: &dyn Fn(u32) -> &'t str) -> u32 {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let begins_document = {
        let mut before =
            (0..first).rev().map(of).filter(|l| !l.trim().is_empty() && !l.trim().starts_with('#'));
        indent(of(first)) == 0 && before.next().is_none_or(|l| l.starts_with("---"))
    };
    let own = indent(of(first));
    let mut last = first;
    for number in first + 1..count {
        let line = of(number);
        if line.trim().is_empty() {
            continue;
        }
        let ends = if begins_document { line.starts_with("---") } else { indent(line) <= own };
        if ends {
            break;
        }
        last = number;
    }
    last
}
