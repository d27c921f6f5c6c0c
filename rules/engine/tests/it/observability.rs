//! Logs, spans and metrics: what the rules report and what they leave alone.

use crate::support;
use crate::support::{of_rule, service};

const MANIFEST: &str = r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"
[dependencies]
axum = "0.8"
axum-tracing-opentelemetry = "0.32"
metrics = "0.24"
opentelemetry = "0.31"
opentelemetry-http = "0.31"
opentelemetry_sdk = "0.31"
prometheus = "0.14"
secrecy = "0.10"
tokio = "1"
tower = "0.5"
tower-http = "0.6"
tracing = "0.1"
uuid = "1"
"#;

/// A service whose one handler is `handler`.
fn with_handler(code: &str) -> String {
    format!("{MANIFEST}//- src/main.rs\n{}", service(".route(\"/h/{id}\", post(handler))", code))
}

const PROPAGATOR: &str = "otel-propagator-not-set";

/// A service that sets up its spans in `set_up`.
fn traced(set_up: &str, code: &str) -> String {
    with_handler(code).replace("let listener", &format!("{set_up}\n    let listener"))
}

const EXPORT: &str = "opentelemetry::global::set_tracer_provider(opentelemetry_sdk::trace::SdkTracerProvider::builder().build());";
const SET: &str = "opentelemetry::global::set_text_map_propagator(opentelemetry_sdk::propagation::TraceContextPropagator::new());";
const READS: &str = "async fn handler(h: axum::http::HeaderMap) {
    opentelemetry::global::get_text_map_propagator(|p| p.extract(&opentelemetry_http::HeaderExtractor(&h)));
}";

#[test]
fn propagators_that_are_never_set() {
    let text = traced(EXPORT, READS);
    assert_eq!(of_rule(PROPAGATOR, &text), 1);
    let mended = support::mended(&text, PROPAGATOR);
    assert!(mended.contains(&format!("{SET}\n    opentelemetry::global::set_tracer_provider")), "{mended}");
    assert_eq!(of_rule(PROPAGATOR, &mended), 0);
}

#[test]
fn propagators_that_a_layer_asks() {
    let code = "async fn handler() {}";
    let text = traced(EXPORT, code).replace(
        ".route(\"/h/{id}\", post(handler))",
        ".route(\"/h/{id}\", post(handler)).layer(axum_tracing_opentelemetry::middleware::OtelAxumLayer::default())",
    );
    assert_eq!(of_rule(PROPAGATOR, &text), 1);
}

#[test]
fn propagators_that_are_set_or_may_be() {
    for (name, text) in [
        ("set", traced(&format!("{SET}{EXPORT}"), READS)),
        ("set by a helper", traced("telemetry();", &format!("{READS}\nfn telemetry() {{ {SET} {EXPORT} }}"))),
        ("spans set up elsewhere", traced("vendor::init();", READS)),
        ("nobody asks it", traced(EXPORT, "async fn handler() {}")),
    ] {
        assert_eq!(of_rule(PROPAGATOR, &text), 0, "{name}");
    }
}

const ORDER: &str = "request-id-layers-misordered";

/// A service with layers around its handler.
fn layered(layers: &str) -> String {
    with_handler("async fn handler() {}")
        .replace(
            ".route(\"/h/{id}\", post(handler))",
            &format!(".route(\"/h/{{id}}\", post(handler)){layers}"),
        )
        .replace(
            "use axum::{",
            "use tower::ServiceBuilder;
use tower_http::{ServiceBuilderExt, trace::TraceLayer};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use axum::{",
        )
}

#[test]
fn layers_that_miss_the_id() {
    for (name, layers) in [
        (
            "in a stack",
            ".layer(ServiceBuilder::new().layer(TraceLayer::new_for_http()).set_x_request_id(MakeRequestUuid).propagate_x_request_id())",
        ),
        (
            "the answer's in a stack",
            ".layer(ServiceBuilder::new().propagate_x_request_id().set_x_request_id(MakeRequestUuid).layer(TraceLayer::new_for_http()))",
        ),
        (
            "one by one on a router, where the last is outermost",
            ".layer(SetRequestIdLayer::x_request_id(MakeRequestUuid)).layer(TraceLayer::new_for_http())",
        ),
    ] {
        assert_eq!(of_rule(ORDER, &layered(layers)), 1, "{name}");
    }
}

#[test]
fn layers_in_order() {
    for (name, layers) in [
        (
            "in a stack",
            ".layer(ServiceBuilder::new().set_x_request_id(MakeRequestUuid).layer(TraceLayer::new_for_http()).propagate_x_request_id())",
        ),
        (
            "one by one",
            ".layer(PropagateRequestIdLayer::x_request_id()).layer(TraceLayer::new_for_http()).layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))",
        ),
        ("no ids at all", ".layer(TraceLayer::new_for_http())"),
    ] {
        assert_eq!(of_rule(ORDER, &layered(layers)), 0, "{name}");
    }
}

/// A workspace of one service with a lock file, in which `tracing-opentelemetry` is built with a release.
fn locked(with: &str, own: &str) -> String {
    let releases: std::collections::BTreeSet<&str> = [with, own].into();
    let entries: String = releases
        .iter()
        .map(|v| format!("[[package]]\nname = \"opentelemetry\"\nversion = \"{v}\"\n"))
        .collect();
    format!(
        "{MANIFEST}tracing-opentelemetry = \"0.32\"
//- Cargo.lock
[[package]]
name = \"axum\"
version = \"0.8.9\"
{entries}[[package]]
name = \"shop\"
version = \"0.1.0\"
dependencies = [\"axum\", \"opentelemetry {own}\", \"tracing-opentelemetry\"]
[[package]]
name = \"tracing-opentelemetry\"
version = \"0.32.0\"
dependencies = [\"opentelemetry {with}\"]
//- src/main.rs
{}",
        service(".route(\"/h\", post(handler))", "async fn handler() {}")
    )
}

#[test]
fn releases_that_do_not_see_each_other() {
    const SPLIT: &str = "otel-version-split";
    assert_eq!(of_rule(SPLIT, &locked("0.30.0", "0.31.0")), 1);
    assert_eq!(of_rule(SPLIT, &locked("0.31.0", "0.31.0")), 0);
    let unlocked = locked("0.30.0", "0.31.0").replace("//- Cargo.lock", "//- notes.txt");
    assert_eq!(of_rule(SPLIT, &unlocked), 0, "without a lock file nothing is known");
}

const FEATURE: &str = "reqwest-tracing-without-otel-feature";

/// A service whose client has the tracing middleware, with a line of its manifest.
fn middleware(dependency: &str, set_up: &str) -> String {
    let code = "async fn handler() { client(); }
fn client() -> reqwest_middleware::ClientWithMiddleware {
    reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(reqwest_tracing::TracingMiddleware::default()).build()
}";
    traced(set_up, code).replace(
        "secrecy =",
        &format!("reqwest = \"0.12\"\nreqwest-middleware = \"0.4\"\n{dependency}\nsecrecy ="),
    )
}

#[test]
fn middleware_without_the_feature() {
    for (dependency, mended) in [
        (
            "reqwest-tracing = \"0.5\"",
            "reqwest-tracing = { version = \"0.5\", features = [\"opentelemetry_0_31\"] }",
        ),
        (
            "reqwest-tracing = { version = \"0.5\" }",
            "reqwest-tracing = { version = \"0.5\", features = [\"opentelemetry_0_31\"] }",
        ),
        (
            "reqwest-tracing = { version = \"0.5\", features = [\"deprecated_attributes\"] }",
            "reqwest-tracing = { version = \"0.5\", features = [\"opentelemetry_0_31\", \"deprecated_attributes\"] }",
        ),
    ] {
        let text = middleware(dependency, EXPORT);
        assert_eq!(of_rule(FEATURE, &text), 1, "{dependency}");
        let after = support::mended(&text, FEATURE);
        assert!(after.contains(mended), "{after}");
        assert_eq!(of_rule(FEATURE, &after), 0);
    }
}

#[test]
fn middleware_that_passes_traces_on_or_has_none_to_pass() {
    let with = "reqwest-tracing = { version = \"0.5\", features = [\"opentelemetry_0_31\"] }";
    assert_eq!(of_rule(FEATURE, &middleware(with, EXPORT)), 0);
    assert_eq!(of_rule(FEATURE, &middleware("reqwest-tracing = \"0.5\"", "")), 0, "no traces are exported");
    assert_eq!(of_rule(PROPAGATOR, &middleware("reqwest-tracing = \"0.5\"", EXPORT)), 0, "it asks nobody");
    assert_eq!(of_rule(PROPAGATOR, &middleware(with, EXPORT)), 1);
}

const DROPS: &str = "spawned-task-drops-span";

#[test]
fn tasks_that_leave_their_span() {
    for (name, code) in [
        (
            "a block",
            "#[tracing::instrument]\nasync fn handler() { tokio::spawn(async move { tracing::info!(\"sent\"); }); }",
        ),
        (
            "a function that logs further down",
            "#[tracing::instrument]\nasync fn handler() { tokio::spawn(send()); }
             async fn send() { done(); }\nfn done() { tracing::info!(\"sent\"); }",
        ),
    ] {
        let text = with_handler(code);
        assert_eq!(of_rule(DROPS, &text), 1, "{name}");
        let mended = support::mended(&text, DROPS);
        assert!(
            mended.contains(".in_current_span());") && mended.contains("use tracing::Instrument;"),
            "{mended}"
        );
        assert_eq!(of_rule(DROPS, &mended), 0, "{name}");
    }
}

#[test]
fn tasks_with_a_span_or_nothing_to_say() {
    for (name, code) in [
        (
            "given the span",
            "use tracing::Instrument;\n#[tracing::instrument]\nasync fn handler() {
             tokio::spawn(async move { tracing::info!(\"sent\"); }.in_current_span()); }",
        ),
        (
            "with a span of its own",
            "#[tracing::instrument]\nasync fn handler() { tokio::spawn(send()); }
             #[tracing::instrument]\nasync fn send() { tracing::info!(\"sent\"); }",
        ),
        ("silent", "#[tracing::instrument]\nasync fn handler() { tokio::spawn(async move { 7 }); }"),
        (
            "no span to leave",
            "async fn handler() { tokio::spawn(async move { tracing::info!(\"sent\"); }); }",
        ),
        (
            "a thread",
            "#[tracing::instrument]\nasync fn handler() { std::thread::spawn(move || tracing::info!(\"sent\")); }",
        ),
    ] {
        assert_eq!(of_rule(DROPS, &with_handler(code)), 0, "{name}");
    }
}

const GUARD: &str = "span-guard-held-across-await";

#[test]
fn spans_that_are_entered_for_too_long() {
    for (body, expected) in [
        ("let span = tracing::info_span!(\"a\"); let _entered = span.enter(); wait().await;", 1),
        ("let _entered = tracing::info_span!(\"a\").entered(); wait().await;", 1),
        ("let entered = tracing::info_span!(\"a\").entered(); entered.exit(); wait().await;", 0),
        ("{ let span = tracing::info_span!(\"a\"); let _entered = span.enter(); } wait().await;", 0),
        (
            "let span = tracing::info_span!(\"a\"); let entered = span.enter(); drop(entered); wait().await;",
            0,
        ),
        ("tracing::info_span!(\"a\").in_scope(|| 7); wait().await;", 0),
    ] {
        let code = format!("async fn wait() {{}}\nasync fn handler() {{ {body} }}");
        assert_eq!(of_rule(GUARD, &with_handler(&code)), expected, "{body}");
    }
}

#[test]
fn the_span_goes_with_what_is_awaited() {
    for (body, expected) in [
        (
            "let span = tracing::info_span!(\"a\");\n    let _entered = span.enter();\n    wait().await;\n    wait().await;\n",
            "let span = tracing::info_span!(\"a\");\n    wait().instrument(span.clone()).await;\n    wait().instrument(span.clone()).await;\n",
        ),
        (
            "let _entered = tracing::info_span!(\"a\").entered();\n    wait()\n        .await;\n",
            "let span = tracing::info_span!(\"a\");\n    wait()\n        .instrument(span.clone())\n        .await;\n",
        ),
    ] {
        let text = with_handler(&format!("async fn wait() {{}}\nasync fn handler() {{\n    {body}}}"));
        let mended = support::mended(&text, GUARD);
        assert!(mended.contains(expected), "{mended}");
        assert!(mended.contains("use tracing::Instrument;"), "{mended}");
        assert_eq!(of_rule(GUARD, &mended), 0);
    }
}

const SECRET: &str = "secret-recorded-in-telemetry";

#[test]
fn secrets_that_are_written_down() {
    for (name, code) in [
        (
            "an argument in a span",
            "async fn handler(p: String) { check(&p); }\n#[tracing::instrument]\nfn check(password: &str) {}",
        ),
        ("in a line", "async fn handler(password: String) { tracing::info!(\"for {}\", password); }"),
        ("in its format", "async fn handler(password: String) { tracing::info!(\"for {password}\"); }"),
        ("as a field", "async fn handler(password: String) { tracing::info!(?password, \"in\"); }"),
        (
            "a field of something",
            "#[derive(serde::Deserialize)] struct Login { api_key: String }
             async fn handler(axum::Json(login): axum::Json<Login>) { tracing::warn!(\"no: {}\", login.api_key.as_str()); }",
        ),
    ] {
        assert_eq!(of_rule(SECRET, &with_handler(code)), 1, "{name}");
    }
}

#[test]
fn secrets_that_are_kept() {
    for (name, code) in [
        (
            "left out of the span",
            "async fn handler(p: String) { check(&p); }\n#[tracing::instrument(skip(password))]\nfn check(password: &str) {}",
        ),
        (
            "with everything else",
            "async fn handler(p: String) { check(&p); }\n#[tracing::instrument(skip_all)]\nfn check(password: &str) {}",
        ),
        (
            "hidden by their type",
            "#[tracing::instrument]\nasync fn handler(password: secrecy::SecretString) { tracing::info!(?password, \"in\"); }",
        ),
        (
            "only its length",
            "async fn handler(password: String) { tracing::info!(\"of {}\", password.len()); }",
        ),
        (
            "a count",
            "async fn handler(axum::Json(secret): axum::Json<u64>) { tracing::info!(secret, \"in\"); }",
        ),
        ("another name", "async fn handler(name: String) { tracing::info!(name, \"in\"); }"),
    ] {
        assert_eq!(of_rule(SECRET, &with_handler(code)), 0, "{name}");
    }
}

#[test]
fn the_fix_of_a_span_leaves_the_secret_out() {
    for (before, after) in [
        ("#[tracing::instrument]", "#[tracing::instrument(skip(password))]"),
        ("#[tracing::instrument(err)]", "#[tracing::instrument(skip(password), err)]"),
        ("#[tracing::instrument(skip(n))]", "#[tracing::instrument(skip(password, n))]"),
    ] {
        let code = format!(
            "async fn handler(p: String) {{ check(&p, 1); }}\n{before}\nfn check(password: &str, n: u8) {{}}"
        );
        let text = with_handler(&code);
        let mended = support::mended(&text, SECRET);
        assert!(mended.contains(after), "{mended}");
        assert_eq!(of_rule(SECRET, &mended), 0);
    }
}

const LABEL: &str = "metric-label-unbounded";

#[test]
fn labels_with_endlessly_many_values() {
    for (name, code, expected) in [
        (
            "the request's path",
            "async fn handler(r: axum::extract::Request) { metrics::counter!(\"n\", \"path\" => r.uri().path().to_string()).increment(1); }",
            1,
        ),
        (
            "a parameter of it",
            "async fn handler(axum::extract::Path(id): axum::extract::Path<String>) { metrics::counter!(\"n\", \"id\" => id).increment(1); }",
            1,
        ),
        (
            "with another library",
            "async fn handler(n: axum::Extension<prometheus::IntCounterVec>, r: axum::extract::Request) {
                 let path = r.uri().path();
                 n.with_label_values(&[\"GET\", path]).inc();
             }",
            1,
        ),
        (
            "the route",
            "async fn handler(p: axum::extract::MatchedPath) { metrics::counter!(\"n\", \"path\" => p.as_str().to_owned()).increment(1); }",
            0,
        ),
        (
            "the route where there is one",
            "async fn handler(r: axum::extract::Request) {
                 let path = match r.extensions().get::<axum::extract::MatchedPath>() {
                     Some(p) => p.as_str().to_owned(),
                     None => r.uri().path().to_owned(),
                 };
                 metrics::counter!(\"n\", \"path\" => path).increment(1);
             }",
            0,
        ),
        (
            "the method",
            "async fn handler(r: axum::extract::Request) { metrics::counter!(\"n\", \"m\" => r.method().to_string()).increment(1); }",
            0,
        ),
    ] {
        assert_eq!(of_rule(LABEL, &with_handler(code)), expected, "{name}");
    }
}

const NO_ID: &str = "service-without-correlation";

#[test]
fn services_without_ids() {
    const CALLS: &str = "async fn handler() { reqwest::get(\"http://prices\").await.unwrap(); }";
    let with = |layers: &str, code: &str| {
        let routes = format!(".route(\"/h\", post(handler)){layers}");
        format!("{MANIFEST}reqwest = \"0.12\"\n//- src/main.rs\n{}", service(&routes, code))
    };
    assert_eq!(of_rule(NO_ID, &with("", CALLS)), 1);
    for (name, text) in [
        ("it calls nobody", with("", "async fn handler() {}")),
        (
            "a layer gives ids",
            with(
                ".layer(tower_http::request_id::SetRequestIdLayer::x_request_id(tower_http::request_id::MakeRequestUuid))",
                CALLS,
            ),
        ),
        ("a layer may", with(".layer(vendor::TelemetryLayer::new())", CALLS)),
        (
            "it reads one",
            with(
                "",
                "async fn handler(h: axum::http::HeaderMap) { h.get(\"x-request-id\"); reqwest::get(\"http://prices\").await.unwrap(); }",
            ),
        ),
    ] {
        assert_eq!(of_rule(NO_ID, &text), 0, "{name}");
    }
}

const IGNORED: &str = "trace-context-ignored";
const SPANS: &str = "tracing_opentelemetry::layer().with_tracer(tracer());";
const INSTRUMENTED: &str = "#[tracing::instrument]\nasync fn handler() {}";

fn with_layer(text: &str, layer: &str) -> String {
    let libraries = "tracing = \"0.1\"\ntracing-opentelemetry = \"0.32\"\ntracing-actix-web = \"0.7\"\n";
    let text = text.replace("tracing = \"0.1\"\n", libraries);
    text.replace("post(handler))", &format!("post(handler)){layer}"))
}

#[test]
fn traces_that_begin_anew_in_a_service() {
    let trace = ".layer(tower_http::trace::TraceLayer::new_for_http())";
    for (name, text) in [
        ("a span around the handler", with_layer(&traced(SPANS, INSTRUMENTED), "")),
        ("a layer that makes spans", with_layer(&traced(SPANS, "async fn handler() {}"), trace)),
        ("a provider for the whole program", with_layer(&traced(EXPORT, INSTRUMENTED), "")),
        ("a propagator that nobody asks", with_layer(&traced(&format!("{SET}{EXPORT}"), INSTRUMENTED), "")),
        (
            "a closure that makes the span",
            with_layer(
                &traced(SPANS, "async fn handler() {}"),
                ".layer(tower_http::trace::TraceLayer::new_for_http().make_span_with(|r: &axum::extract::Request| tracing::info_span!(\"request\")))",
            ),
        ),
        (
            "beside layers that do other things",
            with_layer(&traced(SPANS, INSTRUMENTED), ".layer(tower_http::cors::CorsLayer::permissive())"),
        ),
    ] {
        assert_eq!(of_rule(IGNORED, &text), 1, "{name}");
    }
}

#[test]
fn traces_that_go_on_in_a_service_or_may() {
    let layer = |layer: &str| with_layer(&traced(SPANS, INSTRUMENTED), layer);
    let parent = "async fn handler(h: axum::http::HeaderMap) { parent(h) }
use tracing_opentelemetry::OpenTelemetrySpanExt;
#[tracing::instrument]
fn parent(h: axum::http::HeaderMap) { tracing::Span::current().set_parent(context(&h)); }";
    for (name, text) in [
        ("spans that go nowhere", with_layer(&with_handler(INSTRUMENTED), "")),
        ("no span for a request", with_layer(&traced(SPANS, "async fn handler() {}"), "")),
        (
            "only questions",
            with_layer(&traced(SPANS, INSTRUMENTED), "").replace("post(handler)", "get(handler)"),
        ),
        (
            "a layer that takes them in",
            layer(".layer(axum_tracing_opentelemetry::middleware::OtelAxumLayer::default())"),
        ),
        ("a layer that nobody knows", layer(".layer(house::telemetry_layer())")),
        (
            "a part of a layer that nobody knows",
            layer(
                ".layer(tower_http::trace::TraceLayer::new_for_http().make_span_with(house::Spans::new()))",
            ),
        ),
        ("by hand", with_layer(&traced(SPANS, parent), "")),
        ("by the propagator", with_layer(&traced(SPANS, &format!("#[tracing::instrument]\n{READS}")), "")),
        (
            "by a header",
            with_layer(
                &traced(
                    SPANS,
                    "#[tracing::instrument]\nasync fn handler(h: axum::http::HeaderMap) { h.get(\"traceparent\"); }",
                ),
                "",
            ),
        ),
    ] {
        assert_eq!(of_rule(IGNORED, &text), 0, "{name}");
    }
}

const DROPPED: &str = "correlation-id-dropped-outbound";

/// Two services: `shop` asks `prices`, over gRPC, in `ask`. `set_up` stands in the `main` of `shop`.
fn two(set_up: &str, ask: &str) -> String {
    format!(
        r#"//- Cargo.toml
[workspace]
members = ["shop", "prices"]
//- proto/prices.proto
syntax = "proto3";
package prices.v1;
service Prices {{ rpc Find(Item) returns (Price); }}
message Item {{}}
message Price {{}}
//- shop/Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"
[dependencies]
axum = "0.8"
opentelemetry = "0.31"
tokio = "1"
tonic = "0.14"
tracing-opentelemetry = "0.32"
//- shop/src/main.rs
use axum::{{Router, extract::State, routing::post}};
use pb::prices_client::PricesClient;
use tonic::transport::Channel;
mod pb {{ tonic::include_proto!("prices.v1"); }}
{ask}
#[tokio::main]
async fn main() {{
    {set_up}
    let channel = Channel::from_static("http://prices:50051").connect_lazy();
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, Router::new().route("/orders", post(handler)).with_state(channel)).await.unwrap();
}}
//- prices/Cargo.toml
[package]
name = "prices"
version = "0.1.0"
edition = "2021"
[dependencies]
tokio = "1"
tonic = "0.14"
//- prices/src/main.rs
mod pb {{ tonic::include_proto!("prices.v1"); }}
struct Book;
#[tonic::async_trait]
impl pb::prices_server::Prices for Book {{
    async fn find(&self, request: tonic::Request<pb::Item>) -> Result<tonic::Response<pb::Price>, tonic::Status> {{
        Ok(tonic::Response::new(pb::Price {{}}))
    }}
}}
#[tokio::main]
async fn main() {{
    let served = pb::prices_server::PricesServer::new(Book);
    tonic::transport::Server::builder().add_service(served).serve("0.0.0.0:50051".parse().unwrap()).await.unwrap();
}}
"#
    )
}

const ASKS: &str = "async fn handler(State(channel): State<Channel>) {
    let mut prices = PricesClient::new(channel);
    prices.find(tonic::Request::new(pb::Item {})).await.unwrap();
}";

#[test]
fn traces_and_ids_that_end_at_a_call_to_another_service() {
    let plain = ASKS.replace("tonic::Request::new(pb::Item {})", "pb::Item {}");
    let id = ASKS.replace("async fn handler(", "async fn handler(h: axum::http::HeaderMap, ");
    let id = id.replace("let mut prices", "h.get(\"x-request-id\");\n    let mut prices");
    for (name, text) in [
        ("spans that are exported", two(SPANS, ASKS)),
        ("a message without metadata", two(SPANS, &plain)),
        ("an id", two("", &id)),
        (
            "over HTTP",
            two(SPANS, "async fn handler() { reqwest::get(\"http://prices/v1\").await.unwrap(); }")
                .replace("tonic = \"0.14\"\ntracing", "tonic = \"0.14\"\nreqwest = \"0.12\"\ntracing"),
        ),
    ] {
        assert_eq!(of_rule(DROPPED, &text), 1, "{name}");
    }
}

#[test]
fn traces_that_go_on_at_a_call_or_need_not() {
    let with = |from: &str, to: &str| two(SPANS, &ASKS.replace(from, to));
    let reqwest = |code: &str| {
        two(SPANS, code).replace("tonic = \"0.14\"\ntracing", "tonic = \"0.14\"\nreqwest = \"0.12\"\ntracing")
    };
    let message = "prices.find(tonic::Request::new(pb::Item {}))";
    for (name, text) in [
        ("no spans and no ids", two("", ASKS)),
        (
            "an interceptor",
            with(
                "PricesClient::new(channel)",
                "PricesClient::with_interceptor(channel, |r: tonic::Request<()>| Ok(inject(r)))",
            ),
        ),
        (
            "a channel in something else",
            with("PricesClient::new(channel)", "PricesClient::new(house::Traced::new(channel))"),
        ),
        (
            "metadata",
            with(
                message,
                "let mut item = tonic::Request::new(pb::Item {});\n    inject(item.metadata_mut());\n    prices.find(item)",
            ),
        ),
        ("a helper that makes the request", with(message, "prices.find(house::traced(pb::Item {}))")),
        (
            "another house's service",
            two(SPANS, ASKS).replace("impl pb::prices_server::Prices for Book", "impl Book"),
        ),
        (
            "a host on the internet",
            reqwest("async fn handler() { reqwest::get(\"https://prices.example.com/v1\").await.unwrap(); }"),
        ),
        (
            "a host that nobody names",
            reqwest("async fn handler(u: String) { reqwest::get(format!(\"{u}/v1\")).await.unwrap(); }"),
        ),
        (
            "a method that nobody knows",
            reqwest(
                "async fn handler() { reqwest::Client::new().get(\"http://prices/v1\").traced().send().await.unwrap(); }",
            ),
        ),
    ] {
        assert_eq!(of_rule(DROPPED, &text), 0, "{name}");
    }
}
