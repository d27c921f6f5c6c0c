//! `blocking-client-in-async`

use svclint_model::{Deed, Effect, Function, Protocol, What};

use super::worker::OnWorker;
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports asynchronous handlers that ask a database, a store or another service through a client that blocks the thread:
    /// `reqwest::blocking`, `ureq`, diesel's own connections, the `postgres` crate, redis without `async`; and tasks beside
    /// the server that so ask another service. What runs on a thread that may block, by `spawn_blocking` or `interact` for
    /// example, is left alone. So are SQLite files: they answer at once.
    ///
    /// ## Why it matters
    /// While such a call waits for the network, its thread serves nobody. An asynchronous runtime has about as many threads
    /// as the machine has processors: when the database slows down, a handful of requests stops the whole service, health
    /// checks included. Some of these clients start a runtime of their own and panic inside of another.
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
    /// tokio = { version = "1", features = ["full"] }
    /// ureq = "2"
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use std::time::Duration;
    ///
    /// async fn price() -> String {
    ///     let request = ureq::get("http://prices/now").timeout(Duration::from_secs(2));
    ///     request.call().map_or_else(|error| error.to_string(), |answer| answer.into_string().unwrap_or_default())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(price))).await.unwrap();
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
    /// tokio = { version = "1", features = ["full"] }
    /// ureq = "2"
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use std::time::Duration;
    ///
    /// async fn price() -> String {
    ///     tokio::task::spawn_blocking(|| {
    ///         let request = ureq::get("http://prices/now").timeout(Duration::from_secs(2));
    ///         request.call().map_or_else(|error| error.to_string(), |answer| answer.into_string().unwrap_or_default())
    ///     })
    ///     .await
    ///     .unwrap_or_default()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(price))).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Runs the call in `tokio::task::block_in_place`, which hands the thread's other tasks to another thread; it needs the
    /// runtime with several threads. Better is a client that does not block.
    ///
    /// ## References
    /// - Azure Architecture Center, "Synchronous I/O antipattern"
    /// - The documentation of `reqwest::blocking`: it "must not be executed within an async runtime"
    pub(crate) BLOCKING_CLIENT_IN_ASYNC {
        id: "blocking-client-in-async",
        category: Concurrency,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let asks = |f: &Function, d: &Deed| whom(cx, d).is_some() && blocks(f, d);
    // The database of a task beside may be a file: that is not worth a finding.
    let matters = |call: &OnWorker<'_>| !call.in_task || whom(cx, call.deed) != Some(DATABASE);
    for call in OnWorker::everywhere(cx, asks).into_iter().filter(matters) {
        let whom = whom(cx, call.deed).unwrap_or("another service");
        let message = format!(
            "blocks its thread until {whom} answers: {} on that thread stand still meanwhile",
            call.others
        );
        findings.push(
            call.finding(cx, &BLOCKING_CLIENT_IN_ASYNC, &message)
                .help("use a client that does not block, or do it on a thread that may block: `tokio::task::spawn_blocking`")
                .label("blocks the thread")
                .fix("Run it in `block_in_place`", Applicability::Unsafe, call.step_aside(cx)),
        );
    }
}

const DATABASE: &str = "the database";

/// Whom a deed asks over the network.
fn whom(cx: &Context<'_>, deed: &Deed) -> Option<&'static str> {
    match &deed.what {
        What::Sql(_) => Some(DATABASE),
        What::Request(number) => cx.model.requests.get(*number as usize).map(|_| "another service"),
        What::Call(Protocol::Sql | Protocol::Document, _) => Some(DATABASE),
        What::Call(Protocol::Redis, _) => Some("Redis"),
        What::Call(Protocol::Messaging, _) => Some("the broker"),
        What::Call(Protocol::Mail, _) | What::Effect(Effect::Mail) => Some("the mail server"),
        What::Call(..) => Some("another service"),
        _ => None,
    }
}

/// Whether the call that does something blocks the thread too.
fn blocks(function: &Function, deed: &Deed) -> bool {
    function.does.iter().any(|d| d.at == deed.at && d.what == What::Effect(Effect::Block))
}
