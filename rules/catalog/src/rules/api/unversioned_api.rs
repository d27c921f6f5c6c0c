//! `unversioned-api`

use svclint_model::{Listener, Protocol, Route, Service, Tri, What};

use super::versions::has_version;
use crate::edit::{insert_after, insert_before};
use crate::{Applicability, Context, Finding, Fix, Related, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports services with a JSON API of more than two routes that has no version anywhere: not in a path, not in a header.
    /// Once a service.
    ///
    /// ## Why it matters
    /// Callers are deployed at other times than the service. Without a version there is no way to change an answer's shape while
    /// the old callers still run: every breaking change is an outage, or waits for ever.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Json, Router, routing::{get, post}};
    ///
    /// async fn list() -> Json<Vec<String>> { Json(vec![]) }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/orders", get(list)).route("/items", get(list)).route("/customers", get(list));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Json, Router, routing::{get, post}};
    ///
    /// async fn list() -> Json<Vec<String>> { Json(vec![]) }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let api = Router::new().route("/orders", get(list)).route("/items", get(list)).route("/customers", get(list));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().nest("/v1", api)).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Serves everything under `/v1` as well, and keeps the old paths until their callers are gone.
    ///
    /// ## References
    /// - Google AIP-185, "API versioning"
    /// - Davide Taibi, Valentina Lenarduzzi, "On the Definition of Microservice Bad Smells"
    pub(crate) UNVERSIONED_API {
        id: "unversioned-api",
        category: Api,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

/// With fewer routes than this a version is not worth its while.
const MIN_ROUTES: usize = 3;

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for service in &cx.model.services {
        let Some(listener) = service.listeners.iter().find(|l| l.protocol == Protocol::Http) else {
            continue;
        };
        let known = service.routes_complete && service.routes.iter().all(|r| !r.path.contains("{?}"));
        let versioned = service.routes.iter().any(|r| has_version(&r.path)) || reads_version(cx, service);
        if !known || versioned {
            continue;
        }
        let json: Vec<&Route> = service.routes.iter().filter(|r| !r.catch_all && is_api(r)).collect();
        let html = service.routes.iter().filter(|r| r.json.is_absent()).count();
        if json.len() >= MIN_ROUTES && json.len() > html {
            findings.push(finding(cx, service, listener, json[0], json.len()));
        }
    }
}

/// Whether a route is part of what callers program against.
pub(super) fn is_api(route: &Route) -> bool {
    let path = route.path.to_lowercase();
    let own = [
        "/health",
        "/live",
        "/ready",
        "/metrics",
        "/.well-known",
        "/webhook",
        "/ping",
        "/status",
        "/internal",
        "/admin",
        "/debug",
    ];
    route.json == Tri::Present(()) && route.method != "RPC" && !own.iter().any(|p| path.contains(p))
}

/// Whether anything in the service looks at a header that callers name a version in.
pub(super) fn reads_version(cx: &Context<'_>, service: &Service) -> bool {
    let deeds = service.functions.iter().flat_map(|f| &cx.model.function(*f).does);
    deeds.into_iter().any(|deed| match &deed.what {
        What::ReadHeader(Tri::Present(name)) => name.contains("version") || name == "accept",
        _ => false,
    })
}

fn finding(cx: &Context<'_>, service: &Service, listener: &Listener, first: &Route, count: usize) -> Finding {
    let place = listener.router.as_ref().map_or(listener.at, |r| r.made);
    Finding {
        rule: &UNVERSIONED_API,
        message: format!(
            "the API of `{}` has no version: its {count} JSON routes cannot change without breaking every caller at once",
            service.name
        ),
        help: Some(
            "serve the routes under `/v1`, and keep the old paths until their callers are gone".into(),
        ),
        severity: UNVERSIONED_API.severity,
        confidence: UNVERSIONED_API.confidence,
        variants: Vec::new(),
        service: Some(service.name.clone()),
        place,
        label: "no version".into(),
        related: vec![Related { place: first.at, message: format!("`{}`, for one", first.path) }],
        fixes: fix(cx, listener).into_iter().collect(),
        subject: service.name.clone(),
    }
}

fn fix(cx: &Context<'_>, listener: &Listener) -> Option<Fix> {
    let site = listener.router.as_ref()?;
    let title = "Serve the API under `/v1` as well".to_owned();
    let last = site.calls.iter().rev().find(|c| c.builds)?;
    if let (Some(before), Some(after)) =
        (listener.snippets.get("version-before"), listener.snippets.get("version-after"))
    {
        let edits = vec![insert_before(site.made, before.clone()), insert_after(last.at, after.clone())];
        return Some(Fix { title, applicability: Applicability::Proposal, edits });
    }
    // A function that adds the routes can add them twice.
    let snippet = listener.snippets.get("version-configure")?;
    let configure = site.calls.iter().find(|c| c.name == "configure")?;
    let call = snippet.replace("{}", cx.text(configure.arg?));
    let gap = if cx.begins_line(configure.at) {
        format!("{}{}", cx.line_end(configure.at.file), cx.indent(configure.at))
    } else {
        String::new()
    };
    let edits = vec![insert_after(configure.at, format!("{gap}{call}"))];
    Some(Fix { title, applicability: Applicability::Proposal, edits })
}
