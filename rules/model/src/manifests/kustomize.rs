//! Kustomize: bases, overlays, patches and generators. Each overlay that no other one builds on is an environment.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use svclint_syntax::yaml::yaml;

use super::data::{ConfigObject, Environment, EnvironmentKind, Manifests, Spot};
use super::value::{Entry, Kind, Value};
use super::{Files, object};
use crate::packages::normal_path;
use crate::place::{FileId, Place, Tri};

/// How deep overlays build on each other.
const DEPTH: u32 = 8;

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
        .flat_map(|(folder, _, root)| resources(&folder, &root))
        .collect();
    for folder in folders {
        let mut overlay = Overlay { files, used: &mut used, complete: true };
        let Some(objects) = overlay.build(folder, 0) else { continue };
        let complete = overlay.complete;
        if built_on.contains(folder) {
            continue;
        }
        let environment =
            Environment { kind: EnvironmentKind::Kustomize, path: folder.display().to_string(), complete };
        for value in &objects.objects {
            object::read(value, &environment, into);
        }
        into.configs.extend(
            objects.generated.into_iter().map(|c| ConfigObject { environment: environment.clone(), ..c }),
        );
    }
    used
}

fn is_kustomization(path: &Path) -> bool {
    matches!(
        path.file_name().and_then(|n| n.to_str()),
        Some("kustomization.yaml" | "kustomization.yml" | "Kustomization")
    )
}

fn kustomization(files: &Files<'_>, folder: &Path) -> Option<(PathBuf, FileId, Value)> {
    let names = ["kustomization.yaml", "kustomization.yml"];
    let (file, yaml) = names.iter().find_map(|name| files.by_path.get(folder.join(name).as_path()))?;
    Some((folder.to_owned(), *file, Value::new(*file, yaml.documents.first()?, None)))
}

/// The files and folders that a kustomization names.
fn resources(folder: &Path, root: &Value) -> Vec<PathBuf> {
    let lists = ["resources", "bases", "components"].into_iter().filter_map(|key| root.get(key));
    let named = lists.flat_map(|list| list.items().iter().filter_map(Value::text));
    named.map(|path| normal_path(&folder.join(path))).collect()
}

/// What a kustomization gives.
struct Built {
    objects: Vec<Value>,
    generated: Vec<ConfigObject>,
}

struct Overlay<'a, 'u> {
    files: &'a Files<'a>,
    used: &'u mut BTreeSet<FileId>,
    /// Whether all that it builds on is here.
    complete: bool,
}

impl Overlay<'_, '_> {
    fn build(&mut self, folder: &Path, depth: u32) -> Option<Built> {
        if depth > DEPTH {
            return None;
        }
        let (_, file, root) = kustomization(self.files, folder)?;
        self.used.insert(file);
        let mut built = Built { objects: Vec::new(), generated: Vec::new() };
        for path in resources(folder, &root) {
            if let Some((file, yaml)) = self.files.by_path.get(path.as_path()) {
                self.used.insert(*file);
                built.objects.extend(yaml.documents.iter().map(|d| Value::new(*file, d, None)));
            } else if let Some(below) = self.build(&path, depth + 1) {
                built.objects.extend(below.objects);
                built.generated.extend(below.generated);
            } else {
                self.complete = false;
            }
        }
        self.patch(folder, &root, &mut built.objects);
        images(&root, &mut built.objects);
        replicas(&root, &mut built.objects);
        namespace(&root, &mut built.objects);
        for (key, secret) in [("configMapGenerator", false), ("secretGenerator", true)] {
            let list = root.get(key).map_or(&[][..], Value::items);
            let variables = |path: &str| self.files.env(&normal_path(&folder.join(path)));
            built.generated.extend(list.iter().filter_map(|value| generated(value, secret, &variables)));
        }
        self.complete &= root.get("helmCharts").is_none() && root.get("transformers").is_none();
        Some(built)
    }

    fn patch(&mut self, folder: &Path, root: &Value, objects: &mut [Value]) {
        let mut patches: Vec<(Option<&Value>, Option<&str>)> = Vec::new();
        let list = |key: &str| root.get(key).map_or(&[][..], Value::items);
        for written in list("patchesStrategicMerge") {
            match written.text().filter(|text| text.contains('\n')) {
                Some(text) => inline(written, text, None, objects),
                None => patches.push((None, written.text())),
            }
        }
        for patch in list("patches").iter().chain(list("patchesJson6902")) {
            match patch.get("patch").and_then(|written| Some((written, written.text()?))) {
                Some((written, text)) => inline(written, text, patch.get("target"), objects),
                None => patches.push((patch.get("target"), patch.get("path").and_then(Value::text))),
            }
        }
        for (target, path) in patches {
            let read = path.and_then(|p| self.files.by_path.get(normal_path(&folder.join(p)).as_path()));
            match read {
                Some((file, yaml)) => {
                    self.used.insert(*file);
                    for document in &yaml.documents {
                        let patch = Value::new(*file, document, None);
                        let is_merge = matches!(patch.kind, Kind::Map { .. });
                        let of = if is_merge && target.is_none() { Some(&patch) } else { target };
                        for object in objects.iter_mut().filter(|o| is_target(o, of)) {
                            if is_merge { merge(object, &patch, "") } else { operations(object, &patch) }
                        }
                    }
                }
                // Not here.
                None => objects.iter_mut().filter(|o| is_target(o, target)).for_each(open_all),
            }
        }
    }
}

/// A patch that is written inside of the kustomization as a text: all of it stands where the text does.
fn inline(written: &Value, text: &str, target: Option<&Value>, objects: &mut [Value]) {
    for document in &yaml(text).documents {
        let mut patch = Value::new(written.at.file, document, None);
        patch.stand_at(written.at);
        let is_merge = matches!(patch.kind, Kind::Map { .. });
        let of = if is_merge && target.is_none() { Some(&patch) } else { target };
        for object in objects.iter_mut().filter(|o| is_target(o, of)) {
            if is_merge { merge(object, &patch, "") } else { operations(object, &patch) }
        }
    }
}

/// Whether a patch means an object: by kind and name, where it tells them.
fn is_target(object: &Value, target: Option<&Value>) -> bool {
    let Some(target) = target else { return true };
    let text = |value: &Value, keys: &[&str]| value.path(keys).and_then(Value::text).map(str::to_owned);
    let kind = text(target, &["kind"]).is_none_or(|kind| text(object, &["kind"]) == Some(kind));
    let wanted = text(target, &["metadata", "name"]).or_else(|| text(target, &["name"]));
    let own = text(object, &["metadata", "name"]);
    // Names of targets are regular expressions.
    let name = wanted.is_none_or(|wanted| wanted.contains(['*', '.', '|']) || own == Some(wanted));
    kind && name
}

/// Puts a strategic patch into an object.
fn merge(object: &mut Value, patch: &Value, key: &str) {
    match (&mut object.kind, &patch.kind) {
        (Kind::Map { entries, open, .. }, Kind::Map { entries: new, open: also, .. }) => {
            *open |= also;
            for entry in new {
                let is_removal = matches!(entry.value.kind, Kind::Null);
                match entries.iter_mut().position(|e| e.key == entry.key) {
                    Some(at) if is_removal => drop(entries.remove(at)),
                    Some(at) => {
                        if let Some(own) = entries.get_mut(at) {
                            merge(&mut own.value, &entry.value, &entry.key);
                        }
                    }
                    None => entries.push(entry.clone()),
                }
            }
        }
        (Kind::Seq { items, .. }, Kind::Seq { items: new, .. }) if merge_key(key).is_some() => {
            let by = merge_key(key).unwrap_or_default();
            for item in new {
                let name = item.get(by).and_then(Value::text);
                match items.iter_mut().find(|own| name.is_some() && own.get(by).and_then(Value::text) == name)
                {
                    Some(own) => merge(own, item, ""),
                    None => items.push(item.clone()),
                }
            }
        }
        _ => *object = patch.clone(),
    }
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

fn step<'v>(value: &'v mut Value, key: &str) -> Option<&'v mut Value> {
    match &mut value.kind {
        Kind::Map { entries, .. } => entries.iter_mut().find(|e| e.key == key).map(|e| &mut e.value),
        Kind::Seq { items, .. } => items.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    }
}

/// Puts a value under a key or number, or takes it away.
fn put(parent: &mut Value, key: &str, value: Option<Value>, adds: bool, at: Place) {
    match (&mut parent.kind, value) {
        (Kind::Map { entries, .. }, Some(value)) => match entries.iter_mut().find(|e| e.key == key) {
            Some(entry) => entry.value = value,
            None => entries.push(Entry { key: key.to_owned(), key_at: at, value }),
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

/// The key by which the items of a list are told apart, as the Kubernetes API says.
fn merge_key(list: &str) -> Option<&'static str> {
    Some(match list {
        "containers" | "initContainers" | "env" | "volumes" | "imagePullSecrets" => "name",
        "volumeMounts" => "mountPath",
        "ports" => "containerPort",
        _ => return None,
    })
}

/// A patch that cannot be followed may have changed anything.
fn open_all(value: &mut Value) {
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

/// `replicas:` says how many of an object there are.
fn replicas(root: &Value, objects: &mut [Value]) {
    for wanted in root.get("replicas").map_or(&[][..], Value::items) {
        let (Some(name), Some(count)) = (wanted.get("name").and_then(Value::text), wanted.entry("count"))
        else {
            continue;
        };
        let named =
            |object: &&mut Value| object.path(&["metadata", "name"]).and_then(Value::text) == Some(name);
        for object in objects.iter_mut().filter(named) {
            let spec = step(object, "spec").filter(|spec| spec.get("template").is_some());
            if let Some(spec) = spec {
                put(spec, "replicas", Some(count.value.clone()), false, count.key_at);
            }
        }
    }
}

/// `namespace:` is where all objects are put.
fn namespace(root: &Value, objects: &mut [Value]) {
    let Some(entry) = root.entry("namespace").filter(|e| e.value.text().is_some()) else { return };
    for object in objects {
        if let Some(metadata) = step(object, "metadata") {
            put(metadata, "namespace", Some(entry.value.clone()), false, entry.key_at);
        }
    }
}

/// `images:` gives images other names and tags.
fn images(root: &Value, objects: &mut [Value]) {
    for image in root.get("images").map_or(&[][..], Value::items) {
        let word = |key: &str| image.get(key).and_then(Value::text);
        let Some(name) = word("name") else { continue };
        for object in objects.iter_mut() {
            each_image(object, &mut |value| {
                let Kind::Text(text) = &mut value.kind else { return };
                let bare = text.split('@').next().unwrap_or(text);
                let (own, tag) = match bare.rsplit_once(':') {
                    Some((own, tag)) if !tag.contains('/') => (own, Some(tag)),
                    _ => (bare, None),
                };
                if own != name {
                    return;
                }
                let new = word("newName").unwrap_or(own);
                *text = match (word("digest"), word("newTag").or(tag)) {
                    (Some(digest), _) => format!("{new}@{digest}"),
                    (None, Some(tag)) => format!("{new}:{tag}"),
                    (None, None) => new.to_owned(),
                };
            });
        }
    }
}

fn each_image(value: &mut Value, visit: &mut dyn FnMut(&mut Value)) {
    match &mut value.kind {
        Kind::Map { entries, .. } => {
            for entry in entries {
                if entry.key == "image" {
                    visit(&mut entry.value)
                } else {
                    each_image(&mut entry.value, visit)
                }
            }
        }
        Kind::Seq { items, .. } => items.iter_mut().for_each(|item| each_image(item, visit)),
        _ => {}
    }
}

/// The variables of the file at a path.
type Variables<'a> = &'a dyn Fn(&str) -> Option<Vec<(String, String)>>;

fn generated(value: &Value, secret: bool, variables: Variables<'_>) -> Option<ConfigObject> {
    let name = value.get("name")?;
    let literals = value.get("literals").map_or(&[][..], Value::items).iter().filter_map(|literal| {
        let (key, text) = literal.text()?.split_once('=')?;
        let spot = |value: &str| Spot { value: value.to_owned(), at: literal.at };
        Some((spot(key), Tri::Present(spot(text))))
    });
    let files = value.get("files").map_or(&[][..], Value::items).iter().filter_map(|file| {
        let text = file.text()?;
        let key =
            text.split_once('=').map_or_else(|| text.rsplit('/').next().unwrap_or(text), |(key, _)| key);
        Some((Spot { value: key.to_owned(), at: file.at }, Tri::Unknown))
    });
    let mut keys: Vec<(Spot<String>, Tri<Spot<String>>)> = literals.chain(files).collect();
    let mut complete = !value.is_open();
    let listed = value.get("envs").map_or(&[][..], Value::items).iter();
    for file in listed.chain(value.get("env")) {
        let read = file.text().and_then(variables);
        complete &= read.is_some();
        for (key, text) in read.unwrap_or_default() {
            let spot = |value: String| Spot { value, at: file.at };
            keys.push((spot(key), Tri::Present(spot(text))));
        }
    }
    Some(ConfigObject {
        secret,
        name: name.text()?.to_owned(),
        namespace: Tri::Absent,
        environment: Environment::default(),
        keys,
        complete,
        data: None,
        at: name.at,
    })
}
