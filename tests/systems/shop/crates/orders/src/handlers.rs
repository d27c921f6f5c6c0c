use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::Json;
use uuid::Uuid;

use crate::error::OrderError;
use crate::repo::{Item, Order};
use crate::service::NewOrder;
use crate::AppState;

pub async fn list(State(state): State<AppState>) -> Result<Json<Vec<Order>>, OrderError> {
    Ok(Json(state.orders.list().await?))
}

pub async fn show(State(state): State<AppState>, Path(id): Path<Uuid>) -> Result<Json<Order>, OrderError> {
    state.orders.find(id).await?.map(Json).ok_or(OrderError::NotFound)
}

pub async fn create(
    State(state): State<AppState>,
    headers: HeaderMap,
    Json(new): Json<NewOrder>,
) -> Result<(StatusCode, Json<Order>), OrderError> {
    let request_id = headers.get("x-request-id").and_then(|id| id.to_str().ok());
    tracing::info!(request_id, customer = %new.customer, "new order");
    let order = state.orders.place(new).await?;
    Ok((StatusCode::CREATED, Json(order)))
}

pub async fn put_item(
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
    Json(item): Json<Item>,
) -> Result<StatusCode, OrderError> {
    state.orders.add_item(id, &item).await?;
    Ok(StatusCode::NO_CONTENT)
}
