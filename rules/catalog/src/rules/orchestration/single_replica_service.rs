//! `single-replica-service`

use svclint_model::{Tri, Workload};

use super::pods::{services_of, together};
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports workloads behind a Service that run one pod, and that nothing scales.
    ///
    /// ## Why it matters
    /// One node that fails or is drained takes the service down.
    ///
    /// ## Example
    /// ```bad
    /// //- deploy/orders.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: orders }
    /// spec:
    ///   replicas: 1
    ///   template:
    ///     metadata: { labels: { app: orders } }
    ///     spec:
    ///       containers: [{ name: orders, image: shop/orders:1.4.0 }]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: orders }
    /// spec: { selector: { app: orders }, ports: [{ port: 80 }] }
    /// ```
    /// ```good
    /// //- deploy/orders.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: orders }
    /// spec:
    ///   replicas: 2
    ///   template:
    ///     metadata: { labels: { app: orders } }
    ///     spec:
    ///       containers: [{ name: orders, image: shop/orders:1.4.0 }]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: orders }
    /// spec: { selector: { app: orders }, ports: [{ port: 80 }] }
    /// ```
    ///
    /// ## Fix
    /// Runs two. Whether the service may run twice is for you to say: nothing may be kept in the process alone.
    ///
    /// ## References
    /// - Kubernetes, "Pod Topology Spread Constraints"
    pub(crate) SINGLE_REPLICA_SERVICE {
        id: "single-replica-service",
        category: Orchestration,
        level: Allow,
        severity: Info,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let manifests = &cx.model.manifests;
    for workload in manifests.workloads.iter().filter(|w| is_deployment(w)) {
        let scaled = manifests.autoscalers.iter().any(|a| together(&a.environment, &workload.environment));
        let keeps_files = workload.volumes.iter().any(|v| v.kind == "persistentVolumeClaim");
        let at = match &workload.replicas {
            Tri::Present(replicas) if replicas.value == 1 => Some(replicas.at),
            Tri::Absent => None,
            _ => continue,
        };
        let Some(service) = services_of(manifests, workload).next() else { continue };
        if scaled || keeps_files || !workload.volumes_complete {
            continue;
        }
        let message = format!(
            "`{}` runs one pod behind a Service: a node that fails or is drained takes it down",
            workload.title()
        );
        let edits = match (at, workload.spec) {
            (Some(at), _) => cx.set(at, "2"),
            (None, Some(spec)) => cx.add_entry(spec, &["replicas: 2"]),
            (None, None) => Vec::new(),
        };
        findings.push(
            Finding::new(&SINGLE_REPLICA_SERVICE, at.unwrap_or(workload.name_at), message)
                .help("run two or more, on different nodes")
                .label("one pod")
                .related(service.at, "sends traffic to it")
                .subject(workload.title())
                .fix("Run two pods", Applicability::Proposal, edits),
        );
    }
}

fn is_deployment(workload: &Workload) -> bool {
    workload.kind.present().is_some_and(|k| k == "Deployment")
}
