//! What Prometheus reads metrics from.

use super::data::{Endpoint, Monitor, Namespaces};
use super::object::{Head, match_labels};
use super::value::Value;
use crate::place::Tri;

pub(super) fn monitor(head: &Head<'_>) -> Monitor {
    let spec = head.spec();
    let endpoints = spec.and_then(|s| s.get("endpoints").or_else(|| s.get("podMetricsEndpoints")));
    let endpoint = |e: &Value| {
        let number = e.tri_spot("portNumber");
        Endpoint {
            port: e.tri_spot("port"),
            target: if number.is_absent() { e.tri_spot("targetPort") } else { number },
            path: e.tri_spot("path"),
        }
    };
    Monitor {
        kind: head.kind.clone(),
        name: head.written.clone(),
        namespace: head.namespace.clone(),
        environment: head.environment.clone(),
        namespaces: spec.map_or(Namespaces::Unknown, namespaces),
        selector: match_labels(spec, "selector"),
        endpoints: endpoints.map_or(&[][..], Value::items).iter().map(endpoint).collect(),
    }
}

fn namespaces(spec: &Value) -> Namespaces {
    let selector = match spec.tri("namespaceSelector") {
        Tri::Present(selector) => selector,
        Tri::Absent => return Namespaces::Own,
        Tri::Unknown => return Namespaces::Unknown,
    };
    match (selector.get("any").map(Value::text), selector.tri_texts("matchNames")) {
        (None | Some(Some("false")), Tri::Present(names)) if !names.is_empty() => Namespaces::Named(names),
        (None | Some(Some("false")), Tri::Present(_) | Tri::Absent) => Namespaces::Own,
        _ => Namespaces::Unknown,
    }
}
