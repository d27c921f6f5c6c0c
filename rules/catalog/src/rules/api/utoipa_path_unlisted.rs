//! `utoipa-path-unlisted`

use svclint_model::{DocumentList, Documented, DocumentedName, FnId, What};

use crate::edit::insert_after;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports handlers with `#[utoipa::path]` that are in use but that no `#[openapi(paths(..))]` and no `routes!` of the
    /// workspace names.
    ///
    /// ## Why it matters
    /// The attribute describes the operation, and the description goes nowhere: the published document lacks the operation,
    /// generated clients cannot call it, and gateways that are configured from the document refuse it.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, routing::get};
    /// use utoipa::OpenApi;
    ///
    /// #[derive(OpenApi)]
    /// #[openapi(paths(orders))]
    /// struct ApiDoc;
    ///
    /// #[utoipa::path(get, path = "/v1/orders", responses((status = 200, body = String)))]
    /// async fn orders() -> &'static str {
    ///     "[]"
    /// }
    ///
    /// #[utoipa::path(get, path = "/v1/items", responses((status = 200, body = String)))]
    /// async fn items() -> &'static str {
    ///     "[]"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let document = ApiDoc::openapi().to_json().unwrap();
    ///     let app = Router::new()
    ///         .route("/openapi.json", get(|| async move { document }))
    ///         .route("/v1/orders", get(orders))
    ///         .route("/v1/items", get(items));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, routing::get};
    /// use utoipa::OpenApi;
    ///
    /// #[derive(OpenApi)]
    /// #[openapi(paths(orders, items))]
    /// struct ApiDoc;
    ///
    /// #[utoipa::path(get, path = "/v1/orders", responses((status = 200, body = String)))]
    /// async fn orders() -> &'static str {
    ///     "[]"
    /// }
    ///
    /// #[utoipa::path(get, path = "/v1/items", responses((status = 200, body = String)))]
    /// async fn items() -> &'static str {
    ///     "[]"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let document = ApiDoc::openapi().to_json().unwrap();
    ///     let app = Router::new()
    ///         .route("/openapi.json", get(|| async move { document }))
    ///         .route("/v1/orders", get(orders))
    ///         .route("/v1/items", get(items));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Adds the handler to the list that names most of its neighbours.
    ///
    /// ## References
    /// - utoipa, `derive(OpenApi)`: `paths(..)`
    pub(crate) UTOIPA_PATH_UNLISTED {
        id: "utoipa-path-unlisted",
        category: Api,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let deeds = cx.model.functions.iter().flat_map(|f| &f.does);
    let described = deeds.filter_map(|d| if let What::Describe(fns) = &d.what { Some(fns) } else { None });
    let described: Vec<FnId> = described.flatten().copied().collect();
    for (one, name) in &cx.model.documented {
        let listed = one.functions.iter().any(|f| described.contains(f))
            || cx.model.document_lists.iter().any(|list| may_name(list, one));
        if listed || one.collected || one.gated || !is_used(cx, one) {
            continue;
        }
        let lists = lists_beside(cx, one);
        let Some(best) = lists.first() else { continue };
        findings.push(finding(cx, one, name, best));
    }
}

fn may_name(list: &DocumentList, one: &Documented) -> bool {
    one.functions.iter().any(|f| list.functions.contains(f))
        || list.unresolved.iter().any(|n| n.is_empty() || *n == one.name)
}

/// Whether something serves a function, or names it.
fn is_used(cx: &Context<'_>, one: &Documented) -> bool {
    let calls = cx.model.functions.iter().flat_map(|f| &f.calls);
    let routes = cx.model.services.iter().flat_map(|s| &s.routes);
    calls.into_iter().any(|c| one.functions.contains(&c.to))
        || routes.into_iter().any(|r| r.handler.is_some_and(|handler| one.functions.contains(&handler)))
}

/// The lists that name functions of the same package, those with most of the same file first.
fn lists_beside<'m>(cx: &Context<'m>, one: &Documented) -> Vec<&'m DocumentList> {
    let of_package = |f: &&FnId| cx.model.function(**f).package == one.package;
    let of_file = |f: &&FnId| cx.model.function(**f).name.file == one.at.file;
    let lists = cx.model.document_lists.iter();
    let mut lists: Vec<&DocumentList> =
        lists.filter(|l| l.package == one.package || l.functions.iter().any(|f| of_package(&f))).collect();
    lists.sort_by_key(|l| std::cmp::Reverse((l.functions.iter().filter(of_file).count(), l.functions.len())));
    lists
}

fn finding(cx: &Context<'_>, one: &Documented, name: &DocumentedName, list: &DocumentList) -> Finding {
    let message = format!(
        "`{}` is described, but no list names it: the OpenAPI document does not have this operation",
        one.name
    );
    let related = list.last.map(|at| (at, format!("`{}` ends its list here", list.of)));
    let mut finding = Finding::new(&UTOIPA_PATH_UNLISTED, one.at, message)
        .help(format!("add it to the `paths` of `{}`", list.of))
        .label("described for nobody")
        .subject(one.functions.first().map_or("", |f| &cx.model.function(*f).path))
        .fix(format!("Add it to `{}`", list.of), Applicability::Safe, added(cx, name, list));
    if let Some((at, text)) = related {
        finding = finding.related(at, text);
    }
    finding
}

fn added(cx: &Context<'_>, name: &DocumentedName, list: &DocumentList) -> Vec<Edit> {
    let Some((last, name)) = list.last.zip(list.name_of(name)) else { return Vec::new() };
    let gap = match cx.begins_line(last) {
        true => format!("{}{}", cx.line_end(last.file), cx.indent(last)),
        false => " ".to_owned(),
    };
    vec![insert_after(last, format!(",{gap}{name}"))]
}
