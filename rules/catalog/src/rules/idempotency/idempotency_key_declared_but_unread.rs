//! `idempotency-key-declared-but-unread`

use svclint_model::{FnId, Model, Operation, Role, Route, RouteLayer, Service, is_repeat_header};

use super::writes::{Writes, takes_key};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports operations of an OpenAPI document that take an idempotency key in a header, where neither the handler that
    /// serves them nor a layer in front of it reads such a header. Where a part of that is out of sight, nothing is said.
    ///
    /// ## Why it matters
    /// Callers rely on the promise: they send the key, and try again without fear. The service takes each try for a new
    /// request.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// sqlx = { version = "0.8", features = ["postgres", "runtime-tokio"] }
    /// tokio = "1"
    /// //- src/main.rs
    /// use axum::{Router, extract::State, http::HeaderMap, routing::{get, post}};
    ///
    /// async fn place(State(db): State<sqlx::PgPool>, headers: HeaderMap) {
    ///     let key = headers.get("x-customer").and_then(|value| value.to_str().ok());
    ///     sqlx::query("INSERT INTO orders (key) VALUES ($1)").bind(key).execute(&db).await.unwrap();
    /// }
    ///
    /// async fn one() -> &'static str {
    ///     "an order"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db").await.unwrap();
    ///     let app = Router::new().route("/orders", post(place)).route("/orders/{id}", get(one)).with_state(db);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// //- openapi.yaml
    /// openapi: 3.0.0
    /// info: { title: shop, version: "1" }
    /// paths:
    ///   /orders:
    ///     post:
    ///       parameters:
    ///         - { name: Idempotency-Key, in: header, required: true, schema: { type: string } }
    ///       responses: { "200": { description: placed } }
    ///   /orders/{id}:
    ///     get:
    ///       responses: { "200": { description: an order } }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// sqlx = { version = "0.8", features = ["postgres", "runtime-tokio"] }
    /// tokio = "1"
    /// //- src/main.rs
    /// use axum::{Router, extract::State, http::HeaderMap, routing::{get, post}};
    ///
    /// async fn place(State(db): State<sqlx::PgPool>, headers: HeaderMap) {
    ///     let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    ///     sqlx::query("INSERT INTO orders (key) VALUES ($1)").bind(key).execute(&db).await.unwrap();
    /// }
    ///
    /// async fn one() -> &'static str {
    ///     "an order"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let db = sqlx::PgPool::connect("postgres://db").await.unwrap();
    ///     let app = Router::new().route("/orders", post(place)).route("/orders/{id}", get(one)).with_state(db);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// //- openapi.yaml
    /// openapi: 3.0.0
    /// info: { title: shop, version: "1" }
    /// paths:
    ///   /orders:
    ///     post:
    ///       parameters:
    ///         - { name: Idempotency-Key, in: header, required: true, schema: { type: string } }
    ///       responses: { "200": { description: placed } }
    ///   /orders/{id}:
    ///     get:
    ///       responses: { "200": { description: an order } }
    /// ```
    ///
    /// ## Fix
    /// None is offered: read the key, store it with the result under a unique key, and answer a repeat with that result.
    ///
    /// ## References
    /// - IETF draft "The Idempotency-Key HTTP Header Field"
    pub(crate) IDEMPOTENCY_KEY_DECLARED_BUT_UNREAD {
        id: "idempotency-key-declared-but-unread",
        category: Idempotency,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for link in &cx.model.contract_links {
        let (Some(contract), Some(service)) =
            (cx.model.contracts.get(link.contract), cx.model.services.get(link.service.0 as usize))
        else {
            continue;
        };
        for (operation, served) in contract.operations.iter().zip(&link.served) {
            let route = served.present().and_then(|number| service.routes.get(*number));
            if let (Some(route), Some(header)) = (route, promised(operation)) {
                findings.extend(route_finding(cx, service, route, operation, header));
            }
        }
    }
}

/// The header by which an operation says that it tells repeats.
fn promised(operation: &Operation) -> Option<&str> {
    let tells = |name: &str| is_repeat_header(&name.to_lowercase());
    operation.parameters.iter().find(|p| p.place == "header" && tells(&p.name)).map(|p| p.name.as_str())
}

fn route_finding(
    cx: &Context<'_>,
    service: &Service,
    route: &Route,
    operation: &Operation,
    header: &str,
) -> Option<Finding> {
    let handler = route.handler?;
    let may_read = route.layers.iter().any(|layer| layer_may_read(cx.model, layer));
    if may_read || reads(cx.model, handler) || takes_key(cx.model, handler) {
        return None;
    }
    let function = cx.model.function(handler);
    let message = format!(
        "the contract promises that `{} {}` tells a repeat by its `{header}`, and nothing reads that: a second try is done again",
        route.method, route.path
    );
    let finding = Finding::new(&IDEMPOTENCY_KEY_DECLARED_BUT_UNREAD, function.name, message)
        .help("read the key, and answer a repeat with the first result; or take the promise out of the contract")
        .label("reads no such header")
        .service(&service.name)
        .subject(format!("{} {}", function.path, route.path));
    Some(finding.related(operation.method_at, "promised here"))
}

/// Whether a layer reads the header, or may: one whose function is out of sight, and of which nothing else is known.
fn layer_may_read(model: &Model, layer: &RouteLayer) -> bool {
    match layer.function {
        Some(function) => reads(model, function),
        None => layer.carries.is_empty(),
    }
}

/// Whether a function reads the header, or may: by what is handed all headers and is not seen through.
fn reads(model: &Model, function: FnId) -> bool {
    let writes = Writes::of(model, function);
    let has_all = |id: &FnId| {
        let mut inputs = model.function(*id).inputs.iter();
        inputs.any(|i| matches!(i.role, Some(Role::Headers | Role::IncomingRequest)))
    };
    let hands_on = writes.ways.keys().any(|id| has_all(id) && model.function(*id).blind_spots > 0);
    // An extractor whose code is not here.
    let unknown = model.function(function).inputs.iter().any(|i| i.role.is_none() && i.types.is_empty());
    writes.reads_key() || hands_on || unknown
}
