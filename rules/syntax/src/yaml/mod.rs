//! YAML, and YAML with Go templates in it, as trees that know where everything stands.
//!
//! A document that is broken somewhere still gives what is around the mistake: the line of an error is blanked and the text
//! read again. What a template prints is unknown, never wrong and never a mistake.

mod build;
mod scope;
pub mod template;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::Span;

/// What a YAML file says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Yaml {
    /// Its documents; empty ones are left out.
    pub documents: Vec<Node>,
    /// What could not be read; empty for a file with templates, whose mistakes cannot be told from what they print.
    pub errors: Vec<YamlError>,
    /// Whether there are templates in it.
    pub templated: bool,
    /// What of it is printed on a condition only.
    pub conditions: Vec<Condition>,
    /// The named templates that it has printed.
    pub included: Vec<Included>,
    /// Keys that one mapping has more than once: the last one is kept. Empty for a file with templates, where one of two
    /// branches gives the key, and for one that could not be read in whole.
    pub doubled: Vec<DoubledKey>,
}

/// A key that stands in its mapping once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoubledKey {
    /// The key.
    pub key: SmolStr,
    /// The earlier one, without its value: it counts for nothing.
    pub lost: Span,
    /// With its value.
    pub lost_entry: Span,
    /// The one after it.
    pub kept: Span,
    /// Whether both say the same.
    pub same: bool,
}

/// A named template where it is printed: `include "shop.labels" .`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Included {
    /// Its name.
    pub name: SmolStr,
    /// Where the name stands, without its quotes.
    pub span: Span,
}

/// A part of a file with templates that is printed on a condition only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// The part.
    pub span: Span,
    /// The pipeline that must be true.
    pub says: SmolStr,
}

/// What is wrong with a YAML file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct YamlError {
    /// The line that was left out.
    pub span: Span,
    /// Why.
    pub message: String,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Where it stands: quotes included, comments and blank lines after it not.
    pub span: Span,
    /// What it is.
    pub kind: NodeKind,
    /// A tag that only its reader knows, without the `!`: `reset`.
    pub tag: Option<Box<str>>,
}

/// Kinds of values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum NodeKind {
    /// Nothing.
    Null,
    /// A text, number or truth value.
    Scalar {
        /// Its text, without quotes and escapes.
        text: SmolStr,
        /// It stands in quotes or is a block: always a text.
        quoted: bool,
    },
    /// What a template prints: the source, without the quotes around it. Empty where two branches say different things.
    Template(SmolStr),
    /// `a: b`
    Map(Map),
    /// `- a`
    Seq(Seq),
}

/// A mapping.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Map {
    /// Keys and values in order.
    pub entries: Vec<(Node, Node)>,
    /// `{a: b}`
    pub flow: bool,
    /// The column of its first key, in bytes from 0.
    pub indent: u32,
    /// A template or something that could not be read adds entries of its own.
    pub open: bool,
    /// How many of the entries, at their end, are from elsewhere: `<<: *base`.
    pub merged: usize,
}

/// A sequence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seq {
    /// Its items.
    pub items: Vec<Node>,
    /// `[a, b]`
    pub flow: bool,
    /// A template or something that could not be read adds items of its own.
    pub open: bool,
}

impl Node {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        if let NodeKind::Scalar { text, .. } = &self.kind { Some(text) } else { None }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// A key with its value.
    pub fn entry(&self, key: &str) -> Option<&(Node, Node)> {
        self.entries().iter().find(|(k, _)| k.text() == Some(key))
    }

    /// Keys and values; none for anything but a mapping.
    pub fn entries(&self) -> &[(Node, Node)] {
        if let NodeKind::Map(map) = &self.kind { &map.entries } else { &[] }
    }

    /// The items; none for anything but a sequence.
    pub fn items(&self) -> &[Node] {
        if let NodeKind::Seq(seq) = &self.kind { &seq.items } else { &[] }
    }
}

/// How often a text is read again with one more line left out.
const RETRIES: usize = 12;

/// Reads a file. Never fails.
pub fn yaml(text: &str) -> Yaml {
    let actions = if text.contains("{{") { template::actions(text) } else { Vec::new() };
    let templated = !actions.is_empty();
    let mut readable = if templated { template::mask(text, &actions) } else { text.to_owned() };
    let mut errors = Vec::new();
    let build::Read { documents, mut doubled, .. } = loop {
        let read = build::documents(&readable, text, &actions);
        match &read.error {
            Some((at, message)) if errors.len() < RETRIES => match blank_line(&mut readable, *at) {
                Some(span) => errors.push(YamlError { span, message: message.clone() }),
                None => break read,
            },
            _ => break read,
        }
    };
    if !errors.is_empty() {
        doubled.clear();
    }
    if templated {
        errors.clear();
    }
    let conditions = template::conditions(text, &actions);
    let included = template::included(text, &actions);
    Yaml { documents, errors, templated, conditions, included, doubled }
}

/// Blanks the line of a byte, or the nearest one above that is not blank.
fn blank_line(text: &mut String, at: usize) -> Option<Span> {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    loop {
        let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
        let end = text[start..].find('\n').map_or(text.len(), |n| start + n);
        if !text[start..end].trim().is_empty() {
            let blanks: String =
                text[start..end].bytes().map(|b| if b == b'\r' { '\r' } else { ' ' }).collect();
            text.replace_range(start..end, &blanks);
            return Some(Span::new(start as u32, end as u32));
        }
        at = start.checked_sub(1)?;
    }
}
