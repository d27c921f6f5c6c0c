//! The public data of manifests: workloads and what stands around them.

mod container;
mod metric_rules;
mod objects;

use std::collections::BTreeMap;

use serde::Serialize;

pub use container::*;
pub use metric_rules::*;
pub use objects::*;

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
    /// What metrics are recorded from others, and what is alerted on.
    pub rule_groups: Vec<RuleGroup>,
    /// What gives containers resources that they do not name.
    pub resource_defaults: Vec<ResourceDefaults>,
    /// All objects of other kinds.
    pub others: Vec<OtherObject>,
    /// How images are built, as build tools and workflows say.
    pub builds: Vec<ImageBuild>,
    /// Images that nothing here builds under their name.
    pub misnamed: Vec<MisnamedImage>,
    /// Keys that stand in one mapping more than once.
    pub doubled: Vec<DoubledKey>,
    /// Named templates of charts, where they are printed.
    pub included: Vec<IncludedTemplate>,
}

/// A named template of a chart that is printed somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncludedTemplate {
    /// Its name.
    pub name: String,
    /// Where it is named, without the quotes.
    pub at: Place,
    /// Where its definition names it.
    pub define: Place,
}

/// A key of a manifest that stands in its mapping once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoubledKey {
    /// The key.
    pub key: String,
    /// The earlier one, without its value: it counts for nothing.
    pub lost: Place,
    /// With its value.
    pub lost_entry: Place,
    /// The one after it.
    pub kept: Place,
    /// Whether both say the same.
    pub same: bool,
}

/// An image that a workload asks for, which is pushed under another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MisnamedImage {
    /// Its name in the manifest, without tag and digest.
    pub name: String,
    /// Where.
    pub at: Place,
    /// The name that is pushed.
    pub pushed: String,
    /// By what.
    pub pushed_at: Place,
}

/// How an image is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageBuild {
    /// Its name without tag and digest; `None` where that is not known.
    pub image: Option<String>,
    /// The folder that it is built from, on the base of the workspace's paths; `None` where that is not known.
    pub context: Option<String>,
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
    /// What people call it: the name as its manifest has it, from which an overlay may have made another one; its container's
    /// name where a template makes one.
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
    /// What keeps its pods on different nodes: constraints of their spread, or an affinity against each other.
    pub spread: Tri<()>,
    /// What must run before, in a compose file.
    pub depends_on: Vec<Dependency>,
    /// The profiles of a compose file that it belongs to: with none it always starts.
    pub profiles: Vec<String>,
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
