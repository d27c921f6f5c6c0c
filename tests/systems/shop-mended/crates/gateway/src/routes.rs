use std::sync::Arc;

use axum::routing::get;
use axum::Router;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;

use crate::handlers;
use crate::state::AppState;

pub fn router(state: Arc<AppState>) -> Router {
    Router::new()
        .nest("/api/v1", api())
        .route("/healthz", get(handlers::healthz))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(TraceLayer::new_for_http())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .with_state(state)
}

fn api() -> Router<Arc<AppState>> {
    Router::new()
        .route("/orders", get(handlers::list_orders).post(handlers::create_order))
        .route("/orders/{id}", get(handlers::get_order))
        .route("/payments/{id}", get(handlers::get_payment))
}
