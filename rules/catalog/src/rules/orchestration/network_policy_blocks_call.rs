//! `network-policy-blocks-call`

use svclint_model::{EnvVar, NetService, NetworkPolicy, Tri, Workload};

use super::pods::{same_namespace, selects, together};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports workloads that are told to call a Service whose pods a network policy does not let them reach.
    ///
    /// ## Why it matters
    /// The connection is dropped without an answer: the caller waits until its limit ends, if it has one.
    ///
    /// ## Example
    /// ```bad
    /// //- deploy/shop.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: gateway }
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: gateway } }
    ///     spec:
    ///       containers:
    ///         - name: gateway
    ///           image: registry/gateway:1.4.0
    ///           env:
    ///             - name: ORDERS_URL
    ///               value: http://orders:8080
    /// ---
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
    ///           ports: [{ containerPort: 8080 }]
    ///           readinessProbe: { httpGet: { path: /readyz, port: 8080 } }
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: orders }
    /// spec: { selector: { app: orders }, ports: [{ port: 8080 }] }
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: { name: orders }
    /// spec:
    ///   podSelector: { matchLabels: { app: orders } }
    ///   ingress:
    ///     - from:
    ///         - podSelector: { matchLabels: { app: admin } }
    /// ```
    /// ```good
    /// //- deploy/shop.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: gateway }
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: gateway } }
    ///     spec:
    ///       containers:
    ///         - name: gateway
    ///           image: registry/gateway:1.4.0
    ///           env:
    ///             - name: ORDERS_URL
    ///               value: http://orders:8080
    /// ---
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
    ///           ports: [{ containerPort: 8080 }]
    ///           readinessProbe: { httpGet: { path: /readyz, port: 8080 } }
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: orders }
    /// spec: { selector: { app: orders }, ports: [{ port: 8080 }] }
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: { name: orders }
    /// spec:
    ///   podSelector: { matchLabels: { app: orders } }
    ///   ingress:
    ///     - from:
    ///         - podSelector: { matchLabels: { app: gateway } }
    /// ```
    ///
    /// ## Fix
    /// None: whether the policy or the call is wrong cannot be told from here. Let the caller's labels in, or take the address away.
    ///
    /// ## References
    /// - Kubernetes, "Network Policies"
    pub(crate) NETWORK_POLICY_BLOCKS_CALL {
        id: "network-policy-blocks-call",
        category: Security,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let manifests = &cx.model.manifests;
    if manifests.policies.is_empty() {
        return;
    }
    for workload in manifests.workloads.iter().filter(|w| !w.is_compose() && w.labels.complete) {
        for variable in workload.containers.iter().flat_map(|c| &c.env) {
            let Tri::Present(value) = &variable.value else { continue };
            let Some(service) = host(value).and_then(|name| service(cx, workload, name)) else { continue };
            if let Some((callee, policy)) = blocked(cx, workload, service) {
                findings.push(finding(workload, variable, service, callee, policy));
            }
        }
    }
}

/// The name of the Service in an address: `http://orders:8080/x`, `orders.shop.svc.cluster.local:8080`.
fn host(value: &str) -> Option<&str> {
    let has_scheme = value.contains("://");
    let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next()?;
    let authority = authority.rsplit('@').next()?;
    let (name, port) = authority.split_once(':').map_or((authority, None), |(n, p)| (n, Some(p)));
    let is_address = has_scheme || port.is_some_and(|p| p.parse::<u16>().is_ok());
    let first = name.split('.').next()?;
    let is_local = name == first || name.contains(".svc");
    (is_address && is_local && !first.is_empty()).then_some(first)
}

fn service<'m>(cx: &Context<'m>, caller: &Workload, name: &str) -> Option<&'m NetService> {
    cx.model.manifests.services.iter().find(|s| {
        s.name == name
            && together(&s.environment, &caller.environment)
            && same_namespace(&s.namespace, &caller.namespace)
    })
}

/// The pods that the Service leads to, and the policy that keeps the caller from them.
fn blocked<'m>(
    cx: &Context<'m>,
    caller: &Workload,
    service: &NetService,
) -> Option<(&'m Workload, &'m NetworkPolicy)> {
    let manifests = &cx.model.manifests;
    let callee = manifests.workloads.iter().find(|w| {
        together(&w.environment, &service.environment)
            && matches!(selects(&service.selector, w), Tri::Present(()))
    })?;
    let beside = || manifests.policies.iter().filter(|p| together(&p.environment, &callee.environment));
    // A policy that may speak of these pods may let the caller in.
    if beside().any(|p| selects(&p.selector, callee).is_unknown()) {
        return None;
    }
    let mine: Vec<&NetworkPolicy> =
        beside().filter(|p| matches!(selects(&p.selector, callee), Tri::Present(()))).collect();
    let speaks = mine.iter().all(|p| p.ingress.is_some());
    let lets_in = mine.iter().flat_map(|p| p.ingress.iter().flatten()).any(|rule| match &rule.from {
        None => true,
        Some(peers) => peers.iter().any(|peer| !selects(peer, caller).is_absent()),
    });
    let first = mine.first().filter(|_| speaks && !lets_in)?;
    Some((callee, first))
}

fn finding(
    workload: &Workload,
    variable: &EnvVar,
    service: &NetService,
    callee: &Workload,
    policy: &NetworkPolicy,
) -> Finding {
    let message = format!(
        "`{}` is told to call `{}`, and the network policy `{}` does not let it reach these pods: its calls get no answer",
        workload.title(),
        service.written,
        policy.name
    );
    Finding::new(&NETWORK_POLICY_BLOCKS_CALL, variable.value_at, message)
        .help("let the caller's labels in, or take the address away")
        .label("gets no answer")
        .related(policy.at, "lets in others only")
        .related(callee.name_at, "the pods that the Service leads to")
        .subject(format!("{} {}", workload.title(), service.written))
}
