//! `liveness-checks-dependency`

use svclint_model::{AskedPath, ProbeKind, Route, asked};

use super::added_route::added_route;
use super::checks::questions;
use crate::rules::deployed::{Deployed, asked_there, deployed};
use crate::rules::reach::evidence;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports liveness probes whose handler asks a database or another service.
    ///
    /// ## Why it matters
    /// When what it asks is down, every pod is restarted, again and again. A restart does not bring the database back, and all
    /// pods start at once when it comes back.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let pool = sqlx::PgPool::connect("postgres://db/shop").await.unwrap();
    ///     let app = Router::new().route("/healthz", get(health)).with_state(pool);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    ///
    /// async fn health(State(pool): State<sqlx::PgPool>) -> &'static str {
    ///     sqlx::query("SELECT 1").execute(&pool).await.unwrap();
    ///     "ok"
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
    ///           livenessProbe:
    ///             httpGet: { path: /healthz, port: 8080 }
    /// ```
    /// ```good
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let pool = sqlx::PgPool::connect("postgres://db/shop").await.unwrap();
    ///     let app = Router::new()
    ///         .route("/livez", get(|| async { "ok" }))
    ///         .route("/readyz", get(ready))
    ///         .with_state(pool);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    ///
    /// async fn ready(State(pool): State<sqlx::PgPool>) -> &'static str {
    ///     sqlx::query("SELECT 1").execute(&pool).await.unwrap();
    ///     "ok"
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
    ///           livenessProbe:
    ///             httpGet: { path: /livez, port: 8080 }
    /// ```
    ///
    /// ## Fix
    /// Adds a route that answers without asking anybody, and lets the probe ask for it.
    ///
    /// ## References
    /// - Kubernetes, "Liveness, Readiness, and Startup Probes"
    pub(crate) LIVENESS_CHECKS_DEPENDENCY {
        id: "liveness-checks-dependency",
        category: Health,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for program in deployed(cx).filter(|d| !d.workload.is_compose()) {
        // Where any answer will do, only one that never comes makes it fail.
        let is_meant = |a: &AskedPath<'_>| a.probe.kind == ProbeKind::Liveness && a.minds;
        for asked in asked(program.container).into_iter().filter(is_meant) {
            if let Some(route) = program.answering(&asked) {
                findings.extend(finding(cx, &program, &asked, route));
            }
        }
    }
}

fn finding(
    cx: &Context<'_>,
    program: &Deployed<'_>,
    asked: &AskedPath<'_>,
    route: &Route,
) -> Option<Finding> {
    let question = questions(cx.model, route.handler?).into_iter().next()?;
    let whom = question.whom;
    let message = format!(
        "the liveness probe of `{}` asks {whom}: when that is down every pod is restarted, which does not bring it back",
        program.service.name
    );
    let mut finding = Finding::new(&LIVENESS_CHECKS_DEPENDENCY, asked.at, message)
        .help("answer liveness without asking anybody, and ask in the readiness probe")
        .label(format!("asks {whom}"))
        .related(route.path_at.unwrap_or(route.at), "the route that it asks for")
        .subject(format!("{} {}", program.subject(), asked.path));
    finding.related.extend(evidence(cx.model, &question.calls));
    let name = &cx.model.function(question.function).path;
    let finding = finding.related(question.deed.at, format!("`{name}` asks {whom} here"));
    let (title, edits) = mended(cx, asked);
    Some(program.explained(finding.fix(title, Applicability::Unsafe, edits)))
}

/// Asks for a health route that asks nobody: one that is there, or a new one. Where one place decides what several programs
/// are asked for, all of them get it.
fn mended(cx: &Context<'_>, asked: &AskedPath<'_>) -> (String, Vec<Edit>) {
    let title = "Add `/livez` and ask for it".to_owned();
    // A path inside of a command has no place of its own.
    if !asked.written {
        return (title, Vec::new());
    }
    let programs = asked_there(cx, asked.at);
    // The handler of another library's is no function here, and asks nobody of ours.
    let asks_nobody = |route: &Route| route.handler.is_none_or(|h| questions(cx.model, h).is_empty());
    let is_live =
        |r: &Route| r.method == "GET" && r.path.contains("live") && !r.path.contains('{') && asks_nobody(r);
    let has = |program: &Deployed<'_>, path: &str| {
        program.service.routes.iter().any(|r| r.path == path && is_live(r))
    };
    let first = programs.first().map_or(&[][..], |p| &p.service.routes);
    if let Some(route) = first.iter().find(|r| is_live(r) && programs.iter().all(|p| has(p, &r.path))) {
        return (format!("Ask for `{}`", route.path), cx.set(asked.at, route.path.clone()));
    }
    let lacking = programs.iter().filter(|p| !has(p, "/livez"));
    let added = lacking.map(|p| added_route(cx, p.http().first()?, "/livez"));
    let edits = match added.collect::<Option<Vec<Edit>>>() {
        Some(added) => cx.set(asked.at, "/livez").into_iter().chain(added).collect(),
        None => Vec::new(),
    };
    (title, edits)
}
