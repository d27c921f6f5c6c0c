use std::time::Duration;

use axum::http::HeaderValue;
use serde_json::Value;
use uuid::Uuid;

pub struct OrdersClient {
    http: reqwest::Client,
    base: String,
}

impl OrdersClient {
    pub fn new(base: String) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .connect_timeout(Duration::from_secs(1))
            .build()?;
        Ok(Self { http, base })
    }

    pub async fn list(&self, request_id: &HeaderValue) -> Result<Value, reqwest::Error> {
        let url = format!("{}/v1/orders", self.base);
        let request = self.http.get(url).header("x-request-id", request_id.clone());
        request.send().await?.error_for_status()?.json().await
    }

    pub async fn get(&self, id: Uuid, request_id: &HeaderValue) -> Result<Value, reqwest::Error> {
        let url = format!("{}/v1/orders/{id}", self.base);
        let request = self.http.get(url).header("x-request-id", request_id.clone());
        request.send().await?.error_for_status()?.json().await
    }

    pub async fn create(
        &self,
        order: &Value,
        key: &HeaderValue,
        request_id: &HeaderValue,
    ) -> Result<Value, reqwest::Error> {
        self.http
            .post(format!("{}/v1/orders", self.base))
            .header("x-request-id", request_id.clone())
            .header("idempotency-key", key.clone())
            .json(order)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await
    }
}
