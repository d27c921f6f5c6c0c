//! `blocking-call-in-async`

use svclint_model::{CallPath, Deed, FnId, What};

use crate::edit::replace;
use crate::rules::reach::evidence;
use crate::rules::running::Run;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports calls in asynchronous handlers, and in what they call, that stop the thread until something else happens:
    /// `std::thread::sleep`, waiting for a process or a thread, receiving from a channel that blocks. What runs on a thread
    /// that may block, by `spawn_blocking` for example, is left alone. So are files: they seldom take long.
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

/// Through how many functions that are not asynchronous the call may be reached.
const HOPS: usize = 2;

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported = Vec::new();
    for run in Run::all(cx.model) {
        let handlers: Vec<FnId> = run.handlers.roots.iter().map(|(id, _)| *id).collect();
        let ways = cx.model.ways(&handlers, |call| !call.when.off_thread);
        let mut functions: Vec<(&FnId, &CallPath)> = ways.iter().collect();
        functions.sort_unstable_by_key(|(id, _)| **id);
        for (id, way) in functions {
            // What a helper does in some cases only, it may not do for this caller.
            let is_async = cx.model.function(*id).is_async;
            let is_certain = |d: &Deed| !d.when.off_thread && (is_async || !d.when.sometimes);
            let stalls = |d: &&Deed| matches!(d.what, What::Stall(_)) && is_certain(d);
            for deed in cx.model.function(*id).does.iter().filter(stalls) {
                if runs_on_worker(cx, &handlers, *id, way) && !reported.contains(&deed.at) {
                    reported.push(deed.at);
                    findings.push(finding(cx, &run, *id, way, deed));
                }
            }
        }
    }
}

/// Whether a function is asynchronous, or called by one that is.
fn runs_on_worker(cx: &Context<'_>, handlers: &[FnId], function: FnId, way: &CallPath) -> bool {
    let callers = way.iter().rev().skip(1).map(|call| call.to);
    let handler = way
        .first()
        .and_then(|first| handlers.iter().find(|id| cx.model.function(**id).calls.contains(first)).copied());
    let mut chain = [function].into_iter().chain(callers).chain(handler).take(HOPS + 1);
    chain.any(|id| cx.model.function(id).is_async)
}

fn finding(cx: &Context<'_>, run: &Run<'_>, id: FnId, way: &CallPath, deed: &Deed) -> Finding {
    let who = match run.handlers.route(cx.model, id) {
        Some(route) => format!("`{} {}`", route.method, route.path),
        None => "a handler".to_owned(),
    };
    let function = cx.model.function(id);
    let message =
        format!("{who} blocks its thread here: all other requests that run on it stand still meanwhile");
    let mut finding = Finding::new(&BLOCKING_CALL_IN_ASYNC, deed.at, message)
        .help("wait without blocking, or do it on a thread that may block: `tokio::task::spawn_blocking`")
        .label("blocks the thread")
        .service(&run.service.name)
        .subject(&function.path);
    finding.related = evidence(cx.model, way);
    let edits = if function.is_async { instead(cx, deed).unwrap_or_default() } else { Vec::new() };
    finding.fix("Wait without blocking", Applicability::Unsafe, edits)
}

/// What waits without blocking, with the same arguments.
fn instead(cx: &Context<'_>, deed: &Deed) -> Option<Vec<Edit>> {
    let What::Stall(Some(template)) = &deed.what else { return None };
    let (_, arguments) = cx.text(deed.at).strip_suffix(')')?.split_once('(')?;
    Some(replace(deed.at, template.replace("{args}", arguments)))
}
