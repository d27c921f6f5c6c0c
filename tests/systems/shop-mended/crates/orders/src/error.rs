use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::Json;
use serde_json::json;

#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    #[error("the Idempotency-Key header is missing")]
    MissingKey,
    #[error("no such order")]
    NotFound,
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    #[error("payments failed: {0}")]
    Payments(#[from] reqwest::Error),
}

impl IntoResponse for OrderError {
    fn into_response(self) -> Response {
        let status = match &self {
            OrderError::MissingKey => StatusCode::BAD_REQUEST,
            OrderError::NotFound => StatusCode::NOT_FOUND,
            OrderError::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
            OrderError::Payments(_) => StatusCode::BAD_GATEWAY,
        };
        (status, Json(json!({ "error": self.to_string() }))).into_response()
    }
}
