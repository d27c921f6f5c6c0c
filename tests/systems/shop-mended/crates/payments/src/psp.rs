use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

pub struct Psp {
    http: reqwest::Client,
    url: String,
}

#[derive(Deserialize)]
struct Charged {
    reference: String,
}

impl Psp {
    pub fn new(url: String) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .connect_timeout(Duration::from_secs(1))
            .build()?;
        Ok(Self { http, url })
    }

    pub async fn charge(&self, order: Uuid, cents: i64, key: &str) -> Result<String, reqwest::Error> {
        let charged: Charged = self
            .http
            .post(format!("{}/charges", self.url))
            .header("idempotency-key", key)
            .json(&json!({ "order": order, "amount": cents, "currency": "EUR" }))
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        Ok(charged.reference)
    }

    pub async fn refund(&self, reference: &str) -> Result<(), reqwest::Error> {
        self.http
            .post(format!("{}/charges/{reference}/refund", self.url))
            .send()
            .await?
            .error_for_status()?;
        Ok(())
    }
}
