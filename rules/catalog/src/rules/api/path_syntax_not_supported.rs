//! `path-syntax-not-supported`

use svclint_model::{Deed, ForeignPath, Function, What};

use crate::edit::replace;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports paths of routes in a syntax that the router of the locked release does not have: `/:id` in axum from 0.8 on and in
    /// actix-web, `/{id}` in axum up to 0.7.
    ///
    /// ## Why it matters
    /// Nothing warns when it is compiled. axum 0.8 panics when the router is built, so the service never starts; everywhere else
    /// the parameter is taken for plain text, and every request for the route is answered with 404.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, extract::Path, routing::get};
    ///
    /// async fn order(Path(id): Path<u64>) -> String {
    ///     id.to_string()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/v1/orders/:id", get(order));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, extract::Path, routing::get};
    ///
    /// async fn order(Path(id): Path<u64>) -> String {
    ///     id.to_string()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/v1/orders/{id}", get(order));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Writes the parameters in the router's own syntax.
    ///
    /// ## References
    /// - axum, "Announcing axum 0.8.0"
    /// - axum, `Router::without_v07_checks`
    pub(crate) PATH_SYNTAX_NOT_SUPPORTED {
        id: "path-syntax-not-supported",
        category: Api,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for function in &cx.model.functions {
        findings.extend(function.does.iter().filter_map(|deed| finding(cx, function, deed)));
    }
}

fn finding(cx: &Context<'_>, function: &Function, deed: &Deed) -> Option<Finding> {
    let What::ForeignPath(path) = &deed.what else { return None };
    let ForeignPath { written, meant, panics } = path;
    let message = match panics {
        true => format!("`{written}` is not a path of this router: the service panics when it starts"),
        false => {
            format!(
                "`{written}` has no parameter for this router: only that very text matches, all else gets 404"
            )
        }
    };
    Some(
        Finding::new(&PATH_SYNTAX_NOT_SUPPORTED, deed.at, message)
            .help(format!("write `{meant}`"))
            .label("another library's syntax")
            .subject(format!("{} {written}", function.path))
            .fix(
                "Write the parameters in the router's syntax",
                Applicability::Safe,
                rewritten(cx, deed, path),
            ),
    )
}

/// Only where the literal itself stands: a constant may be used elsewhere too.
fn rewritten(cx: &Context<'_>, deed: &Deed, path: &ForeignPath) -> Vec<Edit> {
    let text = cx.text(deed.at);
    let is_literal =
        text.starts_with(['"', 'r']) && text.ends_with(['"', '#']) && text.contains(&path.written);
    if is_literal { replace(deed.at, text.replace(&path.written, &path.meant)) } else { Vec::new() }
}
