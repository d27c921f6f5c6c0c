//! The end of services in the shapes that real services have.

use crate::support::seen::Seen;
use insta::assert_snapshot;

/// The `shutdown_signal` of most services: Ctrl-C and SIGTERM, the latter only on Unix.
#[test]
fn own_signal_for_each_system() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod signal;
use axum::{Router, routing::get};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let app = Router::new().route("/v1/items", get(items));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    axum::serve(listener, app)
        .with_graceful_shutdown(signal::shutdown_signal())
        .await?;
    Ok(())
}

async fn items() -> &'static str { "[]" }
//- src/signal.rs
use tokio::signal;

pub async fn shutdown_signal() {
    let interrupt = async {
        signal::ctrl_c().await.expect("a handler for Ctrl-C");
    };
    #[cfg(unix)]
    let terminate = async {
        signal::unix::signal(signal::unix::SignalKind::terminate())
            .expect("a handler for SIGTERM")
            .recv()
            .await;
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
"#,
    );
    assert_snapshot!(seen.listeners(), @"Http axum 0.0.0.0:8080, no serverhead, no handler, no drain, ends gracefully by src/main.rs:9");
    assert_snapshot!(seen.effects("shutdown_signal"), @"Other(Signal) src/signal.rs:5");
}

/// One token for all: a task waits for signals and cancels it, the server and a worker end with it.
#[test]
fn cancellation_token_handed_down() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
axum = "0.8"
tokio = "1"
tokio-util = "0.7"
//- src/main.rs
mod server;
mod worker;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let token = CancellationToken::new();
    let on_signal = token.clone();
    tokio::spawn(async move {
        let _ = tokio::signal::ctrl_c().await;
        on_signal.cancel();
    });
    let worker = tokio::spawn(worker::run(token.child_token()));
    server::run("0.0.0.0:9000", token).await?;
    worker.await?;
    Ok(())
}
//- src/server.rs
use axum::{Router, routing::get};
use tokio_util::sync::CancellationToken;

pub async fn run(address: &str, token: CancellationToken) -> std::io::Result<()> {
    let app = Router::new().route("/v1/state", get(|| async { "ok" }));
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, app)
        .with_graceful_shutdown(async move { token.cancelled().await })
        .await
}
//- src/worker.rs
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub async fn run(token: CancellationToken) {
    loop {
        tokio::select! {
            () = token.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(30)) => println!("tick"),
        }
    }
}
"#,
    );
    assert_snapshot!(seen.listeners(), @"Http axum 0.0.0.0:9000, no serverhead, no handler, no drain, ends gracefully by src/server.rs:8");
    assert_snapshot!(seen.effects("shop::main"), @r"
    Spawn src/main.rs:9
    Other(Sleep) > run src/worker.rs:8
    Other(Signal) src/main.rs:10
    ");
}

/// actix ends gracefully by itself on SIGTERM; how long it waits for requests is set here.
#[test]
fn actix_ends_by_itself() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
actix-web = "4"
//- src/main.rs
mod api;
use actix_web::{App, HttpServer};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let server = HttpServer::new(|| App::new().configure(api::configure))
        .shutdown_timeout(20)
        .bind(("0.0.0.0", 8081))?
        .run();
    server.await
}
//- src/api.rs
use actix_web::{HttpResponse, Responder, get, web::ServiceConfig};

pub fn configure(config: &mut ServiceConfig) {
    config.service(list).service(count);
}

#[get("/v1/orders")]
async fn list() -> impl Responder {
    HttpResponse::Ok().json(Vec::<u32>::new())
}

#[get("/v1/orders/count")]
async fn count() -> impl Responder {
    HttpResponse::Ok().body("0")
}
"#,
    );
    assert_snapshot!(seen.listeners(), @"Http actix-web 0.0.0.0:8081, concurrency 25600 per worker, tls 3 s, keepalive 5 s, serverhead 5 s, no handler, drain 20 s, ends gracefully by src/main.rs:9");
}

/// The signals of actix are switched off and nothing else ends the server.
#[test]
fn actix_with_signals_off() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
actix-web = "4"
tokio = "1"
//- src/main.rs
mod serve;
mod api;

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    serve::serve(8082).await
}
//- src/serve.rs
use actix_web::{App, HttpServer, web};
use crate::api;

pub async fn serve(port: u16) -> std::io::Result<()> {
    let server = HttpServer::new(|| App::new().route("/v1/jobs", web::get().to(api::jobs)))
        .disable_signals()
        .bind(("0.0.0.0", port))?;
    server.run().await
}
//- src/api.rs
use actix_web::HttpResponse;

pub async fn jobs() -> HttpResponse {
    let jobs: Vec<String> = Vec::new();
    HttpResponse::Ok().json(jobs)
}
"#,
    );
    assert_snapshot!(seen.listeners(), @"Http actix-web 0.0.0.0:8082, concurrency 25600 per worker, tls 3 s, keepalive 5 s, serverhead 5 s, no handler, drain 30 s, no graceful end");
}

/// Rocket 0.5 ends gracefully by itself.
#[test]
fn rocket_ends_by_itself() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
rocket = "0.5"
//- src/main.rs
mod notes;

#[rocket::launch]
fn rocket() -> _ {
    rocket::build().mount("/v1/notes", notes::routes())
}
//- src/notes.rs
use rocket::{Route, get, post, routes, serde::json::Json};

pub fn routes() -> Vec<Route> {
    routes![all, one, add]
}

#[get("/")]
async fn all() -> Json<Vec<String>> {
    Json(vec![])
}

#[get("/<id>")]
async fn one(id: u32) -> Option<Json<u32>> {
    (id > 0).then(|| Json(id))
}

#[post("/", data = "<note>")]
async fn add(note: Json<String>) -> Json<usize> {
    Json(note.len())
}
"#,
    );
    assert_snapshot!(seen.listeners(), @"Http rocket ?, no serverhead, no handler, drain 5 s, ends gracefully by src/main.rs:5");
}

/// A tonic server that ends with a future of the project's own, made in another file.
#[test]
fn grpc_server_with_a_signal() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod echo;
mod stop;
pub mod pb {
    tonic::include_proto!("echo");
}
use pb::echo_server::EchoServer;
use tonic::transport::Server;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = "0.0.0.0:50051".parse()?;
    Server::builder()
        .timeout(std::time::Duration::from_secs(10))
        .add_service(EchoServer::new(echo::Echo))
        .serve_with_shutdown(address, stop::terminated())
        .await?;
    Ok(())
}
//- src/stop.rs
use tokio::signal::unix::{SignalKind, signal};

pub async fn terminated() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            terminate.recv().await;
        }
        Err(error) => tracing::error!(%error, "SIGTERM is not watched"),
    }
}
//- src/echo.rs
use tonic::{Request, Response, Status};
use crate::pb::{Text, echo_server};

pub struct Echo;

#[tonic::async_trait]
impl echo_server::Echo for Echo {
    async fn say(&self, request: Request<Text>) -> Result<Response<Text>, Status> {
        Ok(Response::new(request.into_inner()))
    }
}
"#,
    );
    assert_snapshot!(seen.listeners(), @"Grpc tonic 0.0.0.0:50051, no concurrency, no keepalive, no serverhead, handler 10 s, no drain, bodysize 4 mib, ends gracefully by src/main.rs:15");
    assert_snapshot!(seen.effects("stop::terminated"), @"Other(Signal) src/stop.rs:4");
}

/// Two servers of one process, each in a task of its own: neither is told when to end.
#[test]
fn no_graceful_end() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod http;
mod metrics;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let api = tokio::spawn(http::serve("0.0.0.0:8080"));
    let metrics = tokio::spawn(metrics::serve());
    let _ = tokio::join!(api, metrics);
    Ok(())
}
//- src/http.rs
use axum::{Router, routing::post};
use tokio::net::TcpListener;

pub async fn serve(address: &'static str) {
    let app = Router::new().route("/v1/events", post(|body: String| async move { body }));
    let listener = TcpListener::bind(address).await.expect("the port is free");
    axum::serve(listener, app).await.expect("it serves");
}
//- src/metrics.rs
use axum::{Router, routing::get, serve as run};
use tokio::net::TcpListener;

const ADDRESS: (&str, u16) = ("127.0.0.1", 9100);

pub async fn serve() {
    let app = Router::new().route("/metrics", get(|| async { "up 1" }));
    let listener = TcpListener::bind(ADDRESS).await.expect("the port is free");
    run(listener, app).await.expect("it serves");
}
"#,
    );
    assert_snapshot!(seen.listeners(), @r"
    Http axum 0.0.0.0:8080, no serverhead, no handler, no drain, no graceful end
    Http axum 127.0.0.1:9100, no serverhead, no handler, no drain, no graceful end
    ");
}
