//! What is printed, one file a format.

mod checkstyle;
mod concise;
pub(crate) mod diff;
mod format;
pub(crate) mod github;
mod gitlab;
mod human;
pub(crate) mod inspect;
mod json;
mod junit;
mod manifests;
mod rdjson;
mod sarif;
pub(crate) mod seen;
mod seen_manifests;
pub(crate) mod statistics;
pub(crate) mod style;
pub(crate) mod timings;
pub(crate) mod why;

use std::path::Path;

use serde::Serialize;
use svclint_engine::{FileRef, Report, ReportedFinding};

pub(crate) use format::Format;
use svclint_syntax::{Encoding, Span};

/// A range as scripts get it: lines and columns from 1, columns in characters.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Range {
    start: Point,
    end: Point,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Point {
    line: u32,
    column: u32,
}

/// A range in bytes of the file.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct ByteRange {
    start: u32,
    end: u32,
}

impl Range {
    pub(crate) fn of(file: &FileRef, span: Span) -> Range {
        let point = |offset| {
            let position = file.lines.position(&file.text, offset, Encoding::Utf32);
            Point { line: position.line + 1, column: position.column + 1 }
        };
        Range { start: point(span.start), end: point(span.end) }
    }

    /// The line on which it begins, from 1.
    pub(crate) fn start_line(&self) -> u32 {
        self.start.line
    }
}

/// The findings of each file, in the order of files.
fn by_file(report: &Report) -> Vec<(FileRef, Vec<&ReportedFinding>)> {
    let mut files: Vec<(FileRef, Vec<&ReportedFinding>)> = Vec::new();
    for reported in &report.findings {
        let Some(file) = report.file(reported.finding.place.file) else { continue };
        match files.last_mut().filter(|(last, _)| last.path == file.path) {
            Some((_, findings)) => findings.push(reported),
            None => files.push((file, vec![reported])),
        }
    }
    files
}

impl From<Span> for ByteRange {
    fn from(span: Span) -> Self {
        ByteRange { start: span.start, end: span.end }
    }
}

/// A path as shown: without a leading `./`, with `/`.
pub(crate) fn shown(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}

/// `1 service`, `2 services`
pub(crate) fn count(number: usize, one: &str) -> String {
    count_of(number, one, &format!("{one}s"))
}

/// `1 fix`, `2 fixes`
pub(crate) fn count_of(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
