//! Fields that a kustomization sets by keys of its own: `namespace`, `replicas`, `images`.

use super::super::value::{Entry, Kind, Value};
use super::Object;
use super::way::{self, step};

/// `namespace:` is where all objects are put.
pub(super) fn namespace(root: &Value, objects: &mut [Object]) {
    let Some(entry) = root.entry("namespace").filter(|e| e.value.text().is_some()) else { return };
    for object in objects {
        if let Some(metadata) = step(&mut object.value, "metadata") {
            way::set(metadata, entry);
        }
    }
}

/// `replicas:` says how many of an object there are.
pub(super) fn replicas(root: &Value, objects: &mut [Object]) {
    for wanted in root.get("replicas").map_or(&[][..], Value::items) {
        let (Some(name), Some(count)) = (wanted.get("name").and_then(Value::text), wanted.entry("count"))
        else {
            continue;
        };
        for object in objects.iter_mut().filter(|o| o.is_called(name)) {
            let spec = step(&mut object.value, "spec").filter(|spec| spec.get("template").is_some());
            if let Some(spec) = spec {
                way::set(spec, &Entry { key: "replicas".to_owned(), ..count.clone() });
            }
        }
    }
}

/// `images:` gives images other names and tags.
pub(super) fn images(root: &Value, objects: &mut [Object]) {
    for image in root.get("images").map_or(&[][..], Value::items) {
        let word = |key: &str| image.get(key).and_then(Value::text);
        let Some(name) = word("name") else { continue };
        for object in objects.iter_mut() {
            each_image(&mut object.value, &mut |value| {
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
