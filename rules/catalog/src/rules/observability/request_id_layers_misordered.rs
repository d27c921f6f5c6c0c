//! `request-id-layers-misordered`

use svclint_model::{Carries, Place, Route, RouteLayer};

use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports middleware around the same routes in an order in which it misses the request's id: what records requests, or
    /// copies the id into the answer, stands outside of what gives requests their id.
    ///
    /// ## Why it matters
    /// A request passes layers from the outside inwards. A layer that comes before the id is given sees none: the lines of the
    /// log, or the answers, lack it for all requests that came without one. They look right in tests that send an id along.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "prices"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// tokio = { version = "1", features = ["full"] }
    /// tower = "0.5"
    /// tower-http = { version = "0.6", features = ["request-id", "trace"] }
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use tower::ServiceBuilder;
    /// use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let layers = ServiceBuilder::new()
    ///         .layer(PropagateRequestIdLayer::x_request_id())
    ///         .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid));
    ///     let app = Router::new().route("/price", get(|| async { "7" })).layer(layers);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "prices"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// tokio = { version = "1", features = ["full"] }
    /// tower = "0.5"
    /// tower-http = { version = "0.6", features = ["request-id", "trace"] }
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use tower::ServiceBuilder;
    /// use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let layers = ServiceBuilder::new()
    ///         .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
    ///         .layer(PropagateRequestIdLayer::x_request_id());
    ///     let app = Router::new().route("/price", get(|| async { "7" })).layer(layers);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: set the id first, then record, then copy the id into the answer. In a `ServiceBuilder` that is the order from the
    /// top; layers that are added to a router one by one stand the other way round, the last one is outermost.
    ///
    /// ## References
    /// - The documentation of `tower_http::request_id`
    pub(crate) REQUEST_ID_LAYERS_MISORDERED {
        id: "request-id-layers-misordered",
        category: Observability,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

/// What misses the id when it stands outside of what gives it.
const MISSES: &[(Carries, &str, &str)] = &[
    (
        Carries::Trace,
        "records requests",
        "the lines of the log lack the id of requests that come without one",
    ),
    (
        Carries::RequestIdBack,
        "copies the request's id into the answer",
        "the answers to requests that come without one lack it",
    ),
];

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported: Vec<Place> = Vec::new();
    for service in &cx.model.services {
        for route in &service.routes {
            for (layer, id, does, misses) in misordered(route) {
                if reported.contains(&layer.at) {
                    continue;
                }
                reported.push(layer.at);
                let message = format!("what {does} stands outside of what gives requests their id: {misses}");
                findings.push(
                    Finding::new(&REQUEST_ID_LAYERS_MISORDERED, layer.at, message)
                        .help("give requests their id in an outer layer: earlier in a `ServiceBuilder`, later in a chain of `.layer(..)`")
                        .label("runs before the request has an id")
                        .service(&service.name)
                        .subject(format!("{} {}", route.method, route.path))
                        .related(id.at, "requests get their id here, further inside"),
                );
            }
        }
    }
}

type Misordered<'r> = (&'r RouteLayer, &'r RouteLayer, &'static str, &'static str);

/// The layers that stand outside of the one that gives the id; none where that one may be missing, or is there twice.
fn misordered(route: &Route) -> Vec<Misordered<'_>> {
    let gives = |l: &&RouteLayer| l.carries.contains(&Carries::RequestId);
    let mut ids = route.layers.iter().enumerate().filter(|(_, l)| gives(l));
    let (Some((number, id)), None) = (ids.next(), ids.next()) else { return Vec::new() };
    // What has an id of its own, the trace's, needs no other.
    let needs = |l: &&RouteLayer| l.certain && id.certain && !l.carries.contains(&Carries::CorrelationIn);
    let outside = route.layers.iter().take(number).filter(needs);
    let missing = |layer| {
        MISSES.iter().filter_map(move |(carries, does, misses)| {
            let layer: &RouteLayer = layer;
            layer.carries.contains(carries).then_some((layer, id, *does, *misses))
        })
    };
    outside.flat_map(missing).collect()
}
