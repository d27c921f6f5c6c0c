//! `replacements`: values of objects that are put into others.

use super::super::value::{Kind, Value};
use super::way::step;
use super::{Object, target};
use crate::place::Tri;

/// Does one replacement.
pub(super) fn replace(written: &Value, objects: &mut [Object]) {
    let new = written.get("source").and_then(|source| source_value(source, objects));
    for to in written.get("targets").map_or(&[][..], Value::items) {
        // A part of a text is put between others.
        let is_whole =
            to.path(&["options", "delimiter"]).is_none() && written.path(&["source", "options"]).is_none();
        let new = new.as_ref().filter(|_| is_whole);
        let rejected = to.get("reject").map_or(&[][..], Value::items);
        for object in objects.iter_mut() {
            let selected = to.get("select").map_or(Tri::Absent, |select| target::is_meant(object, select));
            let is_rejected = rejected.iter().any(|r| !target::is_meant(object, r).is_absent());
            if selected.is_absent() || (is_rejected && !selected.is_unknown()) {
                continue;
            }
            let new = new.filter(|_| !selected.is_unknown());
            let named = object.name().map(str::to_owned);
            for path in to.get("fieldPaths").map_or(&[][..], Value::items).iter().filter_map(Value::text) {
                let kind = || new.map_or(Kind::Unknown, |value| value.kind.clone());
                each_field(&mut object.value, &steps(path), &mut |value| value.kind = kind());
            }
            object.former.extend(named.filter(|name| object.name() != Some(name)));
        }
    }
}

/// The value that is put elsewhere, where it is known which one.
fn source_value(source: &Value, objects: &mut [Object]) -> Option<Value> {
    let mut meant = objects.iter_mut().filter(|o| !target::is_meant(o, source).is_absent());
    let only = meant.next().filter(|_| meant.next().is_none())?;
    let path = source.get("fieldPath").and_then(Value::text).unwrap_or("metadata.name");
    let mut found = None;
    each_field(&mut only.value, &steps(path), &mut |value| found = Some(value.clone()));
    found
}

/// The steps of `spec.template.spec.containers.[name=shop].image`; a dot with a backslash belongs to a key.
fn steps(path: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let (mut escaped, mut inside) = (false, false);
    for c in path.chars() {
        inside = (inside || c == '[') && c != ']';
        match (c, found.last_mut()) {
            ('\\', _) if !escaped => {
                escaped = true;
                continue;
            }
            ('.', _) if !escaped && !inside => found.push(String::new()),
            (c, Some(last)) => last.push(c),
            _ => {}
        }
        escaped = false;
    }
    found
}

fn each_field(value: &mut Value, way: &[String], visit: &mut dyn FnMut(&mut Value)) {
    let Some((key, rest)) = way.split_first() else { return visit(value) };
    let condition = key.strip_prefix('[').and_then(|k| k.strip_suffix(']')).and_then(|k| k.split_once('='));
    match (&mut value.kind, condition) {
        (Kind::Seq { items, .. }, Some((name, wanted))) => {
            let fits = |item: &&mut Value| item.get(name).and_then(Value::text) == Some(wanted);
            items.iter_mut().filter(fits).for_each(|item| each_field(item, rest, visit));
        }
        (Kind::Seq { items, .. }, None) if key == "*" => {
            items.iter_mut().for_each(|item| each_field(item, rest, visit));
        }
        _ => {
            if let Some(next) = step(value, key) {
                each_field(next, rest, visit);
            }
        }
    }
}
