//! `liveness-as-fast-as-readiness`

use svclint_model::{Container, Probe, ProbeAction, ProbeKind, Spot, Tri, Workload};

use super::pods::{servers, subject};
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports liveness probes that ask the same as the readiness probe and give up no later.
    ///
    /// ## Why it matters
    /// A pod that is slow for a moment should be taken out of rotation until it has caught up. When liveness gives up at the same
    /// time it is restarted instead, loses what it had begun, and its load falls on the others.
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
    ///           livenessProbe:
    ///             httpGet: { path: /health, port: 8080 }
    ///           readinessProbe:
    ///             httpGet: { path: /health, port: 8080 }
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
    ///           livenessProbe:
    ///             httpGet: { path: /health, port: 8080 }
    ///             failureThreshold: 6
    ///           readinessProbe:
    ///             httpGet: { path: /health, port: 8080 }
    /// ```
    ///
    /// ## Fix
    /// Raises the liveness probe's `failureThreshold`, so that it waits at least twice as long as readiness does.
    ///
    /// ## References
    /// - Kubernetes, "Liveness, Readiness, and Startup Probes"
    pub(crate) LIVENESS_AS_FAST_AS_READINESS {
        id: "liveness-as-fast-as-readiness",
        category: Orchestration,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (workload, container) in servers(cx) {
        let probes = (container.probe(ProbeKind::Liveness), container.probe(ProbeKind::Readiness));
        let (Some(liveness), Some(readiness)) = probes else { continue };
        if !asks_the_same(container, liveness, readiness) {
            continue;
        }
        if let (Some(live), Some(ready)) = (window(liveness), window(readiness))
            && live <= ready
        {
            findings.push(finding(cx, workload, container, (liveness, live), (readiness, ready)));
        }
    }
}

fn asks_the_same(container: &Container, a: &Probe, b: &Probe) -> bool {
    // A port's name and its number are one port.
    let is_one = |a: &Spot<String>, b: &Spot<String>| {
        let number = |port: &Spot<String>| container.port_number(&port.value);
        a.value == b.value || number(a).is_some() && number(a) == number(b)
    };
    match (&a.action, &b.action) {
        (
            ProbeAction::Http {
                path: Tri::Present(a),
                port: Tri::Present(p),
                headers: with,
                elsewhere: false,
            },
            ProbeAction::Http {
                path: Tri::Present(b),
                port: Tri::Present(q),
                headers: and,
                elsewhere: false,
            },
        ) => a.value == b.value && is_one(p, q) && with.is_absent() && and.is_absent(),
        (ProbeAction::Grpc(Tri::Present(a)), ProbeAction::Grpc(Tri::Present(b)))
        | (ProbeAction::Tcp(Tri::Present(a)), ProbeAction::Tcp(Tri::Present(b))) => is_one(a, b),
        (ProbeAction::Exec(Tri::Present(a)), ProbeAction::Exec(Tri::Present(b))) => a == b,
        _ => false,
    }
}

/// How long a container that answers no more stays as it is, in seconds.
fn window(probe: &Probe) -> Option<i64> {
    Some(probe.period.present()? * probe.failures.present()?)
}

fn finding(
    cx: &Context<'_>,
    workload: &Workload,
    container: &Container,
    (liveness, live): (&Probe, i64),
    (readiness, ready): (&Probe, i64),
) -> Finding {
    let message = format!(
        "`{}` is restarted {live} s after its probe begins to fail, and taken out of rotation after {ready} s by the same probe: \
         a moment of load restarts it",
        workload.title()
    );
    let period = liveness.period.present().copied().filter(|p| *p > 0).unwrap_or(10);
    let enough = (2 * ready + period - 1) / period;
    let edits = match (liveness.failures_at, liveness.block) {
        (Some(at), _) => cx.set(at, enough.to_string()),
        (None, Some(block)) => cx.add_entry(block, &[&format!("failureThreshold: {enough}")]),
        (None, None) => Vec::new(),
    };
    Finding::new(&LIVENESS_AS_FAST_AS_READINESS, liveness.at, message)
        .help(
            "let liveness wait longer than readiness, or ask something that fails only when a restart helps",
        )
        .label(format!("gives up after {live} s"))
        .related(readiness.at, format!("gives up after {ready} s"))
        .subject(subject(workload, container))
        .fix(format!("Let liveness fail {enough} times"), Applicability::Unsafe, edits)
}
