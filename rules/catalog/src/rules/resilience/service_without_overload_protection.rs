//! `service-without-overload-protection`

use svclint_model::{Carries, EffectKind, Limit, Listener, Service, Tri};

use crate::rules::contained::is_tool;
use crate::rules::listeners::{is_side, stands_in};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports services that ask others over the network for their requests, and in which nothing limits how many requests are
    /// served at once: no layer for that, and no setting of the server. Off, because a proxy, a mesh or a pool may do it.
    ///
    /// ## Why it matters
    /// When a dependency is slow, each request takes longer and more of them are under way. Without a limit the service takes
    /// all of them on, until none is done in time.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "prices"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// reqwest = "0.12"
    /// tokio = "1"
    /// tower = { version = "0.5", features = ["limit"] }
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use tower::limit::GlobalConcurrencyLimitLayer;
    ///
    /// async fn price() -> Result<String, String> {
    ///     let answer = reqwest::get("http://prices/now").await.and_then(|answer| answer.error_for_status());
    ///     answer.map_err(|e| e.to_string())?.text().await.map_err(|e| e.to_string())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let _limit = GlobalConcurrencyLimitLayer::new(256);
    ///     let app = Router::new().route("/price", get(price));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "prices"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// reqwest = "0.12"
    /// tokio = "1"
    /// tower = { version = "0.5", features = ["limit"] }
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use tower::limit::GlobalConcurrencyLimitLayer;
    ///
    /// async fn price() -> Result<String, String> {
    ///     let answer = reqwest::get("http://prices/now").await.and_then(|answer| answer.error_for_status());
    ///     answer.map_err(|e| e.to_string())?.text().await.map_err(|e| e.to_string())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let limit = GlobalConcurrencyLimitLayer::new(256);
    ///     let app = Router::new().route("/price", get(price)).layer(limit);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None is offered: how many requests at once are good has to be measured.
    ///
    /// ## References
    /// - Michael Nygard, "Release It!", on bulkheads and shed load
    /// - Google, "Site Reliability Engineering", chapter 21, "Handling Overload"
    pub(crate) SERVICE_WITHOUT_OVERLOAD_PROTECTION {
        id: "service-without-overload-protection",
        category: Resilience,
        level: Allow,
        severity: Info,
        confidence: Medium,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for service in cx.model.services.iter().filter(|s| s.routes_complete && !is_tool(cx.model, s)) {
        let open = |l: &&Listener| has_no_limit(l) && !is_side(l) && !stands_in(cx.model, l);
        let listener = service.listeners.iter().find(open);
        if let Some(listener) = listener.filter(|_| asks_others(cx, service) && !is_protected(service)) {
            findings.push(finding(service, listener));
        }
    }
}

fn has_no_limit(listener: &Listener) -> bool {
    let limits = [Limit::Concurrency, Limit::Rate];
    limits.iter().all(|limit| listener.limits.get(limit).is_none_or(Tri::is_absent))
}

fn is_protected(service: &Service) -> bool {
    let mut layers = service.routes.iter().flat_map(|r| &r.layers);
    layers.any(|layer| layer.carries.contains(&Carries::Overload))
}

/// Whether a handler asks another service for its answer.
fn asks_others(cx: &Context<'_>, service: &Service) -> bool {
    let handlers = service.routes.iter().filter_map(|r| cx.model.effects.get(r.handler?.0 as usize));
    let asks = |kind| matches!(kind, EffectKind::Request(_) | EffectKind::BoundedRequest(_));
    handlers.into_iter().any(|summary| summary.kinds().any(asks))
}

fn finding(service: &Service, listener: &Listener) -> Finding {
    let message = "nothing limits how many requests this service takes on at once: when what it asks is slow, all of them become slow";
    Finding::new(&SERVICE_WITHOUT_OVERLOAD_PROTECTION, listener.at, message.into())
        .help("limit the requests that are served at once, and refuse what is more")
        .label("no limit for requests at once")
        .service(&service.name)
        .subject(service.name.clone())
}
