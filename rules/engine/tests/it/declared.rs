//! Wrappers that people declare in `svclint.toml`.

use std::path::Path;
use std::sync::Arc;

use crate::support::seen::Seen;
use crate::support::{check, files, found};
use insta::assert_snapshot;
use svclint_engine::{Cancel, MemoryFs, Options, Workspace, WorkspaceError};

const SERVICE: &str = r#"//- src/main.rs
mod time;
use axum::{Router, routing::get};

#[tokio::main]
async fn main() {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    let app = Router::new().route("/healthz", get(|| async {})).route("/a", get(a)).route("/b", get(b));
    axum::serve(listener, app).with_graceful_shutdown(std::future::pending()).await.unwrap();
}

async fn a() { acme_http::client().get("http://a").send().await.unwrap().error_for_status().unwrap(); }
async fn b() { time::within(3, reqwest::Client::new().get("http://b").send()).await.unwrap().error_for_status().unwrap(); }
//- src/time.rs
pub async fn within<F: Future>(seconds: u64, call: F) -> F::Output { acme_timer::race(seconds, call).await }
//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2024"

[dependencies]
acme_http = "1"
acme_timer = "1"
axum = "0.8"
reqwest = "0.12"
tokio = "1"
"#;

const DECLARED: &str = r#"//- svclint.toml
[[knowledge]]
library = { name = "acme_http", versions = "*" }
functions."acme_http::client" = { gives = "reqwest::Client", does = { make-client = { protocol = "http", limits = { total = "5 s" } } } }

[[knowledge]]
library = { name = "shop", versions = "*" }
functions."shop::time::within" = { gives = "Future<$1.await>", does = { bound = { duration = 0, future = 1 } } }
"#;

#[test]
fn a_wrapper_is_known_once_it_is_declared() {
    assert_eq!(found(&check(SERVICE)), ["src/main.rs:12 http-client-without-timeout"]);
    let declared = format!("{SERVICE}{DECLARED}");
    assert!(found(&check(&declared)).is_empty(), "{:?}", found(&check(&declared)));
    assert_snapshot!(Seen::of(&declared).clients(), @"
    Http acme-http src/main.rs:11, total 5 s
      GET http://a src/main.rs:11
    Http reqwest src/main.rs:12, no total, no connect, no readidle, poolidle 90 s, no keepalive
      GET http://b src/main.rs:12, bounded
    ");
}

#[test]
fn a_mistake_is_told_with_its_place_and_the_last_good_configuration_stays() {
    let rooted = |text: &str| files(text).into_iter().map(|(path, text)| (Path::new("/ws").join(path), text));
    let broken = format!("{SERVICE}{}", DECLARED.replace("bound =", "bond ="));
    let fs = Arc::new(MemoryFs::new(rooted(&broken)));
    let mut workspace = Workspace::new(fs, vec!["/ws".into()], Options::default()).expect("the root exists");
    let error = workspace.load().expect_err("the configuration is broken");
    assert!(matches!(error, WorkspaceError::Config(_)));
    let text = error.to_string();
    assert!(text.contains("svclint.toml:7:") && text.contains("unknown variant `bond`"), "{text}");
    // An editor goes on with what it has.
    let report = workspace.check(&Cancel::default()).expect("nobody cancels");
    assert!(found(&report).iter().any(|f| f == "svclint.toml:7 config-error"), "{:?}", found(&report));
}

#[test]
fn a_configuration_that_is_no_text_is_an_error() {
    let mut all: Vec<(std::path::PathBuf, Vec<u8>)> = files(SERVICE)
        .into_iter()
        .map(|(path, text)| (Path::new("/ws").join(path), text.into_bytes()))
        .collect();
    all.push(("/ws/svclint.toml".into(), vec![b'[', 0xff]));
    let fs = Arc::new(MemoryFs::new(all));
    let mut workspace = Workspace::new(fs, vec!["/ws".into()], Options::default()).expect("the root exists");
    let text = workspace.load().expect_err("the configuration is broken").to_string();
    assert!(text.contains("/ws/svclint.toml:1:1: not UTF-8 at byte 1"), "{text}");
}

/// Only a method of a type is declared: the rest of the type stays as the code says.
#[test]
fn a_declared_method_is_laid_over_what_can_be_read() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod net;
use axum::{Router, routing::get};

#[tokio::main]
async fn main() {
    let app = Router::new().route("/healthz", get(|| async {})).route("/p", get(price));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(std::future::pending()).await.unwrap();
}

async fn price() -> String {
    let http = net::Http::new();
    http.within(http.ask()).await
}
//- src/net.rs
use std::future::Future;
pub struct Http { client: reqwest::Client }
impl Http {
    pub fn new() -> Self { Http { client: reqwest::Client::new() } }
    pub async fn ask(&self) -> String { self.client.get("http://prices").send().await.unwrap().text().await.unwrap() }
    pub async fn within<F: Future>(&self, call: F) -> F::Output { native::deadline(call).await }
}
//- svclint.toml
[[knowledge]]
library = { name = "shop", versions = "*" }
types."shop::net::Http".methods.within = { gives = "Future<$0.await>", does = { bound = { duration = 0, future = 0 } } }
"#,
    );
    assert_snapshot!(seen.effects("shop::price"), @"BoundedRequest(Http) > ask src/net.rs:5");
}

/// A macro makes the configuration, and the path below which everything is served comes out of it.
#[test]
fn what_a_macro_makes_can_be_declared_with_the_value_it_gives() {
    let code = r#"//- src/main.rs
mod config;
use axum::{Router, routing::get};
use config::CONFIG;

#[tokio::main]
async fn main() {
    let base = CONFIG.base_path();
    let app = Router::new().nest(&[&base, "/api"].concat(), Router::new().route("/orders", get(orders)));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}

async fn orders() {}
//- src/config.rs
use std::sync::LazyLock;
macro_rules! make_config { ($($name:ident: $ty:ty),*) => { pub struct Config { $($name: $ty),* } } }
make_config! { base_path: String, domain: String }
pub static CONFIG: LazyLock<Config> = LazyLock::new(Config::load);
"#;
    assert_snapshot!(Seen::of(code).routes(), @"? GET /{?}/api/orders -> shop::orders");
    let declared = r#"//- svclint.toml
[[knowledge]]
library = { name = "shop", versions = "*" }
types."shop::config::Config".methods.base_path = { gives = "String", value = "/shop" }
"#;
    assert_snapshot!(Seen::of(&format!("{code}{declared}")).routes(), @"GET /shop/api/orders -> shop::orders");
}
