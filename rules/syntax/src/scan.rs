//! A byte scan that knows strings, raw strings, characters, lifetimes, comments and brackets, and nothing else.

use crate::Span;

/// What the scan reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// `(`, `[` or `{`
    Open(u8),
    /// `)`, `]` or `}`
    Close(u8),
    /// `;`
    Semicolon,
}

/// Why a scan ended before the text did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unterminated;

pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Reports brackets and semicolons outside of strings and comments.
pub(crate) fn scan(text: &[u8], on_token: impl FnMut(usize, Token)) -> Option<Unterminated> {
    Scanner { text, at: 0, comments: None }.run(on_token)
}

/// Spans of all comments, doc comments included.
pub fn comments(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    if memchr::memchr(b'/', text.as_bytes()).is_some() {
        Scanner { text: text.as_bytes(), at: 0, comments: Some(&mut found) }.run(|_, _| {});
    }
    found
}

struct Scanner<'t, 'c> {
    text: &'t [u8],
    at: usize,
    comments: Option<&'c mut Vec<Span>>,
}

impl Scanner<'_, '_> {
    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn run(mut self, mut on_token: impl FnMut(usize, Token)) -> Option<Unterminated> {
        while let Some(byte) = self.byte(0) {
            let closed = match byte {
                b'/' if self.byte(1) == Some(b'/') => self.line_comment(),
                b'/' if self.byte(1) == Some(b'*') => self.block_comment(),
                b'"' => self.string(),
                b'\'' => self.quote(),
                b'(' | b'[' | b'{' => self.token(&mut on_token, Token::Open(byte)),
                b')' | b']' | b'}' => self.token(&mut on_token, Token::Close(byte)),
                b';' => self.token(&mut on_token, Token::Semicolon),
                _ if is_word(byte) => self.word(),
                _ => {
                    self.at += 1;
                    true
                }
            };
            if !closed {
                return Some(Unterminated);
            }
        }
        None
    }

    fn token(&mut self, on_token: &mut impl FnMut(usize, Token), token: Token) -> bool {
        on_token(self.at, token);
        self.at += 1;
        true
    }

    fn comment(&mut self, end: usize) {
        if let Some(found) = &mut self.comments {
            found.push(Span::new(self.at as u32, end as u32));
        }
        self.at = end;
    }

    fn line_comment(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let end = self.at + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.comment(end);
        true
    }

    fn block_comment(&mut self) -> bool {
        let (mut depth, mut i) = (1, self.at + 2);
        while depth > 0 {
            let Some(next) = self.text.get(i..).and_then(|rest| memchr::memchr2(b'*', b'/', rest)) else {
                return false;
            };
            i += next;
            match (self.text[i], self.text.get(i + 1)) {
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    i += 2;
                }
                (b'/', Some(b'*')) => {
                    depth += 1;
                    i += 2;
                }
                _ => i += 1,
            }
        }
        self.comment(i);
        true
    }

    fn string(&mut self) -> bool {
        let mut i = self.at + 1;
        while let Some(next) = self.text.get(i..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
            i += next;
            if self.text[i] == b'"' {
                self.at = i + 1;
                return true;
            }
            i += 2;
        }
        false
    }

    /// A character or a lifetime.
    fn quote(&mut self) -> bool {
        match self.byte(1) {
            Some(b'\\') => {
                let mut i = self.at + 3;
                while self.text.get(i).is_some_and(|b| !matches!(b, b'\'' | b'\n')) {
                    i += 1;
                }
                self.at = i + 1;
            }
            Some(first) => {
                let width = match first {
                    0..=0x7f => 1,
                    0xf0.. => 4,
                    0xe0.. => 3,
                    _ => 2,
                };
                let is_char = self.byte(1 + width) == Some(b'\'');
                self.at += if is_char { width + 2 } else { 1 };
            }
            None => self.at += 1,
        }
        true
    }

    fn word(&mut self) -> bool {
        let start = self.at;
        while self.byte(0).is_some_and(is_word) {
            self.at += 1;
        }
        let is_raw = matches!(&self.text[start..self.at], b"r" | b"br" | b"cr");
        if is_raw && matches!(self.byte(0), Some(b'#' | b'"')) { self.raw_string() } else { true }
    }

    fn raw_string(&mut self) -> bool {
        let mut hashes = 0;
        while self.byte(hashes) == Some(b'#') {
            hashes += 1;
        }
        if self.byte(hashes) != Some(b'"') {
            self.at += hashes;
            return true;
        }
        let mut i = self.at + hashes + 1;
        while let Some(next) = self.text.get(i..).and_then(|rest| memchr::memchr(b'"', rest)) {
            i += next + 1;
            if self.text.get(i..i + hashes).is_some_and(|tail| tail.iter().all(|b| *b == b'#')) {
                self.at = i + hashes;
                return true;
            }
        }
        false
    }
}
