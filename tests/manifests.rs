//! The manifests of the sample system stay what Kubernetes takes, whatever fixes are applied to them.
//!
//! An object is held against the types that are generated from Kubernetes' own description of its API: it is read into its
//! type and written again. A field that the type does not have is lost on the way, a field that it must have is added, and a
//! value of the wrong type is refused.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)]

use std::path::Path;

use crate::support::{copy_of, stdout, svclint, systems};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{ConfigMap, Secret, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[test]
fn the_sample_manifests_are_valid_as_they_are_written() {
    for system in ["shop", "shop-mended"] {
        assert_eq!(complaints(&systems().join(system)), [""; 0], "{system}");
    }
}

#[test]
fn every_fix_leaves_valid_manifests() {
    let dir = copy_of("shop");
    svclint(dir.path(), &["check", "--unsafe-fixes"]);
    assert_eq!(complaints(dir.path()), [""; 0], "after the fixes that need nobody's choice");
    // What is only proposed in the editor: one after the other, each as if it had been chosen there.
    let mut chosen = Vec::new();
    while let Some((title, edits)) = proposal(dir.path()) {
        assert!(chosen.len() < 30, "it does not come to rest: {chosen:?}");
        chosen.push(title);
        apply(dir.path(), &edits);
        assert_eq!(complaints(dir.path()), [""; 0], "after {chosen:?}");
    }
    for expected in ["Add resources", "Add a readiness probe", "Add `DATABASE_URL`"] {
        assert!(chosen.iter().any(|title| title == expected), "{expected} is not among {chosen:?}");
    }
}

#[test]
fn what_kubernetes_refuses_is_seen() {
    let container =
        json!({ "name": "orders", "image": "shop/orders:1.4.0", "ports": [{ "containerPort": 8081 }] });
    let deployment = |change: &dyn Fn(&mut Value)| {
        let labels = json!({ "app": "orders" });
        let mut object = json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": { "name": "orders" },
            "spec": {
                "selector": { "matchLabels": labels },
                "template": { "metadata": { "labels": labels }, "spec": { "containers": [container] } },
            },
        });
        change(&mut object["spec"]["template"]["spec"]["containers"][0]);
        complaint(&object)
    };
    assert_eq!(deployment(&|_| {}), None);
    for (change, why) in [
        (&(|c: &mut Value| c["resource"] = json!({})) as &dyn Fn(&mut Value), "/resource"),
        (
            &|c| c["readinessProbe"] = json!({ "httpGet": { "path": "/readyz" } }),
            "/readinessProbe/httpGet/port",
        ),
        (&|c| c["readinessProbe"] = json!({ "path": "/readyz" }), "/readinessProbe/path"),
        (&|c| c["ports"][0]["containerPort"] = json!("8081"), "invalid type"),
        (&|c| c["resources"] = json!({ "limits": ["memory"] }), "invalid type"),
        (&|c| drop(c.as_object_mut().unwrap().remove("name")), "/name"),
    ] {
        let complaint = deployment(change);
        assert!(complaint.as_ref().is_some_and(|c| c.contains(why)), "{why}: {complaint:?}");
    }
    assert!(complaint(&json!({ "apiVersion": "v1", "kind": "Deployment" })).is_some(), "of another group");
}

/// What is wrong with the objects below `deploy/`: `file: place of the field`.
fn complaints(system: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let folder = system.join("deploy/k8s");
    let mut objects = 0;
    for file in std::fs::read_dir(folder).expect("a folder").map(|f| f.expect("readable").path()) {
        let text = std::fs::read_to_string(&file).expect("readable");
        let name = file.file_name().unwrap().display();
        for document in serde_yaml_ng::Deserializer::from_str(&text) {
            objects += 1;
            // YAML's own type first: it refuses keys that are there twice.
            let object = serde_yaml_ng::Value::deserialize(document).map_err(|e| e.to_string());
            let object = object.and_then(|o| serde_json::to_value(o).map_err(|e| e.to_string()));
            found.extend(object.map_or_else(Some, |o| complaint(&o)).map(|why| format!("{name}: {why}")));
        }
    }
    assert!(objects >= 10, "only {objects} objects were looked at");
    found
}

/// Why Kubernetes would not take an object.
fn complaint(object: &Value) -> Option<String> {
    let text = |key: &str| object[key].as_str().unwrap_or("");
    match (text("apiVersion"), text("kind")) {
        ("apps/v1", "Deployment") => loses::<Deployment>(object),
        ("v1", "Service") => loses::<Service>(object),
        ("v1", "ConfigMap") => loses::<ConfigMap>(object),
        ("v1", "Secret") => loses::<Secret>(object),
        ("autoscaling/v2", "HorizontalPodAutoscaler") => loses::<HorizontalPodAutoscaler>(object),
        ("policy/v1", "PodDisruptionBudget") => loses::<PodDisruptionBudget>(object),
        ("networking.k8s.io/v1", "NetworkPolicy") => loses::<NetworkPolicy>(object),
        (version, kind) => Some(format!("no type for {version} {kind}")),
    }
}

/// What an object loses or gets on the way through its type.
fn loses<T: DeserializeOwned + serde::Serialize>(object: &Value) -> Option<String> {
    match serde_json::from_value::<T>(object.clone()) {
        Ok(typed) => difference(object, &serde_json::to_value(typed).expect("JSON"), ""),
        Err(error) => Some(error.to_string()),
    }
}

/// Where two values differ first.
fn difference(a: &Value, b: &Value, at: &str) -> Option<String> {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|k| !a.contains_key(*k)));
            let both = |key: &String| (a.get(key), b.get(key));
            keys.map(|key| (key, both(key))).find_map(|(key, both)| match both {
                (Some(a), Some(b)) => difference(a, b, &format!("{at}/{key}")),
                (Some(_), None) => Some(format!("{at}/{key} is no field")),
                _ => Some(format!("{at}/{key} is missing")),
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            (0..a.len()).find_map(|i| difference(&a[i], &b[i], &format!("{at}/{i}")))
        }
        // A quantity may be written as a number.
        (Value::Number(number), Value::String(text)) if number.to_string() == *text => None,
        _ => (a != b).then(|| format!("{at} is {a}, which is read as {b}")),
    }
}

/// The first fix of a manifest that is only proposed: its title and its edits.
fn proposal(dir: &Path) -> Option<(String, Vec<Value>)> {
    let report: Value =
        serde_json::from_str(&stdout(&svclint(dir, &["check", "--format", "json"]))).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    let fixes = findings.iter().flat_map(|f| f["fixes"].as_array().expect("fixes"));
    let mut proposals = fixes.filter(|fix| fix["applicability"] == "proposal");
    proposals.find_map(|fix| {
        let edits = fix["edits"].as_array()?;
        let is_manifest = edits.iter().all(|e| e["path"].as_str().is_some_and(|p| p.starts_with("deploy/")));
        is_manifest.then(|| (fix["title"].as_str().unwrap_or("").to_owned(), edits.clone()))
    })
}

fn apply(dir: &Path, edits: &[Value]) {
    let byte = |edit: &Value, end: &str| edit["byte_range"][end].as_u64().expect("a byte") as usize;
    let mut edits = edits.to_vec();
    edits.sort_by_key(|edit| std::cmp::Reverse(byte(edit, "start")));
    for edit in &edits {
        let path = dir.join(edit["path"].as_str().expect("a path"));
        let mut text = std::fs::read_to_string(&path).expect("readable");
        text.replace_range(
            byte(edit, "start")..byte(edit, "end"),
            edit["new_text"].as_str().expect("a text"),
        );
        std::fs::write(&path, text).expect("written");
    }
}
