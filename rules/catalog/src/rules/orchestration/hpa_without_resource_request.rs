//! `hpa-without-resource-request`

use svclint_model::{Autoscaler, Container, Manifests, Spot, Workload};

use super::pods::{in_same_tree, same_namespace, together};
use super::resources::{Given, add, is_given};
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports autoscalers that watch the utilisation of CPU or memory of pods with a container that requests none.
    ///
    /// ## Why it matters
    /// Utilisation is what is used divided by what is requested. Without a request there is no number, and the autoscaler never
    /// scales.
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
    /// ---
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: { name: orders }
    /// spec:
    ///   scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: orders }
    ///   maxReplicas: 8
    ///   metrics:
    ///     - type: Resource
    ///       resource: { name: cpu, target: { type: Utilization, averageUtilization: 70 } }
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
    ///           resources: { requests: { cpu: 250m } }
    /// ---
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: { name: orders }
    /// spec:
    ///   scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: orders }
    ///   maxReplicas: 8
    ///   metrics:
    ///     - type: Resource
    ///       resource: { name: cpu, target: { type: Utilization, averageUtilization: 70 } }
    /// ```
    ///
    /// ## Fix
    /// Adds the request; the number is that of a small service, to be replaced by a measured one.
    ///
    /// ## References
    /// - Kubernetes, "Horizontal Pod Autoscaling"
    pub(crate) HPA_WITHOUT_RESOURCE_REQUEST {
        id: "hpa-without-resource-request",
        category: Orchestration,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let manifests = &cx.model.manifests;
    for scaler in &manifests.autoscalers {
        let Some(workload) = target(manifests, scaler).filter(|w| w.containers_complete) else { continue };
        for metric in &scaler.utilization {
            let lacks = |c: &&Container| !c.init && lacks(c, &metric.value);
            let is_given = is_given(manifests, workload, Given::Request, &metric.value);
            if let Some(container) = workload.containers.iter().find(lacks).filter(|_| !is_given) {
                findings.push(finding(cx, scaler, workload, container, metric));
            }
        }
    }
}

/// What it scales: beside it, or the only one of that name in the folders around it.
fn target<'m>(manifests: &'m Manifests, scaler: &Autoscaler) -> Option<&'m Workload> {
    let (kind, name) = scaler.target.present()?;
    let is_target = |w: &&Workload| {
        same_namespace(&w.namespace, &scaler.namespace) && w.kind.present() == Some(kind) && w.name == *name
    };
    let named = || manifests.workloads.iter().filter(is_target);
    let beside = named().find(|w| together(&w.environment, &scaler.environment));
    let mut around = named().filter(|w| in_same_tree(&w.environment, &scaler.environment));
    beside.or_else(|| around.next().filter(|_| around.next().is_none()))
}

fn lacks(container: &Container, resource: &str) -> bool {
    let resources = &container.resources;
    match resource {
        "cpu" => resources.cpu_request.is_absent() && resources.cpu_limit.is_absent(),
        "memory" => resources.memory_request.is_absent() && resources.memory_limit.is_absent(),
        _ => false,
    }
}

fn finding(
    cx: &Context<'_>,
    scaler: &Autoscaler,
    workload: &Workload,
    container: &Container,
    metric: &Spot<String>,
) -> Finding {
    let resource = &metric.value;
    let message = format!(
        "`{}` scales by the utilisation of {resource}, but the container `{}` of `{}` requests none: it never scales",
        scaler.name,
        container.name,
        workload.title()
    );
    let amount = if resource == "cpu" { "100m" } else { "128Mi" };
    let edits = add(cx, container, Some((resource.as_str(), amount)), None);
    Finding::new(&HPA_WITHOUT_RESOURCE_REQUEST, metric.at, message)
        .help(format!("set `resources.requests.{resource}` of every container of the pod"))
        .label(format!("nothing to measure {resource} against"))
        .related(container.name_at, format!("requests no {resource}"))
        .subject(format!("{} {resource}", scaler.name))
        .fix(format!("Request {resource}"), Applicability::Proposal, edits)
}
