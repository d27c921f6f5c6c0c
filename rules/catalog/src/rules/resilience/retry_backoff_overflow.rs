//! `retry-backoff-overflow`

use svclint_model::{Backoff, Growing};

use crate::edit::replace;
use crate::rules::running::Run;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports pauses of a loop that are multiplied, or raised to a power, with every round, where nothing holds them below a
    /// longest pause and nothing ends the loop after some rounds.
    ///
    /// ## Why it matters
    /// Doubled from one second on, a pause is a day after 17 failures: after a long outage the service comes back long after
    /// everything else, or never. Some rounds later the number overflows: it panics in a debug build, and in a release build
    /// it starts at nothing again, so that the service asks without any pause.
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
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use std::time::Duration;
    ///
    /// async fn price() -> String {
    ///     let mut delay = Duration::from_millis(100);
    ///     loop {
    ///         match ask().await {
    ///             Ok(price) => return price,
    ///             Err(_) => tokio::time::sleep(delay).await,
    ///         }
    ///         delay *= 2;
    ///     }
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
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use std::time::Duration;
    ///
    /// async fn price() -> String {
    ///     let mut delay = Duration::from_millis(100);
    ///     loop {
    ///         match ask().await {
    ///             Ok(price) => return price,
    ///             Err(_) => tokio::time::sleep(delay).await,
    ///         }
    ///         delay = std::cmp::min(delay * 2, Duration::from_secs(30));
    ///     }
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
    /// Holds the pause below 30 seconds, or the exponent below 6. Unsafe: choose what fits the dependency.
    ///
    /// ## References
    /// - AWS Builders' Library, "Timeouts, retries, and backoff with jitter", on capped exponential backoff
    pub(crate) RETRY_BACKOFF_OVERFLOW {
        id: "retry-backoff-overflow",
        category: Resilience,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let runs = cx.runs();
    for backoff in &cx.model.backoffs {
        let run = runs.iter().find(|run| run.service.functions.binary_search(&backoff.in_fn).is_ok());
        if let Some(run) = run {
            findings.push(finding(cx, backoff, run));
        }
    }
}

fn finding(cx: &Context<'_>, backoff: &Backoff, run: &Run<'_>) -> Finding {
    let message = match backoff.by {
        Growing::Power { .. } => {
            "this pause grows by a power with every round, and nothing limits it: an outage makes it days, until the number overflows"
        }
        Growing::Times { .. } => {
            "this pause is multiplied with every round, and nothing limits it: an outage makes it days, until the number overflows"
        }
    };
    let mut finding = Finding::new(&RETRY_BACKOFF_OVERFLOW, backoff.at, message.into())
        .help("hold it below a longest pause")
        .label("grows without a limit")
        .service(&run.service.name)
        .subject(cx.model.function(backoff.in_fn).path.clone());
    finding.related = run.evidence(cx.model, backoff.in_fn);
    finding.related(backoff.sleep, "the pause").fix(
        "Limit the pause",
        Applicability::Unsafe,
        fix(cx, backoff),
    )
}

fn fix(cx: &Context<'_>, backoff: &Backoff) -> Vec<Edit> {
    match &backoff.by {
        Growing::Power { exponent } => {
            let text = cx.text(*exponent).to_owned();
            replace(*exponent, format!("std::cmp::min({text}, 6)"))
        }
        Growing::Times { statement, delay, factor, is_duration: true } => {
            let (duration, import) = cx.import(statement.file, "std::time::Duration");
            let (delay, factor) = (cx.text(*delay), cx.text(*factor));
            let text = format!("{delay} = std::cmp::min({delay} * {factor}, {duration}::from_secs(30))");
            replace(*statement, text).into_iter().chain(import).collect()
        }
        Growing::Times { .. } => Vec::new(),
    }
}
