//! Labels and annotations that a kustomization gives all of its objects.

use super::super::value::{Entry, Value};
use super::Object;
use super::way;

/// Where the pods of a kind have their metadata.
fn templates(kind: &str) -> &'static [&'static [&'static str]] {
    match kind {
        "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet" | "ReplicationController" | "Job" => {
            &[&["spec", "template", "metadata"]]
        }
        "CronJob" => {
            &[&["spec", "jobTemplate", "metadata"], &["spec", "jobTemplate", "spec", "template", "metadata"]]
        }
        _ => &[],
    }
}

/// Where an object of a kind selects others by labels, and whether a selector is made where there is none.
fn selectors(kind: &str) -> &'static [(&'static [&'static str], bool)] {
    match kind {
        "Service" | "ReplicationController" => &[(&["spec", "selector"], true)],
        "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet" => {
            &[(&["spec", "selector", "matchLabels"], true)]
        }
        "Job" | "PodDisruptionBudget" => &[(&["spec", "selector", "matchLabels"], false)],
        "CronJob" => &[(&["spec", "jobTemplate", "spec", "selector", "matchLabels"], false)],
        "NetworkPolicy" => &[
            (&["spec", "podSelector", "matchLabels"], false),
            (&["spec", "ingress", "from", "podSelector", "matchLabels"], false),
            (&["spec", "egress", "to", "podSelector", "matchLabels"], false),
        ],
        _ => &[],
    }
}

/// `commonLabels:` and `labels:`.
pub(super) fn labels(root: &Value, objects: &mut [Object]) {
    if let Some(pairs) = root.get("commonLabels") {
        objects.iter_mut().for_each(|object| put(object, pairs, "labels", true, true));
    }
    for written in root.get("labels").map_or(&[][..], Value::items) {
        let Some(pairs) = written.get("pairs") else { continue };
        let is_on = |key: &str| written.get(key).and_then(Value::text) == Some("true");
        let selectors = is_on("includeSelectors");
        let templates = selectors || is_on("includeTemplates");
        for object in objects.iter_mut() {
            put(object, pairs, "labels", templates, selectors);
            for field in written.get("fields").map_or(&[][..], Value::items) {
                let is_kind = field.get("kind").is_none_or(|kind| kind.text() == object.kind());
                let Some(path) = field.get("path").and_then(Value::text).filter(|_| is_kind) else {
                    continue;
                };
                let way: Vec<&str> = path.split('/').map(|key| key.trim_end_matches("[]")).collect();
                let is_made = field.get("create").and_then(Value::text) == Some("true");
                add(&mut object.value, &way, pairs, is_made);
            }
        }
    }
}

/// `commonAnnotations:`
pub(super) fn annotations(root: &Value, objects: &mut [Object]) {
    if let Some(pairs) = root.get("commonAnnotations") {
        objects.iter_mut().for_each(|object| put(object, pairs, "annotations", true, false));
    }
}

/// Gives an object what it is to carry: itself, its pods, and what selects them.
fn put(object: &mut Object, pairs: &Value, key: &str, in_templates: bool, in_selectors: bool) {
    let kind = object.kind().unwrap_or("").to_owned();
    add(&mut object.value, &["metadata", key], pairs, true);
    if in_templates {
        for template in templates(&kind) {
            let way: Vec<&str> = template.iter().copied().chain([key]).collect();
            add(&mut object.value, &way, pairs, true);
        }
    }
    if in_selectors {
        for (way, is_made) in selectors(&kind) {
            add(&mut object.value, way, pairs, *is_made);
        }
    }
}

fn add(value: &mut Value, way: &[&str], pairs: &Value, is_made: bool) {
    let mut visit = |mapping: &mut Value| {
        pairs.entries().iter().for_each(|entry: &Entry| way::set(mapping, entry));
    };
    if is_made { way::each_made(value, way, pairs.at, &mut visit) } else { way::each(value, way, &mut visit) }
}
