//! Positions and edits, against ropey and plain strings over many random texts.

#![allow(clippy::expect_used)]

use ropey::Rope;
use svclint_syntax::{Change, Document, DocumentError, Encoding, Language, LineIndex, Position};

/// A small generator, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn text(&mut self, parts: usize) -> String {
        const PARTS: &[&str] = &["a", "é", "😀", "\n", "\r\n", "\r", "\t", "ab c", "漢", "\u{2028}"];
        (0..self.below(parts)).map(|_| PARTS[self.below(PARTS.len())]).collect()
    }
}

const ENCODINGS: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32];

#[test]
fn offsets_and_positions_agree_with_ropey() {
    let mut random = Random(99);
    for _ in 0..2000 {
        let text = random.text(30);
        let (lines, rope) = (LineIndex::new(&text), Rope::from_str(&text));
        assert_eq!(lines.line_count() as usize, rope.len_lines(), "{text:?}");
        for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let char = rope.byte_to_char(offset);
            let line = rope.char_to_line(char);
            let start = rope.line_to_char(line);
            let columns = [
                offset - rope.char_to_byte(start),
                rope.char_to_utf16_cu(char) - rope.char_to_utf16_cu(start),
                char - start,
            ];
            for (encoding, column) in ENCODINGS.into_iter().zip(columns) {
                let position = lines.position(&text, offset as u32, encoding);
                assert_eq!(
                    position,
                    Position { line: line as u32, column: column as u32 },
                    "{text:?} {offset} {encoding:?}"
                );
                let span = lines.line_span(&text, position.line);
                assert_eq!(
                    lines.offset(&text, position, encoding),
                    (offset as u32).clamp(span.start, span.end)
                );
            }
        }
    }
}

#[test]
fn positions_outside_of_the_text_are_brought_inside() {
    let text = "ab\n😀";
    let lines = LineIndex::new(text);
    let at = |line, column, encoding| lines.offset(text, Position { line, column }, encoding);
    assert_eq!(at(0, 99, Encoding::Utf16), 2);
    assert_eq!(at(9, 0, Encoding::Utf16), 7);
    assert_eq!(at(1, 1, Encoding::Utf16), 3, "inside a surrogate pair: its beginning");
    assert_eq!(
        lines.position(text, 5, Encoding::Utf16),
        Position { line: 1, column: 0 },
        "inside a character"
    );
}

#[test]
fn edits_change_a_document_like_a_string() {
    let mut random = Random(7);
    let mut text = String::from("fn main() {}\n");
    let mut document = Document::open(&text, Language::Rust, 0);
    for version in 1..500 {
        let lines = LineIndex::new(&text);
        let ends: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
        let (mut a, mut b) = (ends[random.below(ends.len())] as u32, ends[random.below(ends.len())] as u32);
        if b < a {
            std::mem::swap(&mut a, &mut b);
        }
        let encoding = ENCODINGS[random.below(3)];
        let range = (lines.position(&text, a, encoding), lines.position(&text, b, encoding));
        // What a client names is a position, and one inside a line end means the line's end.
        let (a, b) = (lines.offset(&text, range.0, encoding), lines.offset(&text, range.1, encoding));
        let new = random.text(6);
        let change = Change { range: Some(range), text: new.clone() };
        document.apply(version, &[change], encoding).expect("a good edit");
        text.replace_range(a as usize..b as usize, &new);
        assert_eq!(&*document.text(), text);
    }
}

#[test]
fn edits_that_do_not_fit_change_nothing() {
    let mut document = Document::open("one\n", Language::Rust, 3);
    let at = |line| Position { line, column: 0 };
    let change = |range, text: &str| Change { range, text: text.into() };
    let stale = document.apply(3, &[change(None, "two")], Encoding::Utf16);
    assert_eq!(stale, Err(DocumentError::Stale { have: 3, got: 3 }));
    let half_good = [change(None, "two"), change(Some((at(9), at(9))), "x")];
    assert!(matches!(document.apply(4, &half_good, Encoding::Utf16), Err(DocumentError::Range { .. })));
    assert_eq!((&*document.text(), document.version()), ("one\n", 3));
}
