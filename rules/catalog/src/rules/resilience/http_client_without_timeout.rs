//! `http-client-without-timeout`

use svclint_model::{Client, Limit, Model, Protocol, Request, Service, Tri};

use super::client_timeout;
use crate::rules::reach::{Reached, evidence};
use crate::{Confidence, Context, Finding, Related, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports HTTP clients that a service uses without any time limit: none on the client, none on the request, none around
    /// the call. In a library that no program here is built with, what calls it is out of sight: there it is enough that the
    /// library itself sets no limit.
    ///
    /// ## Why it matters
    /// An upstream that accepts the connection and then says nothing keeps the caller waiting for ever. Requests pile up behind
    /// it until the service runs out of memory or connections: one slow neighbour takes down everybody who calls it.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, routing::get};
    ///
    /// async fn price() -> String {
    ///     let client = reqwest::Client::new();
    ///     client.get("http://prices/now").send().await.unwrap().text().await.unwrap()
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
    /// async fn price() -> String {
    ///     let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build().unwrap();
    ///     client.get("http://prices/now").send().await.unwrap().text().await.unwrap()
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
    /// Gives the client a timeout of 10 seconds and a connect timeout of 3. Unsafe: calls that took longer now fail. Choose
    /// figures that fit the upstream, best from the configuration.
    ///
    /// ## References
    /// - AWS Builders' Library, "Timeouts, retries, and backoff with jitter"
    /// - Michael Nygard, "Release It!", chapter on timeouts
    pub(crate) HTTP_CLIENT_WITHOUT_TIMEOUT {
        id: "http-client-without-timeout",
        category: Resilience,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

/// The limits that end a request.
const BOUNDS: [Limit; 3] = [Limit::Total, Limit::Head, Limit::ReadIdle];

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let runs: Vec<Run<'_>> = cx.model.services.iter().map(|s| Run::of(cx.model, s)).collect();
    for client in &cx.model.clients {
        if client.protocol != Protocol::Http || !is_unbounded(client) {
            continue;
        }
        let requests = client.used_in.iter().filter_map(|n| cx.model.requests.get(*n as usize));
        // Where another client may be the one that sends, nothing is said of this one.
        let own = requests.filter(|r| r.clients_complete);
        let unbounded: Vec<&Request> = own.filter(|r| r.bound.is_absent()).collect();
        let waits = unbounded.iter().find_map(|r| runs.iter().find_map(|run| Some((*r, run, run.how(r)?))));
        if let Some((request, run, how)) = waits {
            findings.push(finding(cx, client, request, run, how));
        } else if let Some(request) = unbounded.first()
            && is_library(cx.model, client)
        {
            findings.push(of_library(cx, client, request));
        }
    }
}

fn is_unbounded(client: &Client) -> bool {
    client.limits.get(&Limit::Total) == Some(&Tri::Absent)
        && BOUNDS.iter().all(|limit| client.limits.get(limit).is_none_or(Tri::is_absent))
}

/// Whether a client is part of a library that no program here is built with: what calls it is out of sight.
fn is_library(model: &Model, client: &Client) -> bool {
    model.packages.get(client.package as usize).is_some_and(|p| !p.in_program)
}

fn of_library(cx: &Context<'_>, client: &Client, request: &Request) -> Finding {
    let finding = report(cx, client, request, "whoever uses this library", Vec::new());
    Finding { confidence: Confidence::Medium, ..finding }
}

/// What runs in a service without a limit around it.
struct Run<'m> {
    service: &'m Service,
    handlers: Reached<'m>,
    /// What tasks and loops of the service call.
    background: rustc_hash::FxHashMap<svclint_model::FnId, svclint_model::CallPath>,
}

enum How {
    /// For a request.
    Serving,
    /// In a task that the service runs beside, or a loop.
    Background,
}

impl<'m> Run<'m> {
    fn of(model: &'m Model, service: &'m Service) -> Self {
        let handlers = Reached::from_handlers(model, service, false);
        // What `main` does once, while it starts, is over when the service serves.
        let calls = service.functions.iter().flat_map(|f| &model.function(*f).calls);
        let tasks: Vec<svclint_model::FnId> =
            calls.filter(|c| c.when.is_steady() && !c.when.bounded).map(|c| c.to).collect();
        Run { service, handlers, background: model.ways(&tasks, |call| !call.when.bounded) }
    }

    fn how(&self, request: &Request) -> Option<How> {
        if self.handlers.ways.contains_key(&request.in_fn) {
            // A limit on the whole handler ends the call too.
            return self.service.handler_timeout.is_none().then_some(How::Serving);
        }
        let runs = self.service.functions.binary_search(&request.in_fn).is_ok();
        (self.background.contains_key(&request.in_fn) || request.when.is_steady() && runs)
            .then_some(How::Background)
    }
}

fn finding(cx: &Context<'_>, client: &Client, request: &Request, run: &Run<'_>, how: How) -> Finding {
    let route = run.handlers.route(cx.model, request.in_fn);
    let who = match (&how, route) {
        (How::Serving, Some(route)) => format!("`{} {}`", route.method, route.path),
        (How::Serving, None) => "a handler".to_owned(),
        (How::Background, _) => "the task that calls it".to_owned(),
    };
    let way = run.handlers.ways.get(&request.in_fn);
    let related = way.map(|way| evidence(cx.model, way).into_iter().collect()).unwrap_or_default();
    Finding { service: Some(run.service.name.clone()), ..report(cx, client, request, &who, related) }
}

/// What is said of a client that `who` waits for.
fn report(
    cx: &Context<'_>,
    client: &Client,
    request: &Request,
    who: &str,
    mut related: Vec<Related>,
) -> Finding {
    if request.at != client.built.made {
        related.push(Related { place: request.at, message: "waits here without a limit".into() });
    }
    Finding {
        rule: &HTTP_CLIENT_WITHOUT_TIMEOUT,
        message: format!(
            "this HTTP client has no timeout: when the upstream stops answering, {who} waits for ever"
        ),
        help: Some("give the client a timeout, or each request one of its own".into()),
        severity: HTTP_CLIENT_WITHOUT_TIMEOUT.severity,
        confidence: HTTP_CLIENT_WITHOUT_TIMEOUT.confidence,
        variants: Vec::new(),
        service: None,
        place: client.built.at,
        label: format!("no {} timeout", client.library),
        related,
        fixes: client_timeout::fix(cx, client, request).into_iter().collect(),
        subject: client.in_fn.map_or_else(String::new, |f| cx.model.function(f).path.clone()),
    }
}
