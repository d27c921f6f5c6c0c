//! `retry-of-non-idempotent-call`

use svclint_model::{CallSite, Client, FnId, Model, Place, Protocol, Request, What, is_repeat_header};

use super::attempts::calls_of;
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports `POST` and `PATCH` requests that are sent again by themselves, by a loop, a retry policy or a middleware of the
    /// client, without a header by which the server could tell the second from the first. Requests that only ask, by their
    /// path, are left alone. Off, because whether a repeat does harm is up to the server.
    ///
    /// ## Why it matters
    /// A try that fails may have come through: only its answer was lost. The second try then orders, pays or sends once
    /// more.
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
    /// reqwest = "0.12"
    /// tokio = "1"
    /// //- src/main.rs
    /// use axum::{Router, routing::post};
    ///
    /// async fn pay() -> Result<(), String> {
    ///     let client = reqwest::Client::new();
    ///     for _ in 0..3 {
    ///         let request = client.post("http://payments/charges");
    ///         match request.send().await.and_then(|answer| answer.error_for_status()) {
    ///             Ok(_) => return Ok(()),
    ///             Err(error) => eprintln!("trying again: {error}"),
    ///         }
    ///     }
    ///     Err("the payment failed".to_owned())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/pay", post(pay))).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// reqwest = "0.12"
    /// tokio = "1"
    /// //- src/main.rs
    /// use axum::{Router, routing::post};
    ///
    /// async fn pay() -> Result<(), String> {
    ///     let client = reqwest::Client::new();
    ///     for _ in 0..3 {
    ///         let request = client.post("http://payments/charges").header("Idempotency-Key", "charge-17");
    ///         match request.send().await.and_then(|answer| answer.error_for_status()) {
    ///             Ok(_) => return Ok(()),
    ///             Err(error) => eprintln!("trying again: {error}"),
    ///         }
    ///     }
    ///     Err("the payment failed".to_owned())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/pay", post(pay))).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None is offered: send a key that stays the same for all tries, or do not try again what was sent.
    ///
    /// ## References
    /// - RFC 9110, section 9.2.2, "Idempotent Methods"
    /// - IETF draft "The Idempotency-Key HTTP Header Field"
    pub(crate) RETRY_OF_NON_IDEMPOTENT_CALL {
        id: "retry-of-non-idempotent-call",
        category: Idempotency,
        level: Allow,
        severity: Warning,
        confidence: Medium,
        since: "0.1",
    }
}

/// Words in a path by which a `POST` only asks.
const ASKS: &[&str] = &[
    "search",
    "query",
    "graphql",
    "introspect",
    "token",
    "batchget",
    "_msearch",
    "_search",
    "rpc",
    "list",
    "login",
    "auth",
    "validate",
    "verify",
    "count",
];

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (number, request) in cx.model.requests.iter().enumerate() {
        let is_told = !changes_something(request) || tells_repeats(request);
        if let Some(by) = again(cx.model, number as u32, request).filter(|_| !is_told) {
            findings.push(finding(cx, request, by));
        }
    }
}

fn changes_something(request: &Request) -> bool {
    let method = request.method.present().is_some_and(|m| m == "POST" || m == "PATCH");
    let url = request.url.present().map(|url| url.to_lowercase()).unwrap_or_default();
    let asks = url.split(['/', '?', '-', ':', '.']).any(|word| ASKS.contains(&word));
    request.protocol == Protocol::Http && method && !asks
}

/// Whether a header tells a repeated request from a new one, or may.
fn tells_repeats(request: &Request) -> bool {
    let tells = |name: &String| is_repeat_header(name) || name.contains("request-id");
    !request.headers_complete || request.headers.iter().any(tells)
}

/// What sends the request again.
fn again(model: &Model, number: u32, request: &Request) -> Option<Place> {
    let deed = model.function(request.in_fn).does.iter().find(|d| d.what == What::Request(number));
    let here = deed.filter(|d| d.when.retried).map(|_| request.begun_call);
    let by_caller = || calls_of(model, request.in_fn).find(|c: &&CallSite| c.when.retried).map(|c| c.at);
    let by_client = || {
        let clients: Vec<&Client> = request.clients.iter().map(|id| model.client(*id)).collect();
        let all = request.clients_complete && !clients.is_empty();
        let retries = |c: &&Client| c.retries.present().copied();
        clients.iter().find_map(retries).filter(|_| all)
    };
    here.or_else(by_caller).or_else(by_client)
}

fn finding(cx: &Context<'_>, request: &Request, by: Place) -> Finding {
    let method = request.method.present().map_or("request", String::as_str);
    let message = format!(
        "this `{method}` is sent again when it fails, and nothing tells the server that it is the same: what came through the first time is done twice"
    );
    let in_fn: FnId = request.in_fn;
    let finding = Finding::new(&RETRY_OF_NON_IDEMPOTENT_CALL, request.begun_call, message)
        .help("send an idempotency key that stays the same for all tries")
        .label("no key")
        .subject(cx.model.function(in_fn).path.clone());
    if by == request.begun_call { finding } else { finding.related(by, "sends it again") }
}
