//! `.dockerignore`: what stays out of the build of an image.

use serde::{Deserialize, Serialize};
use svclint_syntax::Span;

/// A line that leaves files out, or takes them in again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IgnoreLine {
    /// The pattern as a path from the folder that the image is built from: without `!`, `.` and slashes around it.
    pub pattern: String,
    /// `!pattern`
    pub keeps: bool,
    /// What is written, without blanks around it.
    pub span: Span,
}

/// The lines of a `.dockerignore`, in order: the last one that fits a path decides.
pub fn ignore_file(text: &str) -> Vec<IgnoreLine> {
    let mut lines = Vec::new();
    let mut start = 0;
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_start_matches('\u{feff}');
        let written = line.trim();
        let blank = whole.len() - line.len() + (line.len() - line.trim_start().len());
        let from = start + blank;
        start += whole.len();
        if line.starts_with('#') || written.is_empty() {
            continue;
        }
        let (keeps, pattern) = match written.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, written),
        };
        let pattern = clean(pattern);
        if !pattern.is_empty() {
            lines.push(IgnoreLine {
                pattern,
                keeps,
                span: Span::new(from as u32, (from + written.len()) as u32),
            });
        }
    }
    lines
}

/// A path without what says nothing in it. It cannot leave the folder that it begins in.
fn clean(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}
