//! Kubernetes objects.

use super::data::{
    Backend, ConfigObject, Environment, Ingress, Labels, Manifests, NetService, OtherObject, ServicePort,
    Spot, Workload,
};
use super::value::{Kind, Value};
use super::{metric_rules, pod, policies, scaling, scrapes};
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
        "HorizontalPodAutoscaler" => into.autoscalers.push(scaling::autoscaler(&head)),
        "ScaledObject" if head.group == "keda.sh" => into.autoscalers.push(scaling::scaled_object(&head)),
        "PodDisruptionBudget" => into.budgets.push(scaling::budget(&head)),
        "ConfigMap" | "Secret" => into.configs.push(config(&head)),
        "ExternalSecret" if head.group == "external-secrets.io" => {
            into.configs.push(external_secret(&head));
            into.others.push(other(&head));
        }
        "NetworkPolicy" if matches!(head.group.as_str(), "networking.k8s.io" | "extensions") => {
            into.policies.push(policies::policy(&head));
        }
        "ServiceMonitor" | "PodMonitor" => into.monitors.push(scrapes::monitor(&head)),
        "PrometheusRule" | "VMRule" => {
            into.rule_groups
                .extend(head.spec().map(|s| metric_rules::read(s, environment)).unwrap_or_default());
        }
        "LimitRange" => into.resource_defaults.extend(scaling::limit_range(&head)),
        "VerticalPodAutoscaler" => into.resource_defaults.extend(scaling::vertical_autoscaler(&head)),
        "CustomResourceDefinition" => {}
        _ => match workload(&head) {
            Some(workload) => into.workloads.push(workload),
            None => into.others.push(other(&head)),
        },
    }
}

/// Whether a document is a Kubernetes object.
pub(super) fn is_object(document: &Value) -> bool {
    document.get("apiVersion").is_some() && document.get("kind").is_some()
}

/// What all objects have.
pub(super) struct Head<'a> {
    pub(super) kind: String,
    pub(super) group: String,
    pub(super) name: String,
    /// The name as it is written.
    pub(super) written: String,
    pub(super) name_at: Place,
    pub(super) namespace: Tri<String>,
    pub(super) environment: &'a Environment,
    pub(super) object: &'a Value,
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

    pub(super) fn spec(&self) -> Option<&'a Value> {
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

/// An object that nothing is read from.
fn other(head: &Head<'_>) -> OtherObject {
    OtherObject {
        kind: head.kind.clone(),
        group: head.group.clone(),
        name: head.name.clone(),
        environment: head.environment.clone(),
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
        spread: pod::spread(pod),
        profiles: Vec::new(),
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
        annotations: head.object.get("metadata").map(|m| m.labels("annotations")).unwrap_or_default(),
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
pub(super) fn match_labels(spec: Option<&Value>, key: &str) -> Tri<Labels> {
    let Some(spec) = spec else { return Tri::Unknown };
    match spec.tri(key) {
        Tri::Present(selector) if selector.get("matchExpressions").is_some() => Tri::Unknown,
        // A selector that asks for nothing takes all.
        Tri::Present(selector) => match labels_of(selector.tri("matchLabels")) {
            Tri::Absent => Tri::Present(Labels { complete: true, ..Labels::default() }),
            labels => labels,
        },
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
            namespace: head.namespace.clone(),
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
                namespace: match backend.tri_text("namespace") {
                    Tri::Absent => head.namespace.clone(),
                    other => other,
                },
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

/// The Secret that an ExternalSecret makes: the keys that it names, or those of its template.
fn external_secret(head: &Head<'_>) -> ConfigObject {
    let nothing = Value { at: head.object.at, kind: Kind::Unknown };
    let spec = head.spec().unwrap_or(&nothing);
    let target = spec.get("target");
    let template = target.and_then(|t| t.get("template"));
    let name = target.map_or(Tri::Absent, |t| t.tri_text("name"));
    let data = template.and_then(|t| t.get("data"));
    let spot = |value: &Value| Some(Spot { value: value.text()?.to_owned(), at: value.at });
    let keys: Vec<Option<Spot<String>>> = match data {
        Some(data) => {
            data.entries().iter().map(|e| Some(Spot { value: e.key.clone(), at: e.key_at })).collect()
        }
        None => spec
            .get("data")
            .map_or(&[][..], Value::items)
            .iter()
            .map(|item| item.get("secretKey").and_then(spot))
            .collect(),
    };
    let is_owner = target.and_then(|t| t.get("creationPolicy")).is_none_or(|p| p.text() == Some("Owner"));
    let adds = spec.get("dataFrom").is_some()
        || template.is_some_and(|t| t.get("templateFrom").is_some() || t.get("mergePolicy").is_some());
    let parts = [Some(spec), target, template, data, spec.get("data")];
    let is_open = head.object.is_open() || parts.into_iter().flatten().any(Value::is_open);
    ConfigObject {
        secret: true,
        name: match &name {
            Tri::Present(name) => name.clone(),
            Tri::Absent => head.name.clone(),
            Tri::Unknown => String::new(),
        },
        written: name.present().cloned().unwrap_or_else(|| head.written.clone()),
        namespace: head.namespace.clone(),
        environment: head.environment.clone(),
        complete: is_owner && !adds && !is_open && keys.iter().all(Option::is_some),
        keys: keys.into_iter().flatten().map(|key| (key, Tri::Unknown)).collect(),
        data: None,
        at: head.name_at,
    }
}

fn config(head: &Head<'_>) -> ConfigObject {
    let sections = ["data", "stringData", "binaryData"];
    let mut keys = Vec::new();
    let annotations = head.object.get("metadata").map(|m| m.labels("annotations")).unwrap_or_default();
    // Filled from another one, as reflectors and replicators are told to.
    let is_copy = |name: &String| name.ends_with("/reflects") || name.ends_with("/replicate-from");
    let mut complete = !head.object.is_open() && !annotations.all.keys().any(is_copy);
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
