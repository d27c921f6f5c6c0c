//! Kubernetes objects.

use super::data::{
    Allowed, Autoscaler, Backend, Budget, ConfigObject, Environment, Ingress, Labels, Manifests, Monitor,
    NetService, NetworkPolicy, ServicePort, Spot, Workload,
};
use super::value::{Kind, Value};
use super::{metric_rules, pod};
use crate::place::{Place, Tri};

/// Reads one document into what it declares.
pub(super) fn read(document: &Value, environment: &Environment, into: &mut Manifests) {
    read_named(document, None, environment, into);
}

/// The same for an object that had another name where it is written.
pub(super) fn read_named(
    document: &Value,
    written: Option<&str>,
    environment: &Environment,
    into: &mut Manifests,
) {
    let Some(head) = Head::of(document, written, environment) else { return };
    // A list of objects.
    if head.kind.ends_with("List") && document.get("items").is_some() {
        let items = document.get("items").map_or(&[][..], Value::items);
        items.iter().for_each(|item| read(item, environment, into));
        return;
    }
    match head.kind.as_str() {
        "Service" if head.group != "serving.knative.dev" => into.services.push(service(&head)),
        "Ingress" => into.ingresses.push(ingress(&head)),
        "HTTPRoute" | "GRPCRoute" => into.ingresses.push(gateway_route(&head)),
        "HorizontalPodAutoscaler" => into.autoscalers.push(autoscaler(&head)),
        "PodDisruptionBudget" => into.budgets.push(budget(&head)),
        "ConfigMap" | "Secret" => into.configs.push(config(&head)),
        "NetworkPolicy" => into.policies.push(policy(&head)),
        "ServiceMonitor" | "PodMonitor" => into.monitors.push(monitor(&head)),
        "PrometheusRule" | "VMRule" => {
            into.rule_groups
                .extend(head.spec().map(|s| metric_rules::read(s, environment)).unwrap_or_default());
        }
        "LimitRange" | "VerticalPodAutoscaler" => {
            into.resource_defaults.push((environment.clone(), head.namespace.clone()));
        }
        "CustomResourceDefinition" => {}
        _ => into.workloads.extend(workload(&head)),
    }
}

/// Whether a document is a Kubernetes object.
pub(super) fn is_object(document: &Value) -> bool {
    document.get("apiVersion").is_some() && document.get("kind").is_some()
}

/// What all objects have.
struct Head<'a> {
    kind: String,
    group: String,
    name: String,
    /// The name as it is written.
    written: String,
    name_at: Place,
    namespace: Tri<String>,
    environment: &'a Environment,
    object: &'a Value,
}

impl<'a> Head<'a> {
    fn of(object: &'a Value, written: Option<&str>, environment: &'a Environment) -> Option<Head<'a>> {
        if !is_object(object) {
            return None;
        }
        let kind = object.get("kind")?;
        let name = object.path(&["metadata", "name"]);
        let name = name.and_then(Value::text).unwrap_or("");
        let version = object.get("apiVersion").and_then(Value::text).unwrap_or("");
        Some(Head {
            kind: kind.text()?.to_owned(),
            group: version.split('/').next().unwrap_or("").to_owned(),
            name: name.to_owned(),
            written: written.unwrap_or(name).to_owned(),
            name_at: object.get("metadata").and_then(|m| m.name_at("name")).unwrap_or(kind.at),
            namespace: object.get("metadata").map_or(Tri::Absent, |m| m.tri_text("namespace")),
            environment,
            object,
        })
    }

    fn spec(&self) -> Option<&'a Value> {
        self.object.get("spec")
    }
}

/// Where the template of the pods stands, by kind; for a kind that is not known, where such things stand mostly.
fn pod_template<'a>(head: &Head<'a>) -> Option<(&'a Value, &'a Value)> {
    let object = head.object;
    let template = |way: &[&str]| {
        let template = object.path(way)?;
        let spec = template.get("spec")?;
        let is_pod = matches!(spec.get("containers")?.kind, Kind::Seq { .. } | Kind::Unknown);
        is_pod.then_some((template, spec))
    };
    match head.kind.as_str() {
        "Pod" => template(&[]),
        "CronJob" => template(&["spec", "jobTemplate", "spec", "template"]),
        _ => [&["spec", "template"][..], &["spec", "podTemplate"], &["spec", "workload", "template"]]
            .into_iter()
            .find_map(template),
    }
}

fn workload(head: &Head<'_>) -> Option<Workload> {
    let (template, pod) = pod_template(head)?;
    let metadata = template.get("metadata");
    let labels =
        |key: &str| metadata.map_or(Labels { complete: true, ..Labels::default() }, |m| m.labels(key));
    let spec = head.spec()?;
    let replicas = if head.kind == "Pod" { Tri::Absent } else { spec.tri_number("replicas") };
    let containers = pod::containers(pod);
    Some(Workload {
        kind: Tri::Present(head.kind.clone()),
        shown: match containers.list.iter().find(|c| !c.init) {
            Some(container) if head.name.is_empty() => container.name.clone(),
            _ => head.written.clone(),
        },
        name: head.name.clone(),
        namespace: head.namespace.clone(),
        environment: head.environment.clone(),
        name_at: head.name_at,
        at: head.object.at,
        labels: labels("labels"),
        replicas,
        grace: pod.tri_number("terminationGracePeriodSeconds"),
        pod: pod.block()?,
        spec: spec.block(),
        security: pod::security(pod),
        host_access: pod::host_access(pod),
        volumes: pod::volumes(pod),
        volumes_complete: !pod.is_open() && !pod.get("volumes").is_some_and(Value::is_open),
        containers: containers.list,
        containers_complete: containers.complete,
        depends_on: Vec::new(),
        annotations: labels("annotations"),
    })
}

fn service(head: &Head<'_>) -> NetService {
    let nothing = Value { at: head.object.at, kind: Kind::Unknown };
    let spec = head.spec().unwrap_or(&nothing);
    let ports = spec.get("ports");
    let port = |value: &Value| ServicePort {
        name: value.get("name").and_then(Value::text).map(str::to_owned),
        port: number(value.tri_spot("port")),
        target: value.tri_text("targetPort"),
        at: value.get("targetPort").or_else(|| value.get("port")).map_or(value.at, |v| v.at),
    };
    NetService {
        name: head.name.clone(),
        written: head.written.clone(),
        namespace: head.namespace.clone(),
        environment: head.environment.clone(),
        at: head.name_at,
        selector: labels_of(spec.tri("selector")),
        selector_at: spec.entry("selector").map(|e| e.key_at),
        selector_block: spec.get("selector").and_then(Value::block),
        to_unready: spec.get("publishNotReadyAddresses").is_some_and(|v| v.text() != Some("false")),
        kind: match spec.tri_text("type") {
            Tri::Absent => Tri::Present("ClusterIP".into()),
            other => other,
        },
        ports: ports.map_or(&[][..], Value::items).iter().map(port).collect(),
        ports_complete: !spec.is_open() && !ports.is_some_and(Value::is_open),
        labels: head.object.get("metadata").map(|m| m.labels("labels")).unwrap_or_default(),
    }
}

fn labels_of(value: Tri<&Value>) -> Tri<Labels> {
    match value {
        Tri::Present(value) if value.entries().is_empty() && !value.is_open() => Tri::Absent,
        Tri::Present(value) => Tri::Present(value.as_labels()),
        Tri::Absent => Tri::Absent,
        Tri::Unknown => Tri::Unknown,
    }
}

/// `selector: { matchLabels: .. }`; expressions cannot be compared.
fn match_labels(spec: Option<&Value>, key: &str) -> Tri<Labels> {
    let Some(spec) = spec else { return Tri::Unknown };
    match spec.tri(key) {
        Tri::Present(selector) if selector.get("matchExpressions").is_some() => Tri::Unknown,
        // An empty selector takes all.
        Tri::Present(selector) if selector.entries().is_empty() && !selector.is_open() => {
            Tri::Present(Labels { complete: true, ..Labels::default() })
        }
        Tri::Present(selector) => labels_of(selector.tri("matchLabels")),
        Tri::Absent => Tri::Absent,
        Tri::Unknown => Tri::Unknown,
    }
}

pub(super) fn number(text: Tri<Spot<String>>) -> Tri<u16> {
    match text {
        Tri::Present(spot) => spot.value.parse().map_or(Tri::Unknown, Tri::Present),
        Tri::Absent => Tri::Absent,
        Tri::Unknown => Tri::Unknown,
    }
}

fn ingress(head: &Head<'_>) -> Ingress {
    let mut backends = Vec::new();
    let spec = head.spec();
    let of = |value: &Value, path: Option<Spot<String>>| {
        // Before networking.k8s.io/v1 the two stood side by side.
        let service = value.get("service");
        Backend {
            path,
            service: service.map_or_else(|| value.tri_spot("serviceName"), |s| s.tri_spot("name")),
            port: match service.and_then(|s| s.get("port")) {
                Some(port) => [port.tri_spot("number"), port.tri_spot("name")]
                    .into_iter()
                    .find(|p| !p.is_absent())
                    .unwrap_or(Tri::Unknown),
                None => value.tri_spot("servicePort"),
            },
        }
    };
    let default = spec.and_then(|s| s.get("defaultBackend").or_else(|| s.get("backend")));
    backends.extend(default.map(|b| of(b, None)));
    for rule in spec.and_then(|s| s.get("rules")).map_or(&[][..], Value::items) {
        for path in rule.path(&["http", "paths"]).map_or(&[][..], Value::items) {
            let spot = path.tri_spot("path").present().cloned();
            backends.extend(path.get("backend").map(|b| of(b, spot)));
        }
    }
    Ingress {
        kind: head.kind.clone(),
        name: head.written.clone(),
        namespace: head.namespace.clone(),
        environment: head.environment.clone(),
        backends,
        annotations: head.object.get("metadata").map(|m| m.labels("annotations")).unwrap_or_default(),
    }
}

fn gateway_route(head: &Head<'_>) -> Ingress {
    let mut backends = Vec::new();
    for rule in head.spec().and_then(|s| s.get("rules")).map_or(&[][..], Value::items) {
        let matches = rule.get("matches").map_or(&[][..], Value::items);
        let path = matches.iter().find_map(|m| m.get("path")?.tri_spot("value").present().cloned());
        for backend in rule.get("backendRefs").map_or(&[][..], Value::items) {
            // A backend of another kind is none of the services here.
            if backend.get("kind").is_some_and(|k| k.text() != Some("Service")) {
                continue;
            }
            backends.push(Backend {
                path: path.clone(),
                service: backend.tri_spot("name"),
                port: backend.tri_spot("port"),
            });
        }
    }
    Ingress {
        kind: head.kind.clone(),
        name: head.written.clone(),
        namespace: head.namespace.clone(),
        environment: head.environment.clone(),
        backends,
        annotations: Labels::default(),
    }
}

fn autoscaler(head: &Head<'_>) -> Autoscaler {
    let nothing = Value { at: head.object.at, kind: Kind::Unknown };
    let spec = head.spec().unwrap_or(&nothing);
    let target = spec.get("scaleTargetRef");
    let word = |key: &str| target.and_then(|t| t.get(key)).and_then(Value::text).map(str::to_owned);
    let named = target.and_then(|t| t.get("name"));
    let mut utilization = Vec::new();
    let old = spec.get("targetCPUUtilizationPercentage");
    utilization.extend(old.map(|v| Spot { value: "cpu".to_owned(), at: v.at }));
    for metric in spec.get("metrics").map_or(&[][..], Value::items) {
        let resource = metric.get("resource");
        let is_share = resource.and_then(|r| r.path(&["target", "type"])).and_then(Value::text);
        let by_name = resource.and_then(|r| r.get("name"));
        if let (Some("Resource"), Some("Utilization"), Some(Value { kind: Kind::Text(name), at })) =
            (metric.get("type").and_then(Value::text), is_share, by_name)
        {
            utilization.push(Spot { value: name.clone(), at: *at });
        }
    }
    let count = |key: &str| match spec.tri_number(key) {
        Tri::Present(spot) => Tri::Present(spot.value),
        Tri::Absent => Tri::Absent,
        Tri::Unknown => Tri::Unknown,
    };
    Autoscaler {
        name: head.written.clone(),
        namespace: head.namespace.clone(),
        environment: head.environment.clone(),
        target: word("kind").zip(word("name")).map_or(Tri::Unknown, Tri::Present),
        target_at: named.or(target).map_or(head.name_at, |v| v.at),
        min_replicas: count("minReplicas"),
        max_replicas: count("maxReplicas"),
        utilization,
    }
}

fn budget(head: &Head<'_>) -> Budget {
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

/// From one place to the end of another.
pub(super) fn between(first: Place, last: Place) -> Place {
    if first.file != last.file {
        return first;
    }
    Place {
        file: first.file,
        span: svclint_syntax::Span::new(first.span.start, last.span.end.max(first.span.end)),
    }
}

fn config(head: &Head<'_>) -> ConfigObject {
    let sections = ["data", "stringData", "binaryData"];
    let mut keys = Vec::new();
    let mut complete = !head.object.is_open();
    for section in sections.iter().filter_map(|s| head.object.get(s)) {
        complete &= !section.is_open();
        for entry in section.entries() {
            let value = match &entry.value.kind {
                Kind::Text(text) => Tri::Present(Spot { value: text.clone(), at: entry.value.at }),
                _ => Tri::Unknown,
            };
            keys.push((Spot { value: entry.key.clone(), at: entry.key_at }, value));
        }
    }
    ConfigObject {
        secret: head.kind == "Secret",
        name: head.name.clone(),
        written: head.written.clone(),
        namespace: head.namespace.clone(),
        environment: head.environment.clone(),
        keys,
        complete,
        data: sections.iter().find_map(|s| head.object.get(s)).and_then(Value::block),
        at: head.name_at,
    }
}

fn policy(head: &Head<'_>) -> NetworkPolicy {
    let spec = head.spec();
    let types = spec.map_or(Tri::Unknown, |s| s.tri_texts("policyTypes"));
    let speaks_of_ingress = match &types {
        Tri::Present(types) => types.iter().any(|t| t == "Ingress"),
        _ => true,
    };
    let rules = spec.and_then(|s| s.get("ingress"));
    let is_known =
        spec.is_some_and(|s| !s.is_open()) && !rules.is_some_and(Value::is_open) && !types.is_unknown();
    let allowed = |rule: &Value| Allowed {
        from: rule.get("from").map(|from| from.items().iter().map(peer).collect()),
        ports: rule.get("ports").map(|ports| {
            ports.items().iter().filter_map(|p| p.get("port")?.text().map(str::to_owned)).collect()
        }),
    };
    let ingress = rules.map_or(&[][..], Value::items).iter().map(allowed).collect();
    NetworkPolicy {
        name: head.written.clone(),
        namespace: head.namespace.clone(),
        environment: head.environment.clone(),
        selector: match_labels(spec, "podSelector"),
        ingress: (speaks_of_ingress && is_known).then_some(ingress),
        at: head.name_at,
    }
}

fn peer(from: &Value) -> Tri<Labels> {
    if from.get("ipBlock").is_some() || from.get("namespaceSelector").is_some() {
        return Tri::Unknown;
    }
    match_labels(Some(from), "podSelector")
}

fn monitor(head: &Head<'_>) -> Monitor {
    let spec = head.spec();
    let endpoints = spec.and_then(|s| s.get("endpoints").or_else(|| s.get("podMetricsEndpoints")));
    let endpoint = |e: &Value| {
        let port = [e.tri_spot("port"), e.tri_spot("targetPort")].into_iter().find(|p| !p.is_absent());
        (port.unwrap_or(Tri::Absent), e.tri_spot("path"))
    };
    Monitor {
        kind: head.kind.clone(),
        name: head.written.clone(),
        environment: head.environment.clone(),
        selector: match_labels(spec, "selector"),
        endpoints: endpoints.map_or(&[][..], Value::items).iter().map(endpoint).collect(),
    }
}
