//! Go templates in YAML: found, and masked so that what is left reads as YAML with every byte where it was.

use memchr::memmem;
use smol_str::SmolStr;

use super::scope::Scopes;
use super::{Condition, Included};
use crate::Span;

/// One `{{ .. }}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// All of it.
    pub span: Span,
    /// What it does.
    pub kind: ActionKind,
    /// What stands in it, with what its variables and the blocks around it mean put in; empty where that is not known.
    pub inside: SmolStr,
    /// The lines that it stands on hold nothing else.
    pub(super) whole_line: bool,
}

/// What an action does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// `{{/* .. */}}`
    Comment,
    /// Prints nothing itself: `if`, `else`, `end`, `$x := ..`.
    Control,
    /// Repeats what follows.
    Range,
    /// Prints something.
    Output,
}

impl Action {
    /// Its first word: `if`, `end`, `include`.
    pub fn word<'t>(&self, text: &'t str) -> &'t str {
        first_word(written(self.span.text(text)))
    }
}

/// What stands between the braces of an action, without the dashes that trim around it.
fn written(action: &str) -> &str {
    let inside = action.strip_prefix("{{").unwrap_or(action);
    let inside = inside.strip_suffix("}}").unwrap_or(inside);
    let inside = inside.strip_prefix('-').unwrap_or(inside);
    inside.strip_suffix('-').unwrap_or(inside).trim()
}

fn first_word(inside: &str) -> &str {
    let end = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inside.len());
    inside.get(..end).unwrap_or("")
}

/// All actions of a text, in order.
pub fn actions(text: &str) -> Vec<Action> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut scopes = Scopes::default();
    let mut from = 0;
    while let Some(open) = memmem::find(&bytes[from..], b"{{").map(|n| from + n) {
        let end = end_of(bytes, open);
        let kind = kind_of(text.get(open + 2..end).unwrap_or(""));
        let inside = written(text.get(open..end).unwrap_or(""));
        let inside = scopes.enter(first_word(inside), inside);
        let span = Span::new(open as u32, end as u32);
        found.push(Action { span, kind, inside, whole_line: false });
        from = end;
    }
    mark_whole_lines(text, &mut found);
    found
}

/// The named templates that actions print: `include "shop.labels" .`, `template "shop.labels" .`
pub fn included(text: &str, actions: &[Action]) -> Vec<Included> {
    let mut found = Vec::new();
    for action in actions.iter().filter(|a| a.kind != ActionKind::Comment) {
        let source = action.span.text(text);
        // Between quotes stands what is printed or named: every second part.
        let mut parts = source.split('"');
        let mut at = action.span.start;
        while let (Some(before), Some(name)) = (parts.next(), parts.next()) {
            let start = at + before.len() as u32 + 1;
            let end = start + name.len() as u32;
            let word = before.trim_end().rsplit(|c: char| !c.is_alphanumeric()).next();
            if before.ends_with([' ', '\t']) && matches!(word, Some("include" | "template")) {
                found.push(Included { name: SmolStr::new(name), span: Span::new(start, end) });
            }
            at = end + 1;
        }
    }
    found
}

/// The byte after the `}}` that closes what begins at `open`; quotes and comments are passed over.
fn end_of(bytes: &[u8], open: usize) -> usize {
    let rest = &bytes[open + 2..];
    let word = rest.iter().position(|b| !matches!(b, b'-' | b' ' | b'\t' | b'\r' | b'\n')).unwrap_or(0);
    let mut at = open + 2;
    if rest[word..].starts_with(b"/*") {
        at = memmem::find(rest, b"*/").map_or(bytes.len(), |n| open + 2 + n + 2);
    }
    while at < bytes.len() {
        match bytes[at] {
            b'}' if bytes[at..].starts_with(b"}}") => return at + 2,
            b'\\' if bytes[at..].starts_with(b"\\\"") => at = after_escaped_string(bytes, at),
            b'"' => at = after_string(bytes, at),
            b'`' => at = memchr::memchr(b'`', &bytes[at + 1..]).map_or(bytes.len(), |n| at + 1 + n + 1),
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The byte after a string that begins at a quote; a line's end ends it too.
fn after_string(bytes: &[u8], quote: usize) -> usize {
    let mut at = quote + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            b'\n' => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The byte after a string whose quotes are escaped, as they are where the action stands in a text in quotes itself. One
/// that does not end on its line is none.
fn after_escaped_string(bytes: &[u8], quote: usize) -> usize {
    let inside = &bytes[quote + 2..];
    let line = memchr::memchr(b'\n', inside).unwrap_or(inside.len());
    memmem::find(&inside[..line], b"\\\"").map_or(quote + 2, |n| quote + 2 + n + 2)
}

fn kind_of(inside: &str) -> ActionKind {
    let inside = inside.trim_start_matches(['-', ' ', '\t', '\r', '\n']);
    if inside.starts_with("/*") {
        return ActionKind::Comment;
    }
    let end = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inside.len());
    match &inside[..end] {
        "range" => ActionKind::Range,
        "if" | "else" | "end" | "with" | "define" | "block" | "break" | "continue" | "fail" => {
            ActionKind::Control
        }
        // `$x := ..`, `$x = ..`
        "" if inside.starts_with('$') => {
            let name = inside[1..].trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
            let rest = name.trim_start();
            let assigns = rest.starts_with(":=") || rest.starts_with('=') && !rest.starts_with("==");
            if assigns { ActionKind::Control } else { ActionKind::Output }
        }
        _ => ActionKind::Output,
    }
}

/// Marks the actions whose lines hold only actions and blanks.
fn mark_whole_lines(text: &str, actions: &mut [Action]) {
    let bytes = text.as_bytes();
    let mut first = 0;
    while first < actions.len() {
        let line = text[..actions[first].span.start as usize].rfind('\n').map_or(0, |n| n + 1);
        let mut last = first;
        let end = loop {
            let after = actions[last].span.end as usize;
            let end = memchr::memchr(b'\n', &bytes[after..]).map_or(bytes.len(), |n| after + n);
            match actions.get(last + 1) {
                Some(next) if (next.span.start as usize) < end => last += 1,
                _ => break end,
            }
        };
        let mut at = line;
        let mut only = true;
        for action in &actions[first..=last] {
            only &= is_blank(&bytes[at..action.span.start as usize]);
            at = action.span.end as usize;
        }
        only &= is_blank(&bytes[at..end]);
        actions[first..=last].iter_mut().for_each(|action| action.whole_line = only);
        first = last + 1;
    }
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_whitespace)
}

/// The text with every action masked: blanks for what prints nothing here or fills whole lines, `_` for what prints inside
/// of a line. Length and line breaks stay.
pub(super) fn mask(text: &str, actions: &[Action]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for action in actions {
        let (start, end) = (action.span.start as usize, action.span.end as usize);
        masked.push_str(&text[at..start]);
        let blank = action.whole_line || action.kind != ActionKind::Output;
        let mut wrapped = false;
        for byte in text[start..end].bytes() {
            wrapped |= matches!(byte, b'\n' | b'\r');
            masked.push(match byte {
                b'\n' => '\n',
                b'\r' => '\r',
                _ if blank || wrapped => ' ',
                _ => '_',
            });
        }
        at = end;
    }
    masked.push_str(&text[at..]);
    masked
}

/// The column that an action's output begins at: what `nindent` says, or where it stands.
pub(super) fn column(text: &str, action: &Action) -> u32 {
    let source = action.span.text(text);
    let said = ["nindent", "indent"].iter().find_map(|word| {
        let rest = &source[source.find(word)? + word.len()..];
        let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    });
    said.unwrap_or_else(|| {
        let before = &text[..action.span.start as usize];
        (before.len() - before.rfind('\n').map_or(0, |n| n + 1)) as u32
    })
}

/// The parts of a text that are printed on a condition only: `if`, `else if` and `else`.
pub(super) fn conditions(text: &str, actions: &[Action]) -> Vec<Condition> {
    struct Open<'a> {
        from: u32,
        /// What must hold; nothing for a block that is none of `if`.
        says: Option<String>,
        /// What did not hold before.
        before: Vec<&'a str>,
    }
    let mut found = Vec::new();
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut close = |block: &Open<'_>, end: u32| {
        if let Some(says) = block.says.as_ref().filter(|says| !says.is_empty()) {
            found.push(Condition {
                span: Span::new(block.from, end.max(block.from)),
                says: SmolStr::new(says),
            });
        }
    };
    for action in actions {
        let inside = action.inside.as_str();
        match action.word(text) {
            "if" => {
                let says = inside.strip_prefix("if").unwrap_or("").trim();
                open.push(Open { from: action.span.end, says: Some(says.to_owned()), before: vec![says] });
            }
            "with" | "range" | "define" | "block" => {
                open.push(Open { from: action.span.end, says: None, before: Vec::new() });
            }
            "else" => {
                let Some(block) = open.last_mut().filter(|b| b.says.is_some()) else { continue };
                close(block, action.span.start);
                let own = inside.strip_prefix("else").unwrap_or("").trim();
                let own = own.strip_prefix("if").map(str::trim);
                let mut all: Vec<String> = block.before.iter().map(|b| format!("(not ({b}))")).collect();
                all.extend(own.map(|own| format!("({own})")));
                let is_known = !inside.is_empty() && block.before.iter().all(|b| !b.is_empty());
                block.says = Some(if is_known { format!("and {}", all.join(" ")) } else { String::new() });
                block.before.extend(own);
                block.from = action.span.end;
            }
            "end" => {
                if let Some(block) = open.pop() {
                    close(&block, action.span.start);
                }
            }
            _ => {}
        }
    }
    found
}
