use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::Json;
use serde_json::Value;
use uuid::Uuid;

use crate::error::ApiError;
use crate::state::AppState;

pub async fn list_orders(State(state): State<Arc<AppState>>) -> Result<Json<Value>, ApiError> {
    Ok(Json(state.orders.list().await?))
}

pub async fn get_order(
    State(state): State<Arc<AppState>>,
    Path(id): Path<Uuid>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(state.orders.get(id).await?))
}

pub async fn create_order(
    State(state): State<Arc<AppState>>,
    Json(order): Json<Value>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let created = state.orders.create(&order).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

pub async fn get_payment(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<Json<Value>, ApiError> {
    let unknown = HeaderValue::from_static("unknown");
    let request_id = headers.get("x-request-id").unwrap_or(&unknown);
    Ok(Json(state.payments.get(id, request_id).await?))
}

pub async fn healthz() -> &'static str {
    "ok"
}
