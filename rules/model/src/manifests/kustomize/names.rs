//! Names that a kustomization changes, and the names of others that follow.

use super::super::value::{Kind, Value};
use super::Object;
use super::way::{each, step};

/// Where the pods of a kind stand.
fn pods(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "Pod" => &["spec"],
        "PodTemplate" => &["template", "spec"],
        "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet" | "Job" => &["spec", "template", "spec"],
        "CronJob" => &["spec", "jobTemplate", "spec", "template", "spec"],
        _ => return None,
    })
}

/// Where a pod names other objects, and of which kind.
const IN_PODS: [(&[&str], &str); 13] = [
    (&["volumes", "configMap", "name"], "ConfigMap"),
    (&["volumes", "projected", "sources", "configMap", "name"], "ConfigMap"),
    (&["containers", "env", "valueFrom", "configMapKeyRef", "name"], "ConfigMap"),
    (&["initContainers", "env", "valueFrom", "configMapKeyRef", "name"], "ConfigMap"),
    (&["containers", "envFrom", "configMapRef", "name"], "ConfigMap"),
    (&["initContainers", "envFrom", "configMapRef", "name"], "ConfigMap"),
    (&["volumes", "secret", "secretName"], "Secret"),
    (&["volumes", "projected", "sources", "secret", "name"], "Secret"),
    (&["containers", "env", "valueFrom", "secretKeyRef", "name"], "Secret"),
    (&["initContainers", "env", "valueFrom", "secretKeyRef", "name"], "Secret"),
    (&["containers", "envFrom", "secretRef", "name"], "Secret"),
    (&["initContainers", "envFrom", "secretRef", "name"], "Secret"),
    (&["imagePullSecrets", "name"], "Secret"),
];

/// Where objects of a kind name others, and of which kind.
const IN_KINDS: [(&str, &[&str], &str); 11] = [
    ("StatefulSet", &["spec", "serviceName"], "Service"),
    ("Ingress", &["spec", "rules", "http", "paths", "backend", "serviceName"], "Service"),
    ("Ingress", &["spec", "rules", "http", "paths", "backend", "service", "name"], "Service"),
    ("Ingress", &["spec", "backend", "serviceName"], "Service"),
    ("Ingress", &["spec", "defaultBackend", "service", "name"], "Service"),
    ("Ingress", &["spec", "tls", "secretName"], "Secret"),
    ("HTTPRoute", &["spec", "rules", "backendRefs", "name"], "Service"),
    ("HorizontalPodAutoscaler", &["spec", "scaleTargetRef", "name"], "Deployment"),
    ("HorizontalPodAutoscaler", &["spec", "scaleTargetRef", "name"], "StatefulSet"),
    ("HorizontalPodAutoscaler", &["spec", "scaleTargetRef", "name"], "ReplicaSet"),
    ("HorizontalPodAutoscaler", &["spec", "scaleTargetRef", "name"], "ReplicationController"),
];

/// Keys by which custom objects name others. Whether kustomize follows them is said by schemas that are not read.
const NAMING: [&str; 9] = [
    "configMapRef",
    "configMapKeyRef",
    "configMap",
    "secretRef",
    "secretKeyRef",
    "secret",
    "service",
    "backendRefs",
    "scaleTargetRef",
];

/// `namePrefix:` and `nameSuffix:`.
pub(super) fn affix(root: &Value, objects: &mut [Object]) {
    let word = |key: &str| root.get(key).and_then(Value::text).unwrap_or("").to_owned();
    let (prefix, suffix) = (word("namePrefix"), word("nameSuffix"));
    if prefix.is_empty() && suffix.is_empty() {
        return;
    }
    for object in objects {
        // What others call by its full name keeps it.
        if matches!(object.kind(), Some("CustomResourceDefinition" | "APIService" | "Namespace")) {
            continue;
        }
        let Some(name) = step(&mut object.value, "metadata").and_then(|m| step(m, "name")) else { continue };
        if let Kind::Text(text) = &mut name.kind {
            let new = format!("{prefix}{text}{suffix}");
            object.former.push(std::mem::replace(text, new));
            object.affixes.push((prefix.clone(), suffix.clone()));
        }
    }
}

/// Lets the names of others follow to what they are called now.
pub(super) fn follow(objects: &mut [Object]) {
    if objects.iter().all(|o| o.former.is_empty()) {
        return;
    }
    let all: Vec<Object> = objects.iter().map(head).collect();
    for object in objects {
        let referrer = head(object);
        let kind = referrer.kind().unwrap_or("").to_owned();
        let rename = |value: &mut Value, named: &str| {
            if let Kind::Text(text) = &value.kind
                && let Some(now) = now(&all, &referrer, named, text)
            {
                value.kind = now.map_or(Kind::Unknown, Kind::Text);
            }
        };
        if let Some(pod) = pods(&kind) {
            for (way, named) in IN_PODS {
                let way: Vec<&str> = pod.iter().chain(way).copied().collect();
                each(&mut object.value, &way, &mut |value| rename(value, named));
            }
        }
        let own = IN_KINDS.iter().filter(|(of, ..)| *of == kind);
        let mut is_known = pods(&kind).is_some();
        for (_, way, named) in own {
            is_known = true;
            each(&mut object.value, way, &mut |value| rename(value, named));
        }
        if !is_known {
            forget(&mut object.value, &all, "");
        }
    }
}

/// What an object is called, without the rest of it.
fn head(object: &Object) -> Object {
    let mut head = object.clone();
    if let Kind::Map { entries, .. } = &mut head.value.kind {
        entries.retain(|e| matches!(e.key.as_str(), "kind" | "metadata"));
    }
    head
}

/// What the object that is meant by a name is called now: `None` for a name of nothing here, `Some(None)` where it is not known
/// which one is meant.
fn now(all: &[Object], referrer: &Object, kind: &str, name: &str) -> Option<Option<String>> {
    let is_meant =
        |o: &&Object| o.kind() == Some(kind) && o.is_called(name) && o.namespace() == referrer.namespace();
    let mut meant: Vec<&Object> = all.iter().filter(is_meant).collect();
    // Of several, the one that the same layers named.
    if meant.len() > 1 && meant.iter().any(|o| o.affixes == referrer.affixes) {
        meant.retain(|o| o.affixes == referrer.affixes);
    }
    let first = meant.first()?.name().map(str::to_owned);
    Some(first.filter(|first| meant.iter().all(|o| o.name() == Some(first))))
}

/// Names in custom objects of what has another name now.
fn forget(value: &mut Value, all: &[Object], key: &str) {
    match &mut value.kind {
        Kind::Map { entries, .. } => {
            for entry in entries {
                let names = (entry.key == "name" && NAMING.contains(&key))
                    || matches!(entry.key.as_str(), "secretName" | "serviceName");
                match &entry.value.kind {
                    Kind::Text(text) if names => {
                        if all.iter().any(|o| o.former.iter().any(|f| f == text)) {
                            entry.value.kind = Kind::Unknown;
                        }
                    }
                    _ => forget(&mut entry.value, all, &entry.key),
                }
            }
        }
        Kind::Seq { items, .. } => items.iter_mut().for_each(|item| forget(item, all, key)),
        _ => {}
    }
}
