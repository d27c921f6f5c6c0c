//! `server-without-graceful-shutdown`

use std::sync::Arc;

use svclint_model::{Deed, Effect, Function, Listener, Model, Place, Service, What};

use super::http_service_without_health_route::is_health;
use super::shutdown_fix;
use crate::rules::contained::is_deployed;
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports servers of services that run in containers and that nothing ends gracefully. Servers that do so by themselves
    /// (actix-web, Rocket) are left alone, and so are side servers that only answer probes and metrics.
    ///
    /// ## Why it matters
    /// With every rollout, scale-down and node drain the orchestrator ends instances. A server that does not stop accepting and
    /// then wait for what is under way cuts those requests: clients see broken connections, and work is left half done.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/v1/orders", get(|| async { "[]" })).route("/livez", get(|| async { "ok" }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, routing::get};
    /// use tokio::signal::unix::{SignalKind, signal};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/v1/orders", get(|| async { "[]" })).route("/livez", get(|| async { "ok" }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     let mut terminate = signal(SignalKind::terminate()).unwrap();
    ///     let end = async move { terminate.recv().await; };
    ///     axum::serve(listener, app).with_graceful_shutdown(end).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Hands the server a future that completes on SIGTERM and Ctrl-C. It needs tokio's feature `signal`. Unsafe: requests that
    /// never end now hold the process until the orchestrator kills it, so give them a limit.
    ///
    /// ## References
    /// - The Twelve-Factor App, IX: Disposability
    /// - Kubernetes, "Termination of Pods"
    pub(crate) SERVER_WITHOUT_GRACEFUL_SHUTDOWN {
        id: "server-without-graceful-shutdown",
        category: Health,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

/// Words of paths that a side server answers beside those of health routes.
const SIDE: &[&str] = &["metrics", "prometheus", "stats", "debug", "pprof"];

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported: Vec<Place> = Vec::new();
    for service in &cx.model.services {
        // Where one server ends gracefully, the program may wait for it before it ends the others.
        let none_ends = service.listeners.iter().all(|l| l.shutdown.is_absent());
        let listener = service.listeners.iter().find(|l| !is_side(l));
        if let Some(listener) = listener.filter(|_| none_ends && is_deployed(cx, service))
            && !reported.contains(&listener.at)
            && !may_end(cx.model, listener)
        {
            reported.push(listener.at);
            findings.push(finding(cx, service, listener));
        }
    }
}

/// Whether the package that serves ends servers in a way that was not tied to this one, or waits a while after the server
/// was stopped, so that requests come to their end.
fn may_end(model: &Model, listener: &Listener) -> bool {
    let beside = |f: &&Arc<Function>| f.name.file == listener.at.file;
    let Some(package) = model.functions.iter().find(beside).map(|f| f.package) else { return true };
    let around = |f: &Function| {
        f.body.file == listener.at.file
            && f.body.span.start <= listener.at.span.start
            && listener.at.span.end <= f.body.span.end
    };
    let waits = |f: &Function, deed: &Deed| {
        deed.what == What::Effect(Effect::Sleep) && around(f) && deed.at.span.start > listener.at.span.end
    };
    let own = model.functions.iter().filter(|f| f.package == package);
    own.into_iter().any(|f| f.does.iter().any(|deed| deed.what == What::EndServer || waits(f, deed)))
}

/// Whether a server only tells how the service is.
fn is_side(listener: &Listener) -> bool {
    let Some(paths) = listener.paths.present() else { return false };
    let is_side = |path: &String| {
        is_health(path) || path.to_lowercase().split(['/', '_', '-', '.']).any(|word| SIDE.contains(&word))
    };
    !paths.is_empty() && paths.iter().all(is_side)
}

fn finding(cx: &Context<'_>, service: &Service, listener: &Listener) -> Finding {
    Finding {
        rule: &SERVER_WITHOUT_GRACEFUL_SHUTDOWN,
        message: format!(
            "nothing ends `{}` gracefully: every rollout cuts off the requests that are under way",
            service.name
        ),
        help: Some(
            "on SIGTERM stop accepting requests, and end when those that are under way are answered".into(),
        ),
        severity: SERVER_WITHOUT_GRACEFUL_SHUTDOWN.severity,
        confidence: SERVER_WITHOUT_GRACEFUL_SHUTDOWN.confidence,
        service: Some(service.name.clone()),
        place: listener.at,
        label: "serves until it is killed".into(),
        variants: Vec::new(),
        related: Vec::new(),
        fixes: shutdown_fix::fix(cx, listener).into_iter().collect(),
        subject: service.name.clone(),
    }
}
