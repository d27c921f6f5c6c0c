//! `graceful-shutdown-ignores-sigterm`

use svclint_model::{Listener, Place, Service, Signal};

use crate::rules::contained::in_production;
use crate::rules::stop_signal::stops_otherwise;
use crate::{Applicability, Context, Edit, Finding, Fix, Related, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports servers that end gracefully on SIGINT (Ctrl-C) only, in services that run in containers or, where the workspace
    /// does not tell how its programs are run, are clearly meant for others.
    ///
    /// ## Why it matters
    /// Orchestrators end programs with SIGTERM. The code that lets requests come to their end is there, and works when somebody
    /// presses Ctrl-C, but in production it never runs: every rollout cuts off the requests that are under way.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/v1/orders", get(|| async { "[]" })).route("/livez", get(|| async { "ok" }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     let end = async { tokio::signal::ctrl_c().await.unwrap() };
    ///     axum::serve(listener, app).with_graceful_shutdown(end).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, routing::get};
    /// use tokio::signal::unix::{SignalKind, signal};
    ///
    /// async fn asked_to_end() {
    ///     let mut terminate = signal(SignalKind::terminate()).unwrap();
    ///     tokio::select! {
    ///         _ = tokio::signal::ctrl_c() => {}
    ///         _ = terminate.recv() => {}
    ///     }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/v1/orders", get(|| async { "[]" })).route("/livez", get(|| async { "ok" }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).with_graceful_shutdown(asked_to_end()).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Waits for SIGTERM beside Ctrl-C. Unsafe: the code behind it now runs in production.
    ///
    /// ## References
    /// - Kubernetes, "Termination of Pods"
    /// - `tokio::signal::ctrl_c` waits for SIGINT alone
    pub(crate) GRACEFUL_SHUTDOWN_IGNORES_SIGTERM {
        id: "graceful-shutdown-ignores-sigterm",
        category: Health,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported: Vec<Place> = Vec::new();
    for service in &cx.model.services {
        for listener in &service.listeners {
            let Some(at) = interrupt_alone(listener).filter(|at| !reported.contains(at)) else { continue };
            if let Some(confidence) = in_production(cx, service).filter(|_| !stops_otherwise(cx, service)) {
                reported.push(at);
                findings.push(Finding { confidence, ..finding(cx, service, listener, at) });
            }
        }
    }
}

/// Where SIGINT is waited for by a server that SIGTERM does not end.
fn interrupt_alone(listener: &Listener) -> Option<Place> {
    let signals = listener.stops_on.present()?;
    let known = |s: &svclint_model::StopSignal| matches!(s.signal, Signal::Interrupt | Signal::Other);
    let interrupt = signals.iter().find(|s| s.signal == Signal::Interrupt)?;
    signals.iter().all(known).then_some(interrupt.at)
}

fn finding(cx: &Context<'_>, service: &Service, listener: &Listener, at: Place) -> Finding {
    let shutdown = listener.shutdown.present().copied().unwrap_or(listener.at);
    Finding {
        rule: &GRACEFUL_SHUTDOWN_IGNORES_SIGTERM,
        message: format!(
            "`{}` ends gracefully on Ctrl-C only: orchestrators send SIGTERM, so every rollout cuts off the requests that are under way",
            service.name
        ),
        help: Some("wait for SIGTERM as well".into()),
        severity: GRACEFUL_SHUTDOWN_IGNORES_SIGTERM.severity,
        confidence: GRACEFUL_SHUTDOWN_IGNORES_SIGTERM.confidence,
        service: Some(service.name.clone()),
        place: at,
        label: "waits for SIGINT alone".into(),
        variants: Vec::new(),
        related: vec![Related { place: shutdown, message: "the server ends with it".into() }],
        fixes: fix(cx, listener, at).into_iter().collect(),
        subject: service.name.clone(),
    }
}

/// A future of the same type in its place that both signals complete.
fn fix(cx: &Context<'_>, listener: &Listener, at: Place) -> Option<Fix> {
    let call = cx.text(at);
    let function = call.split('(').next()?.rsplit(['.', ':']).next()?;
    let code = listener.snippets.get(&format!("both-{function}"))?;
    let line = format!("{}{}", cx.line_end(at.file), cx.indent(at));
    let code =
        code.trim().replace("{call}", call).replace("    ", cx.indent_step(at.file)).replace('\n', &line);
    let edits = vec![Edit::Replace { file: at.file, span: at.span, text: code }];
    Some(Fix { title: "Wait for SIGTERM as well".into(), applicability: Applicability::Unsafe, edits })
}
