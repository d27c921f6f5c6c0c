//! What stands around workloads: services, ingresses, scalers, budgets, configuration, policies, monitors.

use super::{Block, Environment, Labels, Spot};
use crate::place::{Place, Tri};

/// A Kubernetes Service.
#[derive(Clone, Debug)]
pub struct NetService {
    /// Its name; empty where a template makes it.
    pub name: String,
    /// The name as its manifest has it, from which an overlay may have made another one.
    pub written: String,
    /// Its namespace, where it names one.
    pub namespace: Tri<String>,
    /// The environment that it belongs to.
    pub environment: Environment,
    /// Where its name stands.
    pub at: Place,
    /// The labels that pods must have; `Absent` for a service that selects nothing.
    pub selector: Tri<Labels>,
    /// Where the selector stands.
    pub selector_at: Option<Place>,
    /// Its mapping.
    pub selector_block: Option<Block>,
    /// It leads to pods that are not ready, too.
    pub to_unready: bool,
    /// `ClusterIP`, `ExternalName`, …
    pub kind: Tri<String>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// Whether `ports` are all.
    pub ports_complete: bool,
    /// Its own labels.
    pub labels: Labels,
    /// Its annotations.
    pub annotations: Labels,
}

/// A port of a service.
#[derive(Clone, Debug)]
pub struct ServicePort {
    /// Its name.
    pub name: Option<String>,
    /// Its number.
    pub port: Tri<u16>,
    /// The container's port, by number or name; `Absent` where it is the same number.
    pub target: Tri<String>,
    /// Where the target stands, or the number.
    pub at: Place,
}

/// An Ingress or HTTPRoute.
#[derive(Clone, Debug)]
pub struct Ingress {
    /// Its kind.
    pub kind: String,
    /// Its name as its manifest has it.
    pub name: String,
    /// Its namespace, where it names one.
    pub namespace: Tri<String>,
    /// The environment that it belongs to.
    pub environment: Environment,
    /// What it leads to.
    pub backends: Vec<Backend>,
    /// Its annotations.
    pub annotations: Labels,
}

/// One rule of an ingress.
#[derive(Clone, Debug)]
pub struct Backend {
    /// The path or prefix.
    pub path: Option<Spot<String>>,
    /// The service.
    pub service: Tri<Spot<String>>,
    /// The service's namespace, where one is named.
    pub namespace: Tri<String>,
    /// Its port, by number or name.
    pub port: Tri<Spot<String>>,
}

/// A HorizontalPodAutoscaler, or KEDA's ScaledObject.
#[derive(Clone, Debug)]
pub struct Autoscaler {
    /// Its name as its manifest has it.
    pub name: String,
    /// Its namespace, where it names one.
    pub namespace: Tri<String>,
    /// The environment that it belongs to.
    pub environment: Environment,
    /// Kind and name of what it scales.
    pub target: Tri<(String, String)>,
    /// Where the target's name stands.
    pub target_at: Place,
    /// Where the target's kind stands.
    pub kind_at: Option<Place>,
    /// The least number of pods.
    pub min_replicas: Tri<i64>,
    /// The largest number of pods.
    pub max_replicas: Tri<i64>,
    /// The resources of pods whose utilisation it watches, with the places.
    pub utilization: Vec<Spot<String>>,
}

/// A PodDisruptionBudget.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Its name as its manifest has it.
    pub name: String,
    /// Its namespace, where it names one.
    pub namespace: Tri<String>,
    /// The environment that it belongs to.
    pub environment: Environment,
    /// The pods that it speaks of.
    pub selector: Tri<Labels>,
    /// `maxUnavailable`
    pub max_unavailable: Tri<Spot<String>>,
    /// `minAvailable`
    pub min_available: Tri<Spot<String>>,
    /// Where `maxUnavailable` or `minAvailable` stands, with its key.
    pub limit_at: Option<Place>,
}

/// A ConfigMap or Secret.
#[derive(Clone, Debug)]
pub struct ConfigObject {
    /// A secret, not a config map.
    pub secret: bool,
    /// Its name.
    pub name: String,
    /// The name as its manifest has it, from which an overlay may have made another one.
    pub written: String,
    /// Its namespace, where it names one.
    pub namespace: Tri<String>,
    /// The environment that it belongs to.
    pub environment: Environment,
    /// Its keys with their values.
    pub keys: Vec<(Spot<String>, Tri<Spot<String>>)>,
    /// Whether `keys` are all.
    pub complete: bool,
    /// All of its data, where there is some.
    pub data: Option<Block>,
    /// Where its name stands.
    pub at: Place,
}

/// A NetworkPolicy.
#[derive(Clone, Debug)]
pub struct NetworkPolicy {
    /// Its name as its manifest has it.
    pub name: String,
    /// Its namespace, where it names one.
    pub namespace: Tri<String>,
    /// The environment that it belongs to.
    pub environment: Environment,
    /// The pods that it speaks of.
    pub selector: Tri<Labels>,
    /// Who may call them: `None` where it says nothing of that.
    pub ingress: Option<Vec<Allowed>>,
    /// Whom they may call: `None` where it says nothing of that.
    pub egress: Option<Vec<Allowed>>,
    /// Whether all that it says is known.
    pub is_known: bool,
    /// Where it stands.
    pub at: Place,
}

/// Who a network policy lets in or out.
#[derive(Clone, Debug)]
pub struct Allowed {
    /// The labels of pods; `None` for anybody, `Unknown` for what cannot be compared.
    pub peers: Option<Vec<Tri<Labels>>>,
    /// The ports of the pods that are called; `None` for all.
    pub ports: Option<Vec<PolicyPort>>,
}

/// A port in a network policy.
#[derive(Clone, Debug, Default)]
pub struct PolicyPort {
    /// Its number or name; `Absent` for all of the protocol.
    pub port: Tri<String>,
    /// The last one of a range that begins with it.
    pub end: Option<u16>,
    /// `TCP` unless it says otherwise.
    pub protocol: Tri<String>,
}

/// What a monitor reads metrics from.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The name of the Service's port; of the container's, where pods are asked.
    pub port: Tri<Spot<String>>,
    /// The name or number of the container's port.
    pub target: Tri<Spot<String>>,
    /// The path.
    pub path: Tri<Spot<String>>,
}

/// Where a monitor looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespaces {
    /// In its own namespace.
    Own,
    /// In these.
    Named(Vec<String>),
    /// In all of them, or it is not known where.
    Unknown,
}

/// A ServiceMonitor or PodMonitor.
#[derive(Clone, Debug)]
pub struct Monitor {
    /// Its kind.
    pub kind: String,
    /// Its name as its manifest has it.
    pub name: String,
    /// Its namespace, where it names one.
    pub namespace: Tri<String>,
    /// The environment that it belongs to.
    pub environment: Environment,
    /// The namespaces of what it asks.
    pub namespaces: Namespaces,
    /// The services (or pods) that it asks.
    pub selector: Tri<Labels>,
    /// What it asks of each.
    pub endpoints: Vec<Endpoint>,
}

/// What gives resources to containers that name none: a LimitRange, a VerticalPodAutoscaler.
#[derive(Clone, Debug)]
pub struct ResourceDefaults {
    /// Its namespace, where it names one.
    pub namespace: Tri<String>,
    /// The environment that it belongs to.
    pub environment: Environment,
    /// Kind and name of the workload that it is for; `Absent` for all of the namespace.
    pub target: Tri<(String, String)>,
    /// The limits.
    pub limits: Labels,
    /// The requests.
    pub requests: Labels,
}

/// An object of a kind that nothing more is read from: what it makes is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherObject {
    /// Its kind.
    pub kind: String,
    /// The group of its API.
    pub group: String,
    /// Its name.
    pub name: String,
    /// The environment that it belongs to.
    pub environment: Environment,
}
