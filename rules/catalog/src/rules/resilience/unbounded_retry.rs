//! `unbounded-retry`

use svclint_model::{Limit, Policy};

use super::policies::{finding, lacks, snippet, tries};
use crate::rules::running::How;
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports retry policies, and loops, without an end by which a handler tries again: neither a number of attempts nor a
    /// time ends them. What tries again at start-up or in a task beside, to connect to a broker for example, is left alone: it has
    /// nothing better to do.
    ///
    /// ## Why it matters
    /// While a dependency is down, each request to the service becomes one that never ends and asks again and again. They
    /// pile up, and when the dependency comes back all of them are on it at once: it goes down again.
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
    /// backon = "1"
    /// reqwest = "0.12"
    /// tokio = "1"
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use backon::{ExponentialBuilder, Retryable};
    ///
    /// async fn price() -> String {
    ///     ask.retry(ExponentialBuilder::default().with_jitter().without_max_times()).await.unwrap()
    /// }
    ///
    /// async fn ask() -> reqwest::Result<String> {
    ///     reqwest::get("http://prices/now").await?.text().await
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
    /// backon = "1"
    /// reqwest = "0.12"
    /// tokio = "1"
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use backon::{ExponentialBuilder, Retryable};
    ///
    /// async fn price() -> String {
    ///     ask.retry(ExponentialBuilder::default().with_jitter().with_max_times(3)).await.unwrap()
    /// }
    ///
    /// async fn ask() -> reqwest::Result<String> {
    ///     reqwest::get("http://prices/now").await?.text().await
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
    /// Ends it after three tries. Unsafe: what was tried for longer now fails. Choose a number that fits what the caller
    /// waits for.
    ///
    /// ## References
    /// - Azure Architecture Center, "Retry Storm antipattern"
    /// - Google, "Site Reliability Engineering", chapter 22, on retries
    pub(crate) UNBOUNDED_RETRY {
        id: "unbounded-retry",
        category: Resilience,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let runs = cx.runs();
    let endless = |p: &&Policy| lacks(p, Limit::Attempts) && lacks(p, Limit::Elapsed);
    for policy in cx.model.policies.iter().filter(endless) {
        let bounded = policy.given.is_none_or(|used| used.when.bounded || used.when.spawned);
        if let Some((run, How::Serving)) =
            tries(runs, policy).filter(|(run, _)| !bounded && run.service.handler_timeout.is_none())
        {
            let message = "nothing ends these retries: while the dependency is down each request asks again and again, for ever";
            findings.push(
                finding(cx, &UNBOUNDED_RETRY, policy, run, message.into())
                    .help("limit the attempts, or the time that they may take in all")
                    .label("no limit of attempts or time")
                    .fix("End after three tries", Applicability::Unsafe, snippet(policy, "end")),
            );
        }
    }
}
