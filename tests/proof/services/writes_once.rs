//! Adds one row for a request, however often it is repeated: the proposed fix, completed by hand.
use axum::{Json, Router, extract::State, http::HeaderMap, routing::{get, post}};
use sqlx::SqlitePool;

#[derive(serde::Deserialize)]
struct NewOrder {
    article: String,
}

async fn create(headers: HeaderMap, State(db): State<SqlitePool>, Json(order): Json<NewOrder>) {
    let idempotency_key = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    sqlx::query("INSERT INTO orders (id, idempotency_key, article) VALUES ($1, $2, $3) ON CONFLICT (idempotency_key) DO NOTHING")
        .bind(uuid::Uuid::new_v4().to_string())
        .bind(idempotency_key)
        .bind(order.article)
        .execute(&db)
        .await
        .unwrap();
}

async fn count(State(db): State<SqlitePool>) -> String {
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM orders").fetch_one(&db).await.unwrap();
    count.to_string()
}

#[tokio::main]
async fn main() {
    let db = SqlitePool::connect(&std::env::var("DATABASE_URL").unwrap()).await.unwrap();
    sqlx::query(include_str!("../migrations/1.sql")).execute(&db).await.unwrap();
    let app = Router::new().route("/v1/orders", post(create)).route("/v1/orders/count", get(count)).with_state(db);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    axum::serve(listener, app).await.unwrap();
}
