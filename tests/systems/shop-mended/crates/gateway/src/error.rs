use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::Json;
use serde_json::json;

#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("the upstream failed: {0}")]
    Upstream(#[from] reqwest::Error),
    #[error("the Idempotency-Key header is missing")]
    MissingKey,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        tracing::warn!(error = %self, "request failed");
        let status = match &self {
            ApiError::Upstream(_) => StatusCode::BAD_GATEWAY,
            ApiError::MissingKey => StatusCode::BAD_REQUEST,
        };
        (status, Json(json!({ "error": self.to_string() }))).into_response()
    }
}
