//! Comments that accept what is reported today.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use svclint_syntax::Language;

use super::comment_marker;
use crate::report::{Report, ReportedFinding};

/// The texts of files after a comment was written over each finding that is wanted: one for all findings of a line. Files of languages
/// without comments stay.
pub fn with_comments(
    report: &Report,
    reason: &str,
    is_wanted: impl Fn(&ReportedFinding) -> bool,
) -> BTreeMap<PathBuf, String> {
    let mut rules: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for reported in report.findings.iter().filter(|f| is_wanted(f)) {
        let place = reported.finding.place;
        let Some(file) = report.file(place.file) else { continue };
        let is_known = svclint_catalog::rule(reported.finding.rule.id).is_some();
        if is_known && comment_marker(Language::of(&file.path)).is_some() {
            let line = file.lines.line_of(place.span.start);
            rules.entry((place.file, line)).or_default().insert(reported.finding.rule.id);
        }
    }
    let mut texts = BTreeMap::new();
    // From the last line to the first, so that those before stay where they are.
    for ((id, line), rules) in rules.into_iter().rev() {
        let Some(file) = report.file(id) else { continue };
        let Some(marker) = comment_marker(Language::of(&file.path)) else { continue };
        let span = file.lines.line_span(&file.text, line);
        let code = span.text(&file.text);
        let indent = code.get(..code.len() - code.trim_start().len()).unwrap_or("");
        let end = if file.text.contains("\r\n") { "\r\n" } else { "\n" };
        let rules = rules.into_iter().collect::<Vec<_>>().join(", ");
        let comment = format!("{indent}{marker} svclint: allow({rules}) {reason}{end}");
        let text: &mut String = texts.entry(file.path.to_path_buf()).or_insert_with(|| file.text.to_string());
        if text.is_char_boundary(span.start as usize) {
            text.insert_str(span.start as usize, &comment);
        }
    }
    texts
}
