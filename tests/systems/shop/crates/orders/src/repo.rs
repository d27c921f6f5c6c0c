use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

#[derive(Debug, Serialize, sqlx::FromRow)]
pub struct Order {
    pub id: Uuid,
    pub customer: String,
    pub total_cents: i64,
    pub created_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
pub struct Item {
    pub sku: String,
    pub quantity: i64,
}

#[derive(Clone)]
pub struct OrderRepo {
    pool: PgPool,
}

impl OrderRepo {
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    pub async fn list(&self) -> Result<Vec<Order>, sqlx::Error> {
        sqlx::query_as(
            "SELECT id, customer, total_cents, created_at FROM orders ORDER BY created_at DESC LIMIT 100",
        )
        .fetch_all(&self.pool)
        .await
    }

    pub async fn find(&self, id: Uuid) -> Result<Option<Order>, sqlx::Error> {
        sqlx::query_as("SELECT id, customer, total_cents, created_at FROM orders WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await
    }

    pub async fn insert(&self, order: &Order) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO orders (id, customer, total_cents, created_at) VALUES ($1, $2, $3, $4)")
            .bind(order.id)
            .bind(&order.customer)
            .bind(order.total_cents)
            .bind(order.created_at)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    pub async fn insert_item(&self, order: Uuid, item: &Item) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO order_items (id, order_id, sku, quantity) VALUES ($1, $2, $3, $4)")
            .bind(Uuid::new_v4())
            .bind(order)
            .bind(&item.sku)
            .bind(item.quantity)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
