//! `client-built-per-request`

use svclint_model::{Client, ClientSite, Effect, FnId, Place, Protocol, Request, Route, Service, What};
use svclint_syntax::Span;

use crate::edit::replace;
use crate::rules::reach::{Reached, evidence};
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports HTTP clients and gRPC channels that a handler, or what it calls, builds anew for every request, and that are
    /// all alike: nothing of the request goes into them. A client for one user, one host or one certificate is left alone,
    /// and so is one that is kept somewhere.
    ///
    /// ## Why it matters
    /// A client holds a pool of connections. One that is thrown away after a request takes its connections along: each
    /// request pays for a new one, with its TLS handshake, and under load the ports run out that closed connections hold.
    ///
    /// ## Example
    /// ```bad
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
    /// ```good
    /// use axum::{Router, routing::get};
    /// use std::{sync::LazyLock, time::Duration};
    ///
    /// static CLIENT: LazyLock<reqwest::Client> =
    ///     LazyLock::new(|| reqwest::Client::builder().timeout(Duration::from_secs(2)).build().unwrap());
    ///
    /// async fn price() -> String {
    ///     CLIENT.get("http://prices/now").send().await.unwrap().text().await.unwrap()
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
    /// Builds the client once, in a static of the function, for you to look at: in the state of the application, where
    /// others can use it too, it is better kept.
    ///
    /// ## References
    /// - Azure Architecture Center, "Improper Instantiation antipattern"
    /// - The documentation of `reqwest::Client`: "you should create one and reuse it"
    pub(crate) CLIENT_BUILT_PER_REQUEST {
        id: "client-built-per-request",
        category: Resilience,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

/// Further from a handler, what is built is more likely kept by something on the way.
const HOPS: usize = 3;

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let services: Vec<(&Service, Reached<'_>)> =
        cx.model.services.iter().map(|service| (&**service, served(cx, service))).collect();
    let pools = |c: &&Client| matches!(c.protocol, Protocol::Http | Protocol::Grpc) && c.built.is_alike;
    for client in cx.model.clients.iter().filter(pools) {
        let Some((function, request)) = own_request(cx, client) else { continue };
        let per_request = services.iter().find(|(service, reached)| {
            let is_near = reached.ways.get(&function).is_some_and(|way| way.len() <= HOPS);
            is_near && !fills_cache(cx, function) && !runs_once(cx, service, reached, function)
        });
        if let Some((service, reached)) = per_request {
            findings.push(finding(cx, client, request, service, reached));
        }
    }
}

/// What handlers run themselves. What they leave to a task beside, a notification for example, keeps nobody waiting.
fn served<'m>(cx: &Context<'m>, service: &'m Service) -> Reached<'m> {
    let roots: Vec<(FnId, &Route)> = service.routes.iter().filter_map(|r| Some((r.handler?, r))).collect();
    let ids: Vec<FnId> = roots.iter().map(|(id, _)| *id).collect();
    Reached { ways: cx.model.ways(&ids, |call| !call.when.spawned), roots }
}

/// A request that the function sends which builds the client, with that client and no other.
fn own_request<'m>(cx: &Context<'m>, client: &Client) -> Option<(FnId, &'m Request)> {
    let function = client.in_fn?;
    let mut requests = client.used_in.iter().filter_map(|n| cx.model.requests.get(*n as usize));
    let own = |r: &&Request| r.in_fn == function && r.clients_complete && r.clients.len() == 1;
    // To an address of which nothing is known, a webhook's, there may be no second request.
    let goes_again = |r: &&Request| r.protocol != Protocol::Http || r.url.present().is_some();
    Some((function, requests.find(|r| own(r) && goes_again(r) && !r.when.spawned)?))
}

/// Whether what is asked for is put where the next request finds it: behind a lock.
fn fills_cache(cx: &Context<'_>, function: FnId) -> bool {
    cx.model.function(function).does.iter().any(|deed| deed.what == What::Effect(Effect::Lock))
}

/// Whether `main` calls the function too: then it may be there for the start.
fn runs_once(cx: &Context<'_>, service: &Service, reached: &Reached<'_>, function: FnId) -> bool {
    let is_handler = reached.roots.iter().any(|(id, _)| *id == function);
    !is_handler && cx.model.function(service.main).calls.iter().any(|call| call.to == function)
}

fn finding(
    cx: &Context<'_>,
    client: &Client,
    request: &Request,
    service: &Service,
    reached: &Reached<'_>,
) -> Finding {
    let who = match reached.route(cx.model, request.in_fn) {
        Some(route) => format!("`{} {}`", route.method, route.path),
        None => "a handler".to_owned(),
    };
    let (what, cost) = match client.protocol {
        Protocol::Grpc => ("a gRPC channel", "each call connects anew"),
        _ => ("an HTTP client", "its connections are never used again, and each request connects anew"),
    };
    let message = format!("{who} builds {what} for every request: {cost}");
    let mut finding = Finding::new(&CLIENT_BUILT_PER_REQUEST, client.built.at, message)
        .help("build it once when the service starts, keep it in the state of the application, and clone it")
        .label("built for each request")
        .service(&service.name)
        .subject(client.in_fn.map_or_else(String::new, |f| cx.model.function(f).path.clone()));
    finding.related = reached.ways.get(&request.in_fn).map(|way| evidence(cx.model, way)).unwrap_or_default();
    finding.fix("Build the client once", Applicability::Proposal, once(cx, client).unwrap_or_default())
}

/// The client in a static of its function; `None` where it needs something of the function.
fn once(cx: &Context<'_>, client: &Client) -> Option<Vec<Edit>> {
    let built = &client.built;
    let at = opened(cx, built)?;
    let text = cx.text(at);
    let ty = cx.text(built.type_path).trim_end_matches("Builder");
    let needs_more = ["?", ".await", "self"].iter().any(|word| text.contains(word));
    if needs_more || client.protocol != Protocol::Http || !ty.ends_with("Client") {
        return None;
    }
    let body = cx.model.function(client.in_fn?).body;
    let indent = format!("{}{}{}", cx.line_end(body.file), cx.indent(body), cx.indent_step(body.file));
    let lazy = "std::sync::LazyLock";
    let text = format!("{indent}static CLIENT: {lazy}<{ty}> = {lazy}::new(|| {text});");
    let mut edits = replace(at, "CLIENT.clone()");
    edits.push(Edit::Replace { file: body.file, span: Span::at(body.span.start + 1), text });
    Some(edits)
}

/// The whole expression that gives the client: what a builder ends in has to be unwrapped. `None` where it is not.
fn opened(cx: &Context<'_>, built: &ClientSite) -> Option<Place> {
    if built.calls.last().is_none_or(|(name, _)| name != "build") {
        return Some(built.at);
    }
    let rest = cx.rest_of_file(built.at);
    let call = rest.trim_start();
    let length = match call.strip_prefix(".expect(\"") {
        Some(message) => ".expect(\"".len() + message.find("\")")? + 2,
        None => call.starts_with(".unwrap()").then_some(".unwrap()".len())?,
    };
    let end = built.at.span.end + (rest.len() - call.len() + length) as u32;
    Some(Place { file: built.at.file, span: Span { start: built.at.span.start, end } })
}
