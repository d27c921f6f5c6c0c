//! `network-policy-blocks-call`

use svclint_model::{EnvVar, Tri, Workload};

use super::network::{Barrier, Call, NetworkAddress};
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
    // Policies of a network's own kinds add to what these let in.
    let adds = |group: &str| {
        ["cilium.io", "projectcalico.org", "policy.networking.k8s.io", "antrea.io"]
            .iter()
            .any(|g| group.ends_with(g))
    };
    if manifests.policies.is_empty() || manifests.others.iter().any(|o| adds(&o.group)) {
        return;
    }
    for workload in manifests.workloads.iter().filter(|w| !w.is_compose() && w.labels.complete) {
        for variable in workload.containers.iter().flat_map(|c| &c.env) {
            let Tri::Present(value) = &variable.value else { continue };
            let call = NetworkAddress::of(value).and_then(|address| Call::of(manifests, workload, &address));
            if let Some(call) = call
                && let Some(barrier) = call.barrier(manifests)
            {
                findings.push(finding(workload, variable, &call, &barrier));
            }
        }
    }
}

fn finding(workload: &Workload, variable: &EnvVar, call: &Call<'_>, barrier: &Barrier<'_>) -> Finding {
    let (caller, service) = (workload.title(), &call.service.written);
    let (policy, does, says) = match barrier {
        Barrier::NotLetIn(policy) => {
            (policy, "does not let it reach these pods".to_owned(), "lets in others only".to_owned())
        }
        Barrier::OtherPort(policy, port) => (
            policy,
            format!("lets it reach other ports of these pods than {port}, where the Service leads"),
            format!("not at {port}"),
        ),
        Barrier::NotLetOut(policy) => {
            (policy, "does not let it call these pods".to_owned(), "lets it call others only".to_owned())
        }
    };
    let message = format!(
        "`{caller}` is told to call `{service}`, and the network policy `{}` {does}: its calls get no answer",
        policy.name
    );
    Finding::new(&NETWORK_POLICY_BLOCKS_CALL, variable.value_at, message)
        .help("let the caller's labels and the pods' port through, or take the address away")
        .label("gets no answer")
        .related(policy.at, says)
        .related(call.callee.name_at, "the pods that the Service leads to")
        .subject(format!("{caller} {service}"))
}
