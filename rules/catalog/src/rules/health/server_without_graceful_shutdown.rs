//! `server-without-graceful-shutdown`

use std::sync::Arc;

use svclint_model::{Deed, Effect, Function, Listener, Model, Place, Service, What};

use super::shutdown_fix;
use crate::rules::contained::in_production;
use crate::rules::listeners::is_side;
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports servers of services that nothing ends gracefully: of those that run in containers, and where the workspace has
    /// no file for containers at all, of those that listen beyond their machine and work with a store or with other services.
    /// Servers that end so by themselves (actix-web, Rocket) are left alone, and so are side servers that only answer probes
    /// and metrics.
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

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported: Vec<Place> = Vec::new();
    for service in &cx.model.services {
        let endless =
            |l: &&Listener| l.shutdown.is_absent() && !is_side(l) && !may_be_another(cx, service, l);
        let all: Vec<&Listener> = service.listeners.iter().filter(endless).collect();
        // One of the program's own rather than one of a library.
        let own = all.iter().find(|l| package_of(cx.model, l) == Some(service.package));
        let Some(listener) = own.or(all.first()).copied() else { continue };
        if let Some(confidence) = in_production(cx, service)
            && !reported.contains(&listener.at)
            && !may_end(cx.model, listener)
        {
            reported.push(listener.at);
            findings.push(Finding { confidence, ..finding(cx, service, listener) });
        }
    }
}

/// Whether a server may be one and the same as another one of the service that ends gracefully, or may do so: the function
/// that serves sets it up in one way or another.
fn may_be_another(cx: &Context<'_>, service: &Service, listener: &Listener) -> bool {
    let function = |at: Place| cx.model.functions.iter().position(|f| holds(f.body, at));
    let mut others = service.listeners.iter().filter(|l| !l.shutdown.is_absent());
    others.any(|l| l.shutdown.present().is_none() || function(l.at) == function(listener.at))
}

fn holds(outer: Place, inner: Place) -> bool {
    outer.file == inner.file && outer.span.start <= inner.span.start && inner.span.end <= outer.span.end
}

/// The package that serves.
fn package_of(model: &Model, listener: &Listener) -> Option<u32> {
    let beside = |f: &&Arc<Function>| f.name.file == listener.at.file;
    model.functions.iter().find(beside).map(|f| f.package)
}

/// Whether the package that serves ends servers in a way that was not tied to this one, or waits a while after the server
/// was stopped, so that requests come to their end.
fn may_end(model: &Model, listener: &Listener) -> bool {
    let Some(package) = package_of(model, listener) else { return true };
    let waits = |f: &Function, deed: &Deed| {
        deed.what == What::Effect(Effect::Sleep)
            && holds(f.body, listener.at)
            && deed.at.span.start > listener.at.span.end
    };
    // A call that ends another one, `serve(..).with_graceful_shutdown(..)`, is none for this one.
    let ends = |deed: &Deed| {
        let is_it = |end: &Place| end.file == deed.at.file && end.span.end == deed.at.span.end;
        let mut others = model.services.iter().flat_map(|s| &s.listeners);
        deed.what == What::EndServer && !others.any(|l| l.shutdown.present().is_some_and(is_it))
    };
    let mut own = model.functions.iter().filter(|f| f.package == package);
    own.any(|f| f.does.iter().any(|deed| ends(deed) || waits(f, deed)))
}

fn finding(cx: &Context<'_>, service: &Service, listener: &Listener) -> Finding {
    let which = match service.listeners.iter().any(|l| l.shutdown.present().is_some()) {
        true => "this server of ",
        false => "",
    };
    Finding {
        rule: &SERVER_WITHOUT_GRACEFUL_SHUTDOWN,
        message: format!(
            "nothing ends {which}`{}` gracefully: every rollout cuts off the requests that are under way",
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
