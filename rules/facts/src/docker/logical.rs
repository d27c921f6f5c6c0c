//! An instruction as Docker sees it: continued lines put together, comment lines between them left out.

use svclint_syntax::Span;

/// Characters with their places.
#[derive(Clone, Debug, Default)]
pub(super) struct Logical {
    pub(super) chars: Vec<(u32, char)>,
    /// One past the last byte.
    pub(super) end: u32,
    /// The character that takes its meaning from the next one.
    pub(super) escape: char,
}

impl Logical {
    pub(super) fn new(text: &str, span: Span, escape: char) -> Logical {
        let mut chars = Vec::new();
        let source = span.text(text);
        let mut at = 0;
        while let Some(c) = source.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = source.get(at..).unwrap_or("");
            if let Some(length) = continuation(rest, escape) {
                at += length;
                at += comment_lines(source.get(at..).unwrap_or(""));
                continue;
            }
            if c != '\r' {
                chars.push((span.start + at as u32, c));
            }
            at += c.len_utf8();
        }
        while chars.last().is_some_and(|(_, c)| c.is_whitespace()) {
            chars.pop();
        }
        let end = chars.last().map_or(span.start, |(at, c)| at + c.len_utf8() as u32);
        Logical { chars, end, escape }
    }

    /// The lines of a heredoc without its end marker, as a script.
    pub(super) fn heredoc(text: &str, span: Span) -> Logical {
        let body = span.text(text).trim_end();
        let length = body.rfind('\n').unwrap_or(0);
        Logical::new(text, Span::new(span.start, span.start + length as u32), '\\')
    }

    pub(super) fn get(&self, at: usize) -> Option<char> {
        self.chars.get(at).map(|(_, c)| *c)
    }

    /// The place of a range of characters.
    pub(super) fn span(&self, from: usize, to: usize) -> Span {
        let start = self.chars.get(from).map_or(self.end, |(at, _)| *at);
        let last = to.checked_sub(1).and_then(|last| self.chars.get(last));
        Span::new(start, last.map_or(start, |(at, c)| at + c.len_utf8() as u32))
    }

    /// The first character from `at` that is no blank.
    pub(super) fn skip_blanks(&self, mut at: usize) -> usize {
        while self.get(at).is_some_and(char::is_whitespace) {
            at += 1;
        }
        at
    }
}

/// The length of an escape with the line end after it.
fn continuation(rest: &str, escape: char) -> Option<usize> {
    let after = rest.strip_prefix(escape)?;
    let blank = after.trim_start_matches([' ', '\t', '\r']);
    let end = blank.strip_prefix('\n')?;
    Some(rest.len() - end.len())
}

/// The length of the comments and empty lines at the beginning.
fn comment_lines(rest: &str) -> usize {
    let mut length = 0;
    for line in rest.split_inclusive('\n') {
        let content = line.trim();
        if !(content.starts_with('#') || content.is_empty() && line.ends_with('\n')) {
            break;
        }
        length += line.len();
    }
    length
}
