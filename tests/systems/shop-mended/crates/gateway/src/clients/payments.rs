use std::time::Duration;

use axum::http::HeaderValue;
use serde_json::Value;
use uuid::Uuid;

const LIMIT: Duration = Duration::from_secs(3);

pub struct PaymentsClient {
    http: reqwest::Client,
    base: String,
}

impl PaymentsClient {
    pub fn new(base: String) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().user_agent("shop-gateway").build()?;
        Ok(Self { http, base })
    }

    pub async fn get(&self, id: Uuid, request_id: &HeaderValue) -> Result<Value, reqwest::Error> {
        self.http
            .get(format!("{}/v1/payments/{id}", self.base))
            .header("x-request-id", request_id.clone())
            .timeout(LIMIT)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await
    }
}
