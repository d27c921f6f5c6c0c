//! `correlation-id-dropped-outbound`

use svclint_model::{Model, Protocol, Request, Role, Service, Tri, is_correlation_header};

use super::inbound::Trail;
use crate::edit::insert_after;
use crate::rules::reach::{Reached, evidence};
use crate::{Applicability, Confidence, Context, Finding, Fix, Related, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports outbound HTTP and gRPC calls to other services of the house, on a request path, that do not pass on the id that
    /// the service gives its incoming requests, or the context of the trace whose spans it exports.
    ///
    /// ## Why it matters
    /// The trail of a request ends at the first service that drops its id. When something fails three services further, nobody
    /// can tell which order it was, or put the logs of the two sides together.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, extract::State, http::HeaderMap, routing::get};
    /// use std::time::Duration;
    ///
    /// async fn show(State(client): State<reqwest::Client>, headers: HeaderMap) -> String {
    ///     let id = headers.get("x-request-id");
    ///     tracing::info!(?id, "asking for prices");
    ///     client.get("http://prices/now").send().await.unwrap().text().await.unwrap()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build().unwrap();
    ///     show(State(client.clone()), HeaderMap::new()).await;
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(show)).with_state(client)).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, extract::State, http::HeaderMap, routing::get};
    /// use std::time::Duration;
    ///
    /// async fn show(State(client): State<reqwest::Client>, headers: HeaderMap) -> String {
    ///     let id = headers.get("x-request-id").cloned().unwrap();
    ///     client.get("http://prices/now").header("x-request-id", id).send().await.unwrap().text().await.unwrap()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build().unwrap();
    ///     show(State(client.clone()), HeaderMap::new()).await;
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(show)).with_state(client)).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Where the function has the incoming headers, copies the id from them. Elsewhere it proposes the header, with a
    /// `request_id` that you have to hand in. None is offered for traces and gRPC.
    ///
    /// ## References
    /// - W3C, "Trace Context"
    pub(crate) CORRELATION_ID_DROPPED_OUTBOUND {
        id: "correlation-id-dropped-outbound",
        category: Observability,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut seen = rustc_hash::FxHashSet::default();
    for service in &cx.model.services {
        let Some(trail) = Trail::of(cx, service) else { continue };
        let reached = Reached::from_handlers(cx.model, service);
        for request in &cx.model.requests {
            let dropped = reached.ways.contains_key(&request.in_fn) && drops(cx.model, trail, request);
            if dropped && seen.insert(request.at) {
                findings.push(finding(cx, service, trail, &reached, request));
            }
        }
    }
}

fn drops(model: &Model, trail: Trail, request: &Request) -> bool {
    let bare = |client: &svclint_model::ClientId| model.client(*client).carries_correlation.is_absent();
    matches!(request.protocol, Protocol::Http | Protocol::Grpc)
        && request.headers_complete
        && !request.headers.iter().any(|h| is_correlation_header(h))
        && request.clients_complete
        && !request.clients.is_empty()
        && request.clients.iter().all(bare)
        && is_own(model, trail, request)
}

/// Whether the call goes to a service of the same house. A host on the internet has no use for our ids.
fn is_own(model: &Model, trail: Trail, request: &Request) -> bool {
    if request.protocol == Protocol::Grpc {
        return request
            .rpc
            .as_ref()
            .is_some_and(|name| model.grpc_impls.iter().any(|i| i.full_name == *name));
    }
    // Whoever makes an id wants it to arrive; spans may be for the service alone.
    let unsaid = matches!(trail, Trail::Id(_)) && model.services.len() > 1;
    let Tri::Present(url) = &request.url else { return unsaid };
    let Some((_, rest)) = url.split_once("://") else { return unsaid };
    let host = rest.split(['/', ':', '?']).next().unwrap_or("");
    let inside = [".local", ".internal", ".svc", ".cluster"].iter().any(|w| host.contains(w));
    inside
        || !host.contains(['.', '{'])
        || host.contains("{?}") && unsaid
        || host.starts_with("127.")
        || host.starts_with("10.")
}

fn finding(
    cx: &Context<'_>,
    service: &Service,
    trail: Trail,
    reached: &Reached<'_>,
    request: &Request,
) -> Finding {
    let (at, words) = trail.told();
    let mut related = vec![Related { place: at, message: words.begins.into() }];
    if let Some(way) = reached.ways.get(&request.in_fn) {
        related.extend(evidence(cx.model, way));
    }
    let route = reached
        .route(cx.model, request.in_fn)
        .map_or_else(String::new, |r| format!(" of `{} {}`", r.method, r.path));
    let known_target =
        matches!(&request.url, Tri::Present(url) if url.contains("://") && !url.contains("://{?}"));
    Finding {
        rule: &CORRELATION_ID_DROPPED_OUTBOUND,
        message: format!("the {}{route} is not passed on: {}", words.what, words.lost),
        help: Some(words.help.into()),
        severity: CORRELATION_ID_DROPPED_OUTBOUND.severity,
        confidence: if known_target { Confidence::High } else { Confidence::Medium },
        variants: Vec::new(),
        service: Some(service.name.clone()),
        place: request.begun_call,
        label: words.label.into(),
        related,
        fixes: fix(cx, trail, request).into_iter().collect(),
        subject: cx.model.function(request.in_fn).path.clone(),
    }
}

fn fix(cx: &Context<'_>, trail: Trail, request: &Request) -> Option<Fix> {
    // A trace is more than one header, and metadata is none.
    if matches!(trail, Trail::Spans(_)) || request.protocol != Protocol::Http {
        return None;
    }
    let call = request.begun_call;
    let function = cx.model.function(request.in_fn);
    let headers =
        function.inputs.iter().find(|i| i.role == Some(Role::Headers)).and_then(|i| i.name.as_ref());
    // A call that opens its chain's next line sets the pattern for the new one.
    let gap = if cx.begins_line(call) {
        format!("{}{}", cx.line_end(call.file), cx.indent(call))
    } else {
        String::new()
    };
    let (text, applicability) = match headers {
        Some(headers) => {
            let copy = format!(
                ".headers({headers}.iter().filter(|(name, _)| *name == \"x-request-id\").map(|(name, value)| (name.clone(), value.clone())).collect())"
            );
            (copy, Applicability::Unsafe)
        }
        None => (".header(\"x-request-id\", request_id)".to_owned(), Applicability::Proposal),
    };
    let edits = vec![insert_after(call, format!("{gap}{text}"))];
    Some(Fix { title: "Pass the request id on".into(), applicability, edits })
}
