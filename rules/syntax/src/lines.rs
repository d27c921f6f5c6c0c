//! Byte offsets and editor positions.

use serde::{Deserialize, Serialize};

use crate::Span;

/// How an editor counts columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Encoding {
    /// In bytes.
    Utf8,
    /// In UTF-16 code units: the protocol's default.
    Utf16,
    /// In characters.
    Utf32,
}

/// A line and a column, both from 0. What a column counts is said by an [`Encoding`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// Where the lines of a text begin. Lines end at `\n`, `\r\n` and `\r`, as the language server protocol has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineIndex {
    starts: Vec<u32>,
    /// Whether the line holds anything but ASCII; the others need no walk.
    wide: Vec<bool>,
}

impl LineIndex {
    /// Reads a text.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0u32];
        for i in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            let pair = bytes[i] == b'\r' && bytes.get(i + 1) == Some(&b'\n');
            if !pair {
                starts.push(i as u32 + 1);
            }
        }
        let end = |line: usize| starts.get(line + 1).map_or(bytes.len(), |e| *e as usize);
        let wide = (0..starts.len()).map(|l| !bytes[starts[l] as usize..end(l)].is_ascii()).collect();
        LineIndex { starts, wide }
    }

    /// How many lines there are; an empty text has one.
    pub fn line_count(&self) -> u32 {
        self.starts.len() as u32
    }

    /// The line that holds an offset.
    pub fn line_of(&self, offset: u32) -> u32 {
        self.starts.partition_point(|s| *s <= offset).saturating_sub(1) as u32
    }

    /// A line's content without its end. A line beyond the text is empty, at the text's end.
    pub fn line_span(&self, text: &str, line: u32) -> Span {
        let Some(&start) = self.starts.get(line as usize) else { return Span::at(text.len() as u32) };
        let end = self.starts.get(line as usize + 1).map_or(text.len(), |e| *e as usize);
        let content = text.get(start as usize..end).unwrap_or("");
        let trimmed =
            content.strip_suffix("\r\n").or_else(|| content.strip_suffix(['\n', '\r'])).unwrap_or(content);
        Span::new(start, start + trimmed.len() as u32)
    }

    /// From a byte offset. An offset inside a character counts as its first byte, one past the end as the end.
    pub fn position(&self, text: &str, offset: u32, encoding: Encoding) -> Position {
        let mut offset = (offset as usize).min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.line_of(offset as u32);
        let before = text.get(self.start(line)..offset).unwrap_or("");
        let column = match encoding {
            _ if !self.is_wide(line) => before.len(),
            Encoding::Utf8 => before.len(),
            Encoding::Utf16 => before.chars().map(char::len_utf16).sum(),
            Encoding::Utf32 => before.chars().count(),
        };
        Position { line, column: column as u32 }
    }

    /// To a byte offset. A column beyond the line means its end, a line beyond the text the text's end, a column in the
    /// middle of a character that character's first byte.
    pub fn offset(&self, text: &str, position: Position, encoding: Encoding) -> u32 {
        let span = self.line_span(text, position.line);
        if !self.is_wide(position.line) {
            return (span.start + position.column).min(span.end);
        }
        let mut seen = 0;
        for (at, c) in span.text(text).char_indices() {
            let width = match encoding {
                Encoding::Utf8 => c.len_utf8(),
                Encoding::Utf16 => c.len_utf16(),
                Encoding::Utf32 => 1,
            };
            if seen + width > position.column as usize {
                return span.start + at as u32;
            }
            seen += width;
        }
        span.end
    }

    fn start(&self, line: u32) -> usize {
        self.starts.get(line as usize).copied().unwrap_or(0) as usize
    }

    fn is_wide(&self, line: u32) -> bool {
        self.wide.get(line as usize).copied().unwrap_or(false)
    }
}
