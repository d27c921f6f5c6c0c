//! Comments to svclint in files that are no Rust.

use rustc_hash::FxHashMap;
use svclint_syntax::{Language, LineIndex, Span};

use super::{Suppression, next_lines, suppression};
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
    let next = next_lines(text, lines, |line| !line.starts_with(['#', '/']) && !line.starts_with("--"));
    // Comments one under the other speak of one thing.
    let mut blocks: FxHashMap<u32, Span> = FxHashMap::default();
    let mut block =
        |first: u32| *blocks.entry(first).or_insert_with(|| belonging(text, lines, language, first));
    let mut of_line = |number: u32| {
        let line = lines.line_span(text, number);
        let at = directive(line.text(text), marker)?;
        let comment = Span::new(line.start + at.start, line.start + at.start + at.text.len() as u32);
        let is_alone = Span::new(line.start, comment.start).text(text).trim().is_empty();
        let below = next.get(number as usize).copied().flatten().filter(|_| is_alone);
        suppression(at.said, comment, || vec![below.map_or(line, &mut block)])
    };
    (0..lines.line_count()).filter_map(&mut of_line).collect()
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

/// A line with what belongs to it.
fn belonging(text: &str, lines: &LineIndex, language: Language, next: u32) -> Span {
    let of = |number: u32| lines.line_span(text, number).text(text);
    let last = match language {
        Language::Yaml => end_of_block(next, lines.line_count(), &of),
        Language::Dockerfile => {
            (next..lines.line_count()).find(|n| !of(*n).trim_end().ends_with('\\')).unwrap_or(next)
        }
        _ => next,
    };
    let (first, last) = (lines.line_span(text, next), lines.line_span(text, last));
    Span::new(first.start, last.end)
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
