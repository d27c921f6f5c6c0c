//! `route-shadowed`

use svclint_model::{Route, Service};

use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports routes that no request reaches, because a route that was added before takes all of them: `/orders/{id}` in front of
    /// `/orders/latest`, in libraries that ask routes in the order in which they were added.
    ///
    /// ## Why it matters
    /// The request is answered by the wrong handler: `latest` is read as an id, and the caller gets a 404 or 400 that nobody
    /// can explain. The handler of the second route is dead code that looks alive.
    ///
    /// ## Example
    /// ```bad
    /// use actix_web::{App, HttpServer, Responder, web};
    ///
    /// async fn order(id: web::Path<String>) -> impl Responder {
    ///     id.into_inner()
    /// }
    ///
    /// async fn latest() -> impl Responder {
    ///     "the latest"
    /// }
    ///
    /// #[actix_web::main]
    /// async fn main() -> std::io::Result<()> {
    ///     HttpServer::new(|| {
    ///         App::new()
    ///             .route("/v1/orders/{id}", web::get().to(order))
    ///             .route("/v1/orders/latest", web::get().to(latest))
    ///     })
    ///     .bind("0.0.0.0:8080")?
    ///     .run()
    ///     .await
    /// }
    /// ```
    /// ```good
    /// use actix_web::{App, HttpServer, Responder, web};
    ///
    /// async fn order(id: web::Path<String>) -> impl Responder {
    ///     id.into_inner()
    /// }
    ///
    /// async fn latest() -> impl Responder {
    ///     "the latest"
    /// }
    ///
    /// #[actix_web::main]
    /// async fn main() -> std::io::Result<()> {
    ///     HttpServer::new(|| {
    ///         App::new()
    ///             .route("/v1/orders/latest", web::get().to(latest))
    ///             .route("/v1/orders/{id}", web::get().to(order))
    ///     })
    ///     .bind("0.0.0.0:8080")?
    ///     .run()
    ///     .await
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: add the route with the plain text before the one with the parameter, or give the parameter a pattern (`{id:\\d+}`).
    ///
    /// ## References
    /// - Actix, "URL Dispatch"
    pub(crate) ROUTE_SHADOWED {
        id: "route-shadowed",
        category: Api,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for service in &cx.model.services {
        // Several servers have routes of their own, and it is not told which are whose.
        if service.listeners.len() > 1 {
            continue;
        }
        for (number, route) in service.routes.iter().enumerate() {
            let earlier = service.routes.get(..number).unwrap_or_default();
            if let Some(first) = earlier.iter().find(|first| takes_all_of(first, route)) {
                findings.push(finding(service, first, route));
            }
        }
    }
}

/// Whether every request for a route is taken by another one that was added before.
fn takes_all_of(first: &Route, route: &Route) -> bool {
    let known = |r: &Route| r.complete && r.certain && !r.catch_all;
    first.first_takes_all
        && known(first)
        && known(route)
        && (first.method == "ANY" || first.method == route.method)
        && first.at != route.at
        && is_wider(&first.path, &route.path)
}

/// Whether a pattern takes all paths that another one does, and more.
fn is_wider(wide: &str, narrow: &str) -> bool {
    let (wide, narrow): (Vec<&str>, Vec<&str>) = (wide.split('/').collect(), narrow.split('/').collect());
    let is_parameter = |s: &str| s.starts_with('{') && s.ends_with('}') && !s.starts_with("{*");
    let mut wider = false;
    for (number, part) in wide.iter().enumerate() {
        let Some(other) = narrow.get(number) else { return false };
        if part.starts_with("{*") {
            return true;
        }
        if is_parameter(part) && !other.contains('{') {
            wider |= !other.is_empty();
        } else if !(part == other || is_parameter(part) && is_parameter(other)) {
            return false;
        }
    }
    wider && wide.len() == narrow.len()
}

fn finding(service: &Service, first: &Route, route: &Route) -> Finding {
    let message = format!(
        "`{} {}` is never reached: `{}` was added before it and takes all its requests",
        route.method, route.path, first.path
    );
    Finding::new(&ROUTE_SHADOWED, route.path_at.unwrap_or(route.at), message)
        .help("add it before the route with the parameter")
        .label("no request comes here")
        .related(first.path_at.unwrap_or(first.at), "takes its requests")
        .service(&service.name)
        .subject(format!("{} {}", route.method, route.path))
}
