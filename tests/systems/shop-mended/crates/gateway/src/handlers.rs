use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::Json;
use serde_json::Value;
use uuid::Uuid;

use crate::error::ApiError;
use crate::state::AppState;

/// The id that the request-id layer gave the request.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let unknown = || HeaderValue::from_static("unknown");
    headers.get("x-request-id").cloned().unwrap_or_else(unknown)
}

pub async fn list_orders(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(state.orders.list(&request_id(&headers)).await?))
}

pub async fn get_order(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(state.orders.get(id, &request_id(&headers)).await?))
}

pub async fn create_order(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    Json(order): Json<Value>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let key = headers.get("idempotency-key").ok_or(ApiError::MissingKey)?;
    let created = state.orders.create(&order, key, &request_id(&headers)).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

pub async fn get_payment(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(state.payments.get(id, &request_id(&headers)).await?))
}

pub async fn healthz() -> &'static str {
    "ok"
}
