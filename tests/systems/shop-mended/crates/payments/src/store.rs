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

    pub async fn find_by_key(&self, key: &str) -> Result<Option<Payment>, sqlx::Error> {
        sqlx::query_as(
            "SELECT id, order_id, amount_cents, psp_reference FROM payments WHERE idempotency_key = $1",
        )
        .bind(key)
        .fetch_optional(&self.pool)
        .await
    }

    pub async fn ping(&self) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    pub async fn insert(&self, payment: &Payment, key: &str) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO payments (id, idempotency_key, order_id, amount_cents, psp_reference)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (idempotency_key) DO NOTHING",
        )
        .bind(payment.id)
        .bind(key)
        .bind(payment.order_id)
        .bind(payment.amount_cents)
        .bind(&payment.psp_reference)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
