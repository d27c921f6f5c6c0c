//! Services that answer no health route, and those that need none.

use crate::support::{check, found};

fn without_health(routes: &str) -> usize {
    let text = format!(
        "use axum::{{Router, routing::get}};

#[tokio::main]
async fn main() {{
    let app = Router::new(){routes};
    let listener = tokio::net::TcpListener::bind(\"0.0.0.0:8080\").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}}
//- Dockerfile
FROM rust:1.90-bookworm AS build
RUN cargo build --release --locked --bin shop
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /target/release/shop /shop
ENTRYPOINT [\"/shop\"]
"
    );
    found(&check(&text)).iter().filter(|f| f.ends_with("http-service-without-health-route")).count()
}

#[test]
fn services_answer_a_health_route() {
    assert_eq!(without_health(".route(\"/orders\", get(|| async { \"\" }))"), 1);
    for path in ["/healthz", "/api/v1/health", "/ready", "/__heartbeat__", "/health_check", "/alive"] {
        let routes = format!(
            ".route(\"/orders\", get(|| async {{ \"\" }})).route(\"{path}\", get(|| async {{ \"\" }}))"
        );
        assert_eq!(without_health(&routes), 0, "{path}");
    }
}

#[test]
fn what_is_not_seen_or_serves_nobody_is_left_alone() {
    // Somebody else's routes.
    assert_eq!(without_health(".route(\"/orders\", get(|| async { \"\" })).merge(other::routes())"), 0);
    // A worker that is scraped.
    assert_eq!(without_health(".route(\"/metrics\", get(|| async { \"\" }))"), 0);
    // And turns everybody else away.
    let scraped = ".route(\"/metrics\", get(|| async { \"\" }))";
    assert_eq!(
        without_health(&format!("{scraped}.fallback(|| async {{ axum::http::StatusCode::NOT_FOUND }})")),
        0
    );
    // What answers every path may answer a probe.
    let any = ".route(\"/orders\", get(|| async { \"\" })).fallback(|uri: axum::http::Uri| async move { uri.to_string() })";
    assert_eq!(without_health(any), 0);
    let none = ".route(\"/orders\", get(|| async { \"\" })).fallback(|| async { axum::http::StatusCode::NOT_FOUND })";
    assert_eq!(without_health(none), 1);
}

#[test]
fn behind_an_unknown_prefix_the_rest_of_a_path_tells() {
    let nested = |path: &str| {
        without_health(&format!(
            ".nest(&std::env::var(\"PREFIX\").unwrap(), Router::new().route(\"{path}\", get(|| async {{ \"\" }})))"
        ))
    };
    assert_eq!(nested("/orders"), 1);
    assert_eq!(nested("/healthz"), 0);
    // All of the path is up to the program's settings.
    let chosen = ".route(\"/orders\", get(|| async { \"\" })).route(&std::env::var(\"PROBE\").unwrap(), get(|| async { \"\" }))";
    assert_eq!(without_health(chosen), 0);
}

#[test]
fn a_status_for_those_who_say_who_they_are_is_not_that_of_the_service() {
    let with_status = |handler: &str| {
        let routes = ".route(\"/sync/status\", get(status))";
        let text = format!(
            "use axum::{{Router, extract::FromRequestParts, http::{{StatusCode, request::Parts}}, routing::get}};

struct User;

impl<S: Send + Sync> FromRequestParts<S> for User {{
    type Rejection = StatusCode;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {{
        parts.headers.get(\"authorization\").map(|_| User).ok_or(StatusCode::UNAUTHORIZED)
    }}
}}

{handler}

#[tokio::main]
async fn main() {{
    let app = Router::new(){routes};
    let listener = tokio::net::TcpListener::bind(\"0.0.0.0:8080\").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}}
"
        );
        found(&check(&text)).iter().filter(|f| f.ends_with("http-service-without-health-route")).count()
    };
    assert_eq!(with_status("async fn status(_: User) -> &'static str { \"3 orders\" }"), 1);
    assert_eq!(with_status("async fn status() -> &'static str { \"up\" }"), 0);
}

#[test]
fn a_server_out_of_a_library_for_tests_stands_in_for_something() {
    let text = r#"//- Cargo.toml
[workspace]
members = ["relay", "tests/server"]
//- relay/Cargo.toml
[package]
name = "relay"
version = "0.1.0"
edition = "2021"
[dependencies]
axum = "0.8"
tokio = "1"
stand-in = { path = "../tests/server" }
//- relay/src/main.rs
use axum::{Router, routing::get};

#[tokio::main]
async fn main() {
    stand_in::serve(Router::new().route("/signatures", get(|| async { "" }))).await;
}
//- tests/server/Cargo.toml
[package]
name = "stand-in"
version = "0.1.0"
edition = "2021"
[dependencies]
axum = "0.8"
tokio = "1"
//- tests/server/src/lib.rs
pub async fn serve(app: axum::Router) {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
"#;
    let count = |text: &str| {
        found(&check(text)).iter().filter(|f| f.ends_with("http-service-without-health-route")).count()
    };
    assert_eq!(count(text), 0);
    assert_eq!(count(&text.replace("tests/server", "server")), 1);
}

/// hyper tells paths apart by hand; 0.13 serves like 0.14.
#[test]
fn paths_told_apart_by_hand() {
    let hooks = |more: &str| {
        let text = format!(
            r#"//- Cargo.toml
[package]
name = "hooks"
version = "0.1.0"
edition = "2018"
[dependencies]
hyper = "0.13"
tokio = "0.2"
//- src/main.rs
use hyper::service::{{make_service_fn, service_fn}};
use hyper::{{Body, Request, Response, Server}};
use std::convert::Infallible;

async fn answer(request: Request<Body>) -> Result<Response<Body>, Infallible> {{
    if request.uri().path() == "/webhook" {{
        take(request).await
    }}{more} else {{
        Ok(Response::new(Body::from("what?")))
    }}
}}

async fn take(_: Request<Body>) -> Result<Response<Body>, Infallible> {{
    Ok(Response::new(Body::empty()))
}}

#[tokio::main]
async fn main() {{
    let service = make_service_fn(|_| async {{ Ok::<_, Infallible>(service_fn(answer)) }});
    Server::bind(&([0, 0, 0, 0], 8080).into()).serve(service).await.unwrap();
}}
"#
        );
        found(&check(&text)).iter().filter(|f| f.ends_with("http-service-without-health-route")).count()
    };
    assert_eq!(hooks(""), 1);
    assert_eq!(
        hooks(
            " else if request.uri().path() == \"/health\" {\n        Ok(Response::new(Body::empty()))\n    }"
        ),
        0
    );
}
