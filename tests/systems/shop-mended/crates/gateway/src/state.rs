use crate::clients::{OrdersClient, PaymentsClient};
use crate::config::Config;

pub struct AppState {
    pub orders: OrdersClient,
    pub payments: PaymentsClient,
}

impl AppState {
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            orders: OrdersClient::new(config.orders_url.clone())?,
            payments: PaymentsClient::new(config.payments_url.clone())?,
        })
    }
}
