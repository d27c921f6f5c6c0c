//! `http-client-without-timeout`

use svclint_model::{Client, Limit, Model, Protocol, Request, Tri, What};

use super::client_timeout;
use crate::rules::running::{How, Run};
use crate::{Confidence, Context, Finding, Related, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports HTTP clients that a service uses without any time limit: none on the client, none on the request, none around
    /// the call. In a library for others that no service here is built with, what calls it is out of sight: there it is
    /// enough that the library itself sets no limit.
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
    let runs = cx.runs();
    for client in &cx.model.clients {
        // Clients of some cloud services are HTTP clients inside, with nothing added.
        let is_http = matches!(client.protocol, Protocol::Http | Protocol::Cloud);
        if !is_http || !is_unbounded(client) || loses_limit(cx.model, client) {
            continue;
        }
        let requests = client.used_in.iter().filter_map(|n| cx.model.requests.get(*n as usize));
        // Where another client may be the one that sends, nothing is said of this one.
        let own = requests.filter(|r| r.clients_complete);
        let unbounded: Vec<&Request> = own.filter(|r| r.bound.is_absent()).collect();
        let own: Vec<&Run<'_>> = runs.iter().filter(|run| run.makes(cx.model, client)).collect();
        let waits = unbounded
            .iter()
            .find_map(|r| own.iter().find_map(|run| Some((*r, run, run.how(r.in_fn, r.when)?))));
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

/// Whether its limit is taken away where it is built: `timeout-disabled` speaks of that.
fn loses_limit(model: &Model, client: &Client) -> bool {
    let Some(function) = client.in_fn else { return false };
    let mut does = model.function(function).does.iter();
    let at = client.built.at;
    does.any(|deed| {
        matches!(deed.what, What::Unlimited { .. })
            && deed.at.file == at.file
            && at.span.contains(deed.at.span)
    })
}

/// Whether a client is part of a library for others that no service here is built with: what calls it is out of sight.
fn is_library(model: &Model, client: &Client) -> bool {
    let serves = |package: &u32| model.services.iter().any(|s| s.package == *package);
    let package = model.packages.get(client.package as usize);
    package.is_some_and(|p| !p.private && p.binaries.is_empty() && !p.built_into.iter().any(serves))
}

fn of_library(cx: &Context<'_>, client: &Client, request: &Request) -> Finding {
    let finding = report(cx, client, request, "whoever uses this library", Vec::new());
    Finding { confidence: Confidence::Medium, ..finding }
}

fn finding(cx: &Context<'_>, client: &Client, request: &Request, run: &Run<'_>, how: How) -> Finding {
    let who = run.who(cx.model, request.in_fn, how);
    let related = run.evidence(cx.model, request.in_fn);
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
