//! `process-exit-in-request-path`

use svclint_model::{Deed, Effect, FnId, Place, Route, Service, What};

use crate::rules::reach::{Reached, evidence};
use crate::{Applicability, Context, Edit, Finding, Fix, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports handlers of requests that end the process. Routes and functions whose names say that they end the program are
    /// left alone, and so is what tasks beside the request do.
    ///
    /// ## Why it matters
    /// One request that fails takes all others with it: what is under way is lost, nothing is flushed, connections break. If it
    /// is sent again, the next instance ends too, until none is left.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, routing::post};
    ///
    /// async fn place(order: String) -> &'static str {
    ///     if order.is_empty() {
    ///         std::process::exit(1);
    ///     }
    ///     "placed"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/v1/orders", post(place));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, http::StatusCode, routing::post};
    ///
    /// async fn place(order: String) -> Result<&'static str, StatusCode> {
    ///     if order.is_empty() {
    ///         return Err(StatusCode::BAD_REQUEST);
    ///     }
    ///     Ok("placed")
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/v1/orders", post(place));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Panics instead, which ends one request only. Better is to return an error, which nobody can write for you.
    ///
    /// ## References
    /// - Michael Nygard, "Release It!", chapter on cascading failures
    pub(crate) PROCESS_EXIT_IN_REQUEST_PATH {
        id: "process-exit-in-request-path",
        category: Health,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

/// Words of what is meant to end the program, or runs while it starts.
const MEANT: &[&str] = &[
    "abort",
    "bootstrap",
    "crash",
    "die",
    "down",
    "exit",
    "halt",
    "init",
    "initialize",
    "kill",
    "panic",
    "quit",
    "reboot",
    "reload",
    "restart",
    "setup",
    "shutdown",
    "stop",
    "suicide",
    "terminate",
    "update",
    "upgrade",
    "watchdog",
];

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported: Vec<Place> = Vec::new();
    for service in &cx.model.services {
        let reached = reached(cx, service);
        let mut functions: Vec<FnId> = reached.ways.keys().copied().collect();
        functions.sort_unstable();
        for function in functions {
            for deed in cx.model.function(function).does.iter().filter(|d| ends_process(d)) {
                if !reported.contains(&deed.at) && !is_meant(cx, &reached, function) {
                    reported.push(deed.at);
                    findings.push(finding(cx, service, &reached, function, deed));
                }
            }
        }
    }
}

/// What handlers run themselves, and not in tasks beside.
fn reached<'m>(cx: &Context<'m>, service: &'m Service) -> Reached<'m> {
    let is_meant = |r: &Route| says_end(&r.path) || says_end(&r.handler_text);
    let handled = service.routes.iter().filter(|r| !is_meant(r));
    let roots: Vec<(FnId, &Route)> = handled.filter_map(|r| Some((r.handler?, r))).collect();
    let ids: Vec<FnId> = roots.iter().map(|(id, _)| *id).collect();
    Reached { ways: cx.model.ways(&ids, |call| !call.when.spawned), roots }
}

fn ends_process(deed: &Deed) -> bool {
    deed.what == What::Effect(Effect::Exit) && !deed.when.spawned
}

/// Whether the function, or one on the way to it, is there to end the program.
fn is_meant(cx: &Context<'_>, reached: &Reached<'_>, function: FnId) -> bool {
    let way = reached.ways.get(&function).into_iter().flatten().map(|call| call.to);
    way.chain([function]).any(|id| {
        let path = &cx.model.function(id).path;
        says_end(path.rsplit("::").next().unwrap_or(path))
    })
}

fn says_end(name: &str) -> bool {
    name.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| MEANT.contains(&word))
}

fn finding(
    cx: &Context<'_>,
    service: &Service,
    reached: &Reached<'_>,
    function: FnId,
    deed: &Deed,
) -> Finding {
    let who = match reached.route(cx.model, function) {
        Some(route) => format!("`{} {}`", route.method, route.path),
        None => "a request".to_owned(),
    };
    let text = cx.text(deed.at);
    let fix = Fix {
        title: "Panic instead: only this request fails".into(),
        applicability: Applicability::Proposal,
        edits: vec![Edit::Replace {
            file: deed.at.file,
            span: deed.at.span,
            text: "panic!(\"say what is wrong\")".into(),
        }],
    };
    Finding {
        rule: &PROCESS_EXIT_IN_REQUEST_PATH,
        message: format!("{who} can end the whole process: all other requests under way are lost with it"),
        help: Some("return an error, and leave the process to `main`".into()),
        severity: PROCESS_EXIT_IN_REQUEST_PATH.severity,
        confidence: PROCESS_EXIT_IN_REQUEST_PATH.confidence,
        service: Some(service.name.clone()),
        place: deed.at,
        label: "ends the process".into(),
        variants: Vec::new(),
        related: reached.ways.get(&function).map(|way| evidence(cx.model, way)).unwrap_or_default(),
        fixes: if text.ends_with(')') { vec![fix] } else { Vec::new() },
        subject: cx.model.function(function).path.clone(),
    }
}
