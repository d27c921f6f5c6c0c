//! `service-targets-nothing`

use svclint_model::{Labels, NetService, ServicePort, Tri, Workload};

use super::dangling;
use super::meant;
use super::pods::together;
use super::selection::Selection;
use crate::edit::replace;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports what leads nowhere: Services whose selector fits no pods, ports that no container has, ingresses that name a
    /// Service or port that is not there, autoscalers of a workload that is not there.
    ///
    /// ## Why it matters
    /// Nothing says so when it is applied. Requests get no answer, or the autoscaler never does anything.
    ///
    /// ## Example
    /// ```bad
    /// //- deploy/orders.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: orders }
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: orders } }
    ///     spec:
    ///       containers:
    ///         - name: orders
    ///           image: shop/orders:1.4.0
    ///           ports: [{ name: http, containerPort: 8080 }]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: orders }
    /// spec: { selector: { app: order }, ports: [{ port: 80, targetPort: http }] }
    /// ```
    /// ```good
    /// //- deploy/orders.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: orders }
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: orders } }
    ///     spec:
    ///       containers:
    ///         - name: orders
    ///           image: shop/orders:1.4.0
    ///           ports: [{ name: http, containerPort: 8080 }]
    ///           readinessProbe: { httpGet: { path: /readyz, port: http } }
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: orders }
    /// spec: { selector: { app: orders }, ports: [{ port: 80, targetPort: http }] }
    /// ```
    ///
    /// ## Fix
    /// Offers the name, label or port that is nearest to the one that is written.
    ///
    /// ## References
    /// - Kubernetes, "Service", "Ingress", "Horizontal Pod Autoscaling"
    pub(crate) SERVICE_TARGETS_NOTHING {
        id: "service-targets-nothing",
        category: Orchestration,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let manifests = &cx.model.manifests;
    let selection = Selection::read(manifests);
    for service in &manifests.services {
        let Tri::Present(selector) = &service.selector else { continue };
        if !selector.complete || !matches!(&service.kind, Tri::Present(kind) if kind != "ExternalName") {
            continue;
        }
        let fitting = selection.pods(service, selector);
        if fitting.is_empty() {
            let meant = meant::meant(&selection, service, selector);
            findings.extend(meant.map(|meant| no_pods(cx, service, selector, meant)));
        } else if let Some(elsewhere) = meant::elsewhere(&fitting, service) {
            findings.push(in_another_namespace(service, elsewhere));
        } else {
            let is_mine = |w: &&Workload| together(&w.environment, &service.environment);
            let mine: Vec<&Workload> = fitting.into_iter().filter(is_mine).collect();
            findings.extend(service.ports.iter().filter_map(|port| no_port(cx, service, port, &mine)));
        }
    }
    manifests.ingresses.iter().for_each(|i| dangling::ingress(cx, i, findings));
    findings.extend(manifests.autoscalers.iter().filter_map(|scaler| dangling::autoscaler(cx, scaler)));
}

fn in_another_namespace(service: &NetService, workload: &Workload) -> Finding {
    let of = |namespace: &Tri<String>| namespace.present().cloned().unwrap_or_default();
    let (own, other) = (of(&service.namespace), of(&workload.namespace));
    let message = format!(
        "the Service `{}` is in the namespace `{own}`, and the pods that it selects are in `{other}`: requests to it get no answer",
        service.written
    );
    Finding::new(&SERVICE_TARGETS_NOTHING, service.selector_at.unwrap_or(service.at), message)
        .help("a Service leads to pods of its own namespace only: put both into one")
        .label("fits no pods in its namespace")
        .related(workload.name_at, format!("in the namespace `{other}`"))
        .subject(service.written.clone())
}

fn no_pods(cx: &Context<'_>, service: &NetService, selector: &Labels, nearest: &Workload) -> Finding {
    let words: Vec<String> =
        selector.all.iter().filter_map(|(k, v)| Some(format!("{k}: {}", v.as_ref()?))).collect();
    let message = format!(
        "the Service `{}` selects pods with `{}`, and there are none: requests to it get no answer",
        service.written,
        words.join(", ")
    );
    Finding::new(&SERVICE_TARGETS_NOTHING, service.selector_at.unwrap_or(service.at), message)
        .help("select labels that the pods' template has")
        .label("fits no pods")
        .related(nearest.name_at, format!("the pods of `{}` have other labels", nearest.title()))
        .subject(service.written.clone())
        .fix(
            format!("Select the pods of `{}`", nearest.title()),
            Applicability::Unsafe,
            labels_of(cx, service, selector, nearest),
        )
}

/// The selector's keys with the values that the pods have: where they have all of them.
fn labels_of(cx: &Context<'_>, service: &NetService, selector: &Labels, nearest: &Workload) -> Vec<Edit> {
    let Some(block) = service.selector_block else { return Vec::new() };
    let value = |key: &String| Some(format!("{key}: {}", nearest.labels.all.get(key)?.as_ref()?));
    let Some(pairs) = selector.all.keys().map(value).collect::<Option<Vec<String>>>() else {
        return Vec::new();
    };
    let text = if block.flow {
        format!("{{ {} }}", pairs.join(", "))
    } else {
        pairs.join(&format!("{}{}", cx.line_end(block.at.file), " ".repeat(block.indent as usize)))
    };
    replace(block.at, text)
}

fn no_port(
    cx: &Context<'_>,
    service: &NetService,
    port: &ServicePort,
    workloads: &[&Workload],
) -> Option<Finding> {
    let (Tri::Present(target), [_, ..]) = (&port.target, workloads) else { return None };
    let containers = || workloads.iter().flat_map(|w| &w.containers).filter(|c| !c.init);
    let is_known = workloads.iter().all(|w| w.containers_complete) && containers().all(|c| c.ports_complete);
    // A number needs no declaration: only a name does.
    let is_name = target.parse::<u16>().is_err();
    let named = || containers().flat_map(|c| &c.ports).filter_map(|p| p.name.as_deref());
    if !is_known || !is_name || named().any(|name| name == target) {
        return None;
    }
    let message = format!(
        "the Service `{}` leads to the port `{target}`, which no container of its pods has: requests to it get no answer",
        service.written
    );
    let finding = Finding::new(&SERVICE_TARGETS_NOTHING, port.at, message)
        .help("name a port of the container, or its number")
        .label("no such port")
        .related(workloads.first()?.name_at, "the pods that it selects")
        .subject(format!("{} {target}", service.written));
    let only = containers().flat_map(|c| &c.ports).collect::<Vec<_>>();
    let written = match only.as_slice() {
        [port] => port.name.clone().or_else(|| port.number.present().map(ToString::to_string)),
        _ => None,
    };
    Some(match written {
        Some(name) => finding.fix(format!("Lead to `{name}`"), Applicability::Unsafe, cx.set(port.at, name)),
        None => finding,
    })
}
