//! `server-without-request-timeout`

use std::sync::Arc;

use svclint_model::{Carries, Limit, Listener, Protocol, Service, Tri};

use crate::rules::contained::is_tool;
use crate::rules::listeners::{is_side, stands_in};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports HTTP servers with handlers that nothing ends: no layer of the router, and no setting of the server. Off, because
    /// most servers have none, and because a proxy in front may have one.
    ///
    /// ## Why it matters
    /// A handler that waits for something slow goes on when its caller has long given up. Such handlers pile up, each with its
    /// connections and memory, until nothing is left for those that somebody waits for.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// tokio = "1"
    /// tower-http = { version = "0.6", features = ["timeout"] }
    /// //- src/main.rs
    /// use axum::{Router, http::StatusCode, routing::get};
    /// use std::time::Duration;
    /// use tower_http::timeout::TimeoutLayer;
    ///
    /// async fn report() -> &'static str {
    ///     tokio::time::sleep(Duration::from_secs(600)).await;
    ///     "done"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let _layer = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(10));
    ///     let app = Router::new().route("/report", get(report));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// tokio = "1"
    /// tower-http = { version = "0.6", features = ["timeout"] }
    /// //- src/main.rs
    /// use axum::{Router, http::StatusCode, routing::get};
    /// use std::time::Duration;
    /// use tower_http::timeout::TimeoutLayer;
    ///
    /// async fn report() -> &'static str {
    ///     tokio::time::sleep(Duration::from_secs(600)).await;
    ///     "done"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let layer = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(10));
    ///     let app = Router::new().route("/report", get(report)).layer(layer);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None is offered: the longest time is up to the slowest handler that is meant to answer.
    ///
    /// ## References
    /// - Michael Nygard, "Release It!", on timeouts
    /// - Google, "Site Reliability Engineering", chapter 22, "Addressing Cascading Failures"
    pub(crate) SERVER_WITHOUT_REQUEST_TIMEOUT {
        id: "server-without-request-timeout",
        category: Resilience,
        level: Allow,
        severity: Info,
        confidence: Medium,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let open = |s: &&Arc<Service>| s.routes_complete && s.handler_timeout.is_none() && !is_tool(cx.model, s);
    for service in cx.model.services.iter().filter(open) {
        let unlimited = |l: &&Listener| {
            l.protocol == Protocol::Http && has_no_limit(l) && !is_side(l) && !stands_in(cx.model, l)
        };
        let unlimited = service.listeners.iter().find(unlimited);
        if let Some(listener) = unlimited.filter(|_| !is_limited_by_layer(service)) {
            findings.push(finding(service, listener));
        }
    }
}

fn has_no_limit(listener: &Listener) -> bool {
    listener.limits.get(&Limit::Handler).is_none_or(Tri::is_absent)
}

/// Whether a layer limits a route, or may: one of which nothing is known.
fn is_limited_by_layer(service: &Service) -> bool {
    let mut layers = service.routes.iter().flat_map(|r| &r.layers);
    let is_none = service.routes.iter().all(|r| r.handler.is_none());
    is_none || layers.any(|l| l.carries.contains(&Carries::Timeout))
}

fn finding(service: &Service, listener: &Listener) -> Finding {
    let message = "nothing ends the handlers of this server: one that waits for something slow goes on when its caller has long given up";
    Finding::new(&SERVER_WITHOUT_REQUEST_TIMEOUT, listener.at, message.into())
        .help("put a timeout layer around all routes")
        .label("no limit for handlers")
        .service(&service.name)
        .subject(service.name.clone())
}
