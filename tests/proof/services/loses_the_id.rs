//! Logs the id of a request, and does not tell it to whom it asks.
use axum::{Router, extract::State, http::HeaderMap, routing::get};
use std::time::Duration;

async fn price(State(client): State<reqwest::Client>, headers: HeaderMap) -> String {
    let id = headers.get("x-request-id");
    tracing::info!(?id, "asking for prices");
    let url = format!("http://127.0.0.1:{}/now", std::env::var("PRICES_PORT").unwrap());
    client.get(url).send().await.unwrap().text().await.unwrap()
}

#[tokio::main]
async fn main() {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
    let app = Router::new().route("/v1/price", get(price)).with_state(client);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    axum::serve(listener, app).await.unwrap();
}
