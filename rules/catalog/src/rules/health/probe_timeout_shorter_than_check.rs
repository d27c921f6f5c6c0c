//! `probe-timeout-shorter-than-check`

use svclint_model::{AskedPath, EffectKind, Protocol, Route, SqlKind, asked};

use crate::rules::deployed::{Deployed, deployed};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports probes whose handler may wait for a dependency longer than the probe waits for the handler.
    ///
    /// ## Why it matters
    /// A dependency that is slow makes the probe fail without saying why, and the handlers pile up: each goes on waiting after the
    /// probe has given up.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let pool = sqlx::PgPool::connect("postgres://db/shop").await.unwrap();
    ///     let app = Router::new().route("/readyz", get(ready)).with_state(pool);
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
    ///           readinessProbe:
    ///             httpGet: { path: /readyz, port: 8080 }
    ///             timeoutSeconds: 2
    /// ```
    /// ```good
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let pool = sqlx::PgPool::connect("postgres://db/shop").await.unwrap();
    ///     let app = Router::new().route("/readyz", get(ready)).with_state(pool);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    ///
    /// async fn ready(State(pool): State<sqlx::PgPool>) -> &'static str {
    ///     let _ = tokio::time::timeout(std::time::Duration::from_secs(1), sqlx::query("SELECT 1").execute(&pool)).await;
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
    ///           readinessProbe:
    ///             httpGet: { path: /readyz, port: 8080 }
    ///             timeoutSeconds: 2
    /// ```
    ///
    /// ## Fix
    /// None: whether the check ends sooner or the probe waits longer is a choice.
    ///
    /// ## References
    /// - Kubernetes, "Configure Liveness, Readiness and Startup Probes"
    pub(crate) PROBE_TIMEOUT_SHORTER_THAN_CHECK {
        id: "probe-timeout-shorter-than-check",
        category: Health,
        level: Allow,
        severity: Info,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for program in deployed(cx).filter(|d| !d.workload.is_compose()) {
        for asked in asked(program.container) {
            let route = program.answering(&asked);
            findings.extend(route.and_then(|route| finding(cx, &program, &asked, route)));
        }
    }
}

/// A query without anything around it that ends it may wait for a connection, and then for the answer.
fn finding(
    cx: &Context<'_>,
    program: &Deployed<'_>,
    asked: &AskedPath<'_>,
    route: &Route,
) -> Option<Finding> {
    let timeout = *asked.probe.timeout.present()?;
    let kinds = [
        EffectKind::Sql(SqlKind::Select),
        EffectKind::Sql(SqlKind::Other),
        EffectKind::Request(Protocol::Http),
    ];
    let ways = kinds.iter().filter_map(|kind| cx.model.way(route.handler?, *kind));
    let (_, _, deed) = ways
        .filter(|(calls, _, deed)| !deed.when.bounded && calls.iter().all(|call| !call.when.bounded))
        .find(|_| true)?;
    let message = format!(
        "the probe waits {timeout} s for `{}`, which may wait longer for what it asks: it fails without saying why",
        asked.path
    );
    let at = asked.probe.timeout_at.unwrap_or(asked.at);
    Some(
        program.explained(
            Finding::new(&PROBE_TIMEOUT_SHORTER_THAN_CHECK, at, message)
                .help("put a limit around the check that is shorter than the probe's")
                .label(format!("{timeout} s"))
                .related(deed.at, "nothing ends this sooner")
                .subject(format!("{} {}", program.subject(), asked.path)),
        ),
    )
}
