//! `pod-security-context-weak`

use svclint_model::{Block, Container, Place, Security, Tri, Workload};

use super::pods::{is_aside, subject};
use super::root::{image_is_root, is_root};
use crate::{Applicability, Context, Finding, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports containers with more rights than they need: those that may run as root or gain rights, privileged ones, those that
    /// see the host's network, processes or docker socket. Of images that are not built here nobody can say which user they
    /// have: a container of one is mentioned where nothing at all is taken away from it.
    ///
    /// ## Why it matters
    /// Whoever breaks into the process has what the container has. As root, with all capabilities, a small hole becomes the node.
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
    ///           image: registry/orders:1.4.0
    /// //- compose.yaml
    /// services:
    ///   orders: { image: "registry/orders:1.4.0", build: . }
    /// //- Dockerfile
    /// FROM debian:bookworm-slim
    /// COPY orders /
    /// CMD ["/orders"]
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
    ///           securityContext:
    ///             runAsNonRoot: true
    ///             allowPrivilegeEscalation: false
    ///             capabilities: { drop: [ALL] }
    /// ```
    ///
    /// ## Fix
    /// Adds a `securityContext` with a user of its own: what the program writes must belong to that one.
    ///
    /// ## References
    /// - Kubernetes, "Pod Security Standards": restricted
    pub(crate) POD_SECURITY_CONTEXT_WEAK {
        id: "pod-security-context-weak",
        category: Orchestration,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for workload in &cx.model.manifests.workloads {
        // Agents of nodes need what others must not have.
        if is_aside(cx.model, workload) {
            continue;
        }
        if workload.kind.present().is_some_and(|k| k == "DaemonSet") {
            continue;
        }
        // The network of another container is no node's.
        let host = workload.host_access.iter().filter(|s| !s.value.contains("service:"));
        let host = host.map(|s| (s.at, format!("`{}` is set", s.value), rights_of(&s.value)));
        let sockets = workload.volumes.iter().filter(|v| v.host_path.as_deref().is_some_and(is_socket));
        let sockets = sockets.map(|v| (v.at, "the host's docker socket is mounted".to_owned(), NODE));
        for (at, what, rights) in host.chain(sockets) {
            findings.push(strong(workload, at, &what, rights, &workload.title()));
        }
        for container in &workload.containers {
            if let Tri::Present(privileged) = &container.security.privileged
                && privileged.value
            {
                let what = format!("the container `{}` is privileged", container.name);
                findings.push(strong(workload, privileged.at, &what, NODE, &subject(workload, container)));
            }
            if !workload.is_compose() && !container.init {
                findings.extend(weak(cx, workload, container));
            }
        }
    }
}

fn is_socket(path: &str) -> bool {
    path.ends_with("docker.sock") || path.ends_with("containerd.sock")
}

/// Who has what a process is given.
const NODE: &str = "the rights of the node";

fn rights_of(access: &str) -> &'static str {
    let is_network = access == "hostNetwork" || access.starts_with("network_mode");
    if is_network { "the network of the node" } else { NODE }
}

/// Rights that are given.
fn strong(workload: &Workload, at: Place, what: &str, rights: &str, subject: &str) -> Finding {
    let message = format!("{what} in `{}`: whoever breaks into the process has {rights}", workload.title());
    Finding::new(&POD_SECURITY_CONTEXT_WEAK, at, message)
        .help("take it away, or accept it here with a reason")
        .label(rights.trim_start_matches("the "))
        .subject(format!("{subject} {what}"))
}

/// Rights that are not taken away.
fn weak(cx: &Context<'_>, workload: &Workload, container: &Container) -> Option<Finding> {
    let (own, pod) = (&container.security, &workload.security);
    let escalates = own.privilege_escalation.is_absent() && !is_true(&own.privileged)
        || matches!(&own.privilege_escalation, Tri::Present(s) if s.value);
    let keeps = own.dropped.is_absent();
    let image = image_is_root(cx, workload, container);
    // One measure that is left out beside others is somebody's choice.
    let is_unsaid = own.at.is_none() && pod.at.is_none() && escalates && keeps;
    if !is_root(own, pod) || image == Tri::Absent || image == Tri::Unknown && !is_unsaid {
        return None;
    }
    let may_be_root = image == Tri::Present(());
    let root = if may_be_root { "may run as root" } else { "runs as whatever user its image has" };
    let lacks: Vec<&str> = [(true, root), (escalates, "may gain rights"), (keeps, "keeps its capabilities")]
        .into_iter()
        .filter_map(|(lacks, words)| lacks.then_some(words))
        .collect();
    let message = format!(
        "the container `{}` of `{}` {}: whoever breaks into the process has more than the service needs",
        container.name,
        workload.title(),
        lacks.join(", ")
    );
    let place = own.at.map_or(container.name_at, |block| block.at);
    let finding = Finding::new(&POD_SECURITY_CONTEXT_WEAK, place, message)
        .help("run it as a user of its own, and drop what it does not need")
        .label(lacks.join(", "))
        .subject(subject(workload, container));
    let edits = edits(cx, container.block, own, may_be_root, escalates, keeps);
    Some(if may_be_root {
        finding.fix("Restrict the container", Applicability::Unsafe, edits)
    } else {
        // Nobody can say here what the image needs.
        let finding = finding.fix("Restrict the container", Applicability::Proposal, edits);
        Finding { severity: Severity::Info, ..finding }
    })
}

fn is_true(value: &Tri<svclint_model::Spot<bool>>) -> bool {
    matches!(value, Tri::Present(spot) if spot.value)
}

fn edits(
    cx: &Context<'_>,
    container: Block,
    own: &Security,
    may_be_root: bool,
    escalates: bool,
    keeps: bool,
) -> Vec<crate::Edit> {
    let mut lines = Vec::new();
    if may_be_root && own.run_as_non_root.is_absent() {
        // The image's own user is root: without another one the kubelet would refuse to start it.
        lines.extend(["runAsNonRoot: true", "runAsUser: 10001"]);
    }
    if escalates && own.privilege_escalation.is_absent() {
        lines.push("allowPrivilegeEscalation: false");
    }
    if keeps {
        lines.extend(["capabilities:", "  drop: [ALL]"]);
    }
    match own.at {
        Some(block) => cx.add_entry(block, &lines),
        None => {
            let nested: Vec<String> = lines.iter().map(|line| format!("  {line}")).collect();
            let all: Vec<&str> =
                std::iter::once("securityContext:").chain(nested.iter().map(String::as_str)).collect();
            cx.add_entry(container, &all)
        }
    }
}
