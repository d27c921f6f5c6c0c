//! `pod-without-readiness-probe`

use svclint_model::{Carries, Container, NetService, Place, ProbeKind, Route, Tri, Workload};

use super::pods::{is_served, servers, subject};
use super::services::Services;
use crate::rules::deployed::{deployed, sees_all_routes};
use crate::rules::health::asked_health::port_of;
use crate::rules::listeners::is_health;
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
    /// Adds a probe. Where the code's health route is known it is asked for; where the code has none, the probe only connects.
    /// Else fill in the path that answers when the service can do its work.
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
    let services = Services::read(&cx.model.manifests);
    for (workload, container) in servers(cx) {
        let has_one = container.probes_unknown || container.probe(ProbeKind::Readiness).is_some();
        if has_one || is_probed_by_mesh(workload) || stands_before_another(workload, container) {
            continue;
        }
        let leads = |s: &&NetService| !s.to_unready && is_served(s, workload, container);
        if let Some(service) = services.of(workload).find(leads) {
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

/// Whether the pod's annotations say that something else sees to its probes.
fn is_probed_by_mesh(workload: &Workload) -> bool {
    let on = |value: &Option<String>| !matches!(value.as_deref(), Some("false" | "disabled"));
    workload.annotations.all.iter().any(|(name, value)| name.to_lowercase().contains("probe") && on(value))
}

/// What a probe of a container may ask for.
struct Asked {
    /// `None`: the program answers nothing that tells whether it can do its work.
    path: Option<String>,
    port: Option<String>,
}

/// The health route of the program in a container, that for readiness first; a path to be filled in where the program is not
/// known.
fn asked_for(cx: &Context<'_>, container: &Container) -> Asked {
    let unknown = Asked { path: Some("/readyz".to_owned()), port: None };
    let Some(program) = deployed(cx).find(|d| std::ptr::eq(d.container, container)) else { return unknown };
    let rank = |path: &str| match path {
        _ if path.contains("ready") => 0,
        _ if path.contains("health") => 1,
        _ => 2,
    };
    let open = |r: &&Route| {
        let guarded = r.layers.iter().any(|l| l.carries.contains(&Carries::Auth));
        r.method == "GET" && r.certain && !r.path.contains(['{', '$']) && is_health(&r.path) && !guarded
    };
    let best = program.service.routes.iter().filter(open).min_by_key(|r| rank(&r.path));
    let path = match best {
        Some(route) => Some(route.path.clone()),
        None if sees_all_routes(program.service) => None,
        None => unknown.path,
    };
    let listener = program.http().first().copied();
    Asked { path, port: listener.and_then(|listener| port_of(&program, listener)) }
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
    let asked = asked_for(cx, container);
    let port = asked.port.or(port);
    let grpc = |at: Place| cx.text(at).contains("grpc");
    let is_grpc = container.ports.iter().any(|p| p.name.as_deref().is_some_and(|n| n.contains("grpc")))
        || service.ports.iter().any(|p| p.name.as_deref().is_some_and(|n| n.contains("grpc")) || grpc(p.at));
    let number = container.ports.iter().find_map(|p| p.number.present().copied());
    let edits = match (port, number) {
        (_, Some(number)) if is_grpc => {
            cx.add_entry(container.block, &["readinessProbe:", "  grpc:", &format!("    port: {number}")])
        }
        (Some(port), _) => {
            let port = format!("    port: {port}");
            let path = asked.path.map(|path| format!("    path: {path}"));
            let lines = match &path {
                Some(path) => vec!["readinessProbe:", "  httpGet:", path, &port],
                None => vec!["readinessProbe:", "  tcpSocket:", &port],
            };
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
