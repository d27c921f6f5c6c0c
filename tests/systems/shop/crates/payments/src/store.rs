use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

#[derive(Debug, Serialize, sqlx::FromRow)]
pub struct Payment {
    pub id: Uuid,
    pub order_id: Uuid,
    pub amount_cents: i64,
    pub psp_reference: String,
}

pub struct PaymentStore {
    pool: PgPool,
}

impl PaymentStore {
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    pub async fn list(&self) -> Result<Vec<Payment>, sqlx::Error> {
        sqlx::query_as("SELECT id, order_id, amount_cents, psp_reference FROM payments LIMIT 100")
            .fetch_all(&self.pool)
            .await
    }

    pub async fn find(&self, id: Uuid) -> Result<Option<Payment>, sqlx::Error> {
        sqlx::query_as("SELECT id, order_id, amount_cents, psp_reference FROM payments WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await
    }

    pub async fn insert(&self, payment: &Payment) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO payments (id, order_id, amount_cents, psp_reference) VALUES ($1, $2, $3, $4)",
        )
        .bind(payment.id)
        .bind(payment.order_id)
        .bind(payment.amount_cents)
        .bind(&payment.psp_reference)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
