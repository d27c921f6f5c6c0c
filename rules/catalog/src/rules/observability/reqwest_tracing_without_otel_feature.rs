//! `reqwest-tracing-without-otel-feature`

use svclint_model::{Linked, Place, Service, Tri, What};

use crate::rules::observability::manifest::with_feature;
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports services that export traces and wrap their HTTP client in a tracing middleware that is built without the
    /// feature for the service's release of OpenTelemetry.
    ///
    /// ## Why it matters
    /// Without the feature the middleware makes spans, and nothing more: the code that writes the context into the headers is
    /// not compiled. The spans of the call are there, so that it looks right, and the called service begins a new trace.
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
    /// opentelemetry = "0.30"
    /// opentelemetry_sdk = "0.30"
    /// reqwest = "0.12"
    /// reqwest-middleware = "0.4"
    /// reqwest-tracing = "0.5"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use reqwest_middleware::ClientBuilder;
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     opentelemetry::global::set_tracer_provider(opentelemetry_sdk::trace::SdkTracerProvider::builder().build());
    ///     opentelemetry::global::set_text_map_propagator(opentelemetry_sdk::propagation::TraceContextPropagator::new());
    ///     let client = ClientBuilder::new(reqwest::Client::new()).with(reqwest_tracing::TracingMiddleware::default()).build();
    ///     let app = Router::new().route("/price", get(|| async { "7" })).with_state(client);
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
    /// opentelemetry = "0.30"
    /// opentelemetry_sdk = "0.30"
    /// reqwest = "0.12"
    /// reqwest-middleware = "0.4"
    /// reqwest-tracing = { version = "0.5", features = ["opentelemetry_0_30"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use reqwest_middleware::ClientBuilder;
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     opentelemetry::global::set_tracer_provider(opentelemetry_sdk::trace::SdkTracerProvider::builder().build());
    ///     opentelemetry::global::set_text_map_propagator(opentelemetry_sdk::propagation::TraceContextPropagator::new());
    ///     let client = ClientBuilder::new(reqwest::Client::new()).with(reqwest_tracing::TracingMiddleware::default()).build();
    ///     let app = Router::new().route("/price", get(|| async { "7" })).with_state(client);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Asks for the feature of the release that the service uses. Unsafe: an old release of the middleware may not have it yet.
    ///
    /// ## References
    /// - The documentation of reqwest-tracing, on its `opentelemetry_0_*` features
    pub(crate) REQWEST_TRACING_WITHOUT_OTEL_FEATURE {
        id: "reqwest-tracing-without-otel-feature",
        category: Observability,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported: Vec<Place> = Vec::new();
    for service in &cx.model.services {
        let deeds = || service.functions.iter().flat_map(|f| &cx.model.function(*f).does);
        if !deeds().any(|d| matches!(d.what, What::ExportTraces(_))) {
            continue;
        }
        let package = cx.model.packages.get(service.package as usize);
        let lacks = |l: &&Linked| l.with == Tri::Absent && l.feature.is_some();
        for linked in package.into_iter().flat_map(|p| &p.linked).filter(lacks) {
            let library = linked.user.replace('-', "_");
            let used = deeds().find(|d| matches!(&d.what, What::Propagates(by) if *by == library));
            if let Some(used) = used.filter(|_| !reported.contains(&linked.at)) {
                reported.push(linked.at);
                findings.push(finding(cx, service, linked, used.at));
            }
        }
    }
}

fn finding(cx: &Context<'_>, service: &Service, linked: &Linked, used: Place) -> Finding {
    let Linked { user, feature, library, own, .. } = linked;
    let feature = feature.as_deref().unwrap_or("");
    let message = format!(
        "`{user}` is built without its feature for {library}: it makes spans, and passes no trace on to the services that are called"
    );
    Finding::new(&REQWEST_TRACING_WITHOUT_OTEL_FEATURE, linked.at, message)
        .help(format!("ask for the feature `{feature}`: the service uses {library} {}", own.join(" and ")))
        .label("no feature that passes traces on")
        .service(&service.name)
        .subject(user)
        .related(used, "the client is wrapped in it here")
        .fix(format!("Ask for `{feature}`"), Applicability::Unsafe, with_feature(cx, linked.at, feature))
}
