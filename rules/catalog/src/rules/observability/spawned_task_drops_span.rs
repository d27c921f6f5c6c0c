//! `spawned-task-drops-span`

use svclint_model::{Carries, Deed, Effect, EffectKind, FnId, Function, Place, RouteLayer, What};

use crate::rules::reach::{Reached, evidence};
use crate::{Applicability, Context, Edit, Finding, declare_rule};
use svclint_syntax::Span;

declare_rule! {
    /// ## What it does
    /// Reports tasks that are spawned for a request inside of a function with a span of its own, that write to the log, and
    /// that are not given the span.
    ///
    /// ## Why it matters
    /// A task does not inherit the span of the code that spawns it. What it logs belongs to no request: the id that ties the
    /// lines together is missing exactly where work goes on unseen, and where it fails unseen.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, extract::Path, routing::post};
    ///
    /// #[tracing::instrument]
    /// async fn place(Path(order): Path<u64>) {
    ///     tokio::spawn(async move {
    ///         tracing::info!(order, "sending the receipt");
    ///     });
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/v1/orders/{order}", post(place));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, extract::Path, routing::post};
    /// use tracing::Instrument;
    ///
    /// #[tracing::instrument]
    /// async fn place(Path(order): Path<u64>) {
    ///     let receipt = async move {
    ///         tracing::info!(order, "sending the receipt");
    ///     };
    ///     tokio::spawn(receipt.in_current_span());
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/v1/orders/{order}", post(place));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Gives the task the current span.
    ///
    /// ## References
    /// - The documentation of `tracing::Instrument`
    pub(crate) SPAWNED_TASK_DROPS_SPAN {
        id: "spawned-task-drops-span",
        category: Observability,
        level: Allow,
        severity: Info,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported: Vec<Place> = Vec::new();
    for service in &cx.model.services {
        let roots = service.routes.iter().filter_map(|r| r.handler).collect::<Vec<FnId>>();
        // A task beside has no span of the request to lose.
        let ways = cx.model.ways(&roots, |call| !call.when.spawned);
        let reached = Reached::from_handlers(cx.model, service);
        let mut functions: Vec<FnId> = ways.keys().copied().collect();
        functions.sort_unstable();
        for id in functions {
            let function = cx.model.function(id);
            let is_traced = function.span.is_some() || is_traced_handler(&reached, id);
            for spawn in function.does.iter().filter(|d| is_traced && d.what == What::Spawn) {
                if let Some(log) = logs(cx, function, spawn)
                    && !reported.contains(&spawn.at)
                {
                    reported.push(spawn.at);
                    let mut finding = finding(cx, function, spawn, log).service(&service.name);
                    finding
                        .related
                        .extend(ways.get(&id).map(|way| evidence(cx.model, way)).unwrap_or_default());
                    findings.push(finding);
                }
            }
        }
    }
}

/// Whether a function answers a route around which a layer makes spans that hold the request's id. One that only writes a
/// line for each request makes none.
fn is_traced_handler(reached: &Reached<'_>, id: FnId) -> bool {
    let makes = |l: &RouteLayer| {
        l.certain && [Carries::Trace, Carries::CorrelationIn].iter().all(|c| l.carries.contains(c))
    };
    reached.roots.iter().any(|(handler, route)| *handler == id && route.layers.iter().any(makes))
}

/// Where a task writes to the log, if it is a future that is given no span.
fn logs(cx: &Context<'_>, function: &Function, spawn: &Deed) -> Option<Place> {
    let inside = |at: Place| {
        at.file == spawn.at.file && at.span.start > spawn.at.span.start && at.span.end <= spawn.at.span.end
    };
    let within = || function.does.iter().filter(|d| inside(d.at));
    let has_span = |d: &Deed| matches!(d.what, What::Effect(Effect::CarrySpan | Effect::EnterSpan));
    if within().any(has_span) || within().any(|d| d.when.off_thread) {
        return None;
    }
    let own = within().find(|d| d.when.spawned && matches!(d.what, What::Log(_)));
    let called = || {
        let calls = function.calls.iter().filter(|c| inside(c.at) && c.when.spawned && !c.when.off_thread);
        // What is called makes a span of its own, with what it needs to be found.
        let mut all = calls.filter(|c| cx.model.function(c.to).span.is_none());
        all.find(|c| cx.model.way_through(c, EffectKind::Log).is_some()).map(|c| c.at)
    };
    own.map(|d| d.at).or_else(called)
}

fn finding(cx: &Context<'_>, function: &Function, spawn: &Deed, log: Place) -> Finding {
    let name = function.path.rsplit("::").next().unwrap_or("");
    let message =
        format!("the task that `{name}` spawns leaves its span: what it logs cannot be tied to the request");
    let finding = Finding::new(&SPAWNED_TASK_DROPS_SPAN, spawn.at, message)
        .help("give the task the span: `.in_current_span()` on the future")
        .label("spawned without a span")
        .subject(&function.path)
        .related(log, "writes to the log here");
    match &function.span {
        Some(span) => {
            let finding = finding.related(span.at, "the span that it leaves");
            finding.fix(
                "Give the task the current span",
                Applicability::Safe,
                carried(cx, spawn, &span.carry),
            )
        }
        None => finding,
    }
}

/// The task with the current span: an argument alone in its parentheses.
fn carried(cx: &Context<'_>, spawn: &Deed, carry: &str) -> Vec<Edit> {
    let text = cx.text(spawn.at);
    let Some((_, argument)) = text.strip_suffix(')').and_then(|t| t.split_once('(')) else {
        return Vec::new();
    };
    let future = argument.trim_end().trim_end_matches(',').trim_end();
    let is_block = future.ends_with('}') && future.trim_start().starts_with("async");
    if !is_block && !future.ends_with(')') {
        return Vec::new();
    }
    let at = spawn.at.span.end - 1 - (argument.len() - future.len()) as u32;
    let file = spawn.at.file;
    let added = Edit::Replace { file, span: Span::at(at), text: ".in_current_span()".into() };
    let (_, import) = cx.import(file, carry);
    [added].into_iter().chain(import).collect()
}
