//! What is waited for: with which limit, and what is held meanwhile.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::disallowed_methods)]

mod support;

use insta::assert_snapshot;
use support::assert_markers;
use support::seen::Seen;

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
    axum::serve(listener, app).await.unwrap();
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
