//! `body-limit-disabled`

use svclint_model::{Carries, Deed, FnId, Function, Limit, LimitWay, Place, Route, Service, What};

use crate::edit::replace;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports limits of request bodies that are taken away, or set to a gibibyte or more, where the handler gets the whole
    /// body at once. A limit that another layer sets on the same route is seen; handlers that take the body piece by piece
    /// are left alone.
    ///
    /// ## Why it matters
    /// The body is collected in memory before the handler runs. One request, of anybody who can reach the route, fills the
    /// memory of the process, and takes all others with it.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Router, body::Bytes, extract::DefaultBodyLimit, routing::post};
    ///
    /// async fn import(body: Bytes) -> String {
    ///     format!("{} bytes", body.len())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/import", post(import)).layer(DefaultBodyLimit::disable());
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Router, body::Bytes, extract::DefaultBodyLimit, routing::post};
    ///
    /// async fn import(body: Bytes) -> String {
    ///     format!("{} bytes", body.len())
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/import", post(import)).layer(DefaultBodyLimit::max(16 * 1024 * 1024));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Sets 10 MiB. Unsafe: larger bodies are refused then.
    ///
    /// ## References
    /// - OWASP API Security, API4:2023, "Unrestricted Resource Consumption"
    /// - The documentation of `axum::extract::DefaultBodyLimit`
    pub(crate) BODY_LIMIT_DISABLED {
        id: "body-limit-disabled",
        category: Resilience,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (number, function) in cx.model.functions.iter().enumerate() {
        for deed in function.does.iter().filter(|d| !d.when.bounded) {
            if let What::Unlimited { limit: Limit::BodySize, to, value, way } = &deed.what
                && let Some((service, who)) = concerned(cx, FnId(number as u32), deed, *way)
            {
                let finding = finding(cx, function, deed, to.as_deref(), *value, &who);
                findings.push(finding.service(service));
            }
        }
    }
}

/// The service whose requests are concerned, and who takes their bodies.
fn concerned<'m>(cx: &Context<'m>, function: FnId, deed: &Deed, way: LimitWay) -> Option<(&'m str, String)> {
    cx.model.services.iter().find_map(|service| {
        let runs = service.functions.binary_search(&function).is_ok();
        let mut routes = service.routes.iter();
        let who = match way {
            LimitWay::Layer => {
                let route = routes.find(|route| takes_it_whole(cx, route) && loses(route, deed.at))?;
                format!("`{} {}`", route.method, route.path)
            }
            LimitWay::Call if limits_all(cx, service) => return None,
            LimitWay::Call => "this call".to_owned(),
            LimitWay::Configuration => "each handler".to_owned(),
        };
        (runs || way == LimitWay::Layer).then_some((service.name.as_str(), who))
    })
}

/// Whether a layer of the service limits bodies: it may stand around what reads one.
fn limits_all(cx: &Context<'_>, service: &Service) -> bool {
    let functions = service.functions.iter().map(|f| cx.model.function(*f));
    functions.into_iter().any(|f| f.does.iter().any(|d| d.what == What::LimitsBodies))
}

/// Whether a layer at a place takes the limit of a route away, and no other sets one.
fn loses(route: &Route, at: Place) -> bool {
    let limits = route.layers.iter().any(|l| l.carries.contains(&Carries::BodyLimit) && !holds(l.at, at));
    !limits && route.layers.iter().any(|l| l.certain && holds(l.at, at))
}

fn holds(outer: Place, inner: Place) -> bool {
    outer.file == inner.file && outer.span.start <= inner.span.start && inner.span.end <= outer.span.end
}

/// Whether a handler gets the whole body before it runs.
fn takes_it_whole(cx: &Context<'_>, route: &Route) -> bool {
    route.handler.is_some_and(|handler| cx.model.function(handler).inputs.iter().any(|input| input.whole))
}

fn finding(
    cx: &Context<'_>,
    function: &Function,
    deed: &Deed,
    to: Option<&str>,
    value: Option<Place>,
    who: &str,
) -> Finding {
    let what = match to {
        Some(to) => format!("a limit of {to} limits nothing"),
        None => "bodies have no limit here".to_owned(),
    };
    let message = format!(
        "{what}: {who} collects a body in memory, however long it is, and one request can take all there is"
    );
    Finding::new(&BODY_LIMIT_DISABLED, deed.at, message)
        .help("set the largest size that is meant to be sent, or take the body piece by piece")
        .label("no limit")
        .subject(&function.path)
        .fix("Limit bodies to 10 MiB", Applicability::Unsafe, fix(cx, deed, value))
}

fn fix(cx: &Context<'_>, deed: &Deed, value: Option<Place>) -> Vec<Edit> {
    const LIMIT: &str = "10 * 1024 * 1024";
    match value {
        Some(value) => replace(value, LIMIT),
        None => match cx.text(deed.at).strip_suffix("disable()") {
            Some(before) => replace(deed.at, format!("{before}max({LIMIT})")),
            None => Vec::new(),
        },
    }
}
