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
    /// Its port, by number or name.
    pub port: Tri<Spot<String>>,
}

/// A HorizontalPodAutoscaler.
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
    /// Where it stands.
    pub at: Place,
}

/// Who a network policy lets in.
#[derive(Clone, Debug)]
pub struct Allowed {
    /// The labels of pods; `None` for anybody, `Unknown` for what cannot be compared.
    pub from: Option<Vec<Tri<Labels>>>,
    /// The ports; `None` for all.
    pub ports: Option<Vec<String>>,
}

/// The port's name or number, and the path, that metrics are read from.
pub type Endpoint = (Tri<Spot<String>>, Tri<Spot<String>>);

/// A ServiceMonitor or PodMonitor, or scrape annotations.
#[derive(Clone, Debug)]
pub struct Monitor {
    /// Its kind.
    pub kind: String,
    /// Its name as its manifest has it.
    pub name: String,
    /// The environment that it belongs to.
    pub environment: Environment,
    /// The services (or pods) that it asks.
    pub selector: Tri<Labels>,
    /// The port's name or number, and the path.
    pub endpoints: Vec<Endpoint>,
}
