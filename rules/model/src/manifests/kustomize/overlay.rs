//! One kustomization: what it builds on, and what it does with that, in the order in which kustomize does it.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::Files;
use super::super::value::Value;
use super::patch::{self, Patch};
use super::{Object, fields, generators, kustomization, labels, named, names, replacements};
use crate::packages::normal_path;
use crate::place::FileId;

/// How deep overlays build on each other.
const DEPTH: u32 = 8;

pub(super) struct Overlay<'a, 'u> {
    pub(super) files: &'a Files<'a>,
    pub(super) used: &'u mut BTreeSet<FileId>,
    /// Whether all that it builds on is here, and nothing that cannot be followed is done with it.
    pub(super) complete: bool,
}

impl Overlay<'_, '_> {
    /// The objects that the kustomization of a folder gives.
    pub(super) fn build(&mut self, folder: &Path, depth: u32) -> Option<Vec<Object>> {
        let mut objects = Vec::new();
        self.put(folder, depth, &mut objects)?;
        Some(objects)
    }

    /// Adds a kustomization's objects to others, and does with all of them what it says: a component works on the objects of
    /// those who name it.
    fn put(&mut self, folder: &Path, depth: u32, objects: &mut Vec<Object>) -> Option<()> {
        if depth > DEPTH {
            return None;
        }
        let (_, file, root) = kustomization(self.files, folder)?;
        self.used.insert(file);
        for path in named(folder, &root, &["resources", "bases"]) {
            if let Some((file, yaml)) = self.files.by_path.get(path.as_path()) {
                self.used.insert(*file);
                let documents = yaml.documents.iter().map(|d| Value::new(*file, d, None));
                objects.extend(documents.flat_map(Object::of_document));
            } else if let Some(below) = self.build(&path, depth + 1) {
                objects.extend(below);
            } else {
                self.complete = false;
            }
        }
        for path in named(folder, &root, &["components"]) {
            self.complete &= self.put(&path, depth + 1, objects).is_some();
        }
        let variables = |path: &str| self.files.env(&normal_path(&folder.join(path)));
        generators::run(&root, &variables, objects);
        self.patches(folder, &root, &["patchesStrategicMerge", "patches"], objects);
        fields::namespace(&root, objects);
        names::affix(&root, objects);
        labels::labels(&root, objects);
        labels::annotations(&root, objects);
        self.patches(folder, &root, &["patchesJson6902"], objects);
        fields::replicas(&root, objects);
        fields::images(&root, objects);
        self.replacements(folder, &root, objects);
        let unread = ["helmCharts", "helmChartInflationGenerator", "transformers", "generators"];
        self.complete &= unread.iter().all(|key| root.get(key).is_none());
        self.complete &= root.get("kind").and_then(Value::text) != Some("Component") || depth > 0;
        Some(())
    }

    fn patches(&mut self, folder: &Path, root: &Value, keys: &[&str], objects: &mut Vec<Object>) {
        for written in keys.iter().flat_map(|key| root.get(key).map_or(&[][..], Value::items)) {
            let target = written.get("target");
            let inline = match written.text() {
                Some(text) => text.contains('\n').then_some(written),
                None => written.get("patch"),
            };
            if let Some((text, at)) = inline.and_then(|value| Some((value.text()?, value.at))) {
                patch::inline(text, at).iter().for_each(|value| Patch { value, target }.apply(objects));
                continue;
            }
            match self.document(folder, written.text().or_else(|| written.get("path")?.text())) {
                Some(read) => read.iter().for_each(|value| Patch { value, target }.apply(objects)),
                // Not here: it may do anything to its target.
                None => patch::unread(target, objects),
            }
        }
    }

    fn replacements(&mut self, folder: &Path, root: &Value, objects: &mut [Object]) {
        for written in root.get("replacements").map_or(&[][..], Value::items) {
            let Some(path) = written.get("path") else {
                replacements::replace(written, objects);
                continue;
            };
            match self.document(folder, path.text()) {
                Some(read) => {
                    // A file holds one of them or a list.
                    let all = read
                        .iter()
                        .flat_map(|d| if d.items().is_empty() { std::slice::from_ref(d) } else { d.items() });
                    all.for_each(|value| replacements::replace(value, objects));
                }
                None => objects.iter_mut().for_each(|o| patch::open_all(&mut o.value)),
            }
        }
    }

    /// The documents of a file that a kustomization names.
    fn document(&mut self, folder: &Path, path: Option<&str>) -> Option<Vec<Value>> {
        let (file, yaml) = self.files.by_path.get(normal_path(&folder.join(path?)).as_path())?;
        self.used.insert(*file);
        Some(yaml.documents.iter().map(|d| Value::new(*file, d, None)).collect())
    }
}
