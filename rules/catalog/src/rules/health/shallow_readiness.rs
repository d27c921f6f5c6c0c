//! `shallow-readiness`

use svclint_model::{Deed, Place, Reply, Route, Service};

use super::checks::{asks_store, readiness};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports routes by which an orchestrator learns whether a service can take requests, and that answer the same for ever,
    /// although other handlers of the service ask a database. These are the routes that readiness probes ask for, and those
    /// that are called `ready`, `readyz` or `readiness`.
    ///
    /// ## Why it matters
    /// A replica that has lost its database keeps its place behind the load balancer and fails every request that it is
    /// given, while others could serve them. A deployment with a wrong password becomes ready, and replaces the one that works.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, extract::State, routing::get};
    ///
    /// async fn orders(State(db): State<sqlx::PgPool>) -> String {
    ///     let count: (i64,) = sqlx::query_as("SELECT count(*) FROM orders").fetch_one(&db).await.unwrap();
    ///     count.0.to_string()
    /// }
    ///
    /// async fn ready() -> &'static str {
    ///     "ok"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db/shop").await.unwrap();
    ///     let app = Router::new().route("/v1/orders", get(orders)).route("/readyz", get(ready)).with_state(db);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, extract::State, http::StatusCode, routing::get};
    ///
    /// async fn orders(State(db): State<sqlx::PgPool>) -> String {
    ///     let count: (i64,) = sqlx::query_as("SELECT count(*) FROM orders").fetch_one(&db).await.unwrap();
    ///     count.0.to_string()
    /// }
    ///
    /// async fn ready(State(db): State<sqlx::PgPool>) -> StatusCode {
    ///     match sqlx::query("SELECT 1").execute(&db).await {
    ///         Ok(_) => StatusCode::OK,
    ///         Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    ///     }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db/shop").await.unwrap();
    ///     let app = Router::new().route("/v1/orders", get(orders)).route("/readyz", get(ready)).with_state(db);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: ask the database with a short limit, in the route for readiness only. A liveness probe must not, see
    /// `liveness-checks-dependency`; and where all replicas share one database, decide whether they should all be taken out.
    ///
    /// ## References
    /// - Kubernetes, "Configure liveness, readiness and startup probes"
    pub(crate) SHALLOW_READINESS {
        id: "shallow-readiness",
        category: Health,
        level: Allow,
        severity: Info,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported: Vec<Place> = Vec::new();
    for service in &cx.model.services {
        let asked: Vec<(&Route, Option<Place>)> = readiness(cx, service);
        let handlers = service.routes.iter().filter(|r| asked.iter().all(|(a, _)| a.handler != r.handler));
        let Some(need) = handlers.filter_map(|r| r.handler).find_map(|h| asks_store(cx.model, h)) else {
            continue;
        };
        for (route, probe) in asked {
            if let Some(finding) = finding(cx, service, route, probe, need)
                && !reported.contains(&finding.place)
            {
                reported.push(finding.place);
                findings.push(finding);
            }
        }
    }
}

fn finding(
    cx: &Context<'_>,
    service: &Service,
    route: &Route,
    probe: Option<Place>,
    need: &Deed,
) -> Option<Finding> {
    let handler = cx.model.function(route.handler?);
    if handler.reply != Reply::Fixed {
        return None;
    }
    let message = format!(
        "`{} {}` says that `{}` can take requests without looking: a replica without its database is sent requests that all fail",
        route.method, route.path, service.name
    );
    let finding = Finding::new(&SHALLOW_READINESS, handler.name, message)
        .help("ask the database here, with a short limit, and answer 503 when it does not answer")
        .label("answers the same for ever")
        .service(&service.name)
        .subject(format!("{} {}", route.method, route.path))
        .related(need.at, "other handlers need the database");
    Some(probe.into_iter().fold(finding, |finding, at| finding.related(at, "the probe that asks for it")))
}
