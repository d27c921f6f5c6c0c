//! Adds a row for every request, also for one that is repeated.
use axum::{Json, Router, extract::State, routing::{get, post}};
use sqlx::SqlitePool;

#[derive(serde::Deserialize)]
struct NewOrder {
    article: String,
}

async fn create(State(db): State<SqlitePool>, Json(order): Json<NewOrder>) {
    sqlx::query("INSERT INTO orders (id, article) VALUES ($1, $2)")
        .bind(uuid::Uuid::new_v4().to_string())
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
