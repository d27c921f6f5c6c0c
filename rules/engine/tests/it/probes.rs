//! Probes: which route answers, what is asked of another, and what an image's own check asks for.

use crate::support::{check_rule, found, mended};

const IMAGE: &str = r#"//- Dockerfile
FROM rust:1.90-bookworm AS build
RUN cargo build --release --locked --bin shop
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /target/release/shop /shop
ENTRYPOINT ["/shop"]
"#;

/// A program with these routes, and the functions that they name.
fn program(routes: &str, functions: &str) -> String {
    program_at("\"0.0.0.0:8080\"", routes, functions)
}

fn program_at(address: &str, routes: &str, functions: &str) -> String {
    format!(
        r#"use axum::{{Router, extract::State, routing::get}};

#[tokio::main]
async fn main() {{
    let pool = sqlx::PgPool::connect_lazy("postgres://db/shop").unwrap();
    let app = Router::new(){routes}.with_state(pool);
    let listener = tokio::net::TcpListener::bind({address}).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}}
{functions}
"#
    )
}

/// A Deployment of it, with these lines in its container.
fn pod(lines: &str) -> String {
    pod_of("ports: [{ name: http, containerPort: 8080 }]", lines)
}

fn pod_of(ports: &str, lines: &str) -> String {
    let ports = if ports.is_empty() { String::new() } else { format!("\n          {ports}") };
    let lines: String = lines.lines().map(|line| format!("          {line}\n")).collect();
    format!(
        "//- deploy/shop.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: shop }}
spec:
  template:
    metadata: {{ labels: {{ app: shop }} }}
    spec:
      containers:
        - name: shop
          image: registry/shop:1.4.0{ports}
{lines}"
    )
}

fn count(text: &str, rule: &str) -> usize {
    found(&check_rule(text, rule)).iter().filter(|f| f.ends_with(&format!(" {rule}"))).count()
}

const MISSING: &str = "probe-route-missing";

#[test]
fn a_probe_of_another_port_or_host_asks_somebody_else() {
    let text = |address: &str, probe: &str| {
        program_at(address, r#".route("/readyz", get(|| async { "" }))"#, "") + IMAGE + &pod(probe)
    };
    let known = "\"0.0.0.0:8080\"";
    let unknown = "std::env::args().nth(1).unwrap()";
    for address in [known, unknown] {
        assert_eq!(
            count(&text(address, "livenessProbe: { httpGet: { path: /live, port: http } }"), MISSING),
            1
        );
        // A library's own server, or the proxy's.
        for other in ["{ path: /metrics, port: 9000 }", "{ path: /healthz/ready, port: 15021 }"] {
            assert_eq!(count(&text(address, &format!("livenessProbe: {{ httpGet: {other} }}")), MISSING), 0);
        }
        let elsewhere = "livenessProbe: { httpGet: { host: 10.0.0.1, path: /live, port: 8080 } }";
        assert_eq!(count(&text(address, elsewhere), MISSING), 0);
    }
}

#[test]
fn a_handler_at_another_port_is_not_asked() {
    let text = |port: u32| {
        let handler = r#"async fn health(State(pool): State<sqlx::PgPool>) -> &'static str {
    sqlx::query("SELECT 1").execute(&pool).await.unwrap();
    "ok"
}"#;
        program(r#".route("/healthz", get(health))"#, handler)
            + IMAGE
            + &pod(&format!("livenessProbe: {{ httpGet: {{ path: /healthz, port: {port} }} }}"))
    };
    for rule in ["liveness-checks-dependency", "probe-timeout-shorter-than-check"] {
        assert_eq!(count(&text(8080), rule), 1, "{rule}");
        assert_eq!(count(&text(15020), rule), 0, "{rule}");
    }
}

#[test]
fn the_route_that_says_most_of_a_path_answers() {
    let asks = "async fn show(State(pool): State<sqlx::PgPool>) -> &'static str {
    sqlx::query(\"SELECT 1\").execute(&pool).await.unwrap();
    \"\"
}";
    let probe = pod("livenessProbe: { httpGet: { path: /healthz, port: http } }");
    let param = r#".route("/{id}", get(show))"#;
    let both = r#".route("/{id}", get(show)).route("/healthz", get(|| async { "" }))"#;
    let rule = "liveness-checks-dependency";
    assert_eq!(count(&(program(param, asks) + IMAGE + &probe), rule), 1);
    assert_eq!(count(&(program(both, asks) + IMAGE + &probe), rule), 0);
    // What stands in front of the one does not stand in front of the other.
    let guarded = r#".route("/{id}", get(show)).layer(tower_http::validate_request::ValidateRequestHeaderLayer::bearer("t")).route("/healthz", get(|| async { "" }))"#;
    assert_eq!(count(&(program(guarded, asks) + IMAGE + &probe), "health-route-behind-auth"), 0);
}

#[test]
fn what_is_left_to_a_task_nobody_waits_for() {
    let text = |ask: &str| {
        let handler = format!(
            "async fn health(State(pool): State<sqlx::PgPool>) -> &'static str {{
    {ask}
    \"ok\"
}}"
        );
        program(r#".route("/healthz", get(health))"#, &handler)
            + IMAGE
            + &pod("livenessProbe: { httpGet: { path: /healthz, port: http } }")
    };
    let rule = "liveness-checks-dependency";
    assert_eq!(count(&text("sqlx::query(\"SELECT 1\").execute(&pool).await.unwrap();"), rule), 1);
    let write = "sqlx::query(\"INSERT INTO beats (at) VALUES (now())\").execute(&pool).await.unwrap();";
    assert_eq!(count(&text(write), rule), 1);
    let spawned = "tokio::spawn(async move { sqlx::query(\"SELECT 1\").execute(&pool).await });";
    assert_eq!(count(&text(spawned), rule), 0);
}

#[test]
fn curl_takes_any_answer_unless_told_otherwise() {
    let text = |command: &str| {
        program(r#".route("/readyz", get(|| async { "" }))"#, "")
            + IMAGE
            + &pod(&format!("livenessProbe: {{ exec: {{ command: [{command}] }} }}"))
    };
    assert_eq!(count(&text("curl, -sf, \"http://localhost:8080/live\""), MISSING), 1);
    assert_eq!(count(&text("curl, -s, \"http://localhost:8080/live\""), MISSING), 0);
    assert_eq!(count(&text("/shop, healthcheck, \"http://localhost:8080/live\""), MISSING), 1);
}

#[test]
fn a_middleware_may_answer_by_itself() {
    let text = |path: &str| {
        let layer = format!(
            "async fn health(request: axum::extract::Request, next: axum::middleware::Next) -> axum::response::Response {{
    if request.uri().path() == \"{path}\" {{
        return axum::response::IntoResponse::into_response(\"ok\");
    }}
    next.run(request).await
}}"
        );
        program(r#".route("/readyz", get(|| async { "" })).layer(axum::middleware::from_fn(health))"#, &layer)
            + IMAGE
            + &pod("livenessProbe: { httpGet: { path: /live, port: http } }")
    };
    assert_eq!(count(&text("/live"), MISSING), 0);
    assert_eq!(count(&text("/alive"), MISSING), 1);
    // A word on whom it lets pass is no answer.
    let passes = "fn is_open(path: &str) -> bool { path == \"/live\" }";
    let open = program(r#".route("/readyz", get(|| async { "" }))"#, passes)
        + IMAGE
        + &pod("livenessProbe: { httpGet: { path: /live, port: http } }");
    assert_eq!(count(&open, MISSING), 1);
}

#[test]
fn an_image_checks_itself() {
    let text = |check: &str| {
        program(r#".route("/readyz", get(|| async { "" }))"#, "")
            + &IMAGE.replace("ENTRYPOINT", &format!("HEALTHCHECK CMD {check}\nENTRYPOINT"))
    };
    assert_eq!(count(&text("curl -f http://localhost:8080/live || exit 1"), MISSING), 1);
    assert_eq!(count(&text("[\"/shop\", \"healthcheck\", \"http://localhost:8080/live\"]"), MISSING), 1);
    for sound in [
        "curl -f http://localhost:8080/readyz",
        "curl -f http://localhost:9000/live",
        "curl http://localhost:8080/live",
    ] {
        assert_eq!(count(&text(sound), MISSING), 0, "{sound}");
    }
}

#[test]
fn the_route_that_is_asked_for_can_be_added() {
    let text = program(r#".route("/orders", get(|| async { "" }))"#, "")
        + IMAGE
        + &pod("livenessProbe: { httpGet: { path: /live, port: http } }");
    let mended = mended(&text, MISSING);
    assert!(mended.contains(r#".route("/live", axum::routing::get(|| async { "ok" }))"#), "{mended}");
    assert_eq!(count(&mended, MISSING), 0);
}

#[test]
fn a_service_whose_health_something_asks_for_needs_no_word_in_a_path() {
    let rule = "http-service-without-health-route";
    let routes = r#".route("/orders", get(|| async { "" })).route("/internal/look", get(|| async { "" }))"#;
    let with = |lines: &str| program(routes, "") + IMAGE + &pod(lines);
    assert_eq!(count(&with("env: []"), rule), 1);
    for probe in [
        "livenessProbe: { tcpSocket: { port: http } }",
        "livenessProbe: { exec: { command: [/shop, healthcheck] } }",
        "readinessProbe: { httpGet: { path: /internal/look, port: http } }",
    ] {
        assert_eq!(count(&with(probe), rule), 0, "{probe}");
    }
    // It ends once the program has begun.
    assert_eq!(count(&with("startupProbe: { tcpSocket: { port: http } }"), rule), 1);
    let image = IMAGE.replace("ENTRYPOINT", "HEALTHCHECK CMD [\"/shop\", \"healthcheck\"]\nENTRYPOINT");
    assert_eq!(count(&(program(routes, "") + &image), rule), 0);
    for path in ["/isalive", "/hc", "/probe"] {
        let routes =
            format!(r#".route("/orders", get(|| async {{ "" }})).route("{path}", get(|| async {{ "" }}))"#);
        assert_eq!(count(&(program(&routes, "") + IMAGE), rule), 0, "{path}");
    }
}

#[test]
fn the_liveness_route_comes_with_its_probe() {
    let rule = "http-service-without-health-route";
    let text = program(r#".route("/orders", get(|| async { "" }))"#, "") + IMAGE + &pod("env: []");
    let mended = mended(&text, rule);
    assert!(mended.contains("          livenessProbe:\n            httpGet:\n              path: /livez\n              port: http"), "{mended}");
    assert_eq!(count(&mended, rule) + count(&mended, MISSING), 0);
}

const TRAFFIC: &str = "---
apiVersion: v1
kind: Service
metadata: { name: shop }
spec: { selector: { app: shop }, ports: [{ port: 80, targetPort: http }] }
";

#[test]
fn a_readiness_probe_asks_for_what_the_program_answers() {
    let rule = "pod-without-readiness-probe";
    let text = |routes: &str| program(routes, "") + IMAGE + &pod("env: []") + TRAFFIC;
    let healthz = mended(&text(r#".route("/healthz", get(|| async { "" }))"#), rule);
    assert!(healthz.contains("path: /healthz\n              port: http"), "{healthz}");
    assert_eq!(count(&healthz, rule) + count(&healthz, MISSING), 0);
    let both = r#".route("/livez", get(|| async { "" })).route("/v1/ready", get(|| async { "" }))"#;
    assert!(mended(&text(both), rule).contains("path: /v1/ready"));
    let none = mended(&text(r#".route("/orders", get(|| async { "" }))"#), rule);
    assert!(none.contains("tcpSocket:\n              port: http"), "{none}");
}

#[test]
fn a_mesh_may_see_to_the_probes_of_a_pod() {
    let rule = "pod-without-readiness-probe";
    let text = program(r#".route("/healthz", get(|| async { "" }))"#, "") + IMAGE + &pod("env: []") + TRAFFIC;
    assert_eq!(count(&text, rule), 1);
    let by_mesh = "labels: { app: shop }, annotations: { sidecar.istio.io/rewriteAppHTTPProbers: \"true\" }";
    assert_eq!(count(&text.replace("labels: { app: shop }", by_mesh), rule), 0);
}

#[test]
fn credentials_are_more_than_a_host() {
    let rule = "health-route-behind-auth";
    let text = |headers: &str| {
        program(
            r#".route("/healthz", get(|| async { "ok" })).layer(tower_http::validate_request::ValidateRequestHeaderLayer::bearer("token"))"#,
            "",
        ) + IMAGE
            + &pod(&format!("livenessProbe: {{ httpGet: {{ path: /healthz, port: http{headers} }} }}"))
    };
    assert_eq!(count(&text(""), rule), 1);
    assert_eq!(count(&text(", httpHeaders: [{ name: Host, value: shop }]"), rule), 1);
    assert_eq!(count(&text(", httpHeaders: [{ name: Authorization, value: Bearer token }]"), rule), 0);
}

#[test]
fn what_ends_the_program_is_that_of_its_own_image_and_container() {
    let rule = "graceful-shutdown-ignores-sigterm";
    let main = r#"use axum::{Router, routing::get};

#[tokio::main]
async fn main() {
    let app = Router::new().route("/readyz", get(|| async { "" }));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(async { tokio::signal::ctrl_c().await.unwrap() }).await.unwrap();
}
"#;
    let text = |rest: &str| format!("{main}{IMAGE}{rest}");
    assert_eq!(count(&text(""), rule), 1);
    let of_another = "//- web/Dockerfile\nFROM nginx:1.27\nSTOPSIGNAL SIGQUIT\n";
    assert_eq!(count(&text(of_another), rule), 1);
    assert_eq!(
        count(&format!("{main}{}", IMAGE.replace("ENTRYPOINT", "STOPSIGNAL SIGINT\nENTRYPOINT")), rule),
        0
    );
    assert_eq!(
        count(&text("//- compose.yaml\nservices:\n  shop: { build: ., stop_signal: SIGINT }\n"), rule),
        0
    );
    let hook = "lifecycle: { preStop: { exec: { command: [sh, -c, \"kill -INT 1; sleep 10\"] } } }";
    assert_eq!(count(&text(&pod(hook)), rule), 0);
    assert_eq!(count(&text(&pod("lifecycle: { stopSignal: SIGINT }")), rule), 0);
}

#[test]
fn a_server_of_grpc_alone_refuses_what_http_probes_speak() {
    let text = |server: &str, ports: &str, probe: &str| {
        format!(
            r#"//- proto/shop.proto
syntax = "proto3";
package shop.v1;
service Orders {{ rpc Place (Order) returns (Order); }}
message Order {{ string id = 1; }}
//- src/main.rs
mod pb {{ tonic::include_proto!("shop.v1"); }}
use tonic::{{Request, Response, Status, transport::Server}};

struct Shop;

#[tonic::async_trait]
impl pb::orders_server::Orders for Shop {{
    async fn place(&self, order: Request<pb::Order>) -> Result<Response<pb::Order>, Status> {{
        Ok(Response::new(order.into_inner()))
    }}
}}

#[tokio::main]
async fn main() {{
    let address = "0.0.0.0:50051".parse().unwrap();
    {server}.add_service(pb::orders_server::OrdersServer::new(Shop)).serve(address).await.unwrap();
}}
"#
        ) + IMAGE
            + &pod_of(ports, probe)
    };
    let told =
        |server: &str, ports: &str, probe: &str| count(&text(server, ports, probe), "grpc-service-drift");
    let (grpc, ports) = ("Server::builder()", "ports: [{ name: api, containerPort: 50051 }]");
    for probe in [
        "readinessProbe: { httpGet: { path: /health, port: 50051 } }",
        "livenessProbe: { httpGet: { port: api } }",
    ] {
        assert_eq!(told(grpc, ports, probe), 1, "{probe}");
        // It speaks HTTP/1.1 too, or may.
        assert_eq!(told("Server::builder().accept_http1(true)", ports, probe), 0, "{probe}");
        assert_eq!(told("set_up(Server::builder())", ports, probe), 0, "{probe}");
    }
    for (name, probe) in [
        ("gRPC", "readinessProbe: { grpc: { port: 50051 } }"),
        ("a connection", "readinessProbe: { tcpSocket: { port: 50051 } }"),
        ("another port", "readinessProbe: { httpGet: { path: /health, port: 9090 } }"),
        ("another host", "readinessProbe: { httpGet: { host: proxy, path: /health, port: 50051 } }"),
    ] {
        assert_eq!(told(grpc, ports, probe), 0, "{name}");
    }
}

#[test]
fn a_check_may_take_longer_than_its_probe_waits() {
    const RULE: &str = "probe-timeout-shorter-than-check";
    let text = |client: &str, probe: &str| {
        format!(
            r#"//- src/main.rs
use axum::{{Router, extract::State, routing::get}};
use std::time::Duration;

#[tokio::main]
async fn main() {{
    let http = {client};
    let app = Router::new().route("/health", get(health)).with_state(http);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}}

async fn health(State(http): State<reqwest::Client>) -> &'static str {{
    http.get("http://prices/health").send().await.unwrap();
    "ok"
}}
"#
        ) + IMAGE
            + &pod(probe)
    };
    let client = |seconds: u32| {
        format!("reqwest::Client::builder().timeout(Duration::from_secs({seconds})).build().unwrap()")
    };
    let readiness = "readinessProbe:\n  httpGet: { path: /health, port: 8080 }\n  timeoutSeconds: 5";
    assert_eq!(count(&text("reqwest::Client::new()", readiness), RULE), 1, "for ever");
    assert_eq!(count(&text(&client(10), readiness), RULE), 1, "longer");
    assert_eq!(count(&text(&client(5), readiness), RULE), 0, "as long");
    assert_eq!(count(&text("made_elsewhere()", readiness), RULE), 0, "unknown");

    // The probe waits longer, and a liveness probe is worse than one that only keeps traffic away.
    let written = mended(&text(&client(10), readiness), RULE);
    assert!(written.contains("timeoutSeconds: 11"), "{written}");
    let liveness = "livenessProbe:\n  httpGet: { path: /health, port: 8080 }";
    let added = mended(&text(&client(2), liveness), RULE);
    assert!(added.contains("            timeoutSeconds: 3\n"), "{added}");
    let severity = |probe: &str| {
        let report = check_rule(&text(&client(10), probe), RULE);
        report.findings.iter().find(|f| f.finding.rule.id == RULE).expect("it is found").finding.severity
    };
    assert!(severity(liveness) > severity(readiness));
}

#[test]
fn servers_that_are_ready_until_they_are_gone() {
    const RULE: &str = "readiness-not-flipped-on-shutdown";
    let text = |ready: &str, serve: &str, lines: &str, service: &str| {
        format!(
            r#"//- src/main.rs
use axum::{{Router, extract::State, http::StatusCode, routing::get}};
use std::sync::{{Arc, atomic::{{AtomicBool, Ordering}}}};

#[tokio::main]
async fn main() {{
    let ending = Arc::new(AtomicBool::new(false));
    let app = Router::new().route("/readyz", get(ready)).with_state(ending);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, app){serve}.await.unwrap();
}}

{ready}

async fn ended() {{ tokio::signal::ctrl_c().await.unwrap(); }}
"#
        ) + IMAGE
            + &pod(lines)
            + service
    };
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: { name: shop }\nspec: { selector: { app: shop }, ports: [{ port: 80, targetPort: 8080 }] }\n";
    let fixed = "async fn ready() -> &'static str { \"ok\" }";
    let flag = "async fn ready(State(ending): State<Arc<AtomicBool>>) -> StatusCode { if ending.load(Ordering::Relaxed) { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK } }";
    let graceful = ".with_graceful_shutdown(ended())";
    let probe = "readinessProbe:\n  httpGet: { path: /readyz, port: 8080 }";
    assert_eq!(count(&text(fixed, graceful, probe, service), RULE), 1);
    let hook = format!("{probe}\nlifecycle:\n  preStop: {{ sleep: {{ seconds: 5 }} }}");
    for (name, text) in [
        ("a flag", text(flag, graceful, probe, service)),
        ("no graceful end", text(fixed, "", probe, service)),
        ("a pause before", text(fixed, graceful, &hook, service)),
        ("nobody sends traffic", text(fixed, graceful, probe, "")),
        ("liveness", text(fixed, graceful, &probe.replace("readiness", "liveness"), service)),
    ] {
        assert_eq!(count(&text, RULE), 0, "{name}");
    }
    // Another hook stays.
    let started = format!("{probe}\nlifecycle:\n  postStart:\n    exec: {{ command: [/warm] }}");
    let fixed = mended(&text(fixed, graceful, &started, service), RULE);
    assert!(
        fixed.contains("[/warm] }\n            preStop:\n              sleep:\n                seconds: 5\n"),
        "{fixed}"
    );
}
