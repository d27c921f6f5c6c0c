use reqwest::Client;
use serde_json::json;
use uuid::Uuid;

#[derive(Clone)]
pub struct PaymentsClient {
    http: Client,
    base: String,
}

impl PaymentsClient {
    pub fn new(base: String) -> Result<Self, reqwest::Error> {
        let http = Client::builder().pool_max_idle_per_host(8).build()?;
        Ok(Self { http, base })
    }

    pub async fn charge(&self, order: Uuid, cents: i64) -> Result<(), reqwest::Error> {
        let body = json!({ "order_id": order, "amount_cents": cents });
        self.http.post(format!("{}/payments", self.base)).json(&body).send().await?.error_for_status()?;
        Ok(())
    }
}
