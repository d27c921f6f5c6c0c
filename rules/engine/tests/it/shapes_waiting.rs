//! What is waited for: with which limit, and what is held meanwhile.

use crate::support::assert_markers;
use crate::support::seen::Seen;
use insta::assert_snapshot;

/// A limit around a future that is made before, in a variable or by another function.
#[test]
fn futures_made_before_they_are_waited_for() {
    let text = r#"//- src/main.rs
mod prices;
use axum::{Router, extract::State, routing::get};
use std::{sync::Arc, time::Duration};
use prices::{Prices, Remote};

#[tokio::main]
async fn main() {
    let prices: Arc<dyn Prices> = Arc::new(Remote::new());
    let app = Router::new()
        .route("/healthz", get(|| async {}))
        .route("/held", get(held))
        .route("/around", get(around))
        .with_state(prices);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(std::future::pending()).await.unwrap();
}

async fn held(State(prices): State<Arc<dyn Prices>>) -> String {
    let call = prices.now("a");
    let limited = tokio::time::timeout(Duration::from_secs(2), call);
    limited.await.unwrap()
}

async fn around(State(prices): State<Arc<dyn Prices>>) -> String {
    tokio::time::timeout(Duration::from_secs(2), prices.now("a")).await.unwrap()
}
//- src/prices.rs
use async_trait::async_trait;

#[async_trait]
pub trait Prices: Send + Sync {
    async fn now(&self, what: &str) -> String;
}

pub struct Remote { http: reqwest::Client }

impl Remote {
    pub fn new() -> Self { Remote { http: reqwest::Client::new() } }
}

#[async_trait]
impl Prices for Remote {
    async fn now(&self, what: &str) -> String {
        self.http.get(format!("http://prices/{what}")).send().await.unwrap().text().await.unwrap()
    }
}
"#;
    let seen = Seen::of(text);
    assert_snapshot!(seen.effects("shop::held"), @"BoundedRequest(Http) > now src/prices.rs:17");
    assert_snapshot!(seen.effects("shop::around"), @"BoundedRequest(Http) > now src/prices.rs:17");
    assert_snapshot!(seen.effects("Remote::now"), @"Request(Http) src/prices.rs:17");
    assert_markers(text);
}

/// A function that reaches the same request with and without a limit has both.
#[test]
fn with_a_limit_and_without() {
    let seen = Seen::of(
        r#"//- src/main.rs
use std::time::Duration;

#[tokio::main]
async fn main() {
    both(3).await;
}

async fn both(left: u32) {
    if left > 0 {
        let _ = tokio::time::timeout(Duration::from_secs(1), Box::pin(both(left - 1))).await;
    }
    ask().await;
}

async fn ask() {
    reqwest::get("http://prices").await.unwrap();
}
"#,
    );
    assert_snapshot!(seen.effects("shop::both"), @r"
    BoundedRequest(Http) > both > ask src/main.rs:16
    Request(Http) > ask src/main.rs:16
    ");
}

/// A guard that ends before the wait, in a branch as well as in a straight line.
#[test]
fn locks_given_back_in_time() {
    let seen = Seen::of(
        r#"//- src/main.rs
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;

#[tokio::main]
async fn main() {
    let keys = Arc::new(Mutex::new(Vec::<u64>::new()));
    in_a_branch(&keys).await;
    too_late(&keys).await;
}

async fn in_a_branch(keys: &Mutex<Vec<u64>>) {
    loop {
        let guard = keys.lock().await;
        if guard.is_empty() {
            drop(guard);
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        }
        return;
    }
}

async fn too_late(keys: &Mutex<Vec<u64>>) {
    let guard = keys.lock().await;
    if guard.is_empty() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(guard);
    }
}
"#,
    );
    let held = |function: &str| seen.effects(function).lines().any(|l| l.contains("HeldLock"));
    assert!(!held("in_a_branch") && held("too_late"), "{}", seen.effects("too_late"));
}

/// A guard that nobody names lives to the end of its statement.
#[test]
fn locks_without_a_name() {
    let seen = Seen::of(
        r#"//- src/main.rs
use std::{collections::HashMap, sync::{Arc, Mutex, RwLock}, time::Duration};

struct Cache { keys: RwLock<HashMap<String, String>>, client: tokio::sync::Mutex<Remote> }
struct Remote;
impl Remote {
    async fn send(&self) { tokio::time::sleep(Duration::from_secs(1)).await; }
}

#[tokio::main]
async fn main() {
    let cache = Arc::new(Cache { keys: RwLock::default(), client: tokio::sync::Mutex::new(Remote) });
    in_a_condition(&cache).await;
    in_a_chain(&cache).await;
    taken_out(&cache).await;
}

async fn in_a_condition(cache: &Cache) {
    if let Some(key) = cache.keys.read().unwrap().get("a") {
        reqwest::get(key).await.unwrap();
    }
}

async fn in_a_chain(cache: &Cache) {
    cache.client.lock().await.send().await;
}

async fn taken_out(cache: &Cache) {
    let key = cache.keys.read().unwrap().get("a").cloned();
    if let Some(key) = key {
        reqwest::get(key).await.unwrap();
    }
}
"#,
    );
    let held = |function: &str| seen.effects(function).lines().any(|l| l.contains("HeldLock"));
    assert!(held("in_a_condition") && held("in_a_chain") && !held("shop::taken_out"));
}

/// An extension of all futures that brings a limit.
#[test]
fn limits_by_an_extension_trait() {
    assert_markers(
        r#"//- src/main.rs
mod limit;
use axum::{Router, routing::get};
use limit::Limited;

#[tokio::main]
async fn main() {
    let app = Router::new().route("/healthz", get(|| async {})).route("/p", get(price)).route("/q", get(quick));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(std::future::pending()).await.unwrap();
}

async fn price() -> String {
    let client = reqwest::Client::new();
    client.get("http://prices").send().or_late(2).await.unwrap().unwrap().text().await.unwrap()
}

async fn quick() -> String {
    let client = reqwest::Client::new(); // error: [http-client-without-timeout]
    client.get("http://prices").send().await.unwrap().text().await.unwrap()
}
//- src/limit.rs
use std::{future::Future, time::Duration};
pub trait Limited: Future + Sized {
    fn or_late(self, seconds: u64) -> impl Future<Output = Result<Self::Output, ()>>;
}
impl<F: Future> Limited for F {
    async fn or_late(self, seconds: u64) -> Result<F::Output, ()> {
        tokio::time::timeout(Duration::from_secs(seconds), self).await.map_err(|_| ())
    }
}
"#,
    );
}
