//! `configMapGenerator` and `secretGenerator`.

use super::super::value::{Entry, Kind, Value};
use super::Object;
use super::way::{self, step};

/// The variables of the file at a path.
type Variables<'a> = &'a dyn Fn(&str) -> Option<Vec<(String, String)>>;

/// Adds what a kustomization generates to the objects, or to the ones that layers below generate.
pub(super) fn run(root: &Value, variables: Variables<'_>, objects: &mut Vec<Object>) {
    for (key, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
        for written in root.get(key).map_or(&[][..], Value::items) {
            let Some(name) = written.get("name").and_then(Value::text) else { continue };
            let data = data(written, variables);
            let below = objects.iter_mut().find(|o| o.kind() == Some(kind) && o.is_called(name));
            let behavior = written.get("behavior").and_then(Value::text);
            match (below, behavior) {
                (Some(below), Some("merge")) => {
                    way::each_made(&mut below.value, &["data"], data.at, &mut |own| own.overlay(&data));
                }
                (Some(below), Some("replace")) => {
                    if let Some(own) = step(&mut below.value, "data") {
                        *own = data;
                    }
                }
                _ => objects.extend(object(written, kind, data)),
            }
        }
    }
}

fn object(written: &Value, kind: &str, data: Value) -> Option<Object> {
    let at = written.at;
    let entry = |key: &str, value: Value| Entry { key: key.to_owned(), key_at: at, value, instead: false };
    let text = |text: &str| Value { at, kind: Kind::Text(text.to_owned()) };
    let metadata = [written.entry("name")?].into_iter().chain(written.entry("namespace")).cloned();
    let entries = vec![
        entry("apiVersion", text("v1")),
        entry("kind", text(kind)),
        entry("metadata", way::map(at, metadata.collect(), false)),
        entry("data", data),
    ];
    Some(Object::new(way::map(at, entries, false)))
}

/// The keys of a generated object.
fn data(written: &Value, variables: Variables<'_>) -> Value {
    let list = |key: &str| written.get(key).map_or(&[][..], Value::items).iter();
    let entry = |key: &str, at, kind| Entry {
        key: key.to_owned(),
        key_at: at,
        value: Value { at, kind },
        instead: false,
    };
    let literals = list("literals").filter_map(|literal| {
        let (key, text) = literal.text()?.split_once('=')?;
        Some(entry(key, literal.at, Kind::Text(text.to_owned())))
    });
    let files = list("files").filter_map(|file| {
        let text = file.text()?;
        let key =
            text.split_once('=').map_or_else(|| text.rsplit('/').next().unwrap_or(text), |(key, _)| key);
        Some(entry(key, file.at, Kind::Unknown))
    });
    let mut entries: Vec<Entry> = literals.chain(files).collect();
    let mut open = written.is_open();
    for file in list("envs").chain(written.get("env")) {
        let read = file.text().and_then(variables);
        open |= read.is_none();
        for (key, text) in read.unwrap_or_default() {
            entries.push(entry(&key, file.at, Kind::Text(text)));
        }
    }
    way::map(written.at, entries, open)
}
