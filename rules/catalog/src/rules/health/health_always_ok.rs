//! `health-always-ok`

use svclint_model::{Effect, EffectKind, Place, Reply, Route, Service};

use super::checks::{asks_store, readiness};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports routes by which an orchestrator learns whether a service can take requests, whose handler asks the database
    /// and answers with success whatever it was told: its type has a body and no status.
    ///
    /// ## Why it matters
    /// Probes and load balancers read the status and not the body. The handler finds out that the database is gone, writes it
    /// down, and says 200: the replica keeps its place and fails every request that it is given.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Json, Router, extract::State, routing::get};
    ///
    /// async fn ready(State(db): State<sqlx::PgPool>) -> Json<bool> {
    ///     Json(sqlx::query("SELECT 1").execute(&db).await.is_ok())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db/shop").await.unwrap();
    ///     let app = Router::new().route("/readyz", get(ready)).with_state(db);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
    ///
    /// async fn ready(State(db): State<sqlx::PgPool>) -> (StatusCode, Json<bool>) {
    ///     let answers = sqlx::query("SELECT 1").execute(&db).await.is_ok();
    ///     let status = if answers { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    ///     (status, Json(answers))
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db/shop").await.unwrap();
    ///     let app = Router::new().route("/readyz", get(ready)).with_state(db);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: give back the status too, 503 when something that the service needs does not answer.
    ///
    /// ## References
    /// - Kubernetes, "Configure liveness, readiness and startup probes": any status from 200 to 399 is success
    pub(crate) HEALTH_ALWAYS_OK {
        id: "health-always-ok",
        category: Health,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported: Vec<Place> = Vec::new();
    for service in &cx.model.services {
        for (route, probe) in readiness(cx, service) {
            if let Some(finding) = finding(cx, service, route, probe)
                && !reported.contains(&finding.place)
            {
                reported.push(finding.place);
                findings.push(finding);
            }
        }
    }
}

fn finding(cx: &Context<'_>, service: &Service, route: &Route, probe: Option<Place>) -> Option<Finding> {
    let id = route.handler?;
    let handler = cx.model.function(id);
    let asked = asks_store(cx.model, id).filter(|_| handler.reply == Reply::Success)?;
    // A handler that panics gives no answer, which is none of success.
    if cx.model.way(id, EffectKind::Other(Effect::Panic)).is_some() {
        return None;
    }
    let message = format!(
        "`{} {}` asks the database and answers with success whatever it says: probes read the status only",
        route.method, route.path
    );
    let finding = Finding::new(&HEALTH_ALWAYS_OK, handler.name, message)
        .help("answer with a status too: 503 when the database does not answer")
        .label("always 200")
        .service(&service.name)
        .subject(format!("{} {}", route.method, route.path))
        .related(asked.at, "the database is asked here");
    Some(probe.into_iter().fold(finding, |finding, at| finding.related(at, "the probe that asks for it")))
}
