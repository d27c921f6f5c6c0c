//! `scrape-target-mismatch`

use svclint_model::{Monitor, NetService, Spot, Tri, answers};

use crate::rules::deployed::{deployed, sees_all_routes};
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports monitors that ask for metrics at a path which the program does not serve, or at a port that the Service does not
    /// have.
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
    /// spec:
    ///   selector: { matchLabels: { app: shop } }
    ///   endpoints:
    ///     - { port: http, path: /metrics }
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
    /// spec:
    ///   selector: { matchLabels: { app: shop } }
    ///   endpoints:
    ///     - { port: http, path: /internal/metrics }
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
    // What asks pods names ports of containers, which need not be declared.
    for monitor in cx.model.manifests.monitors.iter().filter(|m| m.kind == "ServiceMonitor") {
        for (port, path) in &monitor.endpoints {
            findings.extend(endpoint(cx, monitor, port, path));
        }
    }
}

fn endpoint(
    cx: &Context<'_>,
    monitor: &Monitor,
    port: &Tri<Spot<String>>,
    path: &Tri<Spot<String>>,
) -> Option<Finding> {
    let (Tri::Present(selector), Tri::Present(port)) = (&monitor.selector, port) else { return None };
    let services: Vec<&NetService> = cx
        .model
        .manifests
        .services
        .iter()
        .filter(|s| {
            s.environment == monitor.environment && matches!(s.labels.satisfy(selector), Tri::Present(()))
        })
        .collect();
    let [service] = services.as_slice() else { return None };
    let named = service.ports.iter().find(|p| p.name.as_deref() == Some(port.value.as_str()));
    let Some(named) = named else {
        let is_known = service.ports_complete && !service.ports.is_empty();
        return is_known.then(|| no_port(cx, monitor, service, port));
    };
    let asked = match path {
        Tri::Present(path) => path.value.clone(),
        Tri::Absent => "/metrics".to_owned(),
        Tri::Unknown => return None,
    };
    let program = deployed(cx).find(|d| {
        matches!(&service.selector, Tri::Present(wanted) if matches!(d.workload.labels.satisfy(wanted), Tri::Present(())))
            && d.workload.environment == service.environment
    })?;
    let target = match &named.target {
        Tri::Present(target) => program.port_number(target)?,
        Tri::Absent => *named.port.present()?,
        Tri::Unknown => return None,
    };
    // Metrics are often served at a port of their own, by a library: only the port of the routes tells.
    let listeners = program.http();
    let [listener] = listeners.as_slice() else { return None };
    let is_its_port = program.bound_port(listener)? == target;
    let reads = |method: &str| matches!(method, "GET" | "ANY");
    let served =
        program.service.routes.iter().any(|r| reads(&r.method) && !answers(&asked, &r.path).is_absent());
    if !is_its_port || served || !sees_all_routes(program.service) {
        return None;
    }
    let at = path.present().map_or(port.at, |p| p.at);
    let message = format!(
        "`{}` asks `{}` for metrics at `{asked}`, which it does not serve: there are none",
        monitor.name, program.service.name
    );
    let mut finding = Finding::new(&SCRAPE_TARGET_MISMATCH, at, message)
        .help("ask for the path that serves metrics")
        .label("404")
        .related(service.at, "the Service that it asks")
        .subject(format!("{} {asked}", monitor.name));
    if let Some(route) = program.service.routes.iter().find(|r| r.path.contains("metrics")) {
        finding = finding.related(route.path_at.unwrap_or(route.at), "serves metrics");
        if let Tri::Present(path) = path {
            let edits = cx.set(path.at, route.path.clone());
            finding = finding.fix(format!("Ask for `{}`", route.path), Applicability::Unsafe, edits);
        }
    }
    Some(program.explained(finding))
}

fn no_port(cx: &Context<'_>, monitor: &Monitor, service: &NetService, port: &Spot<String>) -> Finding {
    let message = format!(
        "`{}` asks the port `{}` of the Service `{}` for metrics, which has none of that name: there are none",
        monitor.name, port.value, service.written
    );
    let finding = Finding::new(&SCRAPE_TARGET_MISMATCH, port.at, message)
        .help("name a port of the Service")
        .label("no such port")
        .related(service.at, "the Service that it asks")
        .subject(format!("{} {}", monitor.name, port.value));
    let names: Vec<&String> = service.ports.iter().filter_map(|p| p.name.as_ref()).collect();
    match names.as_slice() {
        [only] => finding.fix(format!("Ask `{only}`"), Applicability::Unsafe, cx.set(port.at, only.as_str())),
        _ => finding,
    }
}
