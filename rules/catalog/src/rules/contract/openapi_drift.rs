//! `openapi-drift`

use strsim::levenshtein;
use svclint_model::{Meeting, Operation, Route, Service, meet};

use super::described::{Document, is_asked, undescribed};
use super::{payload_drift, stub};
use crate::rules::deployed::sees_all_routes;
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Compares OpenAPI documents with the routes of the service that they describe, and reports routes that no document
    /// describes, operations that no route serves, and bodies in JSON that the document describes otherwise than serde reads
    /// and writes them: members that are needed, and the words of an enumeration. A document belongs to the service that serves most of its operations;
    /// one that no service here serves is someone else's, and earlier versions of a document are history. Probes, metrics, documentation, pages and forms are not asked for in
    /// a document, and neither is what lies outside of the part of the API that it describes.
    ///
    /// ## Why it matters
    /// Clients, gateways and tests are generated from the document. What it does not describe they cannot call, and nobody
    /// sees when that changes; what it describes and nobody serves is answered with 404.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// use axum::{Json, Router, routing::get};
    ///
    /// async fn orders() -> Json<Vec<String>> { Json(vec![]) }
    /// async fn cancel_order() -> Json<Vec<String>> { Json(vec![]) }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new()
    ///         .route("/orders", get(orders).post(orders))
    ///         .route("/orders/{id}", get(orders).delete(cancel_order));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// //- openapi.yaml
    /// openapi: 3.1.0
    /// info: { title: Orders, version: 1.0.0 }
    /// paths:
    ///   /orders:
    ///     get:
    ///       responses: { '200': { description: all orders } }
    ///     post:
    ///       responses: { '200': { description: the new order } }
    ///   /orders/{id}:
    ///     get:
    ///       responses: { '200': { description: the order } }
    /// ```
    /// ```bad
    /// //- src/main.rs
    /// use axum::{Json, Router, routing::get};
    ///
    /// async fn orders() -> Json<Vec<String>> { Json(vec![]) }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/orders", get(orders).post(orders));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// //- openapi.yaml
    /// openapi: 3.1.0
    /// info: { title: Orders, version: 1.0.0 }
    /// paths:
    ///   /orders:
    ///     get:
    ///       responses: { '200': { description: all orders } }
    ///     post:
    ///       responses: { '200': { description: the new order } }
    ///     delete:
    ///       responses: { '204': { description: all orders are gone } }
    /// ```
    /// ```good
    /// //- src/main.rs
    /// use axum::{Json, Router, routing::get};
    ///
    /// async fn orders() -> Json<Vec<String>> { Json(vec![]) }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let api = Router::new().route("/orders", get(orders).post(orders)).route("/orders/{order_id}", get(orders));
    ///     let app = Router::new().nest("/v1", api).route("/healthz", get(|| async { "ok" }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// //- openapi.yaml
    /// openapi: 3.1.0
    /// info: { title: Orders, version: 1.0.0 }
    /// servers:
    ///   - url: https://shop.example/v1
    /// paths:
    ///   /orders:
    ///     get:
    ///       responses: { '200': { description: all orders } }
    ///     post:
    ///       responses: { '200': { description: the new order } }
    ///   /orders/{id}:
    ///     get:
    ///       responses: { '200': { description: the order } }
    /// ```
    ///
    /// ## Fix
    /// Adds the operation to the document (YAML) with what the code tells of it; what it takes and answers is to be filled in.
    /// An operation that nobody serves is not taken out: whether the document or the code is wrong only its callers know.
    ///
    /// ## References
    /// - OpenAPI Specification 3.1.1, "Paths Object" and "Server Object"
    /// - OpenAPI Initiative, "Best Practices: Keep a Single Source of Truth"
    pub(crate) OPENAPI_DRIFT {
        id: "openapi-drift",
        category: Api,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (number, service) in cx.model.services.iter().enumerate() {
        let documents = Document::of(cx, number);
        if documents.is_empty() || !sees_all_routes(service) {
            continue;
        }
        // What a library left out of the document was kept from it on purpose.
        let package = cx.model.packages.get(service.package as usize);
        let is_written = package.is_some_and(|p| p.describes_routes);
        let missing = if is_written { Vec::new() } else { undescribed(&documents, service) };
        let missing = missing.into_iter();
        findings.extend(missing.map(|(route, document)| route_finding(cx, service, route, document)));
        for document in documents.iter().filter(|d| !d.is_history) {
            let served = document.contract.operations.iter().zip(&document.link.served);
            let phantoms = served.filter(|(operation, served)| served.is_absent() && is_asked(operation));
            findings.extend(phantoms.map(|(operation, _)| operation_finding(service, operation, document)));
            findings.extend(payload_drift::findings(cx, service, document));
        }
    }
}

fn route_finding(cx: &Context<'_>, service: &Service, route: &Route, document: &Document<'_>) -> Finding {
    let file = cx.model.relative(document.contract.file).display().to_string();
    let (method, path) = (&route.method, &route.path);
    let message = format!(
        "`{method} {path}` is not described in `{file}`: clients generated from it cannot call the route, and nobody is told \
         when it changes"
    );
    let (at, says) = match stub::described_path(document, route) {
        Some(described) => (described.at, format!("the path is described here, without `{method}`")),
        None => (document.contract.at, format!("the paths that are described of `{}`", service.name)),
    };
    Finding::new(&OPENAPI_DRIFT, route.path_at.unwrap_or(route.at), message)
        .label("not described")
        .help(format!("describe the operation in `{file}`, or generate the document from the code"))
        .service(service.name.clone())
        .subject(format!("{} {method} {path}", service.name))
        .related(at, says)
        .fix(
            format!("Describe `{method} {path}` in `{file}`"),
            Applicability::Proposal,
            stub::edits(cx, document, route),
        )
}

fn operation_finding(service: &Service, operation: &Operation, document: &Document<'_>) -> Finding {
    let path = format!("{}{}", document.link.prefix, operation.path);
    let method = &operation.method;
    let same_path = service.routes.iter().find(|r| meet(&path, &r.path) == Meeting::Same);
    let code = if same_path.is_some() { "405 or 404" } else { "404" };
    let message = format!(
        "`{method} {path}` is described here, but `{}` does not serve it: callers that trust the document get {code}",
        service.name
    );
    let routes = service.routes.iter().filter(|r| r.method != "RPC");
    let nearest = same_path.or_else(|| routes.min_by_key(|r| levenshtein(&r.path, &path)));
    let finding = Finding::new(&OPENAPI_DRIFT, operation.method_at, message)
        .label("no route serves this")
        .help("serve the operation, or take it out of the document once nobody calls it")
        .service(service.name.clone())
        .subject(format!("{} {method} {path}", service.name));
    match nearest {
        Some(route) => finding.related(
            route.path_at.unwrap_or(route.at),
            format!("the nearest route: `{} {}`", route.method, route.path),
        ),
        None => finding,
    }
}
