//! `termination-not-graceful`

use svclint_model::{Spot, Tri, Workload};

use super::pods::is_aside;
use super::services::Services;
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports workloads behind a Service whose pods get no time to end: `terminationGracePeriodSeconds: 0`.
    ///
    /// ## Why it matters
    /// Zero means that the process is killed at once: every rollout, every drained node cuts the requests in flight, whatever the
    /// code does to end gracefully.
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
    ///       terminationGracePeriodSeconds: 0
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
    ///   template:
    ///     metadata: { labels: { app: orders } }
    ///     spec:
    ///       terminationGracePeriodSeconds: 30
    ///       containers: [{ name: orders, image: shop/orders:1.4.0 }]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: orders }
    /// spec: { selector: { app: orders }, ports: [{ port: 80 }] }
    /// ```
    ///
    /// ## Fix
    /// Sets 30 seconds, what Kubernetes gives where nothing is said.
    ///
    /// ## References
    /// - Kubernetes, "Pod Lifecycle: Termination of Pods"
    pub(crate) TERMINATION_NOT_GRACEFUL {
        id: "termination-not-graceful",
        category: Orchestration,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let services = Services::read(&cx.model.manifests);
    let is_meant = |w: &&Workload| w.is_server() && !w.is_compose() && !is_aside(cx.model, w);
    for workload in cx.model.manifests.workloads.iter().filter(is_meant) {
        if let Tri::Present(grace) = &workload.grace
            && grace.value == 0
            && let Some(service) = services.of(workload).next()
        {
            findings.push(finding(cx, workload, grace).related(service.at, "sends traffic to it"));
        }
    }
}

fn finding(cx: &Context<'_>, workload: &Workload, grace: &Spot<i64>) -> Finding {
    let message = format!(
        "the pods of `{}` are killed at once: every rollout cuts the requests in flight",
        workload.title()
    );
    Finding::new(&TERMINATION_NOT_GRACEFUL, grace.at, message)
        .help("give them the time that the service needs to end what it has begun; 30 seconds is the default")
        .label("no time to end")
        .subject(workload.title())
        .fix("Give pods 30 seconds to end", Applicability::Unsafe, cx.set(grace.at, "30"))
}
