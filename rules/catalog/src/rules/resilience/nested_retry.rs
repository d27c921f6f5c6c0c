//! `nested-retry`

use svclint_model::{CallSite, Deed, FnId, Place, Request, What};

use crate::rules::reach::evidence;
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports what is tried again, by a loop or a retry policy, though the client that it asks with tries each request again
    /// by itself, through a middleware.
    ///
    /// ## Why it matters
    /// The tries multiply: three around four are twelve requests for one, each of them with its own pauses. A dependency that
    /// is in trouble gets twelve times its load when it can bear it least, and the caller waits for all of them.
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
    /// reqwest-middleware = "0.4"
    /// reqwest-retry = "0.7"
    /// tokio = "1"
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
    /// use reqwest_retry::{RetryTransientMiddleware, policies::ExponentialBackoff};
    ///
    /// async fn price() -> String {
    ///     let policy = ExponentialBackoff::builder().build_with_max_retries(3);
    ///     let client = ClientBuilder::new(reqwest::Client::new()).with(RetryTransientMiddleware::new_with_policy(policy)).build();
    ///     for _ in 0..3 {
    ///         match ask(&client).await {
    ///             Ok(price) => return price,
    ///             Err(error) => eprintln!("trying again: {error}"),
    ///         }
    ///     }
    ///     String::new()
    /// }
    ///
    /// async fn ask(client: &ClientWithMiddleware) -> Result<String, reqwest_middleware::Error> {
    ///     Ok(client.get("http://prices/now").send().await?.error_for_status()?.text().await?)
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(price))).await.unwrap();
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
    /// reqwest-middleware = "0.4"
    /// reqwest-retry = "0.7"
    /// tokio = "1"
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
    /// use reqwest_retry::{RetryTransientMiddleware, policies::ExponentialBackoff};
    ///
    /// async fn price() -> String {
    ///     let policy = ExponentialBackoff::builder().build_with_max_retries(3);
    ///     let client = ClientBuilder::new(reqwest::Client::new()).with(RetryTransientMiddleware::new_with_policy(policy)).build();
    ///     ask(&client).await.unwrap_or_default()
    /// }
    ///
    /// async fn ask(client: &ClientWithMiddleware) -> Result<String, reqwest_middleware::Error> {
    ///     Ok(client.get("http://prices/now").send().await?.error_for_status()?.text().await?)
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
    /// None is offered: try again in one place, the one nearest to the request.
    ///
    /// ## References
    /// - Google, "Site Reliability Engineering", chapter 22, on retries at one layer
    pub(crate) NESTED_RETRY {
        id: "nested-retry",
        category: Resilience,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

/// How far the request may be from what tries it again.
const HOPS: usize = 3;

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (number, function) in cx.model.functions.iter().enumerate() {
        let id = FnId(number as u32);
        let Some(service) = cx.model.services.iter().find(|s| s.functions.binary_search(&id).is_ok()) else {
            continue;
        };
        let retried = |d: &&Deed| d.when.retried;
        let own = function.does.iter().filter(retried).find_map(|deed| Some((deed.at, retrying(cx, deed)?)));
        let call = || {
            let mut calls = function.calls.iter().filter(|c| c.when.retried);
            calls.find_map(|call| Some((call.at, behind(cx, call)?)))
        };
        let found = own.map(|(at, inner)| (at, inner, Vec::new()));
        let found = found.or_else(|| call().map(|(at, (inner, way))| (at, inner, way)));
        if let Some((at, inner, way)) = found {
            let mut finding = finding(at, inner).service(&service.name).subject(function.path.clone());
            finding.related.splice(0..0, evidence(cx.model, &way));
            findings.push(finding);
        }
    }
}

/// What in the client of a request sends it again.
fn retrying(cx: &Context<'_>, deed: &Deed) -> Option<Place> {
    let What::Request(number) = deed.what else { return None };
    let request: &Request = cx.model.requests.get(number as usize)?;
    let mut clients = request.clients.iter().map(|id| cx.model.client(*id).retries.present().copied());
    let first = clients.next()??;
    (request.clients_complete && clients.all(|c| c.is_some())).then_some(first)
}

/// The same for the requests that a call leads to, with the way there.
fn behind(cx: &Context<'_>, call: &CallSite) -> Option<(Place, Vec<CallSite>)> {
    let ways = cx.model.ways(&[call.to], |c| !c.when.spawned);
    let mut reached: Vec<(&FnId, &Vec<CallSite>)> = ways.iter().filter(|(_, way)| way.len() < HOPS).collect();
    reached.sort_by_key(|(id, way)| (way.len(), **id));
    reached.into_iter().find_map(|(id, way)| {
        let inner = cx.model.function(*id).does.iter().find_map(|deed| retrying(cx, deed))?;
        Some((inner, way.clone()))
    })
}

fn finding(at: Place, inner: Place) -> Finding {
    let message = "what is tried again here asks with a client that tries again by itself: the tries multiply, and a dependency in trouble gets a multiple of its load";
    Finding::new(&NESTED_RETRY, at, message.into())
        .help("try again in one place: here, or in the client")
        .label("tried again")
        .related(inner, "each request is tried again here too")
}
