//! `http-service-without-health-route`

use svclint_model::{Carries, Deed, FnId, Listener, Model, Protocol, Route, Service, Tri, What};

use super::added_route::added_route;
use super::asked_health::{asks_for_livez, is_asked};
use crate::rules::contained::in_production;
use crate::rules::listeners::{HEALTH, UNTOLD, is_health, stands_in};
use crate::{Applicability, Context, Finding, Fix, Related, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports HTTP services that answer no route that tells whether they are alive: those that are deployed in containers, and
    /// where the workspace has no file for containers at all, those that listen beyond their machine and work with a store or
    /// with other services.
    ///
    /// ## Why it matters
    /// The orchestrator cannot tell a service that hangs from one that works: it sends traffic to instances that are not ready,
    /// and never restarts one that is stuck.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, routing::get};
    ///
    /// async fn list() -> &'static str { "[]" }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/v1/orders", get(list))).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, routing::get};
    ///
    /// async fn list() -> &'static str { "[]" }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/v1/orders", get(list)).route("/livez", get(|| async { "ok" }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Adds `/livez`, after the layers, so that no middleware stands in front of it, and lets the pods that run the service be
    /// asked for it. A readiness route that asks what the service cannot do without is worth having too.
    ///
    /// ## References
    /// - Kubernetes, "Configure Liveness, Readiness and Startup Probes"
    pub(crate) HTTP_SERVICE_WITHOUT_HEALTH_ROUTE {
        id: "http-service-without-health-route",
        category: Health,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

/// Those of them that the paths of other things have too.
const VAGUE: &[&str] = &["live", "status", "up", "version"];

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for service in &cx.model.services {
        let http = service.listeners.iter().find(|l| l.protocol == Protocol::Http && !stands_in(cx.model, l));
        let Some(listener) = http else { continue };
        let seen_whole = service.routes_complete && !service.routes.is_empty();
        // What serves its metrics alone is no server of requests: it works for itself.
        let asked_for = |r: &Route| !r.turns_away && !r.path.split('/').any(|word| word == "metrics");
        let serves = service.routes.iter().any(asked_for);
        let lacks = !service.routes.iter().any(|r| tells_health(cx.model, r));
        if seen_whole
            && serves
            && lacks
            && !is_asked(cx, service)
            && let Some(confidence) = in_production(cx, service)
        {
            findings.push(Finding { confidence, ..finding(cx, service, listener) });
        }
    }
}

/// Whether a route tells how the service is: what is called `status` and asks who wants to know is about something else.
fn tells_health(model: &Model, route: &Route) -> bool {
    let said = route.path.to_lowercase();
    let mut words = said.split(['/', '_', '-', '.']).filter(|word| HEALTH.contains(word));
    let vague = !UNTOLD.iter().any(|sign| said.contains(sign)) && words.all(|word| VAGUE.contains(&word));
    is_health(&route.path) && !(vague && asks_who(model, route))
}

/// Whether a route is only for those who say who they are.
fn asks_who(model: &Model, route: &Route) -> bool {
    let guarded = route.layers.iter().any(|l| l.certain && l.carries.contains(&Carries::Auth));
    let reads = |deed: &Deed| match &deed.what {
        What::ReadHeader(Tri::Present(name)) => name == "authorization" || name == "cookie",
        _ => false,
    };
    let handler: Vec<FnId> = route.handler.into_iter().collect();
    let reached = model.ways(&handler, |_| true);
    guarded || reached.keys().any(|f| model.function(*f).does.iter().any(reads))
}

fn finding(cx: &Context<'_>, service: &Service, listener: &Listener) -> Finding {
    let place = listener.router.as_ref().map_or(listener.at, |r| r.made);
    let related = Related {
        place: listener.at,
        message: format!("serves {} routes, none for health", service.routes.len()),
    };
    Finding {
        rule: &HTTP_SERVICE_WITHOUT_HEALTH_ROUTE,
        message: format!(
            "`{}` has no health route: nobody can tell whether an instance is stuck, so nothing restarts it",
            service.name
        ),
        help: Some(
            "answer `/livez` for liveness, and `/readyz` once everything that the service needs is there"
                .into(),
        ),
        severity: HTTP_SERVICE_WITHOUT_HEALTH_ROUTE.severity,
        confidence: HTTP_SERVICE_WITHOUT_HEALTH_ROUTE.confidence,
        variants: Vec::new(),
        service: Some(service.name.clone()),
        place,
        label: "no health route".into(),
        related: if listener.at == place { Vec::new() } else { vec![related] },
        fixes: fix(cx, service, listener).into_iter().collect(),
        subject: service.name.clone(),
    }
}

fn fix(cx: &Context<'_>, service: &Service, listener: &Listener) -> Option<Fix> {
    let mut edits = vec![added_route(cx, listener, "/livez")?];
    let probes = asks_for_livez(cx, service, listener);
    let title = if probes.is_empty() { "Add a liveness route" } else { "Add a liveness route and its probe" };
    edits.extend(probes);
    Some(Fix { title: title.into(), applicability: Applicability::Unsafe, edits })
}
