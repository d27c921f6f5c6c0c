//! The pods that a Service was meant for, where its selector takes none.
//!
//! A selector without pods is no fault by itself: operators, charts and other repositories make pods, too. It is one where the
//! pods that it was written for are here and have other labels.

use svclint_model::{EnvironmentKind, Labels, Manifests, NetService, OtherObject, Workload};

use super::pods::{same_namespace, selects, together};
use crate::rules::spelling::is_slip;

/// The workload whose pods were meant, and other labels than those that it has.
pub(super) fn meant<'m>(
    manifests: &'m Manifests,
    service: &NetService,
    selector: &Labels,
) -> Option<&'m Workload> {
    let environment = &service.environment;
    let is_part = environment.kind == EnvironmentKind::Kustomize && !environment.complete;
    if is_part || manifests.others.iter().any(|o| makes_pods(o, service, selector)) {
        return None;
    }
    let beside = |w: &&Workload| {
        together(&w.environment, environment)
            && same_namespace(&w.namespace, &service.namespace)
            && w.is_server()
            && !w.is_compose()
            && w.labels.complete
    };
    let all = || manifests.workloads.iter().filter(beside);
    let namesake = |w: &&Workload| is_namesake(w, service, selector) && !is_selected(manifests, w);
    all().find(|w| is_misspelt(selector, w)).or_else(|| all().find(namesake))
}

/// The workload of a Service's name whose pods it would take, if it were not in another namespace.
pub(super) fn elsewhere<'m>(fitting: &[&'m Workload], service: &NetService) -> Option<&'m Workload> {
    let is_elsewhere = |w: &Workload| !same_namespace(&w.namespace, &service.namespace);
    let is_own =
        |w: &&&Workload| w.shown == service.written && together(&w.environment, &service.environment);
    fitting.iter().find(is_own).filter(|_| fitting.iter().all(|w| is_elsewhere(w))).copied()
}

/// Whether pods differ from a selector by a slip of the hand in one value.
fn is_misspelt(selector: &Labels, workload: &Workload) -> bool {
    let own = &workload.labels.all;
    let all_there =
        selector.all.iter().all(|(key, v)| v.is_some() && own.get(key).is_some_and(Option::is_some));
    let mut differing = selector.all.iter().filter_map(|(key, value)| {
        let (own, wanted) = (own.get(key)?.as_ref()?, value.as_ref()?);
        (own != wanted).then_some((own, wanted))
    });
    let first = differing.next();
    all_there && differing.next().is_none() && first.is_some_and(|(own, wanted)| is_slip(own, wanted))
}

/// Whether a workload has the Service's name, and labels that only its template can have wrong: some are put on pods while they
/// run, as the one that leads.
fn is_namesake(workload: &Workload, service: &NetService, selector: &Labels) -> bool {
    let own = &workload.labels.all;
    let lacking = || selector.all.keys().filter(|key| !own.contains_key(*key));
    let shares = selector.all.iter().any(|(key, value)| value.is_some() && own.get(key) == Some(value));
    let differs = selector.all.iter().any(|(key, value)| own.get(key).is_some_and(|o| o != value));
    let by_tools = lacking().any(|key| key.contains('/') && !key.starts_with("app.kubernetes.io/"));
    let is_alike = workload.kind.present().is_some_and(|k| k == "Deployment");
    workload.shown == service.written && !by_tools && (differs || !shares || is_alike)
}

/// Whether some Service leads to a workload's pods, or may.
fn is_selected(manifests: &Manifests, workload: &Workload) -> bool {
    let beside = |s: &&NetService| together(&s.environment, &workload.environment);
    manifests.services.iter().filter(beside).any(|s| !selects(&s.selector, workload).is_absent())
}

/// Groups of objects that lead, check or keep something, and run nothing.
const RUN_NOTHING: &[&str] = &[
    "bitnami.com",
    "cert-manager.io",
    "cilium.io",
    "external-secrets.io",
    "istio.io",
    "keda.sh",
    "traefik.containo.us",
    "traefik.io",
];

/// Whether an object's operator may make the pods: it bears the name of the Service or one of the labels.
fn makes_pods(object: &OtherObject, service: &NetService, selector: &Labels) -> bool {
    let of_kubernetes = !object.group.contains('.') || object.group.ends_with(".k8s.io");
    let runs_nothing = RUN_NOTHING.iter().any(|group| object.group.ends_with(group));
    let is_named = [&service.name, &service.written].contains(&&object.name)
        || selector.all.values().flatten().any(|value| *value == object.name);
    !of_kubernetes && !runs_nothing && together(&object.environment, &service.environment) && is_named
}
