//! Ingresses and autoscalers that name what is not there.

use svclint_model::{
    Autoscaler, Environment, EnvironmentKind, Ingress, Manifests, NetService, Place, ServicePort, Tri,
    Workload,
};

use super::pods::{same_namespace, together};
use super::service_targets_nothing::SERVICE_TARGETS_NOTHING;
use crate::rules::spelling;
use crate::{Applicability, Context, Edit, Finding};

pub(super) fn ingress(cx: &Context<'_>, ingress: &Ingress, findings: &mut Vec<Finding>) {
    let manifests = &cx.model.manifests;
    let services = || manifests.services.iter();
    for backend in &ingress.backends {
        let Tri::Present(name) = &backend.service else { continue };
        let beside = |s: &&NetService| {
            together(&s.environment, &ingress.environment) && same_namespace(&s.namespace, &backend.namespace)
        };
        // A route may lead into another namespace: that is all it means then.
        let is_foreign = backend.namespace != ingress.namespace;
        let is_there = |s: &&NetService| !is_foreign || s.namespace == backend.namespace;
        let named = || services().filter(|s| s.name == name.value).filter(is_there);
        // Several charts and overlays may each have one of that name.
        let here: Vec<&NetService> = named().filter(beside).collect();
        let meant = if here.is_empty() { named().collect() } else { here };
        let Some(service) = meant.first() else {
            if is_foreign {
                continue;
            }
            let generated = services().any(|s| s.name.is_empty()) || is_made(manifests, &name.value);
            let known = services().filter(beside).map(|s| s.written.as_str());
            let is_whole = is_whole(&ingress.environment) && !generated;
            if let Some(near) = spelling::meant(&name.value, known).filter(|_| is_whole) {
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
    let manifests = &cx.model.manifests;
    // What other kinds there are, operators bring.
    let is_known = |kind: &str| matches!(kind, "Deployment" | "StatefulSet" | "ReplicaSet");
    let workloads = || manifests.workloads.iter().filter(|w| !w.is_compose());
    let beside = || {
        workloads().filter(|w| {
            together(&w.environment, &scaler.environment) && same_namespace(&w.namespace, &scaler.namespace)
        })
    };
    let generated = workloads().any(|w| w.name.is_empty()) || is_made(manifests, name);
    if !is_known(kind) || generated || !is_whole(&scaler.environment) {
        return None;
    }
    let mut named = workloads().filter(|w| w.name == *name).peekable();
    if named.peek().is_some() {
        let other = beside().find(|w| w.name == *name)?;
        let own = other.kind.present().filter(|k| is_known(k))?;
        let at = scaler.kind_at?;
        return named.all(|w| w.kind.present().is_some_and(|k| k != kind)).then(|| {
            let fix = (format!("Scale the {own}"), cx.set(at, own.as_str()));
            let help = format!("`{name}` is a {own}");
            no_workload(scaler, (kind, name), at, help, other, fix)
        });
    }
    let near = spelling::meant(name, beside().map(|w| w.shown.as_str()))?;
    let target = beside().find(|w| w.shown == near)?;
    let fix = (format!("Scale `{near}`"), cx.set(scaler.target_at, near));
    let help = format!("did you mean `{near}`?");
    Some(no_workload(scaler, (kind, name), scaler.target_at, help, target, fix))
}

fn no_workload(
    scaler: &Autoscaler,
    (kind, name): (&str, &str),
    at: Place,
    help: String,
    meant: &Workload,
    (title, edits): (String, Vec<Edit>),
) -> Finding {
    let message =
        format!("`{}` scales the {kind} `{name}`, which is not there: nothing is ever scaled", scaler.name);
    Finding::new(&SERVICE_TARGETS_NOTHING, at, message)
        .help(help)
        .label("no such workload")
        .related(meant.name_at, "the nearest")
        .subject(format!("{} {name}", scaler.name))
        .fix(title, Applicability::Unsafe, edits)
}

/// Whether all that is applied together with it is here, as far as is known.
fn is_whole(environment: &Environment) -> bool {
    environment.kind != EnvironmentKind::Kustomize || environment.complete
}

/// Whether an object of another kind bears a name: what it makes is called so too.
fn is_made(manifests: &Manifests, name: &str) -> bool {
    let is_custom = |group: &str| group.contains('.') && !group.ends_with(".k8s.io");
    manifests.others.iter().any(|o| o.name == name && is_custom(&o.group))
        || manifests
            .workloads
            .iter()
            .any(|w| w.name == name && w.kind.present().is_some_and(|k| k == "Service"))
}
