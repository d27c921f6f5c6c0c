//! Kustomize: bases, overlays, components, patches and generators. Each overlay that no other one builds on is an environment,
//! and its objects are those that are applied: with the names, labels and values that it gives them.

mod fields;
mod generators;
mod labels;
mod names;
mod overlay;
mod patch;
mod replacements;
mod target;
mod way;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::data::{Environment, EnvironmentKind, Manifests};
use super::value::Value;
use super::{Files, object};
use crate::packages::normal_path;
use crate::place::FileId;
use overlay::Overlay;

/// Reads what overlays put together, and gives the files that they did it with.
pub(super) fn read(files: &Files<'_>, into: &mut Manifests) -> BTreeSet<FileId> {
    let folders: Vec<&Path> = files
        .yaml
        .iter()
        .filter(|(path, ..)| is_kustomization(path))
        .filter_map(|(path, ..)| path.parent())
        .collect();
    let mut used = BTreeSet::new();
    let built_on: BTreeSet<PathBuf> = folders
        .iter()
        .filter_map(|folder| kustomization(files, folder))
        .flat_map(|(folder, _, root)| named(&folder, &root, &["resources", "bases", "components"]))
        .collect();
    for folder in folders {
        let mut overlay = Overlay { files, used: &mut used, complete: true };
        let Some(mut objects) = overlay.build(folder, 0) else { continue };
        let complete = overlay.complete;
        if built_on.contains(folder) {
            continue;
        }
        names::follow(&mut objects);
        let environment =
            Environment { kind: EnvironmentKind::Kustomize, path: folder.display().to_string(), complete };
        for built in &objects {
            let written = built.former.first().map(String::as_str);
            object::read_named(&built.value, written, &environment, into);
        }
    }
    used
}

/// The names of the file that Kustomize looks for.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Whether a file says how others are put together.
pub(super) fn is_kustomization(path: &Path) -> bool {
    path.file_name().and_then(|n| n.to_str()).is_some_and(|name| NAMES.contains(&name))
}

fn kustomization(files: &Files<'_>, folder: &Path) -> Option<(PathBuf, FileId, Value)> {
    let (file, yaml) = NAMES.iter().find_map(|name| files.by_path.get(folder.join(name).as_path()))?;
    Some((folder.to_owned(), *file, Value::new(*file, yaml.documents.first()?, None)))
}

/// The files and folders that a kustomization names under some keys.
fn named(folder: &Path, root: &Value, keys: &[&str]) -> Vec<PathBuf> {
    let lists = keys.iter().filter_map(|key| root.get(key));
    let paths = lists.flat_map(|list| list.items().iter().filter_map(Value::text));
    paths.map(|path| normal_path(&folder.join(path))).collect()
}

/// An object on its way into an environment.
#[derive(Clone)]
struct Object {
    value: Value,
    /// The names that it had before, the first one first.
    former: Vec<String>,
    /// What was put before and after its name, layer by layer.
    affixes: Vec<(String, String)>,
}

impl Object {
    fn new(value: Value) -> Object {
        Object { value, former: Vec::new(), affixes: Vec::new() }
    }

    /// The objects of a document: a list holds several.
    fn of_document(document: Value) -> Vec<Object> {
        let is_list = document.get("kind").and_then(Value::text).is_some_and(|kind| kind.ends_with("List"));
        match document.get("items") {
            Some(items) if is_list => items.items().iter().cloned().map(Object::new).collect(),
            _ => vec![Object::new(document)],
        }
    }

    fn kind(&self) -> Option<&str> {
        self.value.get("kind")?.text()
    }

    fn name(&self) -> Option<&str> {
        self.value.path(&["metadata", "name"])?.text()
    }

    fn namespace(&self) -> Option<&str> {
        self.value.path(&["metadata", "namespace"])?.text()
    }

    /// Whether it is called so, or was in a layer below.
    fn is_called(&self, name: &str) -> bool {
        self.name() == Some(name) || self.former.iter().any(|f| f == name)
    }
}
