//! `retry-without-jitter`

use svclint_model::{Limit, Policy};

use super::policies::{finding, lacks, snippet, tries, waits_between};
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports retry policies, and loops of handlers, by which a service tries again after delays that are the same for
    /// everybody: nothing is left to chance. What is tried again while the service starts is left alone, and so are loops
    /// of tasks beside.
    ///
    /// ## Why it matters
    /// When a dependency fails, all callers fail in the same moment. Without jitter they also come back in the same moment,
    /// again and again: each wave is as high as the one that brought the dependency down.
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
    ///     ask.retry(ExponentialBuilder::default()).await.unwrap()
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
    ///     ask.retry(ExponentialBuilder::default().with_jitter()).await.unwrap()
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
    /// Adds jitter to the delays.
    ///
    /// ## References
    /// - AWS Builders' Library, "Timeouts, retries, and backoff with jitter"
    /// - Google, "Site Reliability Engineering", chapter 22, on retries
    pub(crate) RETRY_WITHOUT_JITTER {
        id: "retry-without-jitter",
        category: Resilience,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let runs = cx.runs();
    let in_step = |p: &&Policy| lacks(p, Limit::Jitter) && waits_between(p);
    for policy in cx.model.policies.iter().filter(in_step) {
        if let Some((run, _)) = tries(runs, policy) {
            let message = "these retries have no jitter: after an outage all callers try again in the same moment, and bring it about anew";
            let place = policy.pause.unwrap_or(policy.at);
            let finding = finding(cx, &RETRY_WITHOUT_JITTER, policy, run, message.into())
                .help("add jitter to the delays")
                .label("the same delays for all callers")
                .fix("Add jitter", Applicability::Safe, snippet(policy, "jitter"));
            findings.push(Finding { place, ..finding });
        }
    }
}
