//! `span-guard-held-across-await`

use svclint_model::{Deed, Function, Held, Place, Service, What};

use crate::edit::{insert_after, replace};
use crate::{Applicability, Context, Edit, Finding, declare_rule};

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
    /// Gives the span to each future that is awaited, where nothing else needs the guard. What happens between the waits is no
    /// longer in the span: `#[tracing::instrument]` on the function, or `in_scope`, puts it there.
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
    for run in cx.runs() {
        for id in &run.service.functions {
            let function = cx.model.function(*id);
            for deed in &function.does {
                let What::HeldSpan { held, carry } = &deed.what else { continue };
                // While the service starts there are no other tasks.
                if run.how_at_all(*id, deed.when).is_some() && !reported.contains(&deed.at) {
                    reported.push(deed.at);
                    let edits = carried(cx, held, carry.as_deref()).unwrap_or_default();
                    let finding = finding(run.service, function, deed, held);
                    findings.push(finding.fix(
                        "Give the span to what is awaited",
                        Applicability::Unsafe,
                        edits,
                    ));
                }
            }
        }
    }
}

fn finding(service: &Service, function: &Function, deed: &Deed, held: &Held) -> Finding {
    let name = function.path.rsplit("::").next().unwrap_or("");
    let message = format!(
        "`{name}` stays in this span while it waits: what other requests log meanwhile on its thread is put into it"
    );
    Finding::new(&SPAN_GUARD_HELD_ACROSS_AWAIT, deed.at, message)
        .help("give the span to the future: `.instrument(span)`")
        .label("entered here")
        .service(&service.name)
        .subject(&function.path)
        .related(held.wait, "still in the span while this is awaited")
}

/// Gives the span to each future that is waited for, in the place of the guard.
fn carried(cx: &Context<'_>, held: &Held, carry: Option<&str>) -> Option<Vec<Edit>> {
    let guard = held.guard.as_ref().filter(|guard| !guard.named)?;
    let of = cx.text(guard.of);
    let is_variable = of.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let (name, mut edits) = match is_variable {
        true => (of, cx.delete_statement(guard.statement)),
        false => ("span", replace(guard.statement, format!("let span = {of};"))),
    };
    // On a line of its own where the `.await` is.
    let gap = |at: &Place| {
        let rest = cx.rest_of_file(*at);
        &rest[..rest.len() - rest.trim_start().len()]
    };
    let future = |at: &Place| insert_after(*at, format!("{}.instrument({name}.clone())", gap(at)));
    edits.extend(guard.waits.iter().map(future));
    edits.extend(cx.import(guard.statement.file, carry?).1);
    Some(edits)
}
