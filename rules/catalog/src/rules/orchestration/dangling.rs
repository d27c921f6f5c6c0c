//! Ingresses and autoscalers that name what is not there.

use strsim::levenshtein;
use svclint_model::{Autoscaler, Ingress, NetService, Place, ServicePort, Tri};

use super::pods::{same_namespace, together};
use super::service_targets_nothing::SERVICE_TARGETS_NOTHING;
use crate::{Applicability, Context, Finding};

pub(super) fn ingress(cx: &Context<'_>, ingress: &Ingress, findings: &mut Vec<Finding>) {
    let beside = |e: &&NetService| {
        together(&e.environment, &ingress.environment) && same_namespace(&e.namespace, &ingress.namespace)
    };
    let services = || cx.model.manifests.services.iter();
    for backend in &ingress.backends {
        let Tri::Present(name) = &backend.service else { continue };
        let named = || services().filter(|s| s.name == name.value);
        // Several charts and overlays may each have one of that name.
        let here: Vec<&NetService> = named().filter(beside).collect();
        let meant = if here.is_empty() { named().collect() } else { here };
        let Some(service) = meant.first() else {
            // Where nothing beside it is a service with a name, those it means may be made elsewhere.
            let generated = services().any(|s| s.name.is_empty());
            let known = services().filter(beside).map(|s| s.written.as_str());
            if let Some(near) = nearest(&name.value, known).filter(|_| !generated) {
                findings.push(no_service(cx, ingress, &name.value, name.at, near));
            }
            continue;
        };
        let Tri::Present(port) = &backend.port else { continue };
        let fits = |p: &ServicePort| {
            p.name.as_deref() == Some(port.value.as_str())
                || !matches!(p.port, Tri::Present(n) if n.to_string() != port.value)
        };
        let lacks = |s: &&NetService| s.ports_complete && !s.ports.is_empty() && !s.ports.iter().any(fits);
        if meant.iter().all(lacks) {
            let message = format!(
                "`{}` leads to port {} of the Service `{}`, which does not have it: requests get no answer",
                ingress.name, port.value, service.written
            );
            findings.push(
                Finding::new(&SERVICE_TARGETS_NOTHING, port.at, message)
                    .help("name a port of the Service")
                    .label("no such port")
                    .related(service.at, "the Service")
                    .subject(format!("{} {} {}", ingress.name, service.written, port.value)),
            );
        }
    }
}

fn no_service(cx: &Context<'_>, ingress: &Ingress, name: &str, at: Place, near: &str) -> Finding {
    let message = format!(
        "`{}` leads to the Service `{name}`, which is not there: requests get no answer",
        ingress.name
    );
    Finding::new(&SERVICE_TARGETS_NOTHING, at, message)
        .help(format!("did you mean `{near}`?"))
        .label("no such Service")
        .subject(format!("{} {name}", ingress.name))
        .fix(format!("Lead to `{near}`"), Applicability::Unsafe, cx.set(at, near))
}

pub(super) fn autoscaler(cx: &Context<'_>, scaler: &Autoscaler) -> Option<Finding> {
    let (kind, name) = scaler.target.present()?;
    let workloads = || cx.model.manifests.workloads.iter();
    let generated = workloads().any(|w| w.name.is_empty());
    if generated || workloads().any(|w| w.name == *name) {
        return None;
    }
    let beside = || workloads().filter(|w| together(&w.environment, &scaler.environment));
    let near = nearest(name, beside().map(|w| w.shown.as_str()))?;
    let meant = beside().find(|w| w.shown == near)?;
    let message =
        format!("`{}` scales {kind} `{name}`, which is not there: nothing is ever scaled", scaler.name);
    let finding = Finding::new(&SERVICE_TARGETS_NOTHING, scaler.target_at, message)
        .help(format!("did you mean `{near}`?"))
        .label("no such workload")
        .related(meant.name_at, "the nearest")
        .subject(format!("{} {name}", scaler.name));
    Some(finding.fix(format!("Scale `{near}`"), Applicability::Unsafe, cx.set(scaler.target_at, near)))
}

/// The name that was meant by one of nothing: as it is written, and but a few letters away.
fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let near = known.filter(|k| !k.is_empty()).map(|k| (levenshtein(k, name), k));
    near.filter(|(far, _)| *far <= 2).min_by_key(|(far, _)| *far).map(|(_, k)| k)
}
