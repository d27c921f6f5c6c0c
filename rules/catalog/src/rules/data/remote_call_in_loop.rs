//! `remote-call-in-loop`

use svclint_model::What;

use crate::rules::acts::last_word;
use crate::rules::in_loops::{Repeated, repeated};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports loops in which a handler calls another service for each element of a collection and waits for each answer before it
    /// goes on, by itself or through what it calls. Loops over what the code lists itself, over ranges, and over chunks are left
    /// alone, and so are loops that end with the first answer that is wanted. A cache is not always seen: the rule is off unless
    /// you turn it on.
    ///
    /// ## Why it matters
    /// The request takes as long as all the calls together: with a hundred elements and 20 ms a call it is two seconds, and one slow
    /// answer delays all that follow it.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "carts"
    /// version = "0.1.0"
    /// edition = "2021"
    ///
    /// [dependencies]
    /// axum = "0.8"
    /// reqwest = { version = "0.12", features = ["json"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
    ///
    /// async fn total(
    ///     State(http): State<reqwest::Client>,
    ///     Json(ids): Json<Vec<u64>>,
    /// ) -> Result<String, StatusCode> {
    ///     let mut total = 0;
    ///     for id in ids {
    ///         let answer = http.get(format!("http://prices/v1/prices/{id}")).send().await;
    ///         let answer = answer.and_then(|a| a.error_for_status()).map_err(|_| StatusCode::BAD_GATEWAY)?;
    ///         total += answer.json::<u64>().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    ///     }
    ///     Ok(total.to_string())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let http = reqwest::Client::builder().timeout(std::time::Duration::from_secs(2)).build()?;
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    ///     Ok(axum::serve(listener, Router::new().route("/total", post(total)).with_state(http)).await?)
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "carts"
    /// version = "0.1.0"
    /// edition = "2021"
    ///
    /// [dependencies]
    /// axum = "0.8"
    /// reqwest = { version = "0.12", features = ["json"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
    ///
    /// async fn total(
    ///     State(http): State<reqwest::Client>,
    ///     Json(ids): Json<Vec<u64>>,
    /// ) -> Result<String, StatusCode> {
    ///     let answer = http.post("http://prices/v1/prices:batchGet").json(&ids).send().await;
    ///     let answer = answer.and_then(|a| a.error_for_status()).map_err(|_| StatusCode::BAD_GATEWAY)?;
    ///     let prices = answer.json::<Vec<u64>>().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    ///     Ok(prices.iter().sum::<u64>().to_string())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let http = reqwest::Client::builder().timeout(std::time::Duration::from_secs(2)).build()?;
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    ///     Ok(axum::serve(listener, Router::new().route("/total", post(total)).with_state(http)).await?)
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: one call for all of them needs a route that takes them, and several at a time (`buffer_unordered`) another order of what is
    /// done.
    ///
    /// ## References
    /// - Azure Architecture Center, "Chatty I/O antipattern"
    pub(crate) REMOTE_CALL_IN_LOOP {
        id: "remote-call-in-loop",
        category: Data,
        level: Allow,
        severity: Warning,
        confidence: Medium,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let counts = |what: &What| matches!(what, What::Request(_));
    findings.extend(repeated(cx.model, counts).into_iter().map(finding));
}

fn finding(repeated: Repeated<'_>) -> Finding {
    let Repeated { act, function, over, service, who, evidence } = repeated;
    let message = format!(
        "`{}` {} for each element, one after the other, while {who} waits: it takes as long as all of them together",
        last_word(&function.path),
        act.what,
    );
    let mut finding = Finding::new(&REMOTE_CALL_IN_LOOP, act.at, message)
        .help("ask for all of them at once, or for several at a time: `stream::iter(..).buffer_unordered(8)`")
        .label("for each element")
        .subject(function.path.clone())
        .service(service)
        .related(over, "goes through these");
    finding.related.extend(act.evidence);
    finding.related.extend(evidence);
    finding
}
