use serde_json::Value;
use uuid::Uuid;

pub struct OrdersClient {
    http: reqwest::Client,
    base: String,
}

impl OrdersClient {
    pub fn new(base: String) -> Self {
        Self { http: reqwest::Client::new(), base }
    }

    pub async fn list(&self) -> Result<Value, reqwest::Error> {
        let url = format!("{}/orders", self.base);
        self.http.get(url).send().await?.error_for_status()?.json().await
    }

    pub async fn get(&self, id: Uuid) -> Result<Value, reqwest::Error> {
        let url = format!("{}/orders/{id}", self.base);
        self.http.get(url).send().await?.error_for_status()?.json().await
    }

    pub async fn create(&self, order: &Value) -> Result<Value, reqwest::Error> {
        self.http
            .post(format!("{}/orders", self.base))
            .json(order)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await
    }
}
