//! Ways of keys through an object, which go through all items of the lists on them.

use super::super::value::{Entry, Kind, Value};
use crate::place::Place;

/// Visits what stands at the end of a way.
pub(super) fn each(value: &mut Value, way: &[&str], visit: &mut dyn FnMut(&mut Value)) {
    if let Kind::Seq { items, .. } = &mut value.kind
        && !way.is_empty()
    {
        return items.iter_mut().for_each(|item| each(item, way, visit));
    }
    match way.split_first() {
        None => visit(value),
        Some((key, rest)) => {
            if let Some(next) = step(value, key) {
                each(next, rest, visit);
            }
        }
    }
}

/// Visits the mappings at the end of a way, which are made where there are none: at `at`, where they are asked for.
pub(super) fn each_made(value: &mut Value, way: &[&str], at: Place, visit: &mut dyn FnMut(&mut Value)) {
    let Some((key, rest)) = way.split_first() else { return visit(value) };
    match &mut value.kind {
        Kind::Seq { items, .. } => items.iter_mut().for_each(|item| each_made(item, way, at, visit)),
        Kind::Map { entries, .. } => {
            let position = entries.iter().position(|e| e.key == *key).unwrap_or(entries.len());
            if position == entries.len() {
                entries.push(Entry { key: (*key).to_owned(), key_at: at, value: empty(at), instead: false });
            }
            let Some(entry) = entries.get_mut(position) else { return };
            if matches!(entry.value.kind, Kind::Null) {
                entry.value = empty(at);
            }
            each_made(&mut entry.value, rest, at, visit);
        }
        _ => {}
    }
}

/// A mapping that stands in no manifest: nothing can be added to it there.
pub(super) fn empty(at: Place) -> Value {
    map(at, Vec::new(), false)
}

pub(super) fn map(at: Place, entries: Vec<Entry>, open: bool) -> Value {
    Value { at, kind: Kind::Map { entries, indent: 0, flow: true, open } }
}

/// One step into a value, by key or number.
pub(super) fn step<'v>(value: &'v mut Value, key: &str) -> Option<&'v mut Value> {
    match &mut value.kind {
        Kind::Map { entries, .. } => entries.iter_mut().find(|e| e.key == key).map(|e| &mut e.value),
        Kind::Seq { items, .. } => items.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    }
}

/// Puts an entry into a mapping, instead of the one that has its key.
pub(super) fn set(mapping: &mut Value, entry: &Entry) {
    let Kind::Map { entries, .. } = &mut mapping.kind else { return };
    match entries.iter_mut().find(|e| e.key == entry.key) {
        Some(own) => *own = entry.clone(),
        None => entries.push(entry.clone()),
    }
}
