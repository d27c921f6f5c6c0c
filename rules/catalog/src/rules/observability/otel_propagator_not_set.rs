//! `otel-propagator-not-set`

use svclint_model::{Deed, Effect, FnId, Service, What};

use crate::edit::insert_before;
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports services that take in the context of a trace, or pass it on, by OpenTelemetry's global propagator, and that set
    /// up where their spans go, but never set that propagator.
    ///
    /// ## Why it matters
    /// Until one is set, the global propagator reads nothing and writes nothing, and says nothing about it. Every service then
    /// begins a trace of its own: all spans arrive, and no request can be followed from one service to the next.
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
    /// opentelemetry = "0.31"
    /// opentelemetry-http = "0.31"
    /// opentelemetry_sdk = "0.31"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, http::HeaderMap, routing::get};
    /// use opentelemetry::global;
    /// use opentelemetry_sdk::trace::SdkTracerProvider;
    ///
    /// async fn price(headers: HeaderMap) -> &'static str {
    ///     let parent = global::get_text_map_propagator(|p| p.extract(&opentelemetry_http::HeaderExtractor(&headers)));
    ///     let _entered = parent.attach();
    ///     "7"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     global::set_tracer_provider(SdkTracerProvider::builder().build());
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(price))).await.unwrap();
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
    /// opentelemetry = "0.31"
    /// opentelemetry-http = "0.31"
    /// opentelemetry_sdk = "0.31"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, http::HeaderMap, routing::get};
    /// use opentelemetry::global;
    /// use opentelemetry_sdk::{propagation::TraceContextPropagator, trace::SdkTracerProvider};
    ///
    /// async fn price(headers: HeaderMap) -> &'static str {
    ///     let parent = global::get_text_map_propagator(|p| p.extract(&opentelemetry_http::HeaderExtractor(&headers)));
    ///     let _entered = parent.attach();
    ///     "7"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     global::set_text_map_propagator(TraceContextPropagator::new());
    ///     global::set_tracer_provider(SdkTracerProvider::builder().build());
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(price))).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Sets the propagator of W3C's trace context where the service sets up its spans. Where the callers send other headers,
    /// B3 for example, another one is needed.
    ///
    /// ## References
    /// - OpenTelemetry, "Context propagation"
    /// - W3C, "Trace Context"
    pub(crate) OTEL_PROPAGATOR_NOT_SET {
        id: "otel-propagator-not-set",
        category: Observability,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported = Vec::new();
    for service in &cx.model.services {
        let exports = |d: &Deed| matches!(d.what, What::ExportTraces(Some(_)));
        let (Some((_, set_up)), Some((function, used))) =
            (first(cx, service, exports), first(cx, service, |d| uses(cx, service, d)))
        else {
            continue;
        };
        if !is_set(cx, service) && !reported.contains(&set_up.at) {
            reported.push(set_up.at);
            findings.push(finding(cx, service, set_up, (function, used)));
        }
    }
}

/// The first deed of a service that fits, by its place.
fn first<'m>(cx: &Context<'m>, service: &Service, fits: impl Fn(&Deed) -> bool) -> Option<(FnId, &'m Deed)> {
    let all = service.functions.iter().flat_map(|f| cx.model.function(*f).does.iter().map(|d| (*f, d)));
    all.filter(|(_, d)| fits(d)).min_by_key(|(_, d)| d.at)
}

/// Whether a deed asks the propagator: one of a package that is built without it does not.
fn uses(cx: &Context<'_>, service: &Service, deed: &Deed) -> bool {
    let What::Propagates(library) = &deed.what else { return false };
    let package = cx.model.packages.get(service.package as usize);
    let mut linked = package.into_iter().flat_map(|p| &p.linked);
    linked.all(|l| l.user.replace('-', "_") != *library || !l.with.is_absent())
}

/// Whether some code that the service is built with sets the propagator.
fn is_set(cx: &Context<'_>, service: &Service) -> bool {
    let packages: Vec<u32> = service.functions.iter().map(|f| cx.model.function(*f).package).collect();
    let own = cx.model.functions.iter().filter(|f| packages.contains(&f.package));
    own.flat_map(|f| &f.does).any(|d| d.what == What::Effect(Effect::SetPropagator))
}

fn finding(cx: &Context<'_>, service: &Service, set_up: &Deed, used: (FnId, &Deed)) -> Finding {
    let message = format!(
        "`{}` never sets the propagator that it reads trace contexts with: each of its requests begins a new trace",
        service.name
    );
    let finding = Finding::new(&OTEL_PROPAGATOR_NOT_SET, set_up.at, message)
        .help("set the global propagator beside the tracer: until then it does nothing")
        .label("spans are set up here, and no propagator")
        .service(&service.name)
        .subject(&cx.model.function(used.0).path)
        .related(used.1.at, "the context of the trace is taken from the global propagator here");
    let What::ExportTraces(Some(statement)) = &set_up.what else { return finding };
    if !cx.begins_line(set_up.at) {
        return finding;
    }
    let gap = format!("{}{}", cx.line_end(set_up.at.file), cx.indent(set_up.at));
    let edits = vec![insert_before(set_up.at, format!("{statement}{gap}"))];
    finding.fix("Set the propagator of W3C's trace context", Applicability::Unsafe, edits)
}
