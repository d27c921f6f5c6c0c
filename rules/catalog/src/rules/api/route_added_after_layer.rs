//! `route-added-after-layer`

use svclint_model::{Carries, Deed, Function, LayerDeed, MissedRoute, Place, What};
use svclint_syntax::Span;

use crate::edit::insert_after;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports layers on a router that has no routes yet, where routes are added afterwards: the layer covers none of them.
    ///
    /// ## Why it matters
    /// `Router::layer` wraps the routes that are there at that moment, and no others. The timeout, body limit, log or check of
    /// credentials is in the code, and does not run for a single request; nothing says so. `route_layer` at such a place
    /// panics when the service starts.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, extract::DefaultBodyLimit, routing::post};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new()
    ///         .layer(DefaultBodyLimit::max(64 * 1024 * 1024))
    ///         .route("/v1/pictures", post(|body: String| async move { body }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, extract::DefaultBodyLimit, routing::post};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new()
    ///         .route("/v1/pictures", post(|body: String| async move { body }))
    ///         .layer(DefaultBodyLimit::max(64 * 1024 * 1024));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Moves the layer behind the routes of the same chain. Unsafe: from then on it does what it says, to every request.
    ///
    /// ## References
    /// - axum, `Router::layer`
    /// - axum, "Middleware": "Applying middleware"
    pub(crate) ROUTE_ADDED_AFTER_LAYER {
        id: "route-added-after-layer",
        category: Api,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for function in &cx.model.functions {
        for deed in &function.does {
            if let What::Layer(layer) = &deed.what
                && !layer.covers
                && let Some(first) = layer.missed.first()
            {
                findings.push(finding(cx, function, deed, layer, first));
            }
        }
    }
}

fn finding(
    cx: &Context<'_>,
    function: &Function,
    deed: &Deed,
    layer: &LayerDeed,
    first: &MissedRoute,
) -> Finding {
    let name = if layer.name.is_empty() { "this layer" } else { &layer.name };
    let message = match (layer.panics, effect(&layer.carries)) {
        (true, _) => {
            format!("`{name}` is put on a router without routes: axum panics when the service starts")
        }
        (false, Some(effect)) => {
            format!("`{name}` covers no route, because all are added after it: {effect}")
        }
        (false, None) => {
            format!("`{name}` covers no route, because all are added after it: it never runs for them")
        }
    };
    Finding::new(&ROUTE_ADDED_AFTER_LAYER, deed.at, message)
        .help("put the layer after the routes that it is for")
        .label("no route is here yet")
        .related(first.at, "added afterwards")
        .subject(format!("{} {name}", function.path))
        .fix("Move the layer behind the routes", Applicability::Unsafe, moved(cx, deed.at, layer.move_after))
}

/// What does not happen.
fn effect(carries: &[Carries]) -> Option<&'static str> {
    carries.iter().find_map(|carries| match carries {
        Carries::Timeout => Some("no request is ended when it takes too long"),
        Carries::Auth => Some("requests without credentials are served"),
        Carries::BodyLimit => Some("the limit on bodies does not hold"),
        Carries::Trace | Carries::AccessLog => Some("no request is recorded"),
        Carries::CorrelationIn | Carries::RequestId => Some("requests get no id"),
        Carries::Overload => Some("the limit on requests does not hold"),
        Carries::CatchPanic => Some("a panic is not answered"),
        Carries::Cors => Some("browsers of other origins are refused"),
        Carries::CorrelationOut | Carries::RequestIdBack => None,
    })
}

/// The call is cut out with the space before it, and put behind the last call of the chain that adds something.
fn moved(cx: &Context<'_>, call: Place, after: Option<Place>) -> Vec<Edit> {
    let Some(after) = after else { return Vec::new() };
    let text = cx.sources.text(call.file);
    let before = text.get(..call.span.start as usize).unwrap_or("");
    let start = before.trim_end().len() as u32;
    let gap = before.get(start as usize..).unwrap_or("");
    // A comment in front stays where it is, and so does the line's end that ends it.
    let commented = before.trim_end().lines().last().is_some_and(|line| line.contains("//"));
    let cut = Span::new(if commented { call.span.start } else { start }, call.span.end);
    vec![
        Edit::Replace { file: call.file, span: cut, text: String::new() },
        insert_after(after, format!("{gap}{}", cx.text(call))),
    ]
}
