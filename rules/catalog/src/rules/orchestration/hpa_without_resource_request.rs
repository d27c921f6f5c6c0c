//! `hpa-without-resource-request`

use svclint_model::{Autoscaler, Container, Spot, Workload};

use super::pods::{same_namespace, together};
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
        let Some((kind, name)) = scaler.target.present() else { continue };
        let is_target = |w: &&Workload| {
            together(&w.environment, &scaler.environment)
                && same_namespace(&w.namespace, &scaler.namespace)
                && w.kind.present() == Some(kind)
                && w.name == *name
        };
        let Some(workload) = manifests.workloads.iter().find(is_target) else { continue };
        let has_defaults =
            manifests.resource_defaults.iter().any(|(e, _)| together(e, &workload.environment));
        if has_defaults || !workload.containers_complete {
            continue;
        }
        for metric in &scaler.utilization {
            let lacks = |c: &&Container| !c.init && lacks(c, &metric.value);
            if let Some(container) = workload.containers.iter().find(lacks) {
                findings.push(finding(cx, scaler, workload, container, metric));
            }
        }
    }
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
    let edits = match container.resources.at {
        Some(_) => Vec::new(),
        None => {
            let lines = ["resources:", "  requests:", &format!("    {resource}: {amount}")];
            cx.add_entry(container.block, &lines)
        }
    };
    Finding::new(&HPA_WITHOUT_RESOURCE_REQUEST, metric.at, message)
        .help(format!("set `resources.requests.{resource}` of every container of the pod"))
        .label(format!("nothing to measure {resource} against"))
        .related(container.name_at, format!("requests no {resource}"))
        .subject(format!("{} {resource}", scaler.name))
        .fix(format!("Request {resource}"), Applicability::Proposal, edits)
}
