//! Services that answer no health route, and those that need none.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::disallowed_methods)]

mod support;

use support::{check, found};

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
}
