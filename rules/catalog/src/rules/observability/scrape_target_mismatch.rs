//! `scrape-target-mismatch`

use svclint_model::{Spot, Tri, answers};

use super::scraped::{PortOf, Scrape, annotated, asked};
use crate::rules::deployed::{Deployed, deployed, sees_all_routes};
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports monitors, and annotations of `prometheus.io`, that ask for metrics at a path which the program does not serve, or
    /// at a port that the Service or the pods do not have.
    ///
    /// ## Why it matters
    /// There are no metrics: dashboards stay empty, and the alerts that rest on them never fire.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new()
    ///         .route("/healthz", get(|| async { "ok" }))
    ///         .route("/internal/metrics", get(|| async { "" }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// //- Dockerfile
    /// FROM rust:1.90-bookworm AS build
    /// RUN cargo build --release --locked --bin shop
    /// FROM gcr.io/distroless/cc-debian12:nonroot
    /// COPY --from=build /target/release/shop /shop
    /// ENTRYPOINT ["/shop"]
    /// //- deploy/shop.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: shop }
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: shop
    ///           image: registry/shop:1.4.0
    ///           ports: [{ name: http, containerPort: 8080 }]
    ///           readinessProbe: { httpGet: { path: /healthz, port: http } }
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: shop, labels: { app: shop } }
    /// spec: { selector: { app: shop }, ports: [{ name: http, port: 80, targetPort: http }] }
    /// ---
    /// apiVersion: monitoring.coreos.com/v1
    /// kind: ServiceMonitor
    /// metadata: { name: shop }
    /// spec: { selector: { matchLabels: { app: shop } }, endpoints: [{ port: http, path: /metrics }] }
    /// ```
    /// ```good
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new()
    ///         .route("/healthz", get(|| async { "ok" }))
    ///         .route("/internal/metrics", get(|| async { "" }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// //- Dockerfile
    /// FROM rust:1.90-bookworm AS build
    /// RUN cargo build --release --locked --bin shop
    /// FROM gcr.io/distroless/cc-debian12:nonroot
    /// COPY --from=build /target/release/shop /shop
    /// ENTRYPOINT ["/shop"]
    /// //- deploy/shop.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: shop }
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: shop
    ///           image: registry/shop:1.4.0
    ///           ports: [{ name: http, containerPort: 8080 }]
    ///           readinessProbe: { httpGet: { path: /healthz, port: http } }
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: shop, labels: { app: shop } }
    /// spec: { selector: { app: shop }, ports: [{ name: http, port: 80, targetPort: http }] }
    /// ---
    /// apiVersion: monitoring.coreos.com/v1
    /// kind: ServiceMonitor
    /// metadata: { name: shop }
    /// spec: { selector: { matchLabels: { app: shop } }, endpoints: [{ port: http, path: /internal/metrics }] }
    /// ```
    ///
    /// ## Fix
    /// Asks for the metrics route that the program has.
    ///
    /// ## References
    /// - Prometheus Operator, "ServiceMonitor"
    pub(crate) SCRAPE_TARGET_MISMATCH {
        id: "scrape-target-mismatch",
        category: Observability,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for monitor in &cx.model.manifests.monitors {
        let Some(asked) = asked(&cx.model.manifests, monitor) else { continue };
        let Some(at) = asked.at() else { continue };
        for endpoint in &monitor.endpoints {
            match asked.port(endpoint) {
                PortOf::Missing(port) => {
                    let by_target = endpoint.port.is_absent();
                    findings.push(
                        no_port(cx, &monitor.name, asked.ports(by_target), port)
                            .related(at, "asked for metrics"),
                    );
                }
                PortOf::Number(number, said_at) => {
                    let scrape =
                        Scrape { by: &monitor.name, at, number, path: endpoint.path.clone(), said_at };
                    let runs = |d: &Deployed<'_>| asked.pods.iter().any(|w| std::ptr::eq(*w, d.workload));
                    findings.extend(deployed(cx).filter(runs).find_map(|d| no_route(cx, &d, &scrape)));
                }
                PortOf::Unknown => {}
            }
        }
    }
    for program in deployed(cx) {
        findings.extend(
            annotated(&cx.model.manifests, &program).and_then(|scrape| no_route(cx, &program, &scrape)),
        );
    }
}

/// Whether the program serves nothing where it is asked for metrics.
fn no_route(cx: &Context<'_>, program: &Deployed<'_>, scrape: &Scrape<'_>) -> Option<Finding> {
    let asked = match &scrape.path {
        Tri::Present(path) => path.value.clone(),
        Tri::Absent => "/metrics".to_owned(),
        Tri::Unknown => return None,
    };
    let asked = asked.split('?').next().unwrap_or(&asked);
    // Metrics are often served at a port of their own, by a library: only the port of the routes tells.
    let listeners = program.http();
    let [listener] = listeners.as_slice() else { return None };
    let is_its_port = program.bound_port(listener)? == scrape.number;
    let reads = |method: &str| matches!(method, "GET" | "ANY");
    let served =
        program.service.routes.iter().any(|r| reads(&r.method) && !answers(asked, &r.path).is_absent());
    if !is_its_port || served || !sees_all_routes(program.service) {
        return None;
    }
    let at = scrape.path.present().map_or(scrape.said_at, |p| p.at);
    let message = format!(
        "`{}` asks `{}` for metrics at `{asked}`, which it does not serve: there are none",
        scrape.by, program.service.name
    );
    let mut finding = Finding::new(&SCRAPE_TARGET_MISMATCH, at, message)
        .help("ask for the path that serves metrics")
        .label("404")
        .related(scrape.at, "asked for metrics")
        .subject(format!("{} {asked}", scrape.by));
    if let Some(route) = program.service.routes.iter().find(|r| r.path.contains("metrics")) {
        finding = finding.related(route.path_at.unwrap_or(route.at), "serves metrics");
        if let Some(path) = scrape.path.present().filter(|path| path.at != scrape.at) {
            let edits = cx.set(path.at, route.path.clone());
            finding = finding.fix(format!("Ask for `{}`", route.path), Applicability::Unsafe, edits);
        }
    }
    Some(program.explained(finding))
}

fn no_port(cx: &Context<'_>, by: &str, (whose, names): (String, Vec<&str>), port: &Spot<String>) -> Finding {
    let message = format!(
        "`{by}` asks the port `{}` of {whose} for metrics, which has none of that name: there are none",
        port.value
    );
    let finding = Finding::new(&SCRAPE_TARGET_MISMATCH, port.at, message)
        .help(format!("name a port of {whose}"))
        .label("no such port")
        .subject(format!("{by} {}", port.value));
    match names.as_slice() {
        [only] => finding.fix(format!("Ask `{only}`"), Applicability::Unsafe, cx.set(port.at, *only)),
        _ => finding,
    }
}
