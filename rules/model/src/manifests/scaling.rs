//! What decides how many pods there are, how many may be away, and what they get where they ask for nothing.

use super::data::{Autoscaler, Budget, Labels, ResourceDefaults, Spot};
use super::object::{Head, between, match_labels};
use super::value::{Kind, Value};
use crate::place::Tri;

pub(super) fn autoscaler(head: &Head<'_>) -> Autoscaler {
    let nothing = Value { at: head.object.at, kind: Kind::Unknown };
    let spec = head.spec().unwrap_or(&nothing);
    let mut utilization = Vec::new();
    let old = spec.get("targetCPUUtilizationPercentage");
    utilization.extend(old.map(|v| Spot { value: "cpu".to_owned(), at: v.at }));
    for metric in spec.get("metrics").map_or(&[][..], Value::items) {
        let Some(resource) = metric.get("resource") else { continue };
        let kind = resource.path(&["target", "type"]).and_then(Value::text);
        // Before autoscaling/v2 the share stood in a key of its own.
        let is_share = kind == Some("Utilization") || resource.get("targetAverageUtilization").is_some();
        if let (Some("Resource"), true, Some(Value { kind: Kind::Text(name), at })) =
            (metric.get("type").and_then(Value::text), is_share, resource.get("name"))
        {
            utilization.push(Spot { value: name.clone(), at: *at });
        }
    }
    Autoscaler { utilization, ..scaler(head, ("minReplicas", 1), "maxReplicas", None) }
}

/// KEDA's: it scales a Deployment unless it names another kind, and to nothing unless it names a least number.
pub(super) fn scaled_object(head: &Head<'_>) -> Autoscaler {
    scaler(head, ("minReplicaCount", 0), "maxReplicaCount", Some("Deployment"))
}

fn scaler(
    head: &Head<'_>,
    (min, least): (&str, i64),
    max: &str,
    default_kind: Option<&'static str>,
) -> Autoscaler {
    let nothing = Value { at: head.object.at, kind: Kind::Unknown };
    let spec = head.spec().unwrap_or(&nothing);
    let target = spec.get("scaleTargetRef");
    let named = target.and_then(|t| t.get("name"));
    let kind = target.map_or(Tri::Unknown, |t| t.tri_text("kind"));
    let kind = match (&kind, default_kind) {
        (Tri::Present(kind), _) => Some(kind.clone()),
        (Tri::Absent, Some(default)) => Some(default.to_owned()),
        _ => None,
    };
    let name = named.and_then(Value::text).map(str::to_owned);
    let count = |key: &str, default: Tri<i64>| match spec.tri_number(key) {
        Tri::Present(spot) => Tri::Present(spot.value),
        Tri::Absent => default,
        Tri::Unknown => Tri::Unknown,
    };
    Autoscaler {
        name: head.written.clone(),
        namespace: head.namespace.clone(),
        environment: head.environment.clone(),
        target: kind.zip(name).map_or(Tri::Unknown, Tri::Present),
        target_at: named.or(target).map_or(head.name_at, |v| v.at),
        kind_at: target.and_then(|t| t.get("kind")).map(|v| v.at),
        min_replicas: count(min, Tri::Present(least)),
        max_replicas: count(max, Tri::Absent),
        utilization: Vec::new(),
    }
}

pub(super) fn budget(head: &Head<'_>) -> Budget {
    let spec = head.spec();
    let limit = |key: &str| spec.map_or(Tri::Unknown, |s| s.tri_spot(key));
    let entry = spec.and_then(|s| s.entry("maxUnavailable").or_else(|| s.entry("minAvailable")));
    Budget {
        name: head.written.clone(),
        namespace: head.namespace.clone(),
        environment: head.environment.clone(),
        selector: match_labels(spec, "selector"),
        max_unavailable: limit("maxUnavailable"),
        min_available: limit("minAvailable"),
        limit_at: entry.map(|e| between(e.key_at, e.value.at)),
    }
}

/// What containers of a namespace get that ask for nothing.
pub(super) fn limit_range(head: &Head<'_>) -> Option<ResourceDefaults> {
    let all = head.spec()?.get("limits")?;
    let of_containers = |l: &&Value| l.get("type").is_none_or(|t| t.text().is_none_or(|t| t == "Container"));
    let mut found = ResourceDefaults {
        namespace: head.namespace.clone(),
        environment: head.environment.clone(),
        target: Tri::Absent,
        limits: Labels { complete: !all.is_open(), ..Labels::default() },
        requests: Labels { complete: !all.is_open(), ..Labels::default() },
    };
    for limit in all.items().iter().filter(of_containers) {
        for (key, into) in [("default", &mut found.limits), ("defaultRequest", &mut found.requests)] {
            let given = limit.labels(key);
            into.complete &= given.complete;
            into.all.extend(given.all);
        }
    }
    let gives = |l: &Labels| !l.complete || !l.all.is_empty();
    (gives(&found.limits) || gives(&found.requests)).then_some(found)
}

/// An autoscaler of resources sets them all, unless it only recommends.
pub(super) fn vertical_autoscaler(head: &Head<'_>) -> Option<ResourceDefaults> {
    let spec = head.spec()?;
    if spec.path(&["updatePolicy", "updateMode"]).and_then(Value::text) == Some("Off") {
        return None;
    }
    let named = |key: &str| spec.path(&["targetRef", key]).and_then(Value::text).map(str::to_owned);
    Some(ResourceDefaults {
        namespace: head.namespace.clone(),
        environment: head.environment.clone(),
        target: named("kind").zip(named("name")).map_or(Tri::Unknown, Tri::Present),
        limits: Labels::default(),
        requests: Labels::default(),
    })
}
