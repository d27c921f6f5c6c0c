//! `span-guard-held-across-await`

use svclint_model::{Deed, Function, Place, Service, What};

use crate::rules::running::Run;
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports guards of spans, from `Span::enter` or `Span::entered`, that are alive while something is awaited. A guard that
    /// is dropped before, `in_scope` and `.instrument(span)` are left alone.
    ///
    /// ## Why it matters
    /// The guard says that the thread is in the span. While the task waits, the thread runs other tasks: what they log is put
    /// into the span too, and when the task goes on elsewhere, its own lines are put into somebody else's. Traces then tell
    /// stories that never happened.
    ///
    /// ## Example
    /// ```bad
    /// use actix_web::{App, HttpServer, web};
    ///
    /// async fn price() -> &'static str {
    ///     let span = tracing::info_span!("price");
    ///     let _entered = span.enter();
    ///     tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    ///     "7"
    /// }
    ///
    /// #[actix_web::main]
    /// async fn main() -> std::io::Result<()> {
    ///     HttpServer::new(|| App::new().route("/v1/price", web::get().to(price))).bind("0.0.0.0:8080")?.run().await
    /// }
    /// ```
    /// ```good
    /// use actix_web::{App, HttpServer, web};
    /// use tracing::Instrument;
    ///
    /// async fn price() -> &'static str {
    ///     let span = tracing::info_span!("price");
    ///     tokio::time::sleep(std::time::Duration::from_millis(5)).instrument(span).await;
    ///     "7"
    /// }
    ///
    /// #[actix_web::main]
    /// async fn main() -> std::io::Result<()> {
    ///     HttpServer::new(|| App::new().route("/v1/price", web::get().to(price))).bind("0.0.0.0:8080")?.run().await
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: give the span to the future with `.instrument(span)`, or put `#[tracing::instrument]` on the function.
    ///
    /// ## References
    /// - The documentation of `tracing::Span::enter`, "In asynchronous code"
    pub(crate) SPAN_GUARD_HELD_ACROSS_AWAIT {
        id: "span-guard-held-across-await",
        category: Observability,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported: Vec<Place> = Vec::new();
    for run in Run::all(cx.model) {
        for id in &run.service.functions {
            let function = cx.model.function(*id);
            for (deed, wait) in function.does.iter().filter_map(held) {
                // While the service starts there are no other tasks.
                if run.how_at_all(*id, deed.when).is_some() && !reported.contains(&deed.at) {
                    reported.push(deed.at);
                    findings.push(finding(run.service, function, deed, wait));
                }
            }
        }
    }
}

fn held(deed: &Deed) -> Option<(&Deed, Place)> {
    match deed.what {
        What::HeldSpan(wait) => Some((deed, wait)),
        _ => None,
    }
}

fn finding(service: &Service, function: &Function, deed: &Deed, wait: Place) -> Finding {
    let name = function.path.rsplit("::").next().unwrap_or("");
    let message = format!(
        "`{name}` stays in this span while it waits: what other requests log meanwhile on its thread is put into it"
    );
    Finding::new(&SPAN_GUARD_HELD_ACROSS_AWAIT, deed.at, message)
        .help("give the span to the future: `.instrument(span)`")
        .label("entered here")
        .service(&service.name)
        .subject(&function.path)
        .related(wait, "still in the span while this is awaited")
}
