//! `retry-without-backoff`

use svclint_model::{Effect, EffectKind, FnId, Limit, Place, Policy, Service};
use svclint_syntax::Span;

use super::policies::{lacks, snippet};
use crate::edit::replace;
use crate::rules::acts::{With, acts};
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports what is tried again without an end and without a pause: loops that ask another service or a database until it
    /// answers, and watches of the Kubernetes API that begin again by themselves. What pauses somewhere, what ends after a
    /// number of tries and what ends with the first failure is left alone.
    ///
    /// ## Why it matters
    /// A dependency that is down refuses at once. The loop then asks as fast as the processor can: it fills the log, takes a
    /// processor from the requests, and meets the dependency with all it has when that comes back.
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
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    ///
    /// async fn prices() -> String {
    ///     loop {
    ///         match reqwest::get("http://prices/all").await {
    ///             Ok(answer) => return answer.text().await.unwrap_or_default(),
    ///             Err(error) => eprintln!("no prices yet: {error}"),
    ///         }
    ///     }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let prices = prices().await;
    ///     let app = Router::new().route("/prices", get(move || async { prices }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
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
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use std::time::Duration;
    ///
    /// async fn prices() -> String {
    ///     loop {
    ///         match reqwest::get("http://prices/all").await {
    ///             Ok(answer) => return answer.text().await.unwrap_or_default(),
    ///             Err(error) => eprintln!("no prices yet: {error}"),
    ///         }
    ///         tokio::time::sleep(Duration::from_secs(2)).await;
    ///     }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let prices = prices().await;
    ///     let app = Router::new().route("/prices", get(move || async { prices }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Gives a watch the pauses that its library has for it, which grow and differ, and a loop a pause of a second.
    ///
    /// ## References
    /// - The documentation of `kube::runtime::watcher`, on errors and `default_backoff`
    /// - AWS Builders' Library, "Timeouts, retries, and backoff with jitter"
    pub(crate) RETRY_WITHOUT_BACKOFF {
        id: "retry-without-backoff",
        category: Resilience,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for policy in cx.model.policies.iter().filter(|p| lacks(p, Limit::Delay)) {
        let is_loop = policy.library.is_empty();
        let (Some(function), Some(used)) = (policy.in_fn, policy.given) else { continue };
        let goes_on = match is_loop {
            true => lacks(policy, Limit::Attempts) && asks_at_once(cx, function, used.at),
            false => used.runs && policy.limits.get(&Limit::Attempts).is_none_or(|a| a.present().is_none()),
        };
        if goes_on && !used.when.bounded && is_deployed(cx, function) {
            findings.push(finding(cx, policy, function));
        }
    }
}

/// Whether a function is part of a program.
fn is_deployed(cx: &Context<'_>, function: FnId) -> bool {
    let package = cx.model.function(function).package;
    cx.model.packages.get(package as usize).is_some_and(|p| p.in_program)
}

/// Whether what is tried asks over the network, and does not pause by itself.
fn asks_at_once(cx: &Context<'_>, function: FnId, tried: Place) -> bool {
    let is_tried = |at: Place| at.file == tried.file && tried.span.contains(at.span);
    let pauses = |to: FnId| {
        let effects = cx.model.effects.get(to.0 as usize);
        effects.is_none_or(|e| e.kinds().any(|k| k == EffectKind::Other(Effect::Sleep)))
    };
    let mut called = cx.model.function(function).calls.iter().filter(|c| is_tried(c.at));
    let asks = acts(cx.model, function).iter().any(|act| act.with != With::Disk && is_tried(act.at));
    asks && !called.any(|c| pauses(c.to))
}

fn finding(cx: &Context<'_>, policy: &Policy, function: FnId) -> Finding {
    let message = "nothing pauses between these tries: while the dependency is down they follow one another as fast as they fail";
    let service =
        cx.model.services.iter().find(|s| s.functions.binary_search(&function).is_ok()).map(|s| &**s);
    let edits = match policy.block {
        Some(block) => pause(cx, service, function, block).unwrap_or_default(),
        None => growing(cx, policy),
    };
    let mut finding = Finding::new(&RETRY_WITHOUT_BACKOFF, policy.at, message.into())
        .help("wait before the next try: longer each time, and not as long as everybody else")
        .label("no pause")
        .subject(cx.model.function(function).path.clone())
        .fix("Pause between the tries", Applicability::Unsafe, edits);
    finding.service = service.map(|s| s.name.clone());
    finding
}

/// The pauses that the library of a stream has for it.
fn growing(cx: &Context<'_>, policy: &Policy) -> Vec<Edit> {
    let mut edits = snippet(policy, "backoff");
    if let Some(path) = policy.snippets.get("backoff-trait").filter(|_| !edits.is_empty()) {
        edits.extend(cx.import(policy.at.file, path).1);
    }
    edits
}

/// A pause at the end of a loop's block, where all failures come by.
fn pause(cx: &Context<'_>, service: Option<&Service>, function: FnId, block: Place) -> Option<Vec<Edit>> {
    let statement = service?.listeners.first()?.snippets.get("pause")?;
    let inside = cx.text(block).strip_suffix('}')?.trim_end();
    let is_plain = inside.ends_with([';', '}']) && !inside.contains("continue");
    (is_plain && cx.model.function(function).is_async && inside.contains('\n')).then_some(())?;
    let end = Place { file: block.file, span: Span::at(block.span.start + inside.len() as u32) };
    let (line_end, step) = (cx.line_end(block.file), cx.indent_step(block.file));
    let indent = cx.indent(Place { file: block.file, span: Span::at(block.span.end.saturating_sub(1)) });
    Some(replace(end, format!("{line_end}{indent}{step}{statement}")))
}
