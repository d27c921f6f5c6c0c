//! Ends at once when it is asked to, whatever it is doing. A request of it takes as long as the one who asks likes: until the
//! gate closes its connection.
use axum::{Router, routing::get};
use tokio::io::AsyncReadExt;

async fn report() -> &'static str {
    let mut gate = tokio::net::TcpStream::connect(std::env::var("GATE").unwrap()).await.unwrap();
    let mut nothing = Vec::new();
    gate.read_to_end(&mut nothing).await.unwrap();
    "done"
}

#[tokio::main]
async fn main() {
    let app = Router::new().route("/v1/report", get(report)).route("/livez", get(|| async { "ok" }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    axum::serve(listener, app).await.unwrap();
}
