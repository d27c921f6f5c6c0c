//! `block-on-in-async`

use svclint_model::{Deed, Effect, Function, What};

use super::worker::OnWorker;
use crate::edit::replace;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports asynchronous handlers, and tasks beside the server, that block their thread until a future is done, with a
    /// `block_on`. On a thread that may block, and inside of `block_in_place`, it is left alone.
    ///
    /// ## Why it matters
    /// tokio's `block_on` panics inside of a runtime: the request fails, always. Those of other libraries block the thread,
    /// and when the future needs that thread to go on, it never ends: the service hangs, and not even in every test.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, routing::get};
    /// use tokio::runtime::Handle;
    ///
    /// async fn price() -> String {
    ///     Handle::current().block_on(ask())
    /// }
    ///
    /// async fn ask() -> String {
    ///     "7".to_owned()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(price))).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, routing::get};
    ///
    /// async fn price() -> String {
    ///     ask().await
    /// }
    ///
    /// async fn ask() -> String {
    ///     "7".to_owned()
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
    /// Awaits the future instead, where the function is asynchronous.
    ///
    /// ## References
    /// - The documentation of `tokio::runtime::Handle::block_on`, "Panics"
    /// - Alice Ryhl, "Async: What is blocking?"
    pub(crate) BLOCK_ON_IN_ASYNC {
        id: "block-on-in-async",
        category: Concurrency,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let waits = |_: &Function, d: &Deed| d.what == What::Effect(Effect::BlockOn);
    for wait in OnWorker::everywhere(cx, waits) {
        let message = "waits for a future by blocking the thread that would run it: it panics, or never ends";
        let edits = match wait.function.is_async && !wait.deed.when.sometimes {
            true => awaited(cx, wait.deed),
            false => Vec::new(),
        };
        findings.push(
            wait.finding(cx, &BLOCK_ON_IN_ASYNC, message)
                .help("await the future")
                .label("blocks a thread of the runtime")
                .fix("Await the future", Applicability::Unsafe, edits),
        );
    }
}

/// The future, awaited, in place of the call that is given it.
fn awaited(cx: &Context<'_>, deed: &Deed) -> Vec<Edit> {
    let call = cx.text(deed.at);
    let argument = call.strip_suffix(')').and_then(|c| Some(c.split_once("block_on(")?.1.trim()));
    match argument.filter(|a| !a.is_empty() && !a.starts_with(['&', '*'])) {
        Some(argument) => replace(deed.at, format!("{}.await", argument.trim_end_matches(','))),
        None => Vec::new(),
    }
}
