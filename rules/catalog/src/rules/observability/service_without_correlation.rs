//! `service-without-correlation`

use svclint_model::{Listener, Protocol, Service};

use super::inbound::takes_nothing_in;
use crate::rules::contained::is_deployed;
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports services in containers that answer HTTP beside other services, or call others, and in which no request has an
    /// id: no middleware gives one or takes a trace in, and no code reads one from a header. A service with middleware that
    /// svclint does not know is left alone.
    ///
    /// ## Why it matters
    /// When one order of a thousand fails, its lines stand in the logs of three services among all others. Without an id that
    /// they share nobody can tell which belong together. A gateway that makes ids does not help where the code drops them.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, routing::get};
    ///
    /// async fn price() -> String {
    ///     reqwest::get("http://prices/now").await.unwrap().text().await.unwrap()
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
    /// use tower_http::request_id::{MakeRequestUuid, SetRequestIdLayer};
    ///
    /// async fn price() -> String {
    ///     reqwest::get("http://prices/now").await.unwrap().text().await.unwrap()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new()
    ///         .route("/price", get(price))
    ///         .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: add middleware that gives each request an id or takes its trace in, write the id into the span of the request,
    /// and pass it on with every call.
    ///
    /// ## References
    /// - W3C, "Trace Context"
    /// - Chris Richardson, "Pattern: Distributed tracing"
    pub(crate) SERVICE_WITHOUT_CORRELATION {
        id: "service-without-correlation",
        category: Observability,
        level: Allow,
        severity: Info,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for service in &cx.model.services {
        let Some(listener) = service.listeners.iter().find(|l| l.protocol == Protocol::Http) else {
            continue;
        };
        if service.routes.iter().any(|r| r.handler.is_some())
            && takes_nothing_in(cx, service)
            && is_one_of_several(cx, service)
            && is_deployed(cx, service)
        {
            findings.push(finding(service, listener));
        }
    }
}

fn is_one_of_several(cx: &Context<'_>, service: &Service) -> bool {
    let calls = |r: &svclint_model::Request| service.functions.binary_search(&r.in_fn).is_ok();
    cx.model.services.len() > 1 || cx.model.requests.iter().any(calls)
}

fn finding(service: &Service, listener: &Listener) -> Finding {
    let message = format!(
        "requests to `{}` have no id: what it logs for one of them cannot be put together, nor tied to other services",
        service.name
    );
    Finding::new(&SERVICE_WITHOUT_CORRELATION, listener.at, message)
        .help("give each request an id, or take its trace in, with middleware around the router")
        .label("served without an id")
        .service(&service.name)
        .subject(&service.name)
}
