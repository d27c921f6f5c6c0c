//! `container-resources-unset`

use svclint_model::{Container, Workload};

use super::pods::{containers, subject};
use super::resources::{Given, add, is_given};
use crate::{Applicability, Context, Finding, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports containers without a memory limit or without a CPU request, those of jobs too; those that only run before the
    /// others as information. A CPU limit is not asked for, and nothing is where a LimitRange or a VerticalPodAutoscaler gives it.
    ///
    /// ## Why it matters
    /// The scheduler places a pod by what it requests: without a CPU request it may land where nothing is left. Without a memory
    /// limit one leak takes its neighbours down with it.
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
    ///           resources:
    ///             requests: { cpu: 100m }
    ///             limits: { memory: 128Mi }
    /// ```
    ///
    /// ## Fix
    /// Adds both; the numbers are those of a small service, to be replaced by measured ones.
    ///
    /// ## References
    /// - Kubernetes, "Resource Management for Pods and Containers"
    pub(crate) CONTAINER_RESOURCES_UNSET {
        id: "container-resources-unset",
        category: Orchestration,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let manifests = &cx.model.manifests;
    for (workload, container) in containers(cx) {
        let resources = &container.resources;
        let no_memory =
            resources.memory_limit.is_absent() && !is_given(manifests, workload, Given::Limit, "memory");
        // A limit without a request is the request too.
        let no_cpu = resources.cpu_request.is_absent()
            && resources.cpu_limit.is_absent()
            && !is_given(manifests, workload, Given::Request, "cpu");
        if no_memory || no_cpu {
            findings.push(finding(cx, workload, container, no_memory, no_cpu));
        }
    }
}

fn finding(
    cx: &Context<'_>,
    workload: &Workload,
    container: &Container,
    no_memory: bool,
    no_cpu: bool,
) -> Finding {
    let (lacks, so) = match (no_memory, no_cpu) {
        (true, true) => (
            "neither a memory limit nor a CPU request",
            "it may be placed where nothing is left, and one leak takes its neighbours down",
        ),
        (true, false) => ("no memory limit", "one leak takes its neighbours down"),
        _ => ("no CPU request", "it may be placed where nothing is left"),
    };
    let message = format!("the container `{}` of `{}` has {lacks}: {so}", container.name, workload.title());
    let edits =
        add(cx, container, no_cpu.then_some(("cpu", "100m")), no_memory.then_some(("memory", "256Mi")));
    let severity = if container.init { Severity::Info } else { CONTAINER_RESOURCES_UNSET.severity };
    let finding = Finding::new(&CONTAINER_RESOURCES_UNSET, container.name_at, message)
        .help("set `resources.limits.memory` and `resources.requests.cpu` to what it was measured to need")
        .label(lacks)
        .subject(subject(workload, container))
        .fix("Add resources", Applicability::Proposal, edits);
    Finding { severity, ..finding }
}
