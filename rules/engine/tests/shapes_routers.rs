//! Routers in the shapes that real services have.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::disallowed_methods)]

mod support;

use insta::assert_snapshot;
use support::seen::Seen;

/// A part of the API in a module of its own, put under a version in `main`; layers on one half only.
#[test]
fn axum_modules_nested_under_a_version() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod orders;
mod state;
use axum::{Router, middleware, routing::get};
use tower_http::trace::TraceLayer;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let state = state::AppState::default();
    let open = Router::new().route("/healthz", get(health));
    let closed = Router::new()
        .nest("/api/v1/orders", orders::routes())
        .layer(middleware::from_fn(orders::require_token));
    let app = open.merge(closed).layer(TraceLayer::new_for_http()).with_state(state);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    axum::serve(listener, app).await?;
    Ok(())
}

async fn health() -> &'static str { "ok" }
//- src/state.rs
#[derive(Clone, Default)]
pub struct AppState {}
//- src/orders.rs
use axum::{Json, Router, extract::{Path, Request}, middleware::Next, response::Response, routing::{get, post}};
use crate::state::AppState;

const ONE: &str = "/{id}";

pub fn routes() -> Router<AppState> {
    Router::new().route("/", post(create).get(list)).route(ONE, get(one))
}

pub async fn require_token(request: Request, next: Next) -> Response { next.run(request).await }
async fn create(Json(order): Json<Order>) -> Json<Order> { Json(order) }
async fn list() -> Json<Vec<Order>> { Json(Vec::new()) }
async fn one(Path(id): Path<u64>) -> Json<Order> { Json(Order { id }) }

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Order { id: u64 }
"#,
    );
    assert_snapshot!(seen.routes(), @"");
    assert_snapshot!(seen.listeners(), @"");
}
