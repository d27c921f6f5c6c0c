//! `mixed-api-versioning`

use svclint_model::{Route, Service};

use super::unversioned_api::{is_api, reads_version};
use super::versions::has_version;
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports services with at least three JSON routes under a version and others under none. Once a service. Health, metrics
    /// and the like need no version, and an old path that leads to the handler of a new one is an alias. It is off unless it
    /// is asked for.
    ///
    /// ## Why it matters
    /// Callers cannot tell which routes they may rely on: those without a version can only change under their feet, while the
    /// version of all others says that the API is stable.
    ///
    /// ## Example
    /// ```bad
    /// use axum::{Json, Router, routing::get};
    ///
    /// async fn list() -> Json<Vec<String>> { Json(vec![]) }
    /// async fn prices() -> Json<Vec<String>> { Json(vec![]) }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let v1 = Router::new().route("/orders", get(list)).route("/items", get(list)).route("/customers", get(list));
    ///     let app = Router::new().nest("/v1", v1).route("/prices", get(prices));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// use axum::{Json, Router, routing::get};
    ///
    /// async fn list() -> Json<Vec<String>> { Json(vec![]) }
    /// async fn prices() -> Json<Vec<String>> { Json(vec![]) }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let v1 = Router::new()
    ///         .route("/orders", get(list))
    ///         .route("/items", get(list))
    ///         .route("/customers", get(list))
    ///         .route("/prices", get(prices));
    ///     let app = Router::new().nest("/v1", v1);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: move the route under the version, and keep the old path until its callers are gone.
    ///
    /// ## References
    /// - Google AIP-185, "API versioning"
    pub(crate) MIXED_API_VERSIONING {
        id: "mixed-api-versioning",
        category: Api,
        level: Allow,
        severity: Info,
        confidence: High,
        since: "0.1",
    }
}

/// With fewer routes than this under a version the version is no rule of the API.
const MIN_VERSIONED: usize = 3;

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for service in &cx.model.services {
        let known = service.routes_complete && service.routes.iter().all(|r| !r.path.contains("{?}"));
        let api = service.routes.iter().filter(|r| !r.catch_all && is_api(r) && !is_beside(&r.path));
        let (versioned, plain): (Vec<&Route>, Vec<&Route>) = api.partition(|r| has_version(&r.path));
        let is_alias = |r: &&&Route| r.handler.is_some() && versioned.iter().any(|v| v.handler == r.handler);
        let count = plain.iter().filter(|r| !is_alias(r)).count();
        let first = plain.iter().find(|r| !is_alias(r));
        if let (true, Some(first)) = (known && versioned.len() >= MIN_VERSIONED, first)
            && !reads_version(cx, service)
        {
            findings.push(finding(service, &versioned, first, count));
        }
    }
}

/// Whether a path is for people or machinery beside the callers of the API: its description, the root, `/__heartbeat__`.
fn is_beside(path: &str) -> bool {
    let words = [
        "docs",
        "openapi",
        "swagger",
        "redoc",
        "graphql",
        "favicon",
        "robots.txt",
        "version",
        "auth",
        "oauth",
    ];
    let told = |segment: &str| segment.starts_with("__") || words.iter().any(|w| segment.starts_with(w));
    path == "/" || path.split('/').any(told)
}

fn finding(service: &Service, versioned: &[&Route], first: &Route, count: usize) -> Finding {
    let message = format!(
        "{} routes of `{}` have a version, and {count} like `{}` have none",
        versioned.len(),
        service.name,
        first.path
    );
    let mut finding = Finding::new(&MIXED_API_VERSIONING, first.path_at.unwrap_or(first.at), message)
        .help("move it under the version, and keep the old path until its callers are gone")
        .label("no version")
        .service(&service.name)
        .subject(&service.name);
    if let Some(with) = versioned.first() {
        finding = finding.related(with.path_at.unwrap_or(with.at), format!("`{}` has one", with.path));
    }
    finding
}
