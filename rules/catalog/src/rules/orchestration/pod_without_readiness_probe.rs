//! `pod-without-readiness-probe`

use svclint_model::{Container, NetService, Place, ProbeKind, Tri, Workload};

use super::pods::{is_served, servers, services_of, subject};
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports containers that a Service sends traffic to and that have no readiness probe.
    ///
    /// ## Why it matters
    /// Without one a pod counts as ready as soon as its process runs: during every rollout requests reach it before it can
    /// answer, and they keep coming while it cannot.
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
    ///           ports: [{ containerPort: 8080 }]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: orders }
    /// spec:
    ///   selector: { app: orders }
    ///   ports: [{ port: 80, targetPort: 8080 }]
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
    ///           ports: [{ containerPort: 8080 }]
    ///           readinessProbe:
    ///             httpGet: { path: /readyz, port: 8080 }
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: orders }
    /// spec:
    ///   selector: { app: orders }
    ///   ports: [{ port: 80, targetPort: 8080 }]
    /// ```
    ///
    /// ## Fix
    /// Adds a probe of the port that the Service leads to. Where the code's health route is known its path is used; else fill in
    /// the path that answers when the service can do its work.
    ///
    /// ## References
    /// - Kubernetes, "Configure Liveness, Readiness and Startup Probes"
    pub(crate) POD_WITHOUT_READINESS_PROBE {
        id: "pod-without-readiness-probe",
        category: Orchestration,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (workload, container) in servers(cx) {
        let has_one = container.probes_unknown || container.probe(ProbeKind::Readiness).is_some();
        if has_one || stands_before_another(workload, container) {
            continue;
        }
        let service = services_of(&cx.model.manifests, workload)
            .find(|s| !s.to_unready && is_served(s, workload, container));
        if let Some(service) = service {
            findings.push(finding(cx, workload, container, service));
        }
    }
}

/// Whether a container hands what it gets to another one of its pod: what is ready is the other one.
fn stands_before_another(workload: &Workload, container: &Container) -> bool {
    let has_others = workload.containers.iter().filter(|c| !c.init).count() > 1;
    let words = container.command.present().into_iter().chain(container.args.present()).flatten();
    let is_upstream =
        |word: &String| ["127.0.0.1:", "localhost:", "[::1]:"].iter().any(|host| word.contains(host));
    has_others && words.into_iter().any(|word| word.contains("upstream") && is_upstream(word))
}

fn finding(cx: &Context<'_>, workload: &Workload, container: &Container, service: &NetService) -> Finding {
    let message = format!(
        "the container `{}` of `{}` gets traffic from the Service `{}` without a readiness probe: requests reach pods that cannot \
         answer yet",
        container.name,
        workload.title(),
        service.written
    );
    let port = container.ports.iter().find_map(|p| match (&p.name, &p.number) {
        (Some(name), _) => Some(name.clone()),
        (None, Tri::Present(number)) => Some(number.to_string()),
        _ => None,
    });
    let grpc = |at: Place| cx.text(at).contains("grpc");
    let is_grpc = container.ports.iter().any(|p| p.name.as_deref().is_some_and(|n| n.contains("grpc")))
        || service.ports.iter().any(|p| p.name.as_deref().is_some_and(|n| n.contains("grpc")) || grpc(p.at));
    let number = container.ports.iter().find_map(|p| p.number.present().copied());
    let edits = match (port, number) {
        (_, Some(number)) if is_grpc => {
            cx.add_entry(container.block, &["readinessProbe:", "  grpc:", &format!("    port: {number}")])
        }
        (Some(port), _) => {
            let lines = ["readinessProbe:", "  httpGet:", "    path: /readyz", &format!("    port: {port}")];
            cx.add_entry(container.block, &lines)
        }
        (None, _) => Vec::new(),
    };
    Finding::new(&POD_WITHOUT_READINESS_PROBE, container.name_at, message)
        .help("add a `readinessProbe` that succeeds once the service can do its work")
        .label("no readiness probe")
        .related(service.at, "sends traffic to it")
        .subject(subject(workload, container))
        .fix("Add a readiness probe", Applicability::Proposal, edits)
}
