//! Edits that look like the code around them.

use svclint_model::{Block, FileId, Place};
use svclint_syntax::Span;

use crate::finding::Edit;
use crate::rule::Context;

impl Context<'_> {
    /// The text at a place.
    pub(crate) fn text(&self, place: Place) -> &str {
        place.span.text(self.sources.text(place.file))
    }

    /// The whitespace at the beginning of the line that holds a place's first byte.
    pub(crate) fn indent(&self, place: Place) -> &str {
        let before = self.sources.text(place.file).get(..place.span.start as usize).unwrap_or("");
        let line = before.rfind('\n').map_or(0, |i| i + 1);
        let text = self.sources.text(place.file).get(line..).unwrap_or("");
        &text[..text.len() - text.trim_start_matches([' ', '\t']).len()]
    }

    /// One step of indentation, as the file has it.
    pub(crate) fn indent_step(&self, file: FileId) -> &'static str {
        if self.sources.text(file).lines().any(|l| l.starts_with('\t')) { "\t" } else { "    " }
    }

    /// Whether only whitespace stands between the line's beginning and a place.
    pub(crate) fn begins_line(&self, place: Place) -> bool {
        let before = self.sources.text(place.file).get(..place.span.start as usize).unwrap_or("");
        before[before.rfind('\n').map_or(0, |i| i + 1)..].trim().is_empty()
    }

    /// Takes a statement away, with its line where it is alone there.
    pub(crate) fn delete_statement(&self, statement: Place) -> Vec<Edit> {
        let blank = u32::from(self.rest_of_file(statement).starts_with(' '));
        let alone = Span::new(statement.span.start, statement.span.end + blank);
        let span = self.whole_lines(statement).unwrap_or(alone);
        vec![Edit::Replace { file: statement.file, span, text: String::new() }]
    }

    /// The lines that a place stands on, with the end of the last one; `None` where something else stands on them too.
    pub(crate) fn whole_lines(&self, place: Place) -> Option<Span> {
        let rest_blank = self.rest_of_line(place).trim_start_matches([' ', '\t']).is_empty();
        let first = Place { file: place.file, span: Span::at(place.span.start) };
        if !rest_blank || !self.begins_line(first) {
            return None;
        }
        let end = self.end_of_line(place);
        let after = self.sources.text(place.file).get(end as usize..).unwrap_or("");
        let line_end = ["\r\n", "\n"].iter().find(|e| after.starts_with(**e)).map_or(0, |e| e.len() as u32);
        Some(Span::new(place.span.start - self.indent(first).len() as u32, end + line_end))
    }

    /// The text from a place's end to the end of its line.
    pub(crate) fn rest_of_line(&self, place: Place) -> &str {
        self.rest_of_file(place).lines().next().unwrap_or("")
    }

    /// The text from a place's end on.
    pub(crate) fn rest_of_file(&self, place: Place) -> &str {
        self.sources.text(place.file).get(place.span.end as usize..).unwrap_or("")
    }

    /// The line end that the file uses: that of its first line.
    pub(crate) fn line_end(&self, file: FileId) -> &'static str {
        let first = self.sources.text(file).split_inclusive('\n').next().unwrap_or("");
        if first.ends_with("\r\n") { "\r\n" } else { "\n" }
    }

    /// How a path is named in a file, and the edit that brings it in if it is not there yet. Where its last word already
    /// names something else, the whole path is used.
    pub(crate) fn import(&self, file: FileId, path: &str) -> (String, Option<Edit>) {
        let last = path.rsplit("::").next().unwrap_or(path).to_owned();
        let Some(scope) = self.model.scopes.get(file.0 as usize) else { return (path.to_owned(), None) };
        if let Some((_, name)) = scope.uses.iter().find(|(full, name)| full == path && name != "_") {
            return (name.clone(), None);
        }
        if scope.uses.iter().any(|(_, name)| *name == last) || scope.items.contains(&last) {
            return (path.to_owned(), None);
        }
        let end = self.line_end(file);
        let text =
            if scope.after_use { format!("{end}use {path};") } else { format!("use {path};{end}{end}") };
        (last, Some(Edit::Replace { file, span: Span::at(scope.insert_at), text }))
    }
}

impl Context<'_> {
    /// The edit that adds lines at the end of a mapping of a manifest: nothing for a mapping on one line, or one that a
    /// template adds to. The lines are indented from the mapping's keys on.
    pub(crate) fn add_entry(&self, block: Block, lines: &[&str]) -> Vec<Edit> {
        if block.flow || block.open {
            return Vec::new();
        }
        let Place { file, span } = block.at;
        let text = self.sources.text(file);
        let before = text.get(..span.end as usize).unwrap_or("");
        // A block of text ends with its line's end, and may be followed by more of them.
        let end = before.trim_end_matches(['\r', '\n']).len();
        let rest = text.get(end..).unwrap_or("");
        let at = end + rest.find(['\r', '\n']).unwrap_or(rest.len());
        let (line_end, indent) = (self.line_end(file), " ".repeat(block.indent as usize));
        let text = lines.iter().map(|line| format!("{line_end}{indent}{line}")).collect();
        vec![Edit::Replace { file, span: Span::at(at as u32), text }]
    }
}

impl Context<'_> {
    /// Whether a place is the value of the first key of an item that begins its line: `- name: X`.
    pub(crate) fn begins_item(&self, place: Place) -> bool {
        let before = self.sources.text(place.file).get(..place.span.start as usize).unwrap_or("");
        before[before.rfind('\n').map_or(0, |i| i + 1)..].trim_start().starts_with("- ")
    }

    /// An edit that gives a value of a manifest another text, in the quotes that it has.
    pub(crate) fn set(&self, place: Place, text: impl Into<String>) -> Vec<Edit> {
        let (old, new) = (self.text(place), text.into());
        let quote =
            old.chars().next().filter(|c| matches!(c, '"' | '\'') && old.ends_with(*c) && old.len() > 1);
        replace(place, quote.map_or(new.clone(), |quote| format!("{quote}{new}{quote}")))
    }

    /// An edit that gives a part of a value of a manifest another text: `8080` in `"80:8080/tcp"`, the last time that it stands by
    /// itself. Nothing where it does not.
    pub(crate) fn set_part(&self, place: Place, part: &str, text: impl Into<String>) -> Vec<Edit> {
        let whole = self.text(place);
        let is_apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        let stands = whole.rmatch_indices(part).find(|(at, _)| {
            let (before, after) = (&whole[..*at], &whole[*at + part.len()..]);
            is_apart(before.chars().next_back()) && is_apart(after.chars().next())
        });
        stands.map_or_else(Vec::new, |(at, _)| {
            let start = place.span.start + at as u32;
            let span = Span { start, end: start + part.len() as u32 };
            replace(Place { file: place.file, span }, text)
        })
    }

    /// The byte at the end of the line that a place ends on; a block of text ends with its own last line.
    pub(crate) fn end_of_line(&self, place: Place) -> u32 {
        let text = self.sources.text(place.file);
        let before = text.get(..place.span.end as usize).unwrap_or("").trim_end_matches(['\r', '\n']);
        let rest = text.get(before.len()..).unwrap_or("");
        (before.len() + rest.find(['\r', '\n']).unwrap_or(rest.len())) as u32
    }
}

/// An edit that puts another text at a place.
pub(crate) fn replace(place: Place, text: impl Into<String>) -> Vec<Edit> {
    vec![Edit::Replace { file: place.file, span: place.span, text: text.into() }]
}

/// An edit that inserts at the end of a place.
pub(crate) fn insert_after(place: Place, text: String) -> Edit {
    Edit::Replace { file: place.file, span: Span::at(place.span.end), text }
}

/// An edit that inserts at the beginning of a place.
pub(crate) fn insert_before(place: Place, text: String) -> Edit {
    Edit::Replace { file: place.file, span: Span::at(place.span.start), text }
}

/// Two insertions at one place, the end of a mapping and of the one around it, are one: the first one given comes first.
pub(crate) fn joined(edits: Vec<Edit>) -> Vec<Edit> {
    match edits.as_slice() {
        [Edit::Replace { file, span, text }, Edit::Replace { file: other, span: there, text: more }]
            if file == other && span == there =>
        {
            vec![Edit::Replace { file: *file, span: *span, text: format!("{text}{more}") }]
        }
        _ => edits,
    }
}
