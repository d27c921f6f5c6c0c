pub struct Config {
    pub address: String,
    pub orders_url: String,
    pub payments_url: String,
}

impl Config {
    pub fn from_env() -> anyhow::Result<Self> {
        Ok(Self {
            address: std::env::var("GATEWAY_ADDR").unwrap_or_else(|_| "0.0.0.0:8080".into()),
            orders_url: std::env::var("ORDERS_URL")?,
            payments_url: std::env::var("PAYMENTS_URL")?,
        })
    }
}
