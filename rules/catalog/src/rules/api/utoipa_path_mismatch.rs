//! `utoipa-path-mismatch`

use svclint_model::{Documented, Place, Route, Tri};

use super::served::{is_end_of, is_unserved, served_by_another};
use crate::edit::replace;
use crate::rules::acts::last_word;
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
        let is_it = |r: &&Route| r.handler.is_some_and(|handler| one.functions.contains(&handler));
        let routes: Vec<&Route> = all.filter(is_it).collect();
        if routes.is_empty() {
            findings.extend(is_unserved(cx.model, one).then(|| unserved(cx, one)));
        } else if routes.iter().all(|r| r.complete) {
            findings.extend(other_method(cx, one, &routes).or_else(|| other_path(cx, one, &routes)));
        }
    }
}

fn path_of<'m>(cx: &Context<'m>, one: &Documented) -> &'m str {
    one.functions.first().map_or("", |f| &cx.model.function(*f).path)
}

fn unserved(cx: &Context<'_>, one: &Documented) -> Finding {
    let another = served_by_another(cx.model, one);
    let message = match another {
        Some(route) => format!(
            "the OpenAPI document describes `{}`, but `{} {}` is served by {}: its callers may get something else",
            one.name,
            route.method,
            route.path,
            route.handler.map_or("another function".to_owned(), |f| format!(
                "`{}`",
                last_word(&cx.model.function(f).path)
            ))
        ),
        None => {
            format!("the OpenAPI document has `{}`, but no route leads to it: its callers get 404", one.name)
        }
    };
    let finding = Finding::new(&UTOIPA_PATH_MISMATCH, one.at, message)
        .label("served by no route")
        .subject(path_of(cx, one));
    match another {
        Some(route) => finding
            .help("describe the function that serves, or serve the one that is described")
            .related(route.path_at.unwrap_or(route.at), "the route"),
        None => finding.help("add a route for it, or take it out of the document"),
    }
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
        .subject(path_of(cx, one))
        .fix("Describe the route as it is", Applicability::Unsafe, fix)
}
