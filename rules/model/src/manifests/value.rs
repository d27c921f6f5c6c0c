//! Values of manifests with their places: what facts say, with the values of a chart put in.

use svclint_syntax::Span;
use svclint_syntax::yaml::{Node, NodeKind};

use super::chart::Chart;
use super::data::{Block, Labels, Spot};
use crate::place::{FileId, Place, Tri};

/// A value.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) at: Place,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Null,
    Text(String),
    /// What nobody can say; the template that makes it.
    Unknown,
    Map {
        entries: Vec<Entry>,
        indent: u32,
        flow: bool,
        open: bool,
    },
    Seq {
        items: Vec<Value>,
        open: bool,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_at: Place,
    pub(super) value: Value,
    /// It stands instead of what another file has for the key: `!override`.
    pub(super) instead: bool,
}

impl Value {
    pub(super) fn new(file: FileId, node: &Node, chart: Option<&Chart<'_>>) -> Value {
        Value::printed(file, node, chart, &[])
    }

    /// What a template prints, without the parts that it does not: whoever installs the chart may have them printed.
    pub(super) fn printed(file: FileId, node: &Node, chart: Option<&Chart<'_>>, hidden: &[Span]) -> Value {
        let at = Place { file, span: node.span };
        let is_hidden = |span: Span| hidden.iter().any(|h| h.start <= span.start && span.start < h.end);
        let kind = match &node.kind {
            NodeKind::Null => Kind::Null,
            NodeKind::Scalar { text, .. } => Kind::Text(text.to_string()),
            NodeKind::Template(source) => {
                let decided = chart.and_then(|chart| chart.value(source, at));
                return decided.unwrap_or(Value { at, kind: Kind::Unknown });
            }
            NodeKind::Map(map) => {
                let shown = map.entries.iter().filter(|(key, _)| !is_hidden(key.span));
                let named = shown.filter_map(|(key, value)| {
                    let key_at = Place { file, span: key.span };
                    let instead = value.tag.as_deref() == Some("override");
                    let value = match value.tag.as_deref() {
                        // Nothing of what another file says stays.
                        Some("reset") => Value { at: Place { file, span: value.span }, kind: Kind::Null },
                        _ => Value::printed(file, value, chart, hidden),
                    };
                    Some(Entry { key: key.text()?.to_owned(), key_at, value, instead })
                });
                let entries: Vec<Entry> = named.collect();
                let open = map.open || entries.len() < map.entries.len();
                Kind::Map { entries, indent: map.indent, flow: map.flow, open }
            }
            NodeKind::Seq(seq) => {
                let shown = seq.items.iter().filter(|item| !is_hidden(item.span));
                let items: Vec<Value> = shown.map(|item| Value::printed(file, item, chart, hidden)).collect();
                let open = seq.open || items.len() < seq.items.len();
                Kind::Seq { items, open }
            }
        };
        Value { at, kind }
    }

    pub(super) fn entries(&self) -> &[Entry] {
        if let Kind::Map { entries, .. } = &self.kind { entries } else { &[] }
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|e| e.key == key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.entry(key).map(|e| &e.value)
    }

    /// Where an object is seen: at its name, or at the key where other files say what that is.
    pub(super) fn name_at(&self, key: &str) -> Option<Place> {
        let entry = self.entry(key)?;
        Some(if entry.value.at.file == entry.key_at.file { entry.value.at } else { entry.key_at })
    }

    /// What stands at the end of a way of keys.
    pub(super) fn path(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().try_fold(self, |value, key| value.get(key))
    }

    pub(super) fn items(&self) -> &[Value] {
        if let Kind::Seq { items, .. } = &self.kind { items } else { &[] }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Kind::Text(text) = &self.kind { Some(text) } else { None }
    }

    /// Whether there may be more in it than is seen.
    pub(super) fn is_open(&self) -> bool {
        match &self.kind {
            Kind::Map { open, .. } | Kind::Seq { open, .. } => *open,
            Kind::Unknown => true,
            _ => false,
        }
    }

    /// A key's value three-valued: a mapping that is open may have it.
    pub(super) fn tri(&self, key: &str) -> Tri<&Value> {
        match self.get(key) {
            Some(Value { kind: Kind::Unknown, .. }) => Tri::Unknown,
            Some(Value { kind: Kind::Null, .. }) => Tri::Absent,
            Some(value) => Tri::Present(value),
            None if self.is_open() => Tri::Unknown,
            None => Tri::Absent,
        }
    }

    /// The same for a way of keys.
    pub(super) fn tri_path(&self, keys: &[&str]) -> Tri<&Value> {
        keys.iter().fold(Tri::Present(self), |found, key| match found {
            Tri::Present(value) => value.tri(key),
            other => other,
        })
    }

    /// A key's text.
    pub(super) fn tri_text(&self, key: &str) -> Tri<String> {
        read(self.tri(key), |v| v.text().map(str::to_owned))
    }

    /// A key's text with its place.
    pub(super) fn tri_spot(&self, key: &str) -> Tri<Spot<String>> {
        read(self.tri(key), |v| Some(Spot { value: v.text()?.to_owned(), at: v.at }))
    }

    /// A key's number.
    pub(super) fn tri_number(&self, key: &str) -> Tri<Spot<i64>> {
        read(self.tri(key), |v| Some(Spot { value: v.text()?.parse().ok()?, at: v.at }))
    }

    /// A key's truth value.
    pub(super) fn tri_bool(&self, key: &str) -> Tri<Spot<bool>> {
        read(self.tri(key), |v| Some(Spot { value: v.text()?.parse().ok()?, at: v.at }))
    }

    /// A key's list of texts.
    pub(super) fn tri_texts(&self, key: &str) -> Tri<Vec<String>> {
        read(self.tri(key), |v| match &v.kind {
            Kind::Seq { items, open: false } => items.iter().map(|i| i.text().map(str::to_owned)).collect(),
            _ => None,
        })
    }

    /// A key's labels.
    pub(super) fn labels(&self, key: &str) -> Labels {
        match self.tri(key) {
            Tri::Present(value) => value.as_labels(),
            Tri::Absent => Labels { complete: true, ..Labels::default() },
            Tri::Unknown => Labels::default(),
        }
    }

    /// The labels that a mapping holds.
    pub(super) fn as_labels(&self) -> Labels {
        let known = |e: &Entry| (e.key.clone(), e.value.text().map(str::to_owned));
        let is_map = matches!(self.kind, Kind::Map { .. });
        Labels { all: self.entries().iter().map(known).collect(), complete: is_map && !self.is_open() }
    }

    /// Puts another file over it, as compose does: mappings are put together, lists are appended but those of words to run,
    /// all else is replaced.
    pub(super) fn overlay(&mut self, over: &Value) {
        self.overlay_at("", over);
    }

    fn overlay_at(&mut self, key: &str, over: &Value) {
        match (&mut self.kind, &over.kind) {
            (Kind::Map { entries, open, .. }, Kind::Map { entries: new, open: also, .. }) => {
                *open |= also;
                for entry in new {
                    match entries.iter_mut().find(|e| e.key == entry.key) {
                        Some(own) if entry.instead => *own = entry.clone(),
                        Some(own) => own.value.overlay_at(&entry.key, &entry.value),
                        None => entries.push(entry.clone()),
                    }
                }
            }
            (Kind::Seq { items, .. }, Kind::Seq { items: new, .. })
                if !matches!(key, "command" | "entrypoint" | "test") =>
            {
                items.extend(new.iter().cloned());
            }
            // The same told in two ways, `- A=1` and `A: 1`: what the other one says stays true.
            (Kind::Map { open, .. }, Kind::Seq { .. }) => *open = true,
            (Kind::Seq { open, .. }, Kind::Map { .. }) => *open = true,
            _ => *self = over.clone(),
        }
    }

    /// Puts all of it at one place: what was written as a text there. Nothing can be added to it.
    pub(super) fn stand_at(&mut self, at: Place) {
        self.at = at;
        match &mut self.kind {
            Kind::Map { entries, flow, .. } => {
                *flow = true;
                for entry in entries {
                    entry.key_at = at;
                    entry.value.stand_at(at);
                }
            }
            Kind::Seq { items, .. } => items.iter_mut().for_each(|item| item.stand_at(at)),
            _ => {}
        }
    }

    /// What a fix needs to add to a mapping.
    pub(super) fn block(&self) -> Option<Block> {
        match &self.kind {
            Kind::Map { indent, flow, open, .. } => {
                Some(Block { at: self.at, indent: *indent, flow: *flow, open: *open })
            }
            _ => None,
        }
    }
}

/// Reads a value; what is there but cannot be read is not known.
fn read<T>(value: Tri<&Value>, read: impl FnOnce(&Value) -> Option<T>) -> Tri<T> {
    match value {
        Tri::Present(value) => read(value).map_or(Tri::Unknown, Tri::Present),
        Tri::Absent => Tri::Absent,
        Tri::Unknown => Tri::Unknown,
    }
}
