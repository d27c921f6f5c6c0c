//! Words: quotes and escapes taken off, variables told apart from text.

use super::logical::Logical;
use super::{Part, Word};
use crate::Name;

/// Reads one word. Gives it with the position after it.
pub(super) fn word(text: &Logical, from: usize, ends: impl Fn(char) -> bool) -> (Word, usize) {
    let mut reader = Reader { text, at: from, parts: Vec::new(), written: String::new() };
    let mut quote = None;
    while let Some(c) = text.get(reader.at) {
        match (quote, c) {
            (None, c) if ends(c) => break,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (Some('\''), c) => reader.literal(c),
            (_, '$') => {
                reader.variable();
                continue;
            }
            (_, '`') if text.escape != '`' => {
                reader.backticks();
                continue;
            }
            (_, c) if c == text.escape => {
                reader.at += 1;
                match text.get(reader.at) {
                    Some(next) => reader.literal(next),
                    None => break,
                }
            }
            (_, c) => reader.literal(c),
        }
        reader.at += 1;
    }
    let to = reader.at;
    let span = text.span(from, to);
    (Word { text: reader.written, value: None, unset: Vec::new(), span, parts: reader.parts }, to)
}

/// All words up to the end.
pub(super) fn all(text: &Logical, from: usize) -> Vec<Word> {
    let mut words = Vec::new();
    let mut at = text.skip_blanks(from);
    while at < text.chars.len() {
        let (word, next) = word(text, at, char::is_whitespace);
        words.push(word);
        at = text.skip_blanks(next.max(at + 1));
    }
    words
}

/// The rest as one word, blanks included: `ENV NAME a b c`.
pub(super) fn rest(text: &Logical, from: usize) -> Word {
    word(text, from, |_| false).0
}

/// A list of strings as JSON has it, if it is one.
pub(super) fn json(text: &Logical, from: usize) -> Option<Vec<Word>> {
    let mut at = text.skip_blanks(from);
    if text.get(at) != Some('[') {
        return None;
    }
    let mut words = Vec::new();
    at = text.skip_blanks(at + 1);
    while text.get(at) == Some('"') {
        let (word, next) = json_string(text, at)?;
        words.push(word);
        at = text.skip_blanks(next);
        match text.get(at)? {
            ',' => {
                at = text.skip_blanks(at + 1);
                // A list that ends with a comma is none to Docker.
                if text.get(at) != Some('"') {
                    return None;
                }
            }
            ']' => break,
            _ => return None,
        }
    }
    let done = text.get(at) == Some(']') && text.skip_blanks(at + 1) >= text.chars.len();
    done.then_some(words)
}

fn json_string(text: &Logical, from: usize) -> Option<(Word, usize)> {
    let mut value = String::new();
    let mut at = from + 1;
    loop {
        match text.get(at)? {
            '"' => break,
            '\\' => {
                at += 1;
                value.push(match text.get(at)? {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    other => other,
                });
            }
            other => value.push(other),
        }
        at += 1;
    }
    let parts = pieces(&value);
    let word = Word { text: value, value: None, unset: Vec::new(), span: text.span(from, at + 1), parts };
    Some((word, at + 1))
}

/// Text with variables in it, outside of all quotes.
fn pieces(text: &str) -> Vec<Part> {
    let chars = text.char_indices().map(|(at, c)| (at as u32, c)).collect();
    let logical = Logical { chars, end: text.len() as u32, escape: '\0' };
    rest(&logical, 0).parts
}

struct Reader<'t> {
    text: &'t Logical,
    at: usize,
    parts: Vec<Part>,
    written: String,
}

impl Reader<'_> {
    fn literal(&mut self, c: char) {
        self.written.push(c);
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.push(c),
            _ => self.parts.push(Part::Text(c.to_string())),
        }
    }

    /// From a `$`.
    fn variable(&mut self) {
        let from = self.at;
        let next = self.text.get(from + 1);
        let part = match next {
            Some('{') => {
                self.at = self.closing(from + 1, '{', '}');
                braced(&self.slice(from + 2, self.at.saturating_sub(1)))
            }
            Some('(') => {
                self.at = self.closing(from + 1, '(', ')');
                Part::Unknown
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let mut end = from + 1;
                while self.text.get(end).is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
                    end += 1;
                }
                self.at = end;
                Part::Variable(Name::new(self.slice(from + 1, end)))
            }
            Some(c) if c.is_ascii_digit() || matches!(c, '@' | '*' | '?' | '#' | '$' | '!' | '-') => {
                self.at = from + 2;
                Part::Unknown
            }
            _ => {
                self.literal('$');
                self.at = from + 1;
                return;
            }
        };
        self.written.push_str(&self.slice(from, self.at));
        self.parts.push(part);
    }

    /// From a backtick: what a shell puts in its place is not known.
    fn backticks(&mut self) {
        let from = self.at;
        let mut end = from + 1;
        while self.text.get(end).is_some_and(|c| c != '`') {
            end += 1;
        }
        self.at = (end + 1).min(self.text.chars.len());
        self.written.push_str(&self.slice(from, self.at));
        self.parts.push(Part::Unknown);
    }

    /// The position after the bracket that closes the one at `from`; the end where there is none.
    fn closing(&self, from: usize, open: char, close: char) -> usize {
        let mut depth = 0usize;
        for at in from..self.text.chars.len() {
            match self.text.get(at) {
                Some(c) if c == open => depth += 1,
                Some(c) if c == close => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return at + 1;
                    }
                }
                _ => {}
            }
        }
        self.text.chars.len()
    }

    fn slice(&self, from: usize, to: usize) -> String {
        self.text.chars.get(from..to.max(from)).unwrap_or_default().iter().map(|(_, c)| *c).collect()
    }
}

/// What stands between the braces of `${..}`.
fn braced(inner: &str) -> Part {
    let length = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inner.len());
    let (name, rest) = inner.split_at(length);
    if name.is_empty() {
        return Part::Unknown;
    }
    let default = rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-'));
    match default {
        _ if rest.is_empty() => Part::Variable(Name::new(name)),
        Some(default) => Part::Default(Name::new(name), default.to_owned()),
        None => Part::Unknown,
    }
}
