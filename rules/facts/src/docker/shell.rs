//! Shell scripts, as far as linting needs them: the simple commands in them.

use svclint_syntax::Span;

use super::logical::Logical;
use super::words::word;
use super::{Flow, Part, Simple, Variable, Word};
use crate::Name;

/// More commands than this are not read.
const MAX_COMMANDS: usize = 2_000;

/// What may stand in front of a command.
const LEADS: [&str; 17] = [
    "if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "env", "sudo", "command", "nice",
    "nohup", "builtin", "exec",
];

/// Keywords after which no shell can be replaced by the command.
const CONTROL: [&str; 12] =
    ["if", "then", "else", "elif", "fi", "do", "done", "while", "until", "for", "case", "{"];

/// The simple commands of a script, and how they hang together.
pub(super) fn script(text: &Logical, from: usize) -> (Vec<Simple>, Flow) {
    let mut script = Script { text, at: from, commands: Vec::new(), words: Vec::new(), flow: Flow::Plain };
    script.read();
    let Script { commands, mut flow, .. } = script;
    if commands.len() > 1 {
        flow = flow.max(Flow::List);
    } else if let [only] = commands.as_slice()
        && (!only.sets.is_empty() || only.words.iter().any(|w| !is_plain(w)))
    {
        flow = flow.max(Flow::Single);
    }
    (commands, flow)
}

impl Flow {
    fn max(self, other: Flow) -> Flow {
        if self as u8 >= other as u8 { self } else { other }
    }
}

/// Whether a word is the same without a shell.
fn is_plain(word: &Word) -> bool {
    word.parts.iter().all(|p| matches!(p, Part::Text(_))) && !word.text.contains(['*', '?', '[', '~', '$'])
}

struct Script<'t> {
    text: &'t Logical,
    at: usize,
    commands: Vec<Simple>,
    words: Vec<Word>,
    flow: Flow,
}

impl Script<'_> {
    fn read(&mut self) {
        while let Some(c) = self.text.get(self.at) {
            let next = self.text.get(self.at + 1);
            match (c, next) {
                ('&', Some('&')) | ('|', Some('|')) => self.end(2, Flow::List),
                (';' | '\n', _) => self.end(1, Flow::List),
                ('&' | '|' | '(' | ')', _) => self.end(1, Flow::Other),
                ('#', _) if self.begins_word() => self.comment(),
                ('<' | '>', _) => self.redirection(),
                (c, _) if c.is_whitespace() => self.at += 1,
                _ => self.word(),
            }
            if self.commands.len() > MAX_COMMANDS {
                self.flow = Flow::Other;
                return;
            }
        }
        self.end(0, Flow::Plain);
    }

    fn begins_word(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.text.get(at));
        before.is_none_or(char::is_whitespace)
    }

    fn comment(&mut self) {
        while self.text.get(self.at).is_some_and(|c| c != '\n') {
            self.at += 1;
        }
    }

    fn word(&mut self) {
        let ends = |c: char| c.is_whitespace() || matches!(c, '&' | '|' | ';' | '(' | ')' | '<' | '>');
        let (word, next) = word(self.text, self.at, ends);
        self.at = next.max(self.at + 1);
        // `2>&1`
        let redirects = matches!(self.text.get(self.at), Some('<' | '>'));
        if !(redirects && word.text.chars().all(|c| c.is_ascii_digit())) {
            self.words.push(word);
        }
    }

    /// `> file`, `2>&1`, `<<EOF`: neither the sign nor what follows is a word of the command.
    fn redirection(&mut self) {
        while matches!(self.text.get(self.at), Some('<' | '>' | '&' | '-')) {
            self.at += 1;
        }
        while matches!(self.text.get(self.at), Some(' ' | '\t')) {
            self.at += 1;
        }
        let ends = |c: char| c.is_whitespace() || matches!(c, '&' | '|' | ';' | '(' | ')' | '<' | '>');
        self.at = word(self.text, self.at, ends).1;
        self.flow = self.flow.max(Flow::Single);
    }

    /// Ends a command, at an operator of some length.
    fn end(&mut self, length: usize, flow: Flow) {
        self.at += length;
        let more = self.text.skip_blanks(self.at) < self.text.chars.len();
        if flow == Flow::Other || more {
            self.flow = self.flow.max(flow);
        }
        let words = std::mem::take(&mut self.words);
        let Some(simple) = self.simple(words) else { return };
        let nested = nested(&simple);
        self.commands.push(simple);
        self.commands.extend(nested);
    }

    fn simple(&mut self, words: Vec<Word>) -> Option<Simple> {
        let mut simple = Simple { sets: Vec::new(), exec: false, words: Vec::new(), span: Span::default() };
        let mut words = words.into_iter().peekable();
        while let Some(word) = words.peek() {
            if CONTROL.contains(&word.text.as_str()) {
                self.flow = Flow::Other;
            }
            if let Some(set) = assignment(word) {
                simple.sets.push(set);
            } else if LEADS.contains(&word.text.as_str()) {
                simple.exec |= word.text == "exec";
            } else {
                break;
            }
            words.next();
        }
        simple.words = words.collect();
        let (first, last) = (simple.words.first()?, simple.words.last()?);
        simple.span = first.span.cover(last.span);
        Some(simple)
    }
}

/// The commands of `sh -c ".."`.
fn nested(simple: &Simple) -> Vec<Simple> {
    let [shell, flag, text, ..] = simple.words.as_slice() else { return Vec::new() };
    if !is_shell(&shell.text) || !is_command_flag(&flag.text) {
        return Vec::new();
    }
    quoted(text).0
}

/// The script that a word holds. Its places are the true ones where the word is written without escapes in it, else the
/// word's.
pub(super) fn quoted(word: &Word) -> (Vec<Simple>, Flow) {
    let is_verbatim = word.span.len() as usize == word.text.len() + 2;
    let place = |at: usize| word.span.start + if is_verbatim { 1 + at as u32 } else { 0 };
    let chars = word.text.char_indices().map(|(at, c)| (place(at), c)).collect();
    let logical = Logical { chars, end: word.span.end, escape: '\\' };
    let (mut commands, flow) = script(&logical, 0);
    if is_verbatim {
        return (commands, flow);
    }
    for simple in &mut commands {
        simple.span = word.span;
        simple.words.iter_mut().for_each(|w| w.span = word.span);
        simple.sets.iter_mut().for_each(|v| v.span = word.span);
    }
    (commands, flow)
}

/// Whether a program is a shell.
pub(super) fn is_shell(program: &str) -> bool {
    matches!(program.rsplit('/').next(), Some("sh" | "bash" | "ash" | "dash" | "zsh"))
}

/// `-c`, `-ec`, `-lc`
pub(super) fn is_command_flag(flag: &str) -> bool {
    flag.strip_prefix('-').is_some_and(|f| f.ends_with('c') && f.chars().all(|c| c.is_ascii_alphabetic()))
}

/// `NAME=value`
pub(super) fn assignment(word: &Word) -> Option<Variable> {
    let Some(Part::Text(first)) = word.parts.first() else { return None };
    let (name, rest) = first.split_once('=')?;
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_name = name.starts_with(starts) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        return None;
    }
    Some(split(word, name, rest))
}

/// `key=value`, where a key may be any text.
pub(super) fn split(word: &Word, name: &str, rest: &str) -> Variable {
    let mut value = word.clone();
    value.text = word.text.get(name.len() + 1..).unwrap_or("").to_owned();
    value.span = Span::new((word.span.start + name.len() as u32 + 1).min(word.span.end), word.span.end);
    match value.parts.first_mut() {
        Some(Part::Text(text)) if !rest.is_empty() => *text = rest.to_owned(),
        _ => drop(value.parts.remove(0)),
    }
    Variable { name: Name::new(name), span: word.span, value: Some(value) }
}
