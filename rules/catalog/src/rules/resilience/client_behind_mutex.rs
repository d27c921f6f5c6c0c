//! `client-behind-mutex`

use rustc_hash::FxHashMap;
use svclint_model::{Deed, FnId, Function, Held, What};

use crate::edit::insert_after;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports locks that only one task can have at a time, with a client inside that is made to be cloned: a pool, a gRPC
    /// channel, a multiplexed connection. Only locks that are held while an answer is waited for are reported, and in a
    /// package one for each type of client. Locks of readers, and locks out of which a clone is taken, are left alone.
    ///
    /// ## Why it matters
    /// Requests wait for one another: the client could have a hundred answers under way, and the lock lets it have one. When
    /// the other side is slow, everything stands in line behind the lock.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "prices"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// redis = { version = "1", features = ["tokio-comp"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::get};
    /// use redis::{AsyncCommands, aio::MultiplexedConnection};
    /// use std::sync::Arc;
    /// use tokio::sync::Mutex;
    ///
    /// async fn price(State(cache): State<Arc<Mutex<MultiplexedConnection>>>) -> String {
    ///     let mut cache = cache.lock().await;
    ///     cache.get("price").await.unwrap()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let client = redis::Client::open("redis://cache").unwrap();
    ///     let cache = client.get_multiplexed_async_connection().await.unwrap();
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(price)).with_state(Arc::new(Mutex::new(cache)))).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "prices"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// redis = { version = "1", features = ["tokio-comp"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::get};
    /// use redis::{AsyncCommands, aio::MultiplexedConnection};
    ///
    /// async fn price(State(cache): State<MultiplexedConnection>) -> String {
    ///     let mut cache = cache.clone();
    ///     cache.get("price").await.unwrap()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let client = redis::Client::open("redis://cache").unwrap();
    ///     let cache = client.get_multiplexed_async_connection().await.unwrap();
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(price)).with_state(cache)).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Takes a clone out of the lock, which is then held no longer than that takes. Better is no lock at all; that changes the
    /// type of a field, and everything that locks it.
    ///
    /// ## References
    /// - The documentation of `redis::aio::MultiplexedConnection`, of `tonic::transport::Channel` and of `sqlx::Pool`, on
    ///   cloning
    pub(crate) CLIENT_BEHIND_MUTEX {
        id: "client-behind-mutex",
        category: Resilience,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    // By package and type of client: it is the field that is to be mended, not each lock.
    let mut known: FxHashMap<(u32, &str), usize> = FxHashMap::default();
    for (number, function) in cx.model.functions.iter().enumerate() {
        let id = FnId(number as u32);
        let Some(service) = cx.model.services.iter().find(|s| s.functions.binary_search(&id).is_ok()) else {
            continue;
        };
        for (deed, client, held) in locked(function) {
            match known.get(&(function.package, client)).and_then(|n| findings.get_mut(*n)) {
                Some(finding) => {
                    let message = "locked here too".to_owned();
                    finding.related.push(crate::Related { place: deed.at, message });
                    // All of them, or none: the finding would stay.
                    match (finding.fixes.first_mut(), taken_out(held)) {
                        (Some(fix), Some(edit)) => fix.edits.push(edit),
                        _ => finding.fixes.clear(),
                    }
                }
                None => {
                    known.insert((function.package, client), findings.len());
                    findings.push(finding(function, deed, client, held).service(&service.name));
                }
            }
        }
    }
}

fn locked(function: &Function) -> impl Iterator<Item = (&Deed, &str, &Held)> {
    function.does.iter().filter_map(|deed| match &deed.what {
        What::LockedClient { client, held } => Some((deed, client.as_str(), held)),
        _ => None,
    })
}

fn finding(function: &Function, deed: &Deed, client: &str, held: &Held) -> Finding {
    let message = format!(
        "this lock lets one task at a time use the `{client}`, and holds it until the answer is there: all others stand in line, though the client is made to be shared"
    );
    Finding::new(&CLIENT_BEHIND_MUTEX, deed.at, message)
        .help("leave the lock out, and give each task a clone: clones share the connections")
        .label("held until the answer is there")
        .related(held.wait, "waits for the answer here")
        .subject(format!("{} {client}", function.path))
        .fix("Take a clone out of the lock", Applicability::Unsafe, taken_out(held).into_iter().collect())
}

/// A clone in the place of the guard, where the guard is not seen through by hand.
fn taken_out(held: &Held) -> Option<Edit> {
    let guard = held.guard.as_ref().filter(|guard| !guard.dereferenced)?;
    Some(insert_after(guard.value, ".clone()".to_owned()))
}
