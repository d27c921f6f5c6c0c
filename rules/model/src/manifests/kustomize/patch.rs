//! Patches: strategic merges and the operations of JSON patches.

use svclint_syntax::yaml::yaml;

use super::super::value::{Entry, Kind, Value};
use super::way::step;
use super::{Object, target};
use crate::place::{Place, Tri};

/// A patch, and the selector of what it is for: without one, a merge is for the object that it names itself.
pub(super) struct Patch<'v> {
    pub(super) value: &'v Value,
    pub(super) target: Option<&'v Value>,
}

/// The documents of a patch that is written inside of the kustomization as a text: all of it stands where the text does.
pub(super) fn inline(text: &str, at: Place) -> Vec<Value> {
    let stands = |document| {
        let mut value = Value::new(at.file, document, None);
        value.stand_at(at);
        value
    };
    yaml(text).documents.iter().map(stands).collect()
}

/// A patch that is not here.
pub(super) fn unread(target: Option<&Value>, objects: &mut [Object]) {
    let is_meant = |o: &Object| target.is_none_or(|t| !target::is_meant(o, t).is_absent());
    objects.iter_mut().filter(|o| is_meant(o)).for_each(|o| open_all(&mut o.value));
}

impl Patch<'_> {
    pub(super) fn apply(&self, objects: &mut Vec<Object>) {
        let is_merge = matches!(self.value.kind, Kind::Map { .. });
        objects.retain_mut(|object| {
            let meant = match self.target {
                Some(target) => target::is_meant(object, target),
                None if is_merge => self.names(object),
                None => Tri::Unknown,
            };
            match meant {
                Tri::Absent => true,
                Tri::Unknown => {
                    open_all(&mut object.value);
                    true
                }
                Tri::Present(()) if is_merge => self.merge(object),
                Tri::Present(()) => {
                    let name = object.name().map(str::to_owned);
                    operations(&mut object.value, self.value);
                    // What it was called before still means it.
                    object.former.extend(name.filter(|name| object.name() != Some(name)));
                    true
                }
            }
        });
    }

    /// Whether a merge without a target is for an object.
    fn names(&self, object: &Object) -> Tri<()> {
        let text = |keys: &[&str]| self.value.path(keys).and_then(Value::text);
        let is_kind = text(&["kind"]).is_none_or(|kind| object.kind() == Some(kind));
        let is_called = text(&["metadata", "name"]).is_none_or(|name| object.is_called(name));
        let is_there = text(&["metadata", "namespace"])
            .is_none_or(|there| object.namespace().is_none_or(|own| own == there));
        if is_kind && is_called && is_there { Tri::Present(()) } else { Tri::Absent }
    }

    /// Merges it into an object, which keeps its name; whether it stays.
    fn merge(&self, object: &mut Object) -> bool {
        if directive(self.value) == Some("delete") {
            return false;
        }
        let name = object.value.path(&["metadata", "name"]).cloned();
        merge(&mut object.value, self.value, "");
        if let Some((own, name)) = step(&mut object.value, "metadata").and_then(|m| step(m, "name")).zip(name)
        {
            *own = name;
        }
        true
    }
}

/// `$patch: delete` and `$patch: replace`: what is done with what stands there.
fn directive(patch: &Value) -> Option<&str> {
    patch.get("$patch")?.text()
}

/// Puts a strategic patch into a value.
fn merge(value: &mut Value, patch: &Value, key: &str) {
    match (&mut value.kind, &patch.kind) {
        (Kind::Map { .. }, Kind::Map { .. }) if directive(patch) == Some("replace") => {
            *value = patch.clone();
            if let Kind::Map { entries, .. } = &mut value.kind {
                entries.retain(|e| e.key != "$patch");
            }
        }
        (Kind::Map { entries, open, .. }, Kind::Map { entries: new, open: also, .. }) => {
            *open |= also;
            for entry in new {
                let is_removal =
                    matches!(entry.value.kind, Kind::Null) || directive(&entry.value) == Some("delete");
                match entries.iter_mut().position(|e| e.key == entry.key) {
                    Some(at) if is_removal => drop(entries.remove(at)),
                    Some(at) => {
                        if let Some(own) = entries.get_mut(at) {
                            merge(&mut own.value, &entry.value, &entry.key);
                        }
                    }
                    None if is_removal => {}
                    None => entries.push(entry.clone()),
                }
            }
        }
        (Kind::Seq { items, .. }, Kind::Seq { items: new, .. }) => match merge_key(key, new) {
            Some(by) => merge_items(items, new, by),
            None => *value = patch.clone(),
        },
        _ => *value = patch.clone(),
    }
}

fn merge_items(items: &mut Vec<Value>, new: &[Value], by: &str) {
    if new.iter().any(|item| directive(item) == Some("replace")) {
        items.clear();
    }
    for item in new.iter().filter(|item| directive(item) != Some("replace")) {
        let name = item.get(by).and_then(Value::text);
        let own = items.iter().position(|own| name.is_some() && own.get(by).and_then(Value::text) == name);
        match own {
            Some(at) if directive(item) == Some("delete") => drop(items.remove(at)),
            Some(at) => {
                if let Some(own) = items.get_mut(at) {
                    merge(own, item, "");
                }
            }
            None if directive(item) == Some("delete") => {}
            None => items.push(item.clone()),
        }
    }
}

/// The key by which the items of a list are told apart, as the Kubernetes API says.
fn merge_key(list: &str, items: &[Value]) -> Option<&'static str> {
    Some(match list {
        "containers" | "initContainers" | "env" | "volumes" | "imagePullSecrets" => "name",
        "volumeMounts" => "mountPath",
        "ports" if items.iter().any(|item| item.get("containerPort").is_some()) => "containerPort",
        "ports" => "port",
        _ => return None,
    })
}

/// Does what a JSON patch says: `[{ op: replace, path: /spec/replicas, value: 3 }]`. One that cannot be followed may have
/// changed anything.
fn operations(object: &mut Value, patch: &Value) {
    if patch.items().is_empty() {
        return open_all(object);
    }
    for operation in patch.items() {
        let word = |key: &str| operation.get(key).and_then(Value::text);
        let (Some(op), Some(path)) = (word("op"), word("path")) else { return open_all(object) };
        let keys: Vec<String> =
            path.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~")).collect();
        let value = match op {
            "remove" => None,
            "add" | "replace" => operation.get("value").cloned(),
            "test" => continue,
            _ => return open_all(object),
        };
        let Some((last, way)) = keys.split_last() else { return open_all(object) };
        let Some(parent) = way.iter().try_fold(&mut *object, |value, key| step(value, key)) else {
            return open_all(object);
        };
        put(parent, last, value, op == "add", operation.at);
    }
}

/// Puts a value under a key or number, or takes it away.
fn put(parent: &mut Value, key: &str, value: Option<Value>, adds: bool, at: Place) {
    match (&mut parent.kind, value) {
        (Kind::Map { entries, .. }, Some(value)) => match entries.iter_mut().find(|e| e.key == key) {
            Some(entry) => entry.value = value,
            None => entries.push(Entry { key: key.to_owned(), key_at: at, value, instead: false }),
        },
        (Kind::Map { entries, .. }, None) => entries.retain(|e| e.key != key),
        (Kind::Seq { items, .. }, Some(value)) => match key.parse::<usize>() {
            Ok(number) if adds && number <= items.len() => items.insert(number, value),
            Ok(number) => {
                if let Some(item) = items.get_mut(number) {
                    *item = value;
                }
            }
            Err(_) => items.push(value),
        },
        (Kind::Seq { items, .. }, None) => {
            if let Some(number) = key.parse::<usize>().ok().filter(|n| *n < items.len()) {
                items.remove(number);
            }
        }
        _ => parent.kind = Kind::Unknown,
    }
}

/// A patch that cannot be followed may have changed anything.
pub(super) fn open_all(value: &mut Value) {
    match &mut value.kind {
        Kind::Map { entries, open, .. } => {
            *open = true;
            let outside =
                |e: &&mut Entry| !matches!(e.key.as_str(), "metadata" | "kind" | "apiVersion" | "name");
            entries.iter_mut().filter(outside).for_each(|e| open_all(&mut e.value));
        }
        Kind::Seq { items, open } => {
            *open = true;
            items.iter_mut().for_each(open_all);
        }
        kind => *kind = Kind::Unknown,
    }
}
