//! `timeout-disabled`

use svclint_model::{Deed, FnId, Function, Limit, Model, Place, Protocol, Service, What};

use crate::edit::replace;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports code of a service that takes a time limit away, or sets one of an hour or more: `timeout(None)`,
    /// `disable_timeout()`, `Duration::MAX`. What a branch decides is left alone, and so are connections on which the same
    /// package waits for messages.
    ///
    /// ## Why it matters
    /// Whoever waits without a limit waits for as long as the other side is silent: a host that is gone, a lost packet, a
    /// lock over there. Each wait holds a task, a connection and what the caller holds.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "prices"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// redis = { version = "1", features = ["tokio-comp", "connection-manager"] }
    /// tokio = "1"
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::get};
    /// use redis::{AsyncCommands, aio::{ConnectionManager, ConnectionManagerConfig}};
    /// use std::time::Duration;
    ///
    /// async fn price(State(mut cache): State<ConnectionManager>) -> String {
    ///     cache.get("price").await.unwrap()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let config = ConnectionManagerConfig::new().set_response_timeout(None);
    ///     let client = redis::Client::open("redis://cache").unwrap();
    ///     let cache = client.get_connection_manager_with_config(config).await.unwrap();
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(price)).with_state(cache)).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "prices"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// redis = { version = "1", features = ["tokio-comp", "connection-manager"] }
    /// tokio = "1"
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::get};
    /// use redis::{AsyncCommands, aio::{ConnectionManager, ConnectionManagerConfig}};
    /// use std::time::Duration;
    ///
    /// async fn price(State(mut cache): State<ConnectionManager>) -> String {
    ///     cache.get("price").await.unwrap()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let config = ConnectionManagerConfig::new().set_response_timeout(Some(Duration::from_secs(2)));
    ///     let client = redis::Client::open("redis://cache").unwrap();
    ///     let cache = client.get_connection_manager_with_config(config).await.unwrap();
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(price)).with_state(cache)).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Proposes ten seconds. Choose what the caller can wait for.
    ///
    /// ## References
    /// - AWS Builders' Library, "Timeouts, retries, and backoff with jitter"
    pub(crate) TIMEOUT_DISABLED {
        id: "timeout-disabled",
        category: Resilience,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (number, function) in cx.model.functions.iter().enumerate() {
        for deed in function.does.iter().filter(|d| !d.when.sometimes && !d.when.bounded) {
            if let What::Unlimited { limit, to, value, .. } = &deed.what
                && *limit != Limit::BodySize
                && let Some(service) = service_of(cx.model, FnId(number as u32))
                && !waits_for_messages(cx, function.package)
            {
                let finding = finding(cx, function, deed, to.as_deref(), *value);
                findings.push(finding.service(&service.name));
            }
        }
    }
}

fn service_of(model: &Model, function: FnId) -> Option<&Service> {
    model.services.iter().map(|s| &**s).find(|s| s.functions.binary_search(&function).is_ok())
}

/// Whether a package takes messages over connections of its own: those may well be silent for long.
fn waits_for_messages(cx: &Context<'_>, package: u32) -> bool {
    let functions = cx.model.functions.iter().filter(|f| f.package == package);
    let waits = |d: &Deed| {
        let is_queue = matches!(&d.what, What::Call(Protocol::Redis, Some(svclint_model::Access::Delete)));
        matches!(d.what, What::Consume(_)) || is_queue
    };
    functions.into_iter().any(|f| f.does.iter().any(waits))
}

fn finding(
    cx: &Context<'_>,
    function: &Function,
    deed: &Deed,
    to: Option<&str>,
    value: Option<Place>,
) -> Finding {
    let message = match to {
        Some(to) => format!(
            "a limit of {to} limits nothing: what waits here waits for as long as the other side is silent"
        ),
        None => {
            "the time limit is taken away here: what waits then waits for as long as the other side is silent"
                .to_owned()
        }
    };
    Finding::new(&TIMEOUT_DISABLED, deed.at, message)
        .help("set a limit that the caller can wait for")
        .label("no time limit")
        .subject(&function.path)
        .fix(
            "Limit it to ten seconds",
            Applicability::Proposal,
            value.map(|v| fix(cx, v)).unwrap_or_default(),
        )
}

/// Ten seconds in the place of what is there, in `Some` where it stands in an option.
fn fix(cx: &Context<'_>, value: Place) -> Vec<Edit> {
    let text = cx.text(value);
    let (duration, import) = cx.import(value.file, "std::time::Duration");
    let limit = format!("{duration}::from_secs(10)");
    let limit = if text == "None" || text.starts_with("Some(") { format!("Some({limit})") } else { limit };
    replace(value, limit).into_iter().chain(import).collect()
}
