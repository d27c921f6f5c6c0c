//! `utoipa-path-mismatch`

use svclint_model::{Documented, FnId, Model, Place, Route, Tri};

use crate::edit::replace;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports handlers whose `#[utoipa::path]` says another method or path than all their routes have, and handlers that the
    /// OpenAPI document lists but no route leads to. A prefix that one side has and the other lacks is not reported: the
    /// document's servers may bring it.
    ///
    /// ## Why it matters
    /// Clients are written and generated from the document: what it says wrongly is a 404 or 405 for each of them, and no test of
    /// the service itself notices.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, routing::get};
    /// use utoipa::OpenApi;
    ///
    /// #[derive(OpenApi)]
    /// #[openapi(paths(order))]
    /// struct ApiDoc;
    ///
    /// #[utoipa::path(get, path = "/v1/order/{id}", responses((status = 200, body = String)))]
    /// async fn order() -> &'static str {
    ///     "{}"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let document = ApiDoc::openapi().to_json().unwrap();
    ///     let app = Router::new()
    ///         .route("/openapi.json", get(|| async move { document }))
    ///         .route("/v1/orders/{id}", get(order));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, routing::get};
    /// use utoipa::OpenApi;
    ///
    /// #[derive(OpenApi)]
    /// #[openapi(paths(order))]
    /// struct ApiDoc;
    ///
    /// #[utoipa::path(get, path = "/v1/orders/{id}", responses((status = 200, body = String)))]
    /// async fn order() -> &'static str {
    ///     "{}"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let document = ApiDoc::openapi().to_json().unwrap();
    ///     let app = Router::new()
    ///         .route("/openapi.json", get(|| async move { document }))
    ///         .route("/v1/orders/{id}", get(order));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Writes the route's method or path into the attribute. Unsafe: the route may be the one that is wrong.
    ///
    /// ## References
    /// - utoipa, `path` attribute
    pub(crate) UTOIPA_PATH_MISMATCH {
        id: "utoipa-path-mismatch",
        category: Api,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (one, _) in &cx.model.documented {
        let all = cx.model.services.iter().flat_map(|s| &s.routes);
        let routes: Vec<&Route> = all.filter(|r| r.handler == Some(one.function)).collect();
        if routes.is_empty() {
            findings.extend(is_unserved(cx.model, one).then(|| unserved(cx, one)));
        } else if routes.iter().all(|r| r.complete) {
            findings.extend(other_method(cx, one, &routes).or_else(|| other_path(cx, one, &routes)));
        }
    }
}

/// Whether a function stands in a document, and its program serves others of its package but not it.
fn is_unserved(model: &Model, one: &Documented) -> bool {
    let listed = model.document_lists.iter().any(|l| l.functions.contains(&one.function));
    let is_beside = |f: FnId| model.function(f).package == one.package;
    let serves = |s: &&std::sync::Arc<svclint_model::Service>| {
        s.routes.iter().any(|r| r.handler.is_some_and(is_beside))
    };
    let mut services = model.services.iter().filter(serves).peekable();
    let told = |r: &Route| !r.path.contains("{?}") && (r.handler.is_some() || r.handler_text != "(unknown)");
    let named = model.functions.iter().flat_map(|f| &f.calls).any(|c| c.to == one.function);
    listed
        && !one.gated
        && !named
        && services.peek().is_some()
        && services.all(|s| s.routes_complete && s.routes.iter().all(told))
}

fn unserved(cx: &Context<'_>, one: &Documented) -> Finding {
    let message =
        format!("the OpenAPI document has `{}`, but no route leads to it: its callers get 404", one.name);
    Finding::new(&UTOIPA_PATH_MISMATCH, one.at, message)
        .help("add a route for it, or take it out of the document")
        .label("served by no route")
        .subject(&cx.model.function(one.function).path)
}

fn other_method(cx: &Context<'_>, one: &Documented, routes: &[&Route]) -> Option<Finding> {
    let (method, at) = one.methods.first()?;
    let fits = |r: &Route| r.method == "ANY" || one.methods.iter().any(|(m, _)| *m == r.method);
    if routes.iter().any(|r| fits(r)) {
        return None;
    }
    let route = routes.first()?;
    let message = format!(
        "`{}` is described as {method} and served as {}: callers that follow the document get 405",
        one.name, route.method
    );
    let fix = match routes {
        [only] => replace(*at, only.method.to_lowercase()),
        _ => Vec::new(),
    };
    Some(finding(cx, one, *at, message, route, fix))
}

fn other_path(cx: &Context<'_>, one: &Documented, routes: &[&Route]) -> Option<Finding> {
    let Tri::Present(path) = &one.path else { return None };
    if routes.iter().any(|r| is_end_of(path, &r.path) || is_end_of(&r.path, path)) {
        return None;
    }
    let route = routes.first()?;
    let message = format!(
        "`{}` is described at `{path}` and served at `{}`: callers that follow the document get 404",
        one.name, route.path
    );
    let fix = match (routes, one.path_at) {
        ([only], Some(at)) => replace(at, format!("\"{}\"", only.path)),
        _ => Vec::new(),
    };
    Some(finding(cx, one, one.path_at.unwrap_or(one.at), message, route, fix))
}

/// Whether a path is the last part of another one, whatever the parameters are called.
fn is_end_of(end: &str, path: &str) -> bool {
    let parts = |p: &str| {
        let name = |s: &str| if s.starts_with('{') { "{}".to_owned() } else { s.to_owned() };
        p.split('/').filter(|s| !s.is_empty()).map(name).collect::<Vec<String>>()
    };
    parts(path).ends_with(&parts(end))
}

fn finding(
    cx: &Context<'_>,
    one: &Documented,
    at: Place,
    message: String,
    route: &Route,
    fix: Vec<Edit>,
) -> Finding {
    Finding::new(&UTOIPA_PATH_MISMATCH, at, message)
        .help("let the document and the route say the same")
        .label("the document says this")
        .related(route.path_at.unwrap_or(route.at), format!("the route is {} {}", route.method, route.path))
        .subject(&cx.model.function(one.function).path)
        .fix("Describe the route as it is", Applicability::Unsafe, fix)
}
