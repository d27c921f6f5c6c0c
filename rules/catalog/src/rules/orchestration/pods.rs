//! What rules ask of workloads.

use svclint_model::{
    Autoscaler, Container, Environment, Labels, Manifests, Model, NetService, Tri, Workload,
};

use crate::Context;

/// The workloads of Kubernetes that run until they are told to end, with their containers that do.
pub(super) fn servers<'m>(cx: &Context<'m>) -> impl Iterator<Item = (&'m Workload, &'m Container)> {
    let model = cx.model;
    let is_meant = |w: &&Workload| w.is_server() && !w.is_compose() && !is_aside(model, w);
    let workloads = cx.model.manifests.workloads.iter().filter(is_meant);
    workloads.flat_map(|w| w.containers.iter().filter(|c| !c.init).map(move |c| (w, c)))
}

/// All containers of Kubernetes, those of jobs and those that run before others included.
pub(super) fn containers<'m>(cx: &Context<'m>) -> impl Iterator<Item = (&'m Workload, &'m Container)> {
    let model = cx.model;
    let is_meant = |w: &&Workload| !w.kind.is_unknown() && !w.is_compose() && !is_aside(model, w);
    let workloads = cx.model.manifests.workloads.iter().filter(is_meant);
    workloads.flat_map(|w| w.containers.iter().map(move |c| (w, c)))
}

/// Folders and files that hold what is not run for users, or is not written here.
const ASIDE: &[&str] = &[
    "dev",
    "local",
    "test",
    "tests",
    "testing",
    "testdata",
    "e2e",
    "integ",
    "integration",
    "example",
    "examples",
    "development",
    "minikube",
    "vendor",
    "vendored",
    "third_party",
    "playwright",
    "fixtures",
    "bench",
    "benches",
    "benchmark",
];

/// Profiles of compose files that start what the others do not need.
const ASIDE_PROFILES: &[&str] = &["ci", "debug", "tool", "tools", "tooling"];

/// Whether a workload is for tests or the developers' own machines, or comes from somebody else: by its file's path, or by
/// the profiles that start it.
pub(super) fn is_aside(model: &Model, workload: &Workload) -> bool {
    fn is_word(part: &str) -> bool {
        std::iter::once(part).chain(part.split(['-', '.'])).any(|word| ASIDE.contains(&word))
    }
    let path = model.relative(workload.file()).display().to_string().to_lowercase();
    let profile = |name: &String| is_word(&name.to_lowercase()) || ASIDE_PROFILES.contains(&&**name);
    let by_profile = !workload.profiles.is_empty() && workload.profiles.iter().all(profile);
    by_profile || path.split('/').any(is_word)
}

/// Whether two objects can be there at the same time.
pub(super) fn together(a: &Environment, b: &Environment) -> bool {
    a == b
}

/// Whether a selector takes a workload's pods.
pub(super) fn selects(selector: &Tri<Labels>, workload: &Workload) -> Tri<()> {
    match selector {
        Tri::Present(labels) => workload.labels.satisfy(labels),
        Tri::Absent => Tri::Absent,
        Tri::Unknown => Tri::Unknown,
    }
}

/// Folders of one tree are applied together as a rule.
pub(super) fn in_same_tree(a: &Environment, b: &Environment) -> bool {
    let parent =
        |e: &Environment| e.path.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_owned());
    a.kind == b.kind && (parent(a) == parent(b) || a.path == parent(b) || b.path == parent(a))
}

/// Whether two objects may be in one namespace.
pub(super) fn same_namespace(a: &Tri<String>, b: &Tri<String>) -> bool {
    match (a, b) {
        (Tri::Present(a), Tri::Present(b)) => a == b,
        _ => true,
    }
}

/// The container that a service's port leads to: by name or number; the only one that there is.
pub(super) fn is_served(service: &NetService, workload: &Workload, container: &Container) -> bool {
    let others = workload.containers.iter().filter(|c| !c.init).count() > 1;
    let fits = |target: &str| {
        container.ports.iter().any(|p| {
            p.name.as_deref() == Some(target)
                || matches!(p.number, Tri::Present(n) if n.to_string() == target)
        })
    };
    let by_port = service.ports.iter().any(|port| match (&port.target, &port.port) {
        (Tri::Present(target), _) => fits(target),
        (Tri::Absent, Tri::Present(number)) => fits(&number.to_string()),
        _ => false,
    });
    by_port || !others && workload.containers_complete && container.ports.is_empty()
}

/// As shown: `orders` of `Deployment/orders`.
pub(super) fn subject(workload: &Workload, container: &Container) -> String {
    format!("{}/{}", workload.title(), container.name)
}

/// What scales a workload: `Unknown` where something may that stands elsewhere, or does not say what it scales.
pub(super) fn scaler_of<'m>(manifests: &'m Manifests, workload: &Workload) -> Tri<&'m Autoscaler> {
    let names = |a: &&Autoscaler| {
        same_namespace(&a.namespace, &workload.namespace)
            && a.target.present().is_none_or(|(kind, name)| {
                *name == workload.name && workload.kind.present().is_none_or(|own| own == kind)
            })
    };
    let mut found = manifests.autoscalers.iter().filter(names).peekable();
    if found.peek().is_none() {
        return Tri::Absent;
    }
    let is_sure =
        |a: &&Autoscaler| together(&a.environment, &workload.environment) && a.target.present().is_some();
    found.find(is_sure).map_or(Tri::Unknown, Tri::Present)
}

/// How many pods of a workload there are at the least, where that is known.
pub(super) fn least_pods(manifests: &Manifests, workload: &Workload) -> Option<i64> {
    match (scaler_of(manifests, workload), &workload.replicas) {
        (Tri::Present(scaler), _) => scaler.min_replicas.present().copied(),
        (Tri::Absent, Tri::Present(replicas)) => Some(replicas.value),
        (Tri::Absent, Tri::Absent) => {
            let is_counted = |k: &String| matches!(k.as_str(), "Deployment" | "StatefulSet");
            workload.kind.present().is_some_and(is_counted).then_some(1)
        }
        _ => None,
    }
}
