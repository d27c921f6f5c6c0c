//! `panic-in-handler`

use svclint_model::{Carries, Deed, Effect, FnId, Function, Place, Protocol, Service, What};

use crate::rules::reach::{Reached, evidence};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports handlers that unwrap what a database, a store or another service answered, themselves or in what they call. An
    /// `unwrap` of anything else is left alone, and so is a service with middleware that turns panics into answers.
    ///
    /// ## Why it matters
    /// That a dependency fails is no bug, it is a Tuesday. A handler that panics then gives its caller no answer at all: the
    /// connection breaks, a client that is careful tries again, and what the error was stands nowhere but in a panic message.
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
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db/shop").await.unwrap();
    ///     let app = Router::new().route("/v1/orders", get(orders)).with_state(db);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, extract::State, http::StatusCode, routing::get};
    ///
    /// async fn orders(State(db): State<sqlx::PgPool>) -> Result<String, StatusCode> {
    ///     let count: (i64,) = sqlx::query_as("SELECT count(*) FROM orders")
    ///         .fetch_one(&db)
    ///         .await
    ///         .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    ///     Ok(count.0.to_string())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db/shop").await.unwrap();
    ///     let app = Router::new().route("/v1/orders", get(orders)).with_state(db);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: return the error, and answer with a status that tells callers whether to try again.
    ///
    /// ## References
    /// - "The Rust Programming Language", chapter 9, "To panic! or not to panic!"
    pub(crate) PANIC_IN_HANDLER {
        id: "panic-in-handler",
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
        let roots: Vec<_> = service
            .routes
            .iter()
            .filter(|r| !r.layers.iter().any(|l| l.carries.contains(&Carries::CatchPanic)))
            .filter_map(|r| Some((r.handler?, r)))
            .collect();
        let ids: Vec<FnId> = roots.iter().map(|(id, _)| *id).collect();
        let reached = Reached { ways: cx.model.ways(&ids, |call| !call.when.spawned), roots };
        let mut functions: Vec<FnId> = reached.ways.keys().copied().collect();
        functions.sort_unstable();
        for id in functions {
            for (panic, whom) in panics(cx.model.function(id)) {
                if !reported.contains(&panic) {
                    reported.push(panic);
                    findings.push(finding(cx, service, &reached, id, (panic, whom)));
                }
            }
        }
    }
}

/// The calls that panic when what stands in the same chain fails, the first of each chain, with whom the chain asks.
fn panics(function: &Function) -> Vec<(Place, &'static str)> {
    let mut found: Vec<(Place, &'static str)> = Vec::new();
    for asked in function.does.iter().filter(|d| !d.when.spawned) {
        let Some(whom) = whom(asked) else { continue };
        let in_chain = |d: &&Deed| {
            d.what == What::Effect(Effect::Panic)
                && d.at.file == asked.at.file
                && d.at.span.start == asked.at.span.start
                && d.at.span.end > asked.at.span.end
        };
        let first = function.does.iter().filter(in_chain).min_by_key(|d| d.at.span.end);
        if let Some(panic) = first
            && found.iter().all(|(at, _)| *at != panic.at)
        {
            found.push((panic.at, whom));
        }
    }
    found
}

/// Whom a deed asks.
fn whom(deed: &Deed) -> Option<&'static str> {
    match &deed.what {
        What::Sql(_) | What::Call(Protocol::Sql | Protocol::Document, _) => Some("the database"),
        What::Call(Protocol::Redis, _) => Some("Redis"),
        What::Publish(_) | What::Call(Protocol::Messaging, _) => Some("the broker"),
        What::Request(_) | What::Call(..) => Some("another service"),
        _ => None,
    }
}

fn finding(
    cx: &Context<'_>,
    service: &Service,
    reached: &Reached<'_>,
    id: FnId,
    (panic, whom): (Place, &str),
) -> Finding {
    let who = match reached.route(cx.model, id) {
        Some(route) => format!("`{} {}`", route.method, route.path),
        None => "a handler".to_owned(),
    };
    let message =
        format!("{who} panics when {whom} fails: its caller gets no answer, and the connection breaks");
    let mut finding = Finding::new(&PANIC_IN_HANDLER, panic, message)
        .help("return the error, and answer with a status that tells whether to try again")
        .label(format!("panics when {whom} fails"))
        .service(&service.name)
        .subject(&cx.model.function(id).path);
    finding.related = reached.ways.get(&id).map(|way| evidence(cx.model, way)).unwrap_or_default();
    finding
}
