//! What the templates of a Helm chart print, as far as its values and named templates tell.

mod expr;
mod helpers;
mod installs;

use rustc_hash::FxHashMap;
use svclint_syntax::yaml::{Node, NodeKind, yaml};

pub(super) use installs::{Install, installs};

use super::value::{Kind, Value};
use crate::place::{FileId, Place};

/// A chart as it is installed: with values, as a chart of its own or as a part of another one.
#[derive(Default)]
pub(super) struct Chart<'a> {
    /// Its values: what is given first goes before what its own `values.yaml` says.
    pub(super) values: Vec<(FileId, &'a Node)>,
    /// The values of the charts that it is a part of, the outermost first: where `global` is.
    pub(super) around: Vec<(FileId, &'a Node)>,
    /// What the chart that it is a part of calls it.
    pub(super) alias: Option<&'a str>,
    /// `Chart.yaml`.
    pub(super) about: Option<(FileId, &'a Node)>,
    /// The named templates: `define "shop.labels"`.
    pub(super) helpers: FxHashMap<&'a str, &'a str>,
}

/// What an expression gives.
#[derive(Clone)]
enum Printed {
    /// Nothing is set: what is empty is meant to be filled in by whoever installs the chart.
    Nothing,
    Value(Value),
    Text(String),
    /// `.` and `$`: all that the chart has.
    Root,
}

impl Printed {
    fn text(&self) -> Option<String> {
        match self {
            Printed::Text(text) => Some(text.clone()),
            Printed::Value(value) => value.text().map(str::to_owned),
            Printed::Nothing | Printed::Root => None,
        }
    }

    /// Whether `if` takes it for true.
    fn is_true(&self) -> bool {
        match self {
            Printed::Nothing => false,
            Printed::Root => true,
            Printed::Text(text) => !matches!(text.as_str(), "" | "false" | "0"),
            Printed::Value(value) => match &value.kind {
                Kind::Text(text) => !matches!(text.as_str(), "" | "false" | "0"),
                _ => !is_empty(value),
            },
        }
    }

    /// What stands at the end of `.a.b`.
    fn field(self, keys: &str) -> Option<Printed> {
        let Printed::Value(value) = self else { return None };
        let found = keys.split('.').filter(|k| !k.is_empty()).try_fold(&value, |v, key| v.get(key));
        Some(found.map_or(Printed::Nothing, |v| printed(v.clone())))
    }
}

fn printed(value: Value) -> Printed {
    if is_empty(&value) { Printed::Nothing } else { Printed::Value(value) }
}

fn is_empty(value: &Value) -> bool {
    match &value.kind {
        Kind::Null => true,
        Kind::Text(text) => text.is_empty(),
        Kind::Map { entries, .. } => entries.is_empty(),
        Kind::Seq { items, .. } => items.is_empty(),
        Kind::Unknown => false,
    }
}

impl Chart<'_> {
    /// Whether values say that a condition does not hold. What is empty may be filled in by whoever installs the chart.
    pub(super) fn is_off(&self, condition: &str) -> bool {
        let found = expr::evaluate(self, condition, 0).and_then(|found| found.text());
        matches!(found.as_deref(), Some("false" | "0"))
    }

    /// What a templated value is, where it can be said. What no file decides stands where the template does.
    pub(super) fn value(&self, source: &str, at: Place) -> Option<Value> {
        // Two branches that say different things.
        if source.is_empty() {
            return None;
        }
        let parts = parts(source)?;
        let is_block = parts.iter().all(|p| matches!(p, Part::Action(_)) || p.is_blank());
        let actions: Vec<&str> = parts.iter().filter_map(Part::action).collect();
        match actions.as_slice() {
            [inside] if is_block => self.printed_value(inside, at),
            [_, _, ..] if is_block && source.contains('\n') => self.joined(&actions, at),
            _ => self.pieces(&parts, at),
        }
    }

    /// `{{ a }}`
    fn printed_value(&self, inside: &str, at: Place) -> Option<Value> {
        match expr::evaluate(self, inside, 0)? {
            Printed::Value(value) => Some(value),
            Printed::Text(text) => {
                let is_structure = helpers::indent_of(inside).0 > 0 || text.contains('\n');
                if is_structure { structure(&text, at) } else { plain(text, at) }
            }
            Printed::Nothing | Printed::Root => None,
        }
    }

    /// Several actions that print entries of one mapping; what is not known may print more.
    fn joined(&self, actions: &[&str], at: Place) -> Option<Value> {
        let (mut all, mut is_open): (Option<Value>, bool) = (None, false);
        for inside in actions {
            match self.printed_value(inside, at).filter(|v| matches!(v.kind, Kind::Map { .. })) {
                Some(value) => match &mut all {
                    Some(all) => merge(all, &value),
                    None => all = Some(value),
                },
                None => is_open = true,
            }
        }
        let mut all = all?;
        all.stand_at(at);
        if let Kind::Map { open, .. } = &mut all.kind {
            *open |= is_open;
        }
        Some(all)
    }

    /// `{{ a }}:{{ b }}`
    fn pieces(&self, parts: &[Part<'_>], at: Place) -> Option<Value> {
        let (mut text, mut decided) = (String::new(), at);
        for part in parts {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Action(inside) => match expr::evaluate(self, inside, 0)? {
                    Printed::Text(piece) => text.push_str(&piece),
                    Printed::Value(value) => {
                        text.push_str(value.text()?);
                        decided = value.at;
                    }
                    Printed::Nothing | Printed::Root => return None,
                },
            }
        }
        plain(text, decided)
    }

    /// `.Values.a.b`, `.Chart.Name`, `.Release.Name`, a number.
    fn operand(&self, word: &str) -> Option<Printed> {
        if word.parse::<f64>().is_ok() || matches!(word, "true" | "false") {
            return Some(Printed::Text(word.to_owned()));
        }
        let path = word.strip_prefix('$').unwrap_or(word);
        match path {
            "" | "." => return Some(Printed::Root),
            // The names that Helm itself gives a release that has none.
            ".Release.Name" => return Some(Printed::Text("release-name".to_owned())),
            ".Release.Service" => return Some(Printed::Text("Helm".to_owned())),
            _ => {}
        }
        if let (".Chart.Name", Some(alias)) = (path, self.alias) {
            return Some(Printed::Text(alias.to_owned()));
        }
        if let Some(keys) = path.strip_prefix(".Chart.") {
            let (file, about) = self.about?;
            let node = keys.split('.').map(uncapital).try_fold(about, |node, key| node.get(&key));
            // What a chart is called decides nothing: it stands where the template does.
            let text = node.map(|n| Value::new(file, n, None)).and_then(|v| printed(v).text());
            return Some(text.map_or(Printed::Nothing, Printed::Text));
        }
        let keys = path.strip_prefix(".Values.")?;
        if !keys.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_')) || self.values.is_empty() {
            return None;
        }
        let keys: Vec<&str> = keys.split('.').collect();
        Some(self.given(&keys).map_or(Printed::Nothing, printed))
    }

    /// What the values say, those that are given put over the chart's own.
    fn given(&self, keys: &[&str]) -> Option<Value> {
        let around = self.around.iter().filter(|_| keys.first() == Some(&"global"));
        let mut found: Option<Value> = None;
        for (file, root) in around.chain(&self.values).rev() {
            let Some(node) = keys.iter().try_fold(*root, |node, key| node.get(key)) else { continue };
            if matches!(node.kind, NodeKind::Null) {
                continue;
            }
            let over = Value::new(*file, node, None);
            match &mut found {
                Some(own) => merge(own, &over),
                None => found = Some(over),
            }
        }
        found
    }
}

/// Puts values over others as Helm does: mappings are put together, all else is replaced.
fn merge(own: &mut Value, over: &Value) {
    match (&mut own.kind, &over.kind) {
        (Kind::Map { entries, open, .. }, Kind::Map { entries: new, open: also, .. }) => {
            *open |= also;
            for entry in new {
                match entries.iter_mut().find(|e| e.key == entry.key) {
                    Some(own) => merge(&mut own.value, &entry.value),
                    None => entries.push(entry.clone()),
                }
            }
        }
        _ => *own = over.clone(),
    }
}

/// A text that is all known.
fn plain(text: String, at: Place) -> Option<Value> {
    (!text.contains("{{")).then_some(Value { at, kind: Kind::Text(text) })
}

/// What a named template prints as YAML; what it leaves unknown in there stays so.
fn structure(text: &str, at: Place) -> Option<Value> {
    let read = yaml(text);
    let mut value = Value::new(at.file, read.documents.first()?, None);
    value.stand_at(at);
    Some(value)
}

/// A piece of a text with templates.
enum Part<'s> {
    Text(&'s str),
    /// What is inside.
    Action(&'s str),
}

impl<'s> Part<'s> {
    fn is_blank(&self) -> bool {
        matches!(self, Part::Text(text) if text.trim().is_empty())
    }

    fn action(&self) -> Option<&'s str> {
        if let Part::Action(inside) = self { Some(inside) } else { None }
    }
}

fn parts(source: &str) -> Option<Vec<Part<'_>>> {
    let (mut found, mut rest) = (Vec::new(), source);
    while let Some((before, after)) = rest.split_once("{{") {
        if !before.is_empty() {
            found.push(Part::Text(before));
        }
        let (inside, after) = after.split_once("}}")?;
        found.push(Part::Action(inside));
        rest = after;
    }
    if !rest.is_empty() {
        found.push(Part::Text(rest));
    }
    Some(found)
}

/// `AppVersion` is `appVersion` in `Chart.yaml`.
fn uncapital(key: &str) -> String {
    let mut chars = key.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
