//! A text that an editor changes.

use std::sync::{Arc, OnceLock};

use ropey::Rope;

use crate::{Encoding, Language, Position};

/// One file's text at one version.
#[derive(Clone, Debug)]
pub struct Document {
    rope: Rope,
    language: Language,
    version: i32,
    text: OnceLock<Arc<str>>,
}

/// A change as an editor sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What is replaced; `None` replaces everything.
    pub range: Option<(Position, Position)>,
    /// By what.
    pub text: String,
}

/// A change that cannot be applied. The document is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The change is older than the text.
    #[error("the change to version {got} comes after version {have}")]
    Stale {
        /// The document's version.
        have: i32,
        /// The change's.
        got: i32,
    },
    /// The range lies outside the text or runs backwards.
    #[error("the range {}:{} to {}:{} does not lie in the text", start.line, start.column, end.line, end.column)]
    Range {
        /// Its start.
        start: Position,
        /// Its end.
        end: Position,
    },
}

impl Document {
    /// A new text.
    pub fn open(text: &str, language: Language, version: i32) -> Self {
        Document { rope: Rope::from_str(text), language, version, text: OnceLock::new() }
    }

    /// What it is written in.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The version of the last change.
    pub fn version(&self) -> i32 {
        self.version
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.rope.len_bytes()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The whole text; made once a version.
    pub fn text(&self) -> Arc<str> {
        self.text.get_or_init(|| Arc::from(String::from(&self.rope))).clone()
    }

    /// Applies the changes of one message in order, all or none.
    ///
    /// # Errors
    /// When `version` is not newer than the text's, or a range does not lie in the text.
    pub fn apply(
        &mut self,
        version: i32,
        changes: &[Change],
        encoding: Encoding,
    ) -> Result<(), DocumentError> {
        if version <= self.version {
            return Err(DocumentError::Stale { have: self.version, got: version });
        }
        let mut rope = self.rope.clone();
        for change in changes {
            match change.range {
                None => rope = Rope::from_str(&change.text),
                Some((start, end)) => {
                    let range = char_at(&rope, start, encoding).zip(char_at(&rope, end, encoding));
                    let Some((from, to)) = range.filter(|(from, to)| from <= to) else {
                        return Err(DocumentError::Range { start, end });
                    };
                    rope.remove(from..to);
                    rope.insert(from, &change.text);
                }
            }
        }
        self.rope = rope;
        self.version = version;
        self.text = OnceLock::new();
        Ok(())
    }
}

/// The character index of a position. A column beyond the line's content means the content's end.
fn char_at(rope: &Rope, position: Position, encoding: Encoding) -> Option<usize> {
    let line = position.line as usize;
    if line >= rope.len_lines() {
        return None;
    }
    let slice = rope.line(line);
    let mut content = slice.len_chars();
    while content > 0 && matches!(slice.char(content - 1), '\n' | '\r') {
        content -= 1;
    }
    let column = position.column as usize;
    let chars = match encoding {
        Encoding::Utf32 => column.min(content),
        Encoding::Utf16 => slice.utf16_cu_to_char(column.min(slice.char_to_utf16_cu(content))),
        Encoding::Utf8 => slice.byte_to_char(column.min(slice.char_to_byte(content))),
    };
    Some(rope.line_to_char(line) + chars)
}
