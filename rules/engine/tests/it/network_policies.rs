//! Calls from pods to pods, and the network policies between them.

use crate::support::{check, found};

/// `gateway` is told to call an address; `orders` listens at 8080 behind its Service's port 80, and has a policy.
fn of(address: &str, policies: &str) -> usize {
    let deployment = |name: &str, env: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: {name}, namespace: shop }}\nspec:\n  template:\n    metadata: {{ labels: {{ app: {name} }} }}\n    spec:\n      containers:\n        - name: {name}\n          image: registry/{name}:1.4.0\n          ports: [{{ name: http, containerPort: 8080 }}]\n{env}---\n"
        )
    };
    let env = format!("          env: [{{ name: ORDERS, value: \"{address}\" }}]\n");
    let service = "apiVersion: v1\nkind: Service\nmetadata: { name: orders, namespace: shop }\nspec: { selector: { app: orders }, ports: [{ port: 80, targetPort: http }] }\n---\n";
    let text = format!(
        "//- deploy/all.yaml\n{}{}{service}{policies}",
        deployment("gateway", &env),
        deployment("orders", "")
    );
    found(&check(&text)).iter().filter(|f| f.ends_with("network-policy-blocks-call")).count()
}

fn policy(namespace: &str, of: &str, rules: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: {of}, namespace: {namespace} }}\nspec: {{ podSelector: {{ matchLabels: {{ app: {of} }} }}, {rules} }}\n---\n"
    )
}

const URL: &str = "http://orders";
const ADMIN: &str = "ingress: [{ from: [{ podSelector: { matchLabels: { app: admin } } }] }]";

#[test]
fn callers_that_are_not_let_in() {
    assert_eq!(of(URL, &policy("shop", "orders", ADMIN)), 1);
    assert_eq!(of("http://orders.shop.svc.cluster.local/v1", &policy("shop", "orders", ADMIN)), 1);
    let both = policy("shop", "orders", ADMIN)
        + &policy(
            "shop",
            "orders",
            "ingress: [{ from: [{ podSelector: { matchLabels: { app: gateway } } }] }]",
        );
    assert_eq!(of(URL, &both), 0, "what one of them lets in is let in");
}

#[test]
fn lists_that_ask_for_nothing_let_all_in() {
    for rules in [
        "ingress: [{ from: [] }]",
        "ingress: [{}]",
        "ingress: [{ from: [{ podSelector: { matchLabels: {} } }] }]",
    ] {
        assert_eq!(of(URL, &policy("shop", "orders", rules)), 0, "{rules}");
    }
    assert_eq!(of(URL, &policy("shop", "orders", "ingress: []")), 1);
}

#[test]
fn policies_and_services_of_other_namespaces_are_other_ones() {
    assert_eq!(of(URL, &policy("other", "orders", ADMIN)), 0);
    assert_eq!(of("http://orders.other.svc:80", &policy("shop", "orders", ADMIN)), 0);
}

/// Policies of the network's own kinds let in what these do not.
#[test]
fn policies_of_other_kinds_may_let_in() {
    let own = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: { name: orders }\nspec: { endpointSelector: {} }\n";
    assert_eq!(of(URL, &(policy("shop", "orders", ADMIN) + own)), 0);
    let calico = "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: { name: orders, namespace: shop }\nspec: { selector: all(), ingress: [] }\n";
    assert_eq!(of(URL, calico), 0);
}

/// What a policy names are the ports of pods, not those of their Service.
#[test]
fn ports_are_those_of_the_pods() {
    let port =
        |port: &str| of(URL, &policy("shop", "orders", &format!("ingress: [{{ ports: [{{ {port} }}] }}]")));
    assert_eq!(port("port: 8080"), 0);
    assert_eq!(port("port: http"), 0);
    assert_eq!(port("port: 8000, endPort: 8100"), 0);
    assert_eq!(port("protocol: TCP"), 0);
    assert_eq!(port("port: 80"), 1);
    assert_eq!(port("port: 8080, protocol: UDP"), 1);
    // Which port is meant is not known.
    let other = "ingress: [{ ports: [{ port: 9 }] }]";
    assert_eq!(of("postgres://orders/shop", &policy("shop", "orders", other)), 0);
}

#[test]
fn callers_that_are_not_let_out() {
    let out = |rules: &str| of(URL, &policy("shop", "gateway", &format!("policyTypes: [Egress], {rules}")));
    assert_eq!(out("egress: [{ to: [{ podSelector: { matchLabels: { app: users } } }] }]"), 1);
    assert_eq!(out("egress: [{ to: [{ podSelector: { matchLabels: { app: orders } } }] }]"), 0);
    assert_eq!(out("egress: [{ to: [{ ipBlock: { cidr: 10.0.0.0/8 } }] }]"), 0);
    assert_eq!(out("egress: [{ ports: [{ port: 53, protocol: UDP }] }]"), 1);
    // It speaks of who calls the gateway only.
    assert_eq!(of(URL, &policy("shop", "gateway", "policyTypes: [Ingress], ingress: []")), 0);
}
