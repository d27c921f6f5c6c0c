//! Containers: what they run, are given, and may do.

use serde::Serialize;

use super::{Block, Spot};
use crate::place::{Place, Tri};

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
    /// It is never pulled: what was built on the node runs.
    pub is_local: bool,
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
    /// `lifecycle:`, where there is one.
    pub lifecycle: Option<Block>,
    /// The signal that ends it, where it names one.
    pub stop_signal: Tri<String>,
    /// What it mounts.
    pub mounts: Vec<Mount>,
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

/// A volume in a container.
#[derive(Clone, Debug)]
pub struct Mount {
    /// Where it lies in the container.
    pub path: Spot<String>,
    /// The volume by name.
    pub volume: String,
    /// It is mounted to be read only.
    pub read_only: bool,
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
        /// The headers that it sends, in lower case.
        headers: Tri<Vec<String>>,
        /// It asks another host than the pod.
        elsewhere: bool,
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
    /// `requests:` in it.
    pub requests_at: Option<Block>,
    /// `limits:` in it.
    pub limits_at: Option<Block>,
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
    /// Whether it sends signals itself.
    pub signals: bool,
    /// Where.
    pub at: Place,
}

impl Container {
    /// The probe of a kind.
    pub fn probe(&self, kind: ProbeKind) -> Option<&Probe> {
        self.probes.iter().find(|p| p.kind == kind)
    }
}
