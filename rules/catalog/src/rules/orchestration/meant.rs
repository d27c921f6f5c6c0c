//! The pods that a Service was meant for, where its selector takes none.
//!
//! A selector without pods is no fault by itself: operators, charts and other repositories make pods, too. It is one where the
//! pods that it was written for are here and have other labels.

use svclint_model::{EnvironmentKind, Labels, NetService, OtherObject, Workload};

use super::pods::{same_namespace, together};
use super::selection::Selection;
use crate::rules::spelling::is_slip;

/// The workload whose pods were meant, and other labels than those that it has.
pub(super) fn meant<'m>(
    selection: &Selection<'m>,
    service: &'m NetService,
    selector: &'m Labels,
) -> Option<&'m Workload> {
    let environment = &service.environment;
    let is_part = environment.kind == EnvironmentKind::Kustomize && !environment.complete;
    let names = [&service.name, &service.written].into_iter().chain(selector.all.values().flatten());
    let mut others = names.flat_map(|name| selection.others(name));
    if is_part || others.any(|other| makes_pods(other, service)) {
        return None;
    }
    let beside = |w: &&Workload| {
        same_namespace(&w.namespace, &service.namespace) && w.is_server() && w.labels.complete
    };
    let mut nearly = selection.nearly(service, selector).iter().copied().filter(beside);
    let mut namesakes = selection.namesakes(service).iter().copied().filter(beside);
    nearly
        .find(|w| is_misspelt(selector, w))
        .or_else(|| namesakes.find(|w| is_namesake(w, selector) && !selection.is_selected(w)))
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

/// Whether a workload of the Service's name has labels that only its template can have wrong: some are put on pods while they
/// run, as the one that leads.
fn is_namesake(workload: &Workload, selector: &Labels) -> bool {
    let own = &workload.labels.all;
    let lacking = || selector.all.keys().filter(|key| !own.contains_key(*key));
    let shares = selector.all.iter().any(|(key, value)| value.is_some() && own.get(key) == Some(value));
    let differs = selector.all.iter().any(|(key, value)| own.get(key).is_some_and(|o| o != value));
    let by_tools = lacking().any(|key| key.contains('/') && !key.starts_with("app.kubernetes.io/"));
    let is_alike = workload.kind.present().is_some_and(|k| k == "Deployment");
    !by_tools && (differs || !shares || is_alike)
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

/// Whether the operator of an object that bears the name of the Service, or of one of the labels, may make the pods.
fn makes_pods(object: &OtherObject, service: &NetService) -> bool {
    let of_kubernetes = !object.group.contains('.') || object.group.ends_with(".k8s.io");
    let runs_nothing = RUN_NOTHING.iter().any(|group| object.group.ends_with(group));
    !of_kubernetes && !runs_nothing && together(&object.environment, &service.environment)
}
