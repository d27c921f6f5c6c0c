//! `blocking-call-in-async`

use svclint_model::{Deed, Function, What};

use super::worker::OnWorker;
use crate::edit::replace;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports calls in asynchronous handlers, in tasks beside the server, and in what these call, that stop the thread until
    /// something else happens: `std::thread::sleep`, waiting for a process, a thread or an answer of the DNS, receiving from a
    /// channel that blocks, putting a whole folder into an archive. What runs on a thread that may block, by
    /// `spawn_blocking` for example, is left alone. So are single files: they seldom take long.
    ///
    /// ## Why it matters
    /// An asynchronous runtime has about as many threads as the machine has processors. A handler that stops one of them stops
    /// all requests that run on it, and a few such handlers stop the service: health checks included, so that it is restarted.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, routing::get};
    /// use std::time::Duration;
    ///
    /// async fn price() -> &'static str {
    ///     std::thread::sleep(Duration::from_secs(1));
    ///     "7"
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
    /// use std::time::Duration;
    ///
    /// async fn price() -> &'static str {
    ///     tokio::time::sleep(Duration::from_secs(1)).await;
    ///     "7"
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
    /// Replaces a sleep by tokio's. For everything else the work has to go to a thread that may block, with
    /// `tokio::task::spawn_blocking`, or to a call that waits without blocking: `tokio::process::Command`, for example.
    ///
    /// ## References
    /// - The documentation of tokio, "CPU-bound tasks and blocking code"
    /// - Azure Architecture Center, "Synchronous I/O antipattern"
    pub(crate) BLOCKING_CALL_IN_ASYNC {
        id: "blocking-call-in-async",
        category: Concurrency,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    // What a helper does in some cases only, it may not do for this caller.
    let stalls =
        |f: &Function, d: &Deed| matches!(d.what, What::Stall(_)) && (f.is_async || !d.when.sometimes);
    for stall in OnWorker::everywhere(cx, stalls) {
        let message =
            format!("blocks its thread here: {} that run on it stand still meanwhile", stall.others);
        let edits = match stall.function.is_async {
            true => instead(cx, stall.deed).unwrap_or_default(),
            false => Vec::new(),
        };
        findings.push(
            stall
                .finding(cx, &BLOCKING_CALL_IN_ASYNC, &message)
                .help("wait without blocking, or do it on a thread that may block: `tokio::task::spawn_blocking`")
                .label("blocks the thread")
                .fix("Wait without blocking", Applicability::Unsafe, edits),
        );
    }
}

/// What waits without blocking, with the same arguments.
fn instead(cx: &Context<'_>, deed: &Deed) -> Option<Vec<Edit>> {
    let What::Stall(Some(template)) = &deed.what else { return None };
    let (_, arguments) = cx.text(deed.at).strip_suffix(')')?.split_once('(')?;
    Some(replace(deed.at, template.replace("{args}", arguments)))
}
