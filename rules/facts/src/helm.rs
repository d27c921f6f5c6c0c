//! Helm's files of named templates: `_helpers.tpl`.

use serde::{Deserialize, Serialize};
use svclint_syntax::Span;
use svclint_syntax::yaml::Included;
use svclint_syntax::yaml::template::{Action, actions, included};

use crate::Name;

/// What a file of named templates says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelmFile {
    /// The templates, in order. One that does not end has nothing to print.
    pub defines: Vec<Define>,
    /// The templates that these print in their turn.
    pub included: Vec<Included>,
}

/// `define "shop.labels"`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Define {
    /// Its name.
    pub name: Name,
    /// Where the name stands, without its quotes.
    pub span: Span,
    /// What it prints, as it is written.
    pub body: String,
}

/// Reads a file of named templates.
pub fn helm_file(text: &str) -> HelmFile {
    let actions = actions(text);
    HelmFile { defines: defines(text, &actions), included: included(text, &actions) }
}

fn defines(text: &str, actions: &[Action]) -> Vec<Define> {
    let mut found = Vec::new();
    // What is open, and where its body begins if it has a name.
    let mut open: Vec<Option<(Name, Span, u32)>> = Vec::new();
    for action in actions {
        match action.word(text) {
            "define" => open.push(name(action, text).map(|(name, span)| (name, span, action.span.end))),
            "if" | "with" | "range" | "block" => open.push(None),
            "end" => {
                if let Some(Some((name, span, from))) = open.pop() {
                    let body = Span::new(from, action.span.start.max(from)).text(text);
                    found.push(Define { name, span, body: trimmed(body, from, action, text).to_owned() });
                }
            }
            _ => {}
        }
    }
    found
}

/// What stands between quotes after `define`.
fn name(action: &Action, text: &str) -> Option<(Name, Span)> {
    let source = action.span.text(text);
    let open = source.find('"')? + 1;
    let length = source.get(open..)?.find('"')?;
    let start = action.span.start + open as u32;
    let span = Span::new(start, start + length as u32);
    Some((Name::new(span.text(text)), span))
}

/// A body without the blanks that the dashes of its first and last action take away.
fn trimmed<'t>(body: &'t str, from: u32, end: &Action, text: &str) -> &'t str {
    let starts = text.get(..from as usize).is_some_and(|t| t.ends_with("-}}"));
    let body = if starts { body.trim_start() } else { body };
    if end.span.text(text).starts_with("{{-") { body.trim_end() } else { body }
}
