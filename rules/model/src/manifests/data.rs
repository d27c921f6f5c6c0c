//! The public data of manifests: workloads and what stands around them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::place::{FileId, Place, Tri};

/// A value and where it is written: for a chart, where it is decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spot<T> {
    /// The value.
    pub value: T,
    /// Where.
    pub at: Place,
}

/// A mapping of a manifest: what a fix needs to add to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Block {
    /// From its first key to its last value.
    pub at: Place,
    /// The column of its keys, in bytes from 0.
    pub indent: u32,
    /// `{a: b}`
    pub flow: bool,
    /// A template adds entries of its own: nothing is proven to be missing.
    pub open: bool,
}

/// Everything that the manifests of a workspace declare.
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    /// What runs containers.
    pub workloads: Vec<Workload>,
    /// What leads traffic to pods.
    pub services: Vec<NetService>,
    /// What leads traffic from outside to services.
    pub ingresses: Vec<Ingress>,
    /// What scales workloads.
    pub autoscalers: Vec<Autoscaler>,
    /// What limits how many pods may be away.
    pub budgets: Vec<Budget>,
    /// ConfigMaps and Secrets.
    pub configs: Vec<ConfigObject>,
    /// What may talk to whom.
    pub policies: Vec<NetworkPolicy>,
    /// What metrics are scraped from.
    pub monitors: Vec<Monitor>,
    /// Where a LimitRange or VerticalPodAutoscaler gives containers resources that they do not name.
    pub resource_defaults: Vec<(Environment, Tri<String>)>,
    /// How images are built, as build tools and workflows say.
    pub builds: Vec<ImageBuild>,
}

/// How an image is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageBuild {
    /// Its name without tag and digest.
    pub image: String,
    /// The Dockerfile, on the base of the workspace's paths.
    pub dockerfile: String,
    /// The tool puts what it built into the manifests: the tag that is written there says nothing.
    pub replaces: bool,
    /// Where.
    pub at: Place,
}

/// One way in which manifests are put together: a folder, an overlay, a chart, a compose file. What stands in different
/// ones is not there at the same time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Environment {
    /// What puts them together.
    pub kind: EnvironmentKind,
    /// The folder, the file for compose.
    pub path: String,
    /// Whether everything that belongs to it is in the workspace.
    pub complete: bool,
}

/// What puts manifests together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EnvironmentKind {
    /// The files of a folder.
    #[default]
    Folder,
    /// A `kustomization.yaml`.
    Kustomize,
    /// A Helm chart.
    Chart,
    /// A compose file.
    Compose,
}

/// Something that runs containers.
#[derive(Clone, Debug)]
pub struct Workload {
    /// `Deployment`, …; `compose` for a service of a compose file.
    pub kind: Tri<String>,
    /// Its name; empty where a template makes it.
    pub name: String,
    /// What it is called where a template makes its name: its container's name.
    pub shown: String,
    /// Its namespace, where it names one.
    pub namespace: Tri<String>,
    /// The environment that it belongs to.
    pub environment: Environment,
    /// Where its name stands.
    pub name_at: Place,
    /// All of it.
    pub at: Place,
    /// The labels of its pods.
    pub labels: Labels,
    /// How many pods there are.
    pub replicas: Tri<Spot<i64>>,
    /// How long pods get to end, in seconds.
    pub grace: Tri<Spot<i64>>,
    /// The pod's specification; the service of a compose file.
    pub pod: Block,
    /// The workload's own specification.
    pub spec: Option<Block>,
    /// `securityContext` of the pod.
    pub security: Security,
    /// `hostNetwork`, `hostPID`, `hostIPC` that are on.
    pub host_access: Vec<Spot<String>>,
    /// The volumes by name.
    pub volumes: Vec<Volume>,
    /// Whether `volumes` are all.
    pub volumes_complete: bool,
    /// Its containers, those that run before the others included.
    pub containers: Vec<Container>,
    /// Whether `containers` are all.
    pub containers_complete: bool,
    /// What must run before, in a compose file.
    pub depends_on: Vec<Dependency>,
    /// The annotations of its pods.
    pub annotations: Labels,
}

/// Names and values that objects carry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// The labels; a value that is not known is `None`.
    pub all: BTreeMap<String, Option<String>>,
    /// Whether they are all.
    pub complete: bool,
}

/// What a service of a compose file waits for.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The other service.
    pub service: String,
    /// `service_healthy`, …; `None` in the short form.
    pub condition: Option<String>,
    /// Where.
    pub at: Place,
    /// The whole `depends_on`, with its key.
    pub all_at: Place,
}

/// A volume of a pod.
#[derive(Clone, Debug)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// `hostPath`, `emptyDir`, `persistentVolumeClaim`, …
    pub kind: String,
    /// The path of a `hostPath`.
    pub host_path: Option<String>,
    /// Where.
    pub at: Place,
}

/// A container.
#[derive(Clone, Debug)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// All of it.
    pub block: Block,
    /// Where its name stands, or it begins.
    pub name_at: Place,
    /// It runs before the others and ends.
    pub init: bool,
    /// Its image.
    pub image: Tri<Spot<String>>,
    /// `command` (`entrypoint` in compose).
    pub command: Tri<Vec<String>>,
    /// `args` (`command` in compose).
    pub args: Tri<Vec<String>>,
    /// What it builds its image from, in a compose file.
    pub build: Option<Build>,
    /// The ports that it declares.
    pub ports: Vec<ContainerPort>,
    /// Whether `ports` are all.
    pub ports_complete: bool,
    /// Its variables, those of config maps included.
    pub env: Vec<EnvVar>,
    /// Where config maps and secrets give it all that they hold.
    pub env_from: Vec<ConfigUse>,
    /// Whether `env` and `env_from` are all.
    pub env_complete: bool,
    /// `env:`, where there is one.
    pub env_at: Option<Place>,
    /// How it is asked for its health.
    pub probes: Vec<Probe>,
    /// The kinds of probes that may be there: a template decides.
    pub probes_unknown: bool,
    /// Its resources.
    pub resources: Resources,
    /// Its `securityContext`.
    pub security: Security,
    /// What runs before it is told to end.
    pub pre_stop: Tri<PreStop>,
    /// What it mounts: path and volume.
    pub mounts: Vec<(Spot<String>, String)>,
    /// Whether `mounts` are all.
    pub mounts_complete: bool,
    /// `init: true` of a compose file: a first process that passes signals on.
    pub has_init: bool,
}

/// What an image is built from.
#[derive(Clone, Debug)]
pub struct Build {
    /// The folder, on the base of the workspace's paths.
    pub context: String,
    /// The Dockerfile, on the same base.
    pub dockerfile: String,
    /// The stage.
    pub target: Option<String>,
    /// Where.
    pub at: Place,
}

/// A port of a container.
#[derive(Clone, Debug)]
pub struct ContainerPort {
    /// Its name.
    pub name: Option<String>,
    /// Its number.
    pub number: Tri<u16>,
    /// `TCP` unless it says otherwise.
    pub protocol: String,
    /// Where its number stands.
    pub at: Place,
}

/// A variable of a container.
#[derive(Clone, Debug)]
pub struct EnvVar {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Tri<String>,
    /// The object and key that it comes from.
    pub from: Option<ConfigUse>,
    /// Where its name stands.
    pub at: Place,
    /// Where its value stands.
    pub value_at: Place,
}

/// A use of a config map or secret.
#[derive(Clone, Debug)]
pub struct ConfigUse {
    /// A secret, not a config map.
    pub secret: bool,
    /// The object's name.
    pub object: Tri<String>,
    /// The key; all keys without one.
    pub key: Option<String>,
    /// What stands before the keys' names.
    pub prefix: String,
    /// It may be missing.
    pub optional: bool,
    /// Where the object (or the key) is named.
    pub at: Place,
}

/// Kinds of probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProbeKind {
    /// Restarts the container when it fails.
    Liveness,
    /// Takes the pod out of rotation when it fails.
    Readiness,
    /// Holds the others back until it succeeds.
    Startup,
    /// The health check of a compose file.
    Health,
}

/// A probe.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Its kind.
    pub kind: ProbeKind,
    /// What it does.
    pub action: ProbeAction,
    /// `initialDelaySeconds`, default 0.
    pub initial_delay: Tri<i64>,
    /// `periodSeconds`, default 10.
    pub period: Tri<i64>,
    /// `timeoutSeconds`, default 1.
    pub timeout: Tri<i64>,
    /// `failureThreshold`, default 3, and where it stands.
    pub failures: Tri<i64>,
    /// Where `failureThreshold` stands.
    pub failures_at: Option<Place>,
    /// Where `timeoutSeconds` stands.
    pub timeout_at: Option<Place>,
    /// Its key.
    pub at: Place,
    /// Its mapping.
    pub block: Option<Block>,
}

/// What a probe does.
#[derive(Clone, Debug)]
pub enum ProbeAction {
    /// A GET.
    Http {
        /// The path.
        path: Tri<Spot<String>>,
        /// The port, by number or name.
        port: Tri<Spot<String>>,
        /// It sends headers of its own.
        headers: bool,
    },
    /// A connection.
    Tcp(Tri<Spot<String>>),
    /// The gRPC health protocol.
    Grpc(Tri<Spot<String>>),
    /// A command.
    Exec(Tri<Vec<String>>),
    /// Not known.
    Unknown,
}

/// What a container asks for and may use.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    /// `requests.cpu`
    pub cpu_request: Tri<String>,
    /// `requests.memory`
    pub memory_request: Tri<String>,
    /// `limits.cpu`
    pub cpu_limit: Tri<String>,
    /// `limits.memory`
    pub memory_limit: Tri<String>,
    /// `resources:`, where there is one.
    pub at: Option<Block>,
}

/// The rights of a pod or container.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// `runAsNonRoot`
    pub run_as_non_root: Tri<Spot<bool>>,
    /// `runAsUser`
    pub run_as_user: Tri<Spot<i64>>,
    /// `privileged`
    pub privileged: Tri<Spot<bool>>,
    /// `allowPrivilegeEscalation`
    pub privilege_escalation: Tri<Spot<bool>>,
    /// `readOnlyRootFilesystem`
    pub read_only_root: Tri<Spot<bool>>,
    /// `capabilities.drop`
    pub dropped: Tri<Vec<String>>,
    /// `securityContext:`, where there is one.
    pub at: Option<Block>,
}

/// What runs before a container is told to end.
#[derive(Clone, Debug)]
pub struct PreStop {
    /// How long it takes, in seconds.
    pub seconds: Tri<i64>,
    /// Where.
    pub at: Place,
}

/// A Kubernetes Service.
#[derive(Clone, Debug)]
pub struct NetService {
    /// Its name; empty where a template makes it.
    pub name: String,
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
    /// Its name.
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
    /// Its name.
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
    /// Its name.
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
    /// Its name.
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
    /// Its name.
    pub name: String,
    /// The environment that it belongs to.
    pub environment: Environment,
    /// The services (or pods) that it asks.
    pub selector: Tri<Labels>,
    /// The port's name or number, and the path.
    pub endpoints: Vec<Endpoint>,
}

impl Workload {
    /// Whether it runs until it is told to end: no job.
    pub fn is_server(&self) -> bool {
        match &self.kind {
            Tri::Present(kind) => !matches!(kind.as_str(), "Job" | "CronJob" | "CronWorkflow" | "Workflow"),
            _ => false,
        }
    }

    /// Whether it is a service of a compose file.
    pub fn is_compose(&self) -> bool {
        self.environment.kind == EnvironmentKind::Compose
    }

    /// As shown: `Deployment/orders`.
    pub fn title(&self) -> String {
        match &self.kind {
            Tri::Present(kind) => format!("{kind}/{}", self.shown),
            _ => self.shown.clone(),
        }
    }

    /// The file that it stands in.
    pub fn file(&self) -> FileId {
        self.at.file
    }
}

impl Labels {
    /// Whether everything that is asked for is there. `Unknown` where something that is not known may decide.
    pub fn satisfy(&self, wanted: &Labels) -> Tri<()> {
        let mut sure = wanted.complete;
        for (name, value) in &wanted.all {
            match (self.all.get(name), value) {
                (Some(Some(own)), Some(value)) if own == value => {}
                (Some(Some(_)), Some(_)) => return Tri::Absent,
                (None, _) if self.complete => return Tri::Absent,
                _ => sure = false,
            }
        }
        if sure { Tri::Present(()) } else { Tri::Unknown }
    }
}

impl Container {
    /// The probe of a kind.
    pub fn probe(&self, kind: ProbeKind) -> Option<&Probe> {
        self.probes.iter().find(|p| p.kind == kind)
    }
}
