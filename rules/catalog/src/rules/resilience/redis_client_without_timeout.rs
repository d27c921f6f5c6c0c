//! `redis-client-without-timeout`

use svclint_model::{Client, Deed, FnId, Limit, Protocol, Tri, What};

use crate::rules::running::{How, Run};
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports connections to Redis on which a service waits for answers without any time limit: those of the `redis` crate
    /// before release 1.0 that are given no response timeout, and the blocking ones of any release. Which release is in use,
    /// `Cargo.lock` says. Since 1.0 an asynchronous connection gives up after half a second by itself.
    ///
    /// ## Why it matters
    /// A cache is asked in nearly every request. When it hangs, or the network swallows its answers, every one of them waits
    /// for ever: what was there to make the service faster stops all of it.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "carts"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// redis = { version = "0.32", features = ["tokio-comp", "connection-manager"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- Cargo.lock
    /// version = 4
    /// [[package]]
    /// name = "carts"
    /// version = "0.1.0"
    /// dependencies = ["axum", "redis", "tokio"]
    /// [[package]]
    /// name = "axum"
    /// version = "0.8.9"
    /// source = "registry+https://github.com/rust-lang/crates.io-index"
    /// [[package]]
    /// name = "tokio"
    /// version = "1.48.0"
    /// source = "registry+https://github.com/rust-lang/crates.io-index"
    /// [[package]]
    /// name = "redis"
    /// version = "0.32.7"
    /// source = "registry+https://github.com/rust-lang/crates.io-index"
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::get};
    /// use redis::{AsyncCommands, aio::ConnectionManager};
    ///
    /// async fn cart(State(mut redis): State<ConnectionManager>) -> String {
    ///     redis.get("cart").await.unwrap()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let client = redis::Client::open("redis://cache:6379").unwrap();
    ///     let redis = ConnectionManager::new(client).await.unwrap();
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/cart", get(cart)).with_state(redis)).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "carts"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// redis = { version = "0.32", features = ["tokio-comp", "connection-manager"] }
    /// tokio = { version = "1", features = ["full"] }
    /// //- Cargo.lock
    /// version = 4
    /// [[package]]
    /// name = "carts"
    /// version = "0.1.0"
    /// dependencies = ["axum", "redis", "tokio"]
    /// [[package]]
    /// name = "axum"
    /// version = "0.8.9"
    /// source = "registry+https://github.com/rust-lang/crates.io-index"
    /// [[package]]
    /// name = "tokio"
    /// version = "1.48.0"
    /// source = "registry+https://github.com/rust-lang/crates.io-index"
    /// [[package]]
    /// name = "redis"
    /// version = "0.32.7"
    /// source = "registry+https://github.com/rust-lang/crates.io-index"
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::get};
    /// use redis::{AsyncCommands, aio::{ConnectionManager, ConnectionManagerConfig}};
    /// use std::time::Duration;
    ///
    /// async fn cart(State(mut redis): State<ConnectionManager>) -> String {
    ///     redis.get("cart").await.unwrap()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let client = redis::Client::open("redis://cache:6379").unwrap();
    ///     let config = ConnectionManagerConfig::new().set_response_timeout(Duration::from_secs(1));
    ///     let redis = ConnectionManager::new_with_config(client, config).await.unwrap();
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/cart", get(cart)).with_state(redis)).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Gives a connection manager a response timeout of one second and a connection timeout of two, for you to look at: a
    /// connection that also waits in `BLPOP` or `XREAD BLOCK` needs a longer one, or should be one of its own. Releases before
    /// 0.27 have no such configuration: there, a release of today is the better mend.
    ///
    /// ## References
    /// - AWS Builders' Library, "Timeouts, retries, and backoff with jitter"
    /// - The changelog of `redis` 1.0, on default timeouts
    pub(crate) REDIS_CLIENT_WITHOUT_TIMEOUT {
        id: "redis-client-without-timeout",
        category: Resilience,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported = Vec::new();
    for run in cx.runs() {
        let own: Vec<&Client> = cx
            .model
            .clients
            .iter()
            .filter(|c| c.protocol == Protocol::Redis && run.makes(cx.model, c))
            .collect();
        // Which connection a command goes over is not followed: it is certain only where none has a limit.
        let all_wait = own.iter().all(|c| c.limits.get(&Limit::Total) == Some(&Tri::Absent));
        let Some((function, deed, how)) = waits(cx, run).filter(|_| all_wait) else { continue };
        for client in &own {
            if !reported.contains(&client.built.at) {
                reported.push(client.built.at);
                let mut finding = finding(cx, client, run, function, how);
                // Of several connections, which one this command goes over is not known.
                if own.len() == 1 || deed.at.file == client.built.at.file {
                    finding = finding.related(deed.at, "waits here without a limit");
                }
                findings.push(finding);
            }
        }
    }
}

/// A command that the service waits for.
fn waits<'m>(cx: &Context<'m>, run: &Run<'_>) -> Option<(FnId, &'m Deed, How)> {
    run.service.functions.iter().find_map(|id| {
        let asks = |d: &&Deed| matches!(d.what, What::Call(Protocol::Redis, _)) && !d.when.bounded;
        cx.model.function(*id).does.iter().filter(asks).find_map(|d| Some((*id, d, run.how(*id, d.when)?)))
    })
}

fn finding(cx: &Context<'_>, client: &Client, run: &Run<'_>, function: FnId, how: How) -> Finding {
    let who = run.who(cx.model, function, how);
    let message = format!(
        "answers on this Redis connection are waited for without a limit: when Redis hangs, {who} waits for ever"
    );
    let mut finding = Finding::new(&REDIS_CLIENT_WITHOUT_TIMEOUT, client.built.at, message)
        .help(
            "set a response timeout on the connection, or use `redis` 1.0 or later, which has one by itself",
        )
        .label(format!("no {} timeout", client.library))
        .service(&run.service.name)
        .subject(client.in_fn.map_or_else(String::new, |f| cx.model.function(f).path.clone()));
    finding.related = run.evidence(cx.model, function);
    let edits = configured(cx, client).unwrap_or_default();
    finding.fix("Give the connection a response timeout", Applicability::Proposal, edits)
}

/// `ConnectionManager::new(client)` with a configuration; `None` for other forms.
fn configured(cx: &Context<'_>, client: &Client) -> Option<Vec<Edit>> {
    let path = cx.text(client.built.type_path);
    let made = client.built.made;
    let arguments = cx.text(made).strip_prefix(path)?.strip_prefix("::new(")?.strip_suffix(')')?;
    if !path.ends_with("ConnectionManager") {
        return None;
    }
    let (duration, import) = cx.import(made.file, "std::time::Duration");
    let config = client.built_by("limited-manager", &duration)?;
    let text = format!("{path}::new_with_config({arguments}, {config})");
    let replaced = Edit::Replace { file: made.file, span: made.span, text };
    Some(import.into_iter().chain([replaced]).collect())
}
