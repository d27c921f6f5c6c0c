//! Which compose files are put over each other: `compose.override.yaml` by itself, `compose.prod.yaml` by who says `-f`.

use std::path::{Path, PathBuf};

use crate::manifests::Files;
use crate::manifests::value::{Entry, Kind, Value};

/// The words that a compose file's name starts with.
const STEMS: [&str; 3] = ["compose", "docker-compose", "podman-compose"];

/// What a service is made from: without one of these it can only be a part of one.
const ORIGINS: [&str; 4] = ["image", "build", "extends", "provider"];

/// Whether a file's name is one of a compose file.
pub(in crate::manifests) fn is_compose(path: &Path) -> bool {
    let stem = stem(path).unwrap_or_default();
    STEMS.iter().any(|word| {
        stem.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
    })
}

/// What `docker compose` reads when it is given a file: the file with what belongs over or under it. `None` for a file
/// that is read with another one.
///
/// A file beside the plain one (`compose.prod.yaml` beside `compose.yaml`) whose services lack an image is put over the
/// plain one; one whose services are whole may stand for itself or not, and then what only the plain one gives is not
/// known to be missing.
pub(in crate::manifests) fn whole(files: &Files<'_>, path: &Path) -> Option<Value> {
    let mut value = value(files, path)?;
    let Some(base) = base_of(files, path) else {
        if let Some(stem) = stem(path) {
            for over in with_stem(path, &format!("{stem}.override")) {
                value.overlay_all(self::value(files, &over));
            }
        }
        for part in parts_over(files, path) {
            each_service(&mut value, &part, unsure);
        }
        return Some(value);
    };
    if stem(path).is_some_and(|s| s.ends_with(".override")) {
        return None;
    }
    let mut under = self::value(files, &base)?;
    if is_part(&value, &under) {
        under.overlay(&value);
        return Some(under);
    }
    each_service(&mut value, &under, unsure);
    Some(value)
}

impl Value {
    fn overlay_all(&mut self, over: Option<Value>) {
        over.iter().for_each(|over| self.overlay(over));
    }
}

/// The plain compose file beside one with more words in its name.
fn base_of(files: &Files<'_>, path: &Path) -> Option<PathBuf> {
    let own = stem(path)?;
    let named = STEMS
        .iter()
        .filter(|stem| own.strip_prefix(**stem).is_some_and(|rest| rest.starts_with(['.', '-', '_'])));
    named.flat_map(|stem| with_stem(path, stem)).find(|base| files.by_path.contains_key(base.as_path()))
}

/// The files beside a plain one that are put over it.
fn parts_over(files: &Files<'_>, base: &Path) -> Vec<Value> {
    let Some(under) = value(files, base) else { return Vec::new() };
    let beside = files.yaml.iter().map(|(path, ..)| *path);
    let over = beside.filter(|path| {
        path.parent() == base.parent() && base_of(files, path).is_some_and(|found| found == base)
    });
    over.filter(|path| !stem(path).is_some_and(|s| s.ends_with(".override")))
        .filter_map(|path| value(files, path))
        .filter(|part| is_part(part, &under))
        .collect()
}

/// Whether a file holds parts of services that another one has.
fn is_part(over: &Value, base: &Value) -> bool {
    let services = over.get("services").map_or(&[][..], Value::entries);
    services.iter().any(|service| {
        ORIGINS.iter().all(|key| service.value.get(key).is_none())
            && base.path(&["services", &service.key]).is_some()
    })
}

fn each_service(value: &mut Value, other: &Value, visit: impl Fn(&mut Value, &Value)) {
    let Kind::Map { entries, .. } = &mut value.kind else { return };
    let Some(services) = entries.iter_mut().find(|e| e.key == "services") else { return };
    let Kind::Map { entries, .. } = &mut services.value.kind else { return };
    for Entry { key, value, .. } in entries {
        if let Some(other) = other.path(&["services", key]) {
            visit(value, other);
        }
    }
}

/// What another file gives may be there too.
fn unsure(value: &mut Value, other: &Value) {
    match (&mut value.kind, &other.kind) {
        (Kind::Map { entries, .. }, Kind::Map { entries: others, .. }) => {
            for other in others {
                match entries.iter_mut().find(|e| e.key == other.key) {
                    Some(own) => unsure(&mut own.value, &other.value),
                    None => {
                        let value = Value { at: other.value.at, kind: Kind::Unknown };
                        entries.push(Entry { value, ..other.clone() });
                    }
                }
            }
        }
        (Kind::Map { open, .. } | Kind::Seq { open, .. }, Kind::Map { .. } | Kind::Seq { .. }) => {
            *open = true
        }
        _ => {}
    }
}

fn value(files: &Files<'_>, path: &Path) -> Option<Value> {
    let (file, yaml) = files.by_path.get(path)?;
    Some(Value::new(*file, yaml.documents.first()?, None))
}

fn stem(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"))
}

fn with_stem(path: &Path, stem: &str) -> Vec<PathBuf> {
    ["yaml", "yml"].iter().map(|end| path.with_file_name(format!("{stem}.{end}"))).collect()
}
