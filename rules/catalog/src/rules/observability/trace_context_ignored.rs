//! `trace-context-ignored`

use svclint_model::{Carries, Place, Route, Service};

use super::inbound::{exported, takes_nothing_in};
use crate::rules::contained::{is_deployed, may_stand_alone};
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports services that export their spans and begin a new trace for each request: no middleware and no code of theirs
    /// takes the context of the caller's trace from a request. Programs that are not run for others are left alone, and so are
    /// services with middleware that svclint does not know, and those that only answer questions.
    ///
    /// ## Why it matters
    /// The spans of a request that passes five services are five traces, each with one service in it. Where the time went, or
    /// which call failed first, can be seen in none of them, though all services pay for their spans.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// opentelemetry = "0.31"
    /// opentelemetry_sdk = "0.31"
    /// tokio = { version = "1", features = ["full"] }
    /// tower-http = { version = "0.6", features = ["trace"] }
    /// tracing = "0.1"
    /// tracing-opentelemetry = "0.32"
    /// tracing-subscriber = "0.3"
    /// //- src/main.rs
    /// use axum::{Router, routing::post};
    /// use opentelemetry::trace::TracerProvider;
    /// use opentelemetry_sdk::trace::SdkTracerProvider;
    /// use tower_http::trace::TraceLayer;
    /// use tracing_subscriber::layer::SubscriberExt;
    ///
    /// async fn order() -> &'static str {
    ///     "7"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let tracer = SdkTracerProvider::builder().build().tracer("shop");
    ///     let spans = tracing_opentelemetry::layer().with_tracer(tracer);
    ///     tracing::subscriber::set_global_default(tracing_subscriber::registry().with(spans)).unwrap();
    ///     let app = Router::new().route("/orders", post(order)).layer(TraceLayer::new_for_http());
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "shop"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// opentelemetry = "0.31"
    /// opentelemetry-http = "0.31"
    /// opentelemetry_sdk = "0.31"
    /// tokio = { version = "1", features = ["full"] }
    /// tower-http = { version = "0.6", features = ["trace"] }
    /// tracing = "0.1"
    /// tracing-opentelemetry = "0.32"
    /// tracing-subscriber = "0.3"
    /// //- src/main.rs
    /// use axum::{Router, extract::Request, routing::post};
    /// use opentelemetry::{global, trace::TracerProvider};
    /// use opentelemetry_http::HeaderExtractor;
    /// use opentelemetry_sdk::{propagation::TraceContextPropagator, trace::SdkTracerProvider};
    /// use tower_http::trace::TraceLayer;
    /// use tracing_opentelemetry::OpenTelemetrySpanExt;
    /// use tracing_subscriber::layer::SubscriberExt;
    ///
    /// fn span(request: &Request) -> tracing::Span {
    ///     let span = tracing::info_span!("request");
    ///     let parent = global::get_text_map_propagator(|p| p.extract(&HeaderExtractor(request.headers())));
    ///     let _ = span.set_parent(parent);
    ///     span
    /// }
    ///
    /// async fn order() -> &'static str {
    ///     "7"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     global::set_text_map_propagator(TraceContextPropagator::new());
    ///     let tracer = SdkTracerProvider::builder().build().tracer("shop");
    ///     let spans = tracing_opentelemetry::layer().with_tracer(tracer);
    ///     tracing::subscriber::set_global_default(tracing_subscriber::registry().with(spans)).unwrap();
    ///     let app = Router::new().route("/orders", post(order)).layer(TraceLayer::new_for_http().make_span_with(span));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: set the propagator that your callers use beside the tracer, and make it the parent of each request's span, with
    /// middleware of your framework or by hand.
    ///
    /// ## References
    /// - OpenTelemetry, "Context propagation"
    /// - W3C, "Trace Context"
    pub(crate) TRACE_CONTEXT_IGNORED {
        id: "trace-context-ignored",
        category: Observability,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported = Vec::new();
    for service in &cx.model.services {
        // What sends its spans away is run for others.
        if (is_deployed(cx, service) || may_stand_alone(cx, service))
            && let Some(exported) = exported(cx, service)
            && takes_nothing_in(cx, service)
            && let Some(at) = begun(cx, service)
            && !reported.contains(&at)
        {
            reported.push(at);
            findings.push(finding(service, at, exported));
        }
    }
}

/// Whether others have a route do something for them: what only reads may be there for people and probes.
fn does_work(route: &Route) -> bool {
    route.handler.is_some() && !["GET", "HEAD", "OPTIONS"].contains(&route.method.as_str())
}

/// Where the span of a request is made: by a layer, or around the handler.
fn begun(cx: &Context<'_>, service: &Service) -> Option<Place> {
    let mut layers = service.routes.iter().filter(|r| does_work(r)).flat_map(|r| &r.layers);
    if let Some(layer) = layers.find(|l| l.carries.contains(&Carries::Trace)) {
        return Some(layer.at);
    }
    let works = service.routes.iter().filter(|r| does_work(r)).filter_map(|r| r.handler);
    works.filter_map(|f| Some(cx.model.function(f).span.as_ref()?.at)).min()
}

fn finding(service: &Service, at: Place, exported: Place) -> Finding {
    let message = format!(
        "`{}` exports its spans but takes no trace from its requests: each of them begins a new one",
        service.name
    );
    Finding::new(&TRACE_CONTEXT_IGNORED, at, message)
        .help("set the global propagator, and make the context that it reads from the request the parent of its span")
        .label("makes a span without a parent for each request")
        .service(&service.name)
        .subject(&service.name)
        .related(exported, "its spans are exported here")
}
