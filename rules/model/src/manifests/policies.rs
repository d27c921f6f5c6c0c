//! Network policies: who may call whom.

use super::data::{Allowed, Labels, NetworkPolicy, PolicyPort};
use super::object::{Head, match_labels};
use super::value::{Kind, Value};
use crate::place::Tri;

pub(super) fn policy(head: &Head<'_>) -> NetworkPolicy {
    let spec = head.spec();
    let types = spec.map_or(Tri::Unknown, |s| s.tri_texts("policyTypes"));
    let side = |key: &str, word: &str, peers: &str| {
        let spec = spec.filter(|s| !s.is_open())?;
        let rules = spec.get(key);
        let speaks = match &types {
            Tri::Present(types) => types.iter().any(|t| t == word),
            // Without the list a policy speaks of who calls its pods, and of whom they call where it has rules for that.
            Tri::Absent => key == "ingress" || rules.is_some_and(|r| !r.items().is_empty() || r.is_open()),
            Tri::Unknown => false,
        };
        let is_known = !rules.is_some_and(Value::is_open);
        let all = rules.map_or(&[][..], Value::items);
        (speaks && is_known).then(|| all.iter().map(|rule| allowed(rule, peers)).collect())
    };
    NetworkPolicy {
        name: head.written.clone(),
        namespace: head.namespace.clone(),
        environment: head.environment.clone(),
        selector: match_labels(spec, "podSelector"),
        ingress: side("ingress", "Ingress", "from"),
        egress: side("egress", "Egress", "to"),
        is_known: spec.is_some_and(|s| !s.is_open()) && !types.is_unknown() && {
            let open = |key: &str| spec.and_then(|s| s.get(key)).is_some_and(Value::is_open);
            !open("ingress") && !open("egress")
        },
        at: head.name_at,
    }
}

fn allowed(rule: &Value, peers: &str) -> Allowed {
    // An empty list is one that is not there: all.
    let list = |key: &str| rule.get(key).filter(|v| v.is_open() || !v.items().is_empty());
    let open = rule.is_open();
    Allowed {
        peers: list(peers).map(|all| {
            let unseen = (open || all.is_open()).then_some(Tri::Unknown);
            all.items().iter().map(peer).chain(unseen).collect()
        }),
        ports: list("ports").map(|all| {
            let unseen = (open || all.is_open()).then_some(PolicyPort::default());
            all.items().iter().map(port).chain(unseen).collect()
        }),
    }
}

fn peer(from: &Value) -> Tri<Labels> {
    if from.get("ipBlock").is_some() || from.get("namespaceSelector").is_some() || from.is_open() {
        return Tri::Unknown;
    }
    match_labels(Some(from), "podSelector")
}

fn port(value: &Value) -> PolicyPort {
    let text = |key: &str| value.tri_text(key);
    let has_unread = matches!(value.kind, Kind::Unknown);
    PolicyPort {
        port: if has_unread { Tri::Unknown } else { text("port") },
        end: text("endPort").present().and_then(|end| end.parse().ok()),
        protocol: match text("protocol") {
            Tri::Absent => Tri::Present("TCP".to_owned()),
            other => other,
        },
    }
}
