//! `health-route-behind-auth`

use svclint_model::{AskedPath, Carries, Route, RouteLayer, Tri, asked};

use crate::rules::deployed::{Deployed, deployed};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports probes of a route that refuses requests without credentials, where the probe sends none.
    ///
    /// ## Why it matters
    /// The kubelet gets 401 for ever: a healthy pod is restarted again and again, or never gets any traffic.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use tower_http::validate_request::ValidateRequestHeaderLayer;
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new()
    ///         .route("/v1/orders", get(|| async { "[]" }))
    ///         .route("/healthz", get(|| async { "ok" }))
    ///         .layer(ValidateRequestHeaderLayer::bearer("token"));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// //- Dockerfile
    /// FROM rust:1.90-bookworm AS build
    /// RUN cargo build --release --locked --bin shop
    /// FROM gcr.io/distroless/cc-debian12:nonroot
    /// COPY --from=build /target/release/shop /shop
    /// ENTRYPOINT ["/shop"]
    /// //- deploy/shop.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: shop }
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: shop
    ///           image: registry/shop:1.4.0
    ///           livenessProbe:
    ///             httpGet: { path: /healthz, port: 8080 }
    /// ```
    /// ```good
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use tower_http::validate_request::ValidateRequestHeaderLayer;
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new()
    ///         .route("/v1/orders", get(|| async { "[]" }))
    ///         .layer(ValidateRequestHeaderLayer::bearer("token"))
    ///         .route("/healthz", get(|| async { "ok" }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// //- Dockerfile
    /// FROM rust:1.90-bookworm AS build
    /// RUN cargo build --release --locked --bin shop
    /// FROM gcr.io/distroless/cc-debian12:nonroot
    /// COPY --from=build /target/release/shop /shop
    /// ENTRYPOINT ["/shop"]
    /// //- deploy/shop.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: shop }
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: shop
    ///           image: registry/shop:1.4.0
    ///           livenessProbe:
    ///             httpGet: { path: /healthz, port: 8080 }
    /// ```
    ///
    /// ## Fix
    /// None: register the health route after the layer, or on a router of its own, so that nothing stands in front of it.
    ///
    /// ## References
    /// - Kubernetes, "Configure Liveness, Readiness and Startup Probes"
    pub(crate) HEALTH_ROUTE_BEHIND_AUTH {
        id: "health-route-behind-auth",
        category: Health,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for program in deployed(cx) {
        for asked in asked(program.container).into_iter().filter(|a| a.minds && !sends_credentials(a)) {
            let route = program.answering(&asked).filter(|r| r.certain);
            if let Some((route, layer)) = route.and_then(|r| Some((r, guard(r)?))) {
                findings.push(finding(&program, &asked, route, layer));
            }
        }
    }
}

/// Headers that say of the asker nothing that a guard asks for.
const NEUTRAL: &[&str] = &["accept", "accept-encoding", "cache-control", "connection", "host", "user-agent"];

/// Whether a probe sends headers that a guard may accept.
fn sends_credentials(asked: &AskedPath<'_>) -> bool {
    match &asked.headers {
        Tri::Present(names) => names.iter().any(|name| !NEUTRAL.contains(&name.as_str())),
        Tri::Absent => false,
        Tri::Unknown => true,
    }
}

/// What refuses requests without credentials, whichever way the router is built.
fn guard(route: &Route) -> Option<&RouteLayer> {
    // A function of the workspace may let some paths through.
    route.layers.iter().find(|l| l.certain && l.function.is_none() && l.carries.contains(&Carries::Auth))
}

fn finding(program: &Deployed<'_>, asked: &AskedPath<'_>, route: &Route, layer: &RouteLayer) -> Finding {
    let message = format!(
        "the probe asks `{}` for `{}` without credentials, and `{}` stands in front of it: the answer is always 401",
        program.service.name, asked.path, layer.name
    );
    program.explained(
        Finding::new(&HEALTH_ROUTE_BEHIND_AUTH, asked.at, message)
            .help("register the route after the layer, or on a router of its own")
            .label("401")
            .related(layer.at, "refuses requests without credentials")
            .related(route.path_at.unwrap_or(route.at), "the route that it asks for")
            .subject(format!("{} {}", program.subject(), asked.path)),
    )
}
