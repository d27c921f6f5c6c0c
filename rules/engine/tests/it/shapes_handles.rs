//! Builders and handles that are finished elsewhere: in several places, out of the state of a framework, or never.

use crate::support::seen::Seen;
use insta::assert_snapshot;

/// Each place that finishes the builder of a helper makes a client of its own, with limits of its own.
#[test]
fn one_builder_finished_in_two_places() {
    let seen = Seen::of(
        r#"//- src/main.rs
use std::time::Duration;
mod http;

async fn prices() -> anyhow::Result<String> {
    let client = http::builder().timeout(Duration::from_secs(5)).build()?;
    Ok(client.get("http://prices/all").send().await?.text().await?)
}

async fn stock() -> anyhow::Result<String> {
    let client = http::builder().build()?;
    Ok(client.get("http://stock/all").send().await?.text().await?)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    prices().await?;
    stock().await?;
    Ok(())
}
//- src/http.rs
pub fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder().user_agent("shop")
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Http reqwest src/main.rs:5, total 5 s, no connect, no readidle, poolidle 90 s, no keepalive
      GET http://prices/all src/main.rs:6
    Http reqwest src/main.rs:10, no total, no connect, no readidle, poolidle 90 s, no keepalive
      GET http://stock/all src/main.rs:11
    ");
}

/// A client that is put into a client with middleware is no second one.
#[test]
fn wrapped_by_middleware_in_a_helper() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"
[dependencies]
anyhow = "1"
reqwest = "0.12"
reqwest-middleware = "0.4"
tokio = "1"
//- src/main.rs
use std::time::Duration;

fn client() -> anyhow::Result<reqwest_middleware::ClientWithMiddleware> {
    let inner = builder().timeout(Duration::from_secs(5)).build()?;
    Ok(reqwest_middleware::ClientBuilder::new(inner).build())
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    client()?.get("http://stock/all").send().await?;
    Ok(())
}
"#,
    );
    assert_snapshot!(seen.clients(), @r"
    Http reqwest src/main.rs:5, total 5 s, no connect, no readidle, poolidle 90 s, no keepalive
      GET http://stock/all src/main.rs:14
    ");
}

/// `extern crate redis;` brings the library into a module of the same name.
#[test]
fn extern_crate_in_a_module() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"
[dependencies]
redis = "0.27"
tokio = "1"
//- src/main.rs
mod redis;

#[tokio::main]
async fn main() {
    redis::store::open("redis://cache").await.unwrap();
}
//- src/redis/mod.rs
pub mod store;
//- src/redis/store.rs
extern crate redis;
use self::redis::aio::ConnectionManager;
use self::redis::RedisError;

pub async fn open(url: &str) -> Result<ConnectionManager, RedisError> {
    ConnectionManager::new(redis::Client::open(url).expect("a URL")).await
}
"#,
    );
    assert_snapshot!(seen.clients(), @"Redis redis src/redis/store.rs:6, no total, no connect, attempts 6");
}

/// The configuration that is given beside a handle says what holds for the connections.
#[test]
fn configuration_beside_a_handle() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"
[dependencies]
redis = "0.32"
tokio = "1"
//- src/main.rs
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use std::time::Duration;

#[tokio::main]
async fn main() {
    let handle = redis::Client::open("redis://cache").unwrap();
    let config = ConnectionManagerConfig::new().set_response_timeout(Duration::from_secs(2)).set_number_of_retries(1);
    let manager = ConnectionManager::new_with_config(handle, config).await.unwrap();
    drop(manager);
}
"#,
    );
    assert_snapshot!(seen.clients(), @"Redis redis src/main.rs:8, total 2 s, no connect, attempts 1");
}

/// Handlers open connections from a handle in the state.
#[test]
fn handle_in_the_state() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"
[dependencies]
actix-web = "4"
redis = "0.27"
//- src/main.rs
use actix_web::{App, HttpServer, web};

async fn stock(redis: web::Data<redis::Client>) -> String {
    let mut connection = redis.get_connection_manager().await.unwrap();
    redis::cmd("GET").arg("stock").query_async(&mut connection).await.unwrap()
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let handle = redis::Client::open("redis://cache").unwrap();
    HttpServer::new(move || App::new().app_data(web::Data::new(handle.clone())).route("/stock", web::get().to(stock)))
        .bind("0.0.0.0:80")?
        .run()
        .await
}
"#,
    );
    assert_snapshot!(seen.clients(), @"Redis redis src/main.rs:4, no total, no connect");
}

/// A handle from which nothing opens a connection is no client.
#[test]
fn handle_that_nobody_connects() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"
[dependencies]
redis = "0.27"
//- src/main.rs
fn main() {
    let handle = redis::Client::open("redis://cache").unwrap();
    drop(handle);
}
"#,
    );
    assert_snapshot!(seen.clients(), @"");
}
