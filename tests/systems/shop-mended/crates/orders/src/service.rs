use chrono::Utc;
use serde::Deserialize;
use uuid::Uuid;

use crate::error::OrderError;
use crate::payments::PaymentsClient;
use crate::repo::{Item, Order, OrderRepo};

#[derive(Debug, Deserialize)]
pub struct NewOrder {
    pub customer: String,
    pub total_cents: i64,
}

#[derive(Clone)]
pub struct OrderService {
    repo: OrderRepo,
    payments: PaymentsClient,
}

impl OrderService {
    pub fn new(repo: OrderRepo, payments: PaymentsClient) -> Self {
        Self { repo, payments }
    }

    pub async fn list(&self) -> Result<Vec<Order>, OrderError> {
        Ok(self.repo.list().await?)
    }

    pub async fn find(&self, id: Uuid) -> Result<Option<Order>, OrderError> {
        Ok(self.repo.find(id).await?)
    }

    pub async fn place(&self, new: NewOrder, key: &str, request_id: &str) -> Result<Order, OrderError> {
        let order = Order {
            id: Uuid::new_v4(),
            customer: new.customer,
            total_cents: new.total_cents,
            created_at: Utc::now(),
        };
        // A repeated request gets the order that the first one made; payments knows it by its id.
        let order = self.repo.insert(&order, key).await?;
        self.payments.charge(order.id, order.total_cents, request_id).await?;
        Ok(order)
    }

    pub async fn put_item(&self, order: Uuid, item: &Item) -> Result<(), OrderError> {
        self.repo.put_item(order, item).await?;
        Ok(())
    }
}
