//! What the templates of a Helm chart print, as far as its values tell.

use svclint_syntax::yaml::{Node, NodeKind};

use super::value::{Kind, Value};
use crate::place::{FileId, Place};

/// A chart: its values, and what it says of itself.
pub(super) struct Chart<'a> {
    /// `values.yaml`.
    pub(super) values: Option<(FileId, &'a Node)>,
    /// `Chart.yaml`.
    pub(super) about: Option<(FileId, &'a Node)>,
}

/// What an expression gives: a value, or text that is put together of several.
enum Printed {
    Value(Value),
    Text(String),
}

impl Chart<'_> {
    /// What a templated value is, where it can be said. What no file decides stands where the template does.
    pub(super) fn value(&self, source: &str, at: Place) -> Option<Value> {
        // Two branches that say different things.
        if source.is_empty() {
            return None;
        }
        if let Some(inside) = only_action(source) {
            return self.evaluate(inside).map(|printed| match printed {
                Printed::Value(value) => value,
                Printed::Text(text) => Value { at, kind: Kind::Text(text) },
            });
        }
        // `{{ a }}:{{ b }}`
        let (mut text, mut rest, mut decided) = (String::new(), source, at);
        while let Some(open) = rest.find("{{") {
            let close = open + rest[open..].find("}}")?;
            text.push_str(&rest[..open]);
            match self.evaluate(&rest[open + 2..close])? {
                Printed::Text(piece) => text.push_str(&piece),
                Printed::Value(value) => {
                    text.push_str(value.text()?);
                    decided = value.at;
                }
            }
            rest = &rest[close + 2..];
        }
        text.push_str(rest);
        Some(Value { at: decided, kind: Kind::Text(text) })
    }

    /// `.Values.a.b | default "x" | quote`
    fn evaluate(&self, inside: &str) -> Option<Printed> {
        let inside = inside.trim_matches(['-', ' ', '\t', '\r', '\n']);
        let mut stages = inside.split('|').map(str::trim);
        let mut found = self.operand(stages.next()?);
        for stage in stages {
            let mut words = stage.split_whitespace();
            match words.next()? {
                "default" => {
                    let given = words.next()?;
                    found = if is_empty(&found) { self.operand(given) } else { found };
                }
                "quote" | "squote" | "toString" | "trim" | "int" | "int64" | "toYaml" | "nindent"
                | "indent" => {}
                "required" => {}
                _ => return None,
            }
        }
        found
    }

    fn operand(&self, text: &str) -> Option<Printed> {
        let text = text.trim();
        if let Some(quoted) = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
            return (!quoted.contains('"')).then(|| Printed::Text(quoted.to_owned()));
        }
        if let Some(rest) = text.strip_prefix("default ") {
            let (given, of) = rest.trim().split_once(char::is_whitespace)?;
            let found = self.operand(of);
            return if is_empty(&found) { self.operand(given) } else { found };
        }
        if let Some(rest) =
            ["quote ", "toYaml ", "int ", "toString "].iter().find_map(|w| text.strip_prefix(w))
        {
            return self.operand(rest);
        }
        if text.parse::<f64>().is_ok() || matches!(text, "true" | "false") {
            return Some(Printed::Text(text.to_owned()));
        }
        let path = text.strip_prefix('$').unwrap_or(text);
        let (source, keys) = if let Some(keys) = path.strip_prefix(".Values.") {
            (self.values, keys)
        } else {
            (self.about, path.strip_prefix(".Chart.")?)
        };
        if !keys.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_')) {
            return None;
        }
        let (file, root) = source?;
        let chart_keys = keys
            .split('.')
            .map(|key| if path.starts_with(".Chart") { uncapital(key) } else { key.to_owned() });
        let node = chart_keys.into_iter().try_fold(root, |node, key| node.get(&key))?;
        // What is empty here is meant to be filled in by whoever installs the chart.
        let is_filled = match &node.kind {
            NodeKind::Scalar { text, .. } => !text.is_empty(),
            NodeKind::Map(map) => !map.entries.is_empty(),
            NodeKind::Seq(seq) => !seq.items.is_empty(),
            NodeKind::Null | NodeKind::Template(_) => false,
        };
        is_filled.then(|| Printed::Value(Value::new(file, node, None)))
    }
}

/// What is inside, where a text is one action and nothing else.
fn only_action(source: &str) -> Option<&str> {
    let inside = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inside.contains("{{")).then_some(inside)
}

fn is_empty(found: &Option<Printed>) -> bool {
    match found {
        None => true,
        Some(Printed::Text(text)) => text.is_empty(),
        Some(Printed::Value(value)) => value.text() == Some(""),
    }
}

/// `AppVersion` is `appVersion` in `Chart.yaml`.
fn uncapital(key: &str) -> String {
    let mut chars = key.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
