//! `retry-backoff-explodes`

use svclint_model::{Growth, Limit, Policy};

use super::policies::{finding, lacks};
use crate::edit::{insert_after, replace};
use crate::rules::running::Run;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports exponential delays whose base is meant as the first delay: each delay is the one before times the base, so
    /// that `from_millis(100)` waits 100 ms, then 10 s, then 17 minutes. Delays with a longest one are left alone, and so are
    /// those of so few tries that they stay below a minute.
    ///
    /// ## Why it matters
    /// The second or third try comes when nobody waits for it any more: the caller has long given up, and what the service
    /// holds for it, a connection or a lock, is held for all that time.
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
    /// tokio-retry = "0.3"
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use tokio_retry::{Retry, strategy::ExponentialBackoff};
    ///
    /// async fn price() -> String {
    ///     let delays = ExponentialBackoff::from_millis(100).take(3);
    ///     Retry::spawn(delays, ask).await.unwrap()
    /// }
    ///
    /// async fn ask() -> reqwest::Result<String> {
    ///     reqwest::get("http://prices/now").await?.error_for_status()?.text().await
    /// }
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
    /// tokio = "1"
    /// tokio-retry = "0.3"
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use std::time::Duration;
    /// use tokio_retry::{Retry, strategy::ExponentialBackoff};
    ///
    /// async fn price() -> String {
    ///     let delays = ExponentialBackoff::from_millis(2).factor(50).max_delay(Duration::from_secs(5)).take(3);
    ///     Retry::spawn(delays, ask).await.unwrap()
    /// }
    ///
    /// async fn ask() -> reqwest::Result<String> {
    ///     reqwest::get("http://prices/now").await?.error_for_status()?.text().await
    /// }
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(price))).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Doubles the delays from the same first one on, up to 5 seconds. Unsafe: tries follow one another sooner.
    ///
    /// ## References
    /// - The documentation of `tokio_retry::strategy::ExponentialBackoff`: "the resulting duration is calculated by taking
    ///   the base to the n-th power, where n denotes the number of past attempts"
    pub(crate) RETRY_BACKOFF_EXPLODES {
        id: "retry-backoff-explodes",
        category: Resilience,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

/// A base up to this is one: nobody means a first delay of ten milliseconds.
const BASE: u64 = 10;
/// The longest delay, in milliseconds, that somebody may still wait for.
const BEARABLE: u64 = 60_000;
/// How many tries are taken where their number is not known.
const TRIES: u32 = 3;

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let runs = cx.runs();
    for policy in cx.model.policies.iter().filter(|p| lacks(p, Limit::MaxDelay)) {
        let explodes = |g: &&Growth| g.base > BASE && delay(g, tries(policy)).is_none_or(|d| d > BEARABLE);
        let Some(growth) = policy.grows.as_ref().filter(explodes) else { continue };
        let function = policy.in_fn;
        let runs_in =
            |run: &&Run<'_>| function.is_some_and(|f| run.service.functions.binary_search(&f).is_ok());
        let Some(run) = runs.iter().find(runs_in) else { continue };
        let delays = (1..=3).map(|n| delay(growth, n).map_or_else(|| "for ever".to_owned(), written));
        let [first, second, third] = [1, 2, 3].map(|n| delays.clone().nth(n - 1).unwrap_or_default());
        let message = format!(
            "each delay is the one before times {}: these retries wait {first}, then {second}, then {third}",
            growth.base
        );
        findings.push(
            finding(cx, &RETRY_BACKOFF_EXPLODES, policy, run, message)
                .help("double the delays from the first one on, and set a longest one")
                .label("the number is the base, not only the first delay")
                .fix("Double the delays, up to 5 seconds", Applicability::Unsafe, fix(cx, policy, growth)),
        );
    }
}

/// How many tries there are, as far as that is known.
fn tries(policy: &Policy) -> u32 {
    let attempts = policy.limits.get(&Limit::Attempts).and_then(|a| a.present());
    attempts.and_then(|a| a.parse().ok()).unwrap_or(TRIES)
}

/// The delay before a try, in milliseconds; `None` beyond all numbers.
fn delay(growth: &Growth, number: u32) -> Option<u64> {
    growth.base.checked_pow(number)?.checked_mul(growth.factor.unwrap_or(1))
}

/// A delay as people say it.
fn written(milliseconds: u64) -> String {
    let units = [(86_400_000, "days"), (3_600_000, "hours"), (60_000, "minutes"), (1_000, "seconds")];
    let fitting = units.iter().find(|(length, _)| milliseconds >= *length);
    match fitting {
        Some((length, unit)) => format!("{} {unit}", (milliseconds + length / 2) / length),
        None => format!("{milliseconds} ms"),
    }
}

fn fix(cx: &Context<'_>, policy: &Policy, growth: &Growth) -> Vec<Edit> {
    let (Some(cap), Some(factor)) = (policy.snippets.get("cap"), policy.snippets.get("factor")) else {
        return Vec::new();
    };
    let (duration, import) = cx.import(growth.base_at.file, "std::time::Duration");
    let cap = cap.replace("{duration}", &format!("{duration}::from_secs(5)"));
    let call_end = svclint_syntax::Span::at(growth.base_at.span.end + 1);
    let behind = svclint_model::Place { file: growth.base_at.file, span: call_end };
    let mut edits = Vec::new();
    // With a factor of its own the delays are left as they are, but for the longest.
    let multiplied = growth.factor == Some(1);
    if multiplied {
        edits = replace(growth.base_at, "2");
    }
    let factor = factor.replace("{number}", &(growth.base / 2).to_string());
    let text = if multiplied { format!("{factor}{cap}") } else { cap };
    edits.push(insert_after(behind, text));
    edits.extend(import);
    edits
}
