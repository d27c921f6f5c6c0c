//! `readiness-not-flipped-on-shutdown`

use svclint_model::{ProbeKind, Reply, Route, asked};

use crate::rules::deployed::{Deployed, deployed};
use crate::rules::orchestration::services::Services;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports servers behind a Service that stop taking connections as soon as they are told to end, while their readiness
    /// goes on saying yes and nothing gives the cluster the time to take them out.
    ///
    /// ## Why it matters
    /// A pod is told to end and taken out of its Services at the same time, and the second takes some seconds to reach all
    /// nodes and load balancers. What is sent to the pod meanwhile is refused: a few requests fail with each rollout.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/readyz", get(ready));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).with_graceful_shutdown(terminated()).await.unwrap();
    /// }
    ///
    /// async fn ready() -> &'static str {
    ///     "ok"
    /// }
    ///
    /// async fn terminated() {
    ///     use tokio::signal::unix::{SignalKind, signal};
    ///     signal(SignalKind::terminate()).unwrap().recv().await;
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
    ///           readinessProbe:
    ///             httpGet: { path: /readyz, port: 8080 }
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: shop }
    /// spec:
    ///   selector: { app: shop }
    ///   ports: [{ port: 80, targetPort: 8080 }]
    /// ```
    /// ```good
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/readyz", get(ready));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).with_graceful_shutdown(terminated()).await.unwrap();
    /// }
    ///
    /// async fn ready() -> &'static str {
    ///     "ok"
    /// }
    ///
    /// async fn terminated() {
    ///     use tokio::signal::unix::{SignalKind, signal};
    ///     signal(SignalKind::terminate()).unwrap().recv().await;
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
    ///           readinessProbe:
    ///             httpGet: { path: /readyz, port: 8080 }
    ///           lifecycle:
    ///             preStop: { sleep: { seconds: 5 } }
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: shop }
    /// spec:
    ///   selector: { app: shop }
    ///   ports: [{ port: 80, targetPort: 8080 }]
    /// ```
    ///
    /// ## Fix
    /// Lets the pod sleep for five seconds before it is told to end (`preStop.sleep`, Kubernetes 1.30): a proposal. A flag that
    /// the readiness handler reads and the shutdown sets does it too, and everywhere.
    ///
    /// ## References
    /// - Kubernetes, "Pod Lifecycle: Termination of Pods"
    /// - Kubernetes, "Container Lifecycle Hooks"
    pub(crate) READINESS_NOT_FLIPPED_ON_SHUTDOWN {
        id: "readiness-not-flipped-on-shutdown",
        category: Health,
        level: Allow,
        severity: Info,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let services = Services::read(&cx.model.manifests);
    for program in deployed(cx).filter(|d| !d.workload.is_compose() && d.container.pre_stop.is_absent()) {
        let leads = |s: &&svclint_model::NetService| !s.to_unready;
        let ends = program.http().into_iter().find(|l| l.shutdown.present().is_some());
        let (Some(service), Some(listener)) = (services.of(program.workload).find(leads), ends) else {
            continue;
        };
        if let Some(route) = fixed_readiness(cx, &program) {
            findings.push(
                finding(cx, &program, route)
                    .related(listener.at, "takes no more connections once it is told to end")
                    .related(service.at, "sends traffic to it for some seconds more"),
            );
        }
    }
}

/// The route that readiness is asked of, where it answers the same for ever.
fn fixed_readiness<'m>(cx: &Context<'m>, program: &Deployed<'m>) -> Option<&'m Route> {
    let asked = asked(program.container).into_iter().find(|a| a.probe.kind == ProbeKind::Readiness)?;
    let route = program.answering(&asked)?;
    (cx.model.function(route.handler?).reply == Reply::Fixed).then_some(route)
}

fn finding(cx: &Context<'_>, program: &Deployed<'_>, route: &Route) -> Finding {
    let message = format!(
        "`{}` says that it is ready until it is gone: requests that come while it ends are refused",
        program.service.name
    );
    program.explained(
        Finding::new(&READINESS_NOT_FLIPPED_ON_SHUTDOWN, program.container.name_at, message)
            .help("let it sleep before it is told to end, or say not ready from the signal on")
            .label("no `preStop`")
            .subject(program.subject())
            .related(route.path_at.unwrap_or(route.at), "answers the same for ever")
            .fix("Sleep before it is told to end", Applicability::Proposal, edits(cx, program)),
    )
}

fn edits(cx: &Context<'_>, program: &Deployed<'_>) -> Vec<Edit> {
    let lines = ["lifecycle:", "  preStop:", "    sleep:", "      seconds: 5"];
    match program.container.lifecycle {
        Some(block) => cx.add_entry(block, &["preStop:", "  sleep:", "    seconds: 5"]),
        None => cx.add_entry(program.container.block, &lines),
    }
}
