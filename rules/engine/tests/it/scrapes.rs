//! What Prometheus is told to read, and what is there to be read.

use crate::support::{check, found, mended, service};

const RULE: &str = "scrape-target-mismatch";

/// A program that serves `/internal/metrics` at port 80, its pods with their annotations and ports, and something that asks it.
fn shop(annotations: &str, ports: &str, asks: &str) -> String {
    let code = service(".route(\"/internal/metrics\", get(|| async { \"\" }))", "");
    format!(
        "//- src/main.rs\n{code}//- Dockerfile\nFROM rust:1.90-bookworm AS build\nRUN cargo build --release --locked --bin shop\nFROM gcr.io/distroless/cc-debian12:nonroot\nCOPY --from=build /target/release/shop /shop\nENTRYPOINT [\"/shop\"]\n//- deploy/all.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: shop, namespace: sales }}\nspec:\n  replicas: 2\n  template:\n    metadata: {{ labels: {{ app: shop }}, annotations: {{ {annotations} }} }}\n    spec:\n      containers:\n        - name: shop\n          image: registry/shop:1.4.0\n          ports: [{ports}]\n---\napiVersion: v1\nkind: Service\nmetadata: {{ name: shop, namespace: sales, labels: {{ app: shop }} }}\nspec: {{ selector: {{ app: shop }}, ports: [{{ name: web, port: 8000, targetPort: 80 }}] }}\n---\n{asks}"
    )
}

fn monitor(kind: &str, spec: &str) -> String {
    format!(
        "apiVersion: monitoring.coreos.com/v1\nkind: {kind}\nmetadata: {{ name: shop, namespace: sales }}\nspec: {{ selector: {{ matchLabels: {{ app: shop }} }}, {spec} }}\n"
    )
}

fn count(text: &str) -> usize {
    found(&check(text)).iter().filter(|f| f.ends_with(RULE)).count()
}

const PORT: &str = "{ name: http, containerPort: 80 }";

#[test]
fn services_are_asked_at_their_ports_and_the_paths_behind_them() {
    let of = |endpoint: &str| {
        count(&shop("", PORT, &monitor("ServiceMonitor", &format!("endpoints: [{{ {endpoint} }}]"))))
    };
    assert_eq!(of("port: web, path: /internal/metrics"), 0);
    assert_eq!(of("port: web"), 1, "there is no /metrics");
    assert_eq!(
        of("port: http, path: /internal/metrics"),
        1,
        "the name of the container's port, not of the Service's"
    );
}

/// `targetPort` names a port of the containers, whatever the Service calls it.
#[test]
fn target_ports_are_those_of_containers() {
    let of = |endpoint: &str| {
        count(&shop("", PORT, &monitor("ServiceMonitor", &format!("endpoints: [{{ {endpoint} }}]"))))
    };
    assert_eq!(of("targetPort: http, path: /internal/metrics"), 0);
    assert_eq!(of("targetPort: 80, path: /internal/metrics"), 0);
    assert_eq!(of("targetPort: http"), 1);
    assert_eq!(of("targetPort: web, path: /internal/metrics"), 1);
    // A mesh puts its own container into the pods.
    assert_eq!(of("targetPort: http-envoy-prom, path: /stats/prometheus"), 0);
}

#[test]
fn monitors_that_look_into_other_namespaces_mean_what_is_there() {
    let of = |namespaces: &str| {
        let spec = format!("namespaceSelector: {{ {namespaces} }}, endpoints: [{{ port: metrics }}]");
        count(&shop("", PORT, &monitor("ServiceMonitor", &spec)))
    };
    assert_eq!(of("matchNames: [sales]"), 1);
    assert_eq!(of("matchNames: [other]"), 0);
    assert_eq!(of("any: true"), 1, "it is the only one that there is");
}

#[test]
fn pods_are_asked_at_the_ports_of_their_containers() {
    let of = |endpoint: &str| {
        let spec = format!("podMetricsEndpoints: [{{ {endpoint} }}]");
        shop("", PORT, &monitor("PodMonitor", &spec))
    };
    assert_eq!(count(&of("port: http, path: /internal/metrics")), 0);
    assert_eq!(count(&of("port: http")), 1);
    let wrong = of("port: web, path: /internal/metrics");
    assert_eq!(count(&wrong), 1);
    assert!(mended(&wrong, RULE).contains("port: http, path: /internal/metrics"));
}

#[test]
fn annotations_ask_for_a_path_of_the_program() {
    let of = |more: &str| count(&shop(&format!("prometheus.io/scrape: \"true\"{more}"), PORT, ""));
    assert_eq!(of(", prometheus.io/port: \"80\", prometheus.io/path: /metrics"), 1);
    assert_eq!(of(""), 1, "the only port of the container, and /metrics");
    assert_eq!(of(", prometheus.io/path: /internal/metrics"), 0);
    // Another port may be one that a library serves.
    assert_eq!(of(", prometheus.io/port: \"9000\""), 0);
    assert_eq!(count(&shop("prometheus.io/scrape: \"false\"", PORT, "")), 0);
}
