//! `redis-keys-scan`

use svclint_model::{Deed, Effect, Function, Service, What};

use crate::rules::acts::last_word;
use crate::rules::running::How;
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports handlers that ask Redis for all keys that fit a pattern with `KEYS`.
    ///
    /// ## Why it matters
    /// Redis answers one command at a time. `KEYS` walks through all keys of the database, and until it has done so nobody else is
    /// answered: with millions of keys every service that uses the server stands still.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "carts"
    /// version = "0.1.0"
    /// edition = "2021"
    ///
    /// [dependencies]
    /// axum = "0.8"
    /// redis = { version = "0.32", features = ["tokio-comp", "connection-manager"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::get};
    /// use redis::{AsyncCommands, aio::ConnectionManager};
    ///
    /// async fn count(State(mut redis): State<ConnectionManager>) -> String {
    ///     let keys: Vec<String> = redis.keys("cart:*").await.unwrap_or_default();
    ///     keys.len().to_string()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let redis = redis::Client::open("redis://redis")?.get_connection_manager().await?;
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    ///     Ok(axum::serve(listener, Router::new().route("/count", get(count)).with_state(redis)).await?)
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "carts"
    /// version = "0.1.0"
    /// edition = "2021"
    ///
    /// [dependencies]
    /// axum = "0.8"
    /// redis = { version = "0.32", features = ["tokio-comp", "connection-manager"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::get};
    /// use redis::{AsyncCommands, aio::ConnectionManager};
    ///
    /// async fn count(State(mut redis): State<ConnectionManager>) -> String {
    ///     let carts: u64 = redis.scard("carts").await.unwrap_or_default();
    ///     carts.to_string()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let redis = redis::Client::open("redis://redis")?.get_connection_manager().await?;
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    ///     Ok(axum::serve(listener, Router::new().route("/count", get(count)).with_state(redis)).await?)
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: `SCAN` gives the same keys in small steps, and a set of the keys that are looked for needs no walk at all.
    ///
    /// ## References
    /// - Redis documentation, `KEYS` and `SCAN`
    pub(crate) REDIS_KEYS_SCAN {
        id: "redis-keys-scan",
        category: Data,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut seen = rustc_hash::FxHashSet::default();
    for run in cx.runs() {
        for id in &run.service.functions {
            let function = cx.model.function(*id);
            for deed in function.does.iter().filter(|d| d.what == What::Effect(Effect::FullScan)) {
                if run.how_at_all(*id, deed.when) == Some(How::Serving) && seen.insert(deed.at) {
                    let mut found = finding(function, run.service, deed);
                    found.related = run.evidence(cx.model, *id);
                    findings.push(found);
                }
            }
        }
    }
}

fn finding(function: &Function, service: &Service, deed: &Deed) -> Finding {
    let message = format!(
        "`{}` lets Redis walk through all its keys: nobody else is answered meanwhile",
        last_word(&function.path)
    );
    Finding::new(&REDIS_KEYS_SCAN, deed.at, message)
        .help("walk in small steps with `SCAN`, or keep a set of the keys that are looked for")
        .label("walks through all keys")
        .subject(function.path.clone())
        .service(service.name.clone())
}
