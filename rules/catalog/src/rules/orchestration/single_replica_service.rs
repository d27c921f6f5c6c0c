//! `single-replica-service`

use svclint_model::{Budget, Manifests, Workload};

use super::pods::{is_aside, least_pods, same_namespace, scaler_of, selects};
use super::services::Services;
use crate::edit::joined;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports workloads behind a Service that run one pod, and those that run several which nothing spreads over nodes and no
    /// disruption budget keeps from being moved all at once.
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
    ///       topologySpreadConstraints:
    ///         - maxSkew: 1
    ///           topologyKey: kubernetes.io/hostname
    ///           whenUnsatisfiable: ScheduleAnyway
    ///           labelSelector: { matchLabels: { app: orders } }
    ///       containers: [{ name: orders, image: shop/orders:1.4.0 }]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: orders }
    /// spec: { selector: { app: orders }, ports: [{ port: 80 }] }
    /// ```
    ///
    /// ## Fix
    /// Runs two, on different nodes where there are some. Whether the service may run twice is for you to say: nothing may be kept in the process alone.
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
    let services = Services::read(manifests);
    let is_meant = |w: &&Workload| is_deployment(w) && !is_aside(cx.model, w);
    for workload in manifests.workloads.iter().filter(is_meant) {
        // Files that one pod holds keep others from running beside it.
        let keeps_files = workload.volumes.iter().any(|v| v.kind == "persistentVolumeClaim");
        if keeps_files || !workload.volumes_complete {
            continue;
        }
        let Some(service) = services.of(workload).next() else { continue };
        let finding = match least_pods(manifests, workload) {
            Some(1) => one_pod(cx, workload),
            Some(2..) if is_packed(manifests, workload) => one_node(cx, workload),
            _ => continue,
        };
        findings.push(finding.related(service.at, "sends traffic to it").subject(workload.title()));
    }
}

fn one_pod(cx: &Context<'_>, workload: &Workload) -> Finding {
    let message = format!(
        "`{}` runs one pod behind a Service: a node that fails or is drained takes it down",
        workload.title()
    );
    let said = workload.replicas.present().filter(|r| r.value == 1).map(|r| r.at);
    let two = match (said, workload.spec) {
        (Some(at), _) => cx.set(at, "2"),
        (None, Some(spec)) => cx.add_entry(spec, &["replicas: 2"]),
        (None, None) => Vec::new(),
    };
    let spread = match is_packed(&cx.model.manifests, workload) {
        true => spread(cx, workload),
        false => Some(Vec::new()),
    };
    // Where an autoscaler says how many there are, the number stands there.
    let is_own = scaler_of(&cx.model.manifests, workload).is_absent() && !two.is_empty();
    let edits = spread.filter(|_| is_own).map(|spread| joined([spread, two].concat()));
    Finding::new(&SINGLE_REPLICA_SERVICE, said.unwrap_or(workload.name_at), message)
        .help("run two or more, on different nodes")
        .label("one pod")
        .fix("Run two pods", Applicability::Proposal, edits.unwrap_or_default())
}

fn one_node(cx: &Context<'_>, workload: &Workload) -> Finding {
    let message = format!(
        "nothing keeps the pods of `{}` apart or lets only some of them go: one node may hold all of them, and its drain takes \
         them down at once",
        workload.title()
    );
    Finding::new(&SINGLE_REPLICA_SERVICE, workload.name_at, message)
        .help("spread them with `topologySpreadConstraints`, and limit with a PodDisruptionBudget how many may be away")
        .label("may all be on one node")
        .fix("Spread the pods over nodes", Applicability::Proposal, spread(cx, workload).unwrap_or_default())
}

/// The constraint that puts a workload's pods on different nodes, where there are enough.
fn spread(cx: &Context<'_>, workload: &Workload) -> Option<Vec<Edit>> {
    let labels = workload.labels.all.iter().map(|(k, v)| Some(format!("        {k}: {}", v.as_ref()?)));
    let labels = labels.collect::<Option<Vec<String>>>().filter(|l| !l.is_empty())?;
    let mut lines = vec![
        "topologySpreadConstraints:",
        "  - maxSkew: 1",
        "    topologyKey: kubernetes.io/hostname",
        "    whenUnsatisfiable: ScheduleAnyway",
        "    labelSelector:",
        "      matchLabels:",
    ];
    lines.extend(labels.iter().map(String::as_str));
    Some(cx.add_entry(workload.pod, &lines)).filter(|edits| !edits.is_empty())
}

/// Whether all pods may be on one node, and may all be moved at once.
fn is_packed(manifests: &Manifests, workload: &Workload) -> bool {
    let may_keep = |b: &Budget| {
        same_namespace(&b.namespace, &workload.namespace) && !selects(&b.selector, workload).is_absent()
    };
    workload.spread.is_absent() && !manifests.budgets.iter().any(may_keep)
}

fn is_deployment(workload: &Workload) -> bool {
    workload.kind.present().is_some_and(|k| k == "Deployment")
}
