//! Cutting a text into items without parsing it.

use std::ops::Range;

use crate::scan::{Token, is_word, scan};

/// One item with the comments and attributes in front of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) range: Range<usize>,
    /// The last pair of braces at the item's level, braces included.
    pub(crate) body: Option<Range<usize>>,
}

/// Splits by brackets. `None` when they do not balance: then the layout must do.
pub(crate) fn by_brackets(text: &str, range: Range<usize>) -> Option<Vec<Piece>> {
    let source = text.as_bytes().get(range.clone())?;
    let mut pieces = Vec::new();
    let mut stack: Vec<(u8, usize)> = Vec::new();
    let mut start = 0;
    let mut body = None;
    let mut balanced = true;
    let unterminated = scan(source, |at, token| match token {
        Token::Open(bracket) => stack.push((bracket, at)),
        Token::Close(bracket) => match stack.pop() {
            Some((open, from)) if closes(open, bracket) => {
                if stack.is_empty() && bracket == b'}' {
                    body = Some(from..at + 1);
                    if !item_goes_on(source, at + 1) {
                        pieces.push((start..at + 1, body.take()));
                        start = at + 1;
                    }
                }
            }
            _ => balanced = false,
        },
        Token::Semicolon => {
            if stack.is_empty() {
                pieces.push((start..at + 1, body.take()));
                start = at + 1;
            }
        }
    });
    if unterminated.is_some() || !balanced || !stack.is_empty() {
        return None;
    }
    if source[start..].iter().any(|b| !b.is_ascii_whitespace()) {
        pieces.push((start..source.len(), body));
    }
    let moved = |r: Range<usize>| r.start + range.start..r.end + range.start;
    Some(pieces.into_iter().map(|(r, body)| Piece { range: moved(r), body: body.map(moved) }).collect())
}

fn closes(open: u8, close: u8) -> bool {
    matches!((open, close), (b'(', b')') | (b'[', b']') | (b'{', b'}'))
}

/// Whether what follows a closing brace still belongs to the item: `const X: T = if a { b } else { c };`.
fn item_goes_on(source: &[u8], after: usize) -> bool {
    let rest = source.get(after..).unwrap_or(&[]).trim_ascii_start();
    rest.starts_with(b"else")
        || rest.first().is_some_and(|b| b";,.?=>+-*|&:(".contains(b))
            && !rest.starts_with(b"//")
            && !rest.starts_with(b"::")
}

/// Splits by layout: a line at the items' own column that begins like an item begins one. Never fails, and a broken item
/// hurts only itself.
pub(crate) fn by_layout(text: &str, range: Range<usize>, column: usize) -> Vec<Piece> {
    let source = text.as_bytes();
    let mut pieces = Vec::new();
    let (mut start, mut line) = (range.start, range.start);
    let mut in_head = false;
    let is_blank = |from: usize, to: usize| source[from..to].iter().all(u8::is_ascii_whitespace);
    while line < range.end {
        let end = memchr::memchr(b'\n', &source[line..range.end]).map_or(range.end, |n| line + n + 1);
        let indent = source[line..end].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let first = line + indent;
        if indent == column && first < end {
            if source[first] == b'}' {
                pieces.push(start..first + 1);
                start = first + 1;
                in_head = false;
            } else if begins_item(&source[first..end]) {
                if !in_head && !is_blank(start, first) {
                    pieces.push(start..first);
                    start = first;
                }
                in_head = matches!(source[first], b'#' | b'/');
            } else {
                in_head = false;
            }
        }
        line = end;
    }
    if !is_blank(start, range.end) {
        pieces.push(start..range.end);
    }
    pieces.into_iter().map(|range| Piece { range, body: None }).collect()
}

const ITEM_WORDS: &[&[u8]] = &[
    b"pub",
    b"fn",
    b"async",
    b"unsafe",
    b"impl",
    b"struct",
    b"enum",
    b"trait",
    b"mod",
    b"use",
    b"const",
    b"static",
    b"type",
    b"extern",
    b"union",
    b"macro_rules",
    b"default",
    b"auto",
];

fn begins_item(line: &[u8]) -> bool {
    if line.starts_with(b"#[") || line.starts_with(b"#!") || line.starts_with(b"//") {
        return true;
    }
    let word = line.iter().take_while(|b| is_word(**b)).count();
    ITEM_WORDS.contains(&&line[..word])
}

/// What stands at the beginning of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head<'t> {
    /// `mod`, `impl`, `trait`, `fn`, …; empty for a macro call.
    pub(crate) keyword: &'t str,
    /// Comments and attributes.
    pub(crate) attrs: &'t str,
    /// Where they end and the item's own words begin.
    pub(crate) at: usize,
}

/// Reads an item's head.
pub(crate) fn head(text: &str, range: Range<usize>) -> Head<'_> {
    let at = range.start + attrs_len(text.get(range.clone()).unwrap_or(""));
    let attrs = text.get(range.start..at).unwrap_or("");
    let mut words = text.get(at..range.end).unwrap_or("");
    loop {
        words = words.trim_start();
        let length = words.bytes().take_while(|b| is_word(*b)).count();
        let (word, rest) = words.split_at(length);
        match word {
            "pub" => {
                words =
                    rest.trim_start().strip_prefix('(').and_then(|r| r.split_once(')')).map_or(rest, |r| r.1)
            }
            "unsafe" | "default" | "auto" => words = rest,
            _ => return Head { keyword: word, attrs, at },
        }
    }
}

/// Length of the whitespace, comments and attributes at the beginning of a text.
fn attrs_len(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        if trimmed.starts_with("//") {
            at += trimmed.find('\n').unwrap_or(trimmed.len());
        } else if trimmed.starts_with("/*") {
            let length = crate::comments(trimmed).first().map_or(0, |c| c.end as usize);
            if length == 0 {
                return at;
            }
            at += length;
        } else if trimmed.starts_with("#[") || trimmed.starts_with("#![") {
            let Some(length) = bracket_len(trimmed) else { return at };
            at += length;
        } else {
            return at;
        }
    }
}

/// Up to the end of the first bracket group.
fn bracket_len(text: &str) -> Option<usize> {
    let (mut depth, mut end) = (0usize, None);
    scan(text.as_bytes(), |at, token| match token {
        Token::Open(_) => depth += 1,
        Token::Close(_) => {
            depth = depth.saturating_sub(1);
            if depth == 0 && end.is_none() {
                end = Some(at + 1);
            }
        }
        Token::Semicolon => {}
    });
    end
}
