//! Has no route that tells whether it is alive.
use axum::{Router, routing::get};

#[tokio::main]
async fn main() {
    let app = Router::new().route("/v1/orders", get(|| async { "[]" }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    axum::serve(listener, app).await.unwrap();
}
