//! `pool-without-wait-timeout`

use svclint_model::{Client, Deed, Effect, FnId, Limit, Tri, What};

use crate::edit::insert_after;
use crate::rules::running::{How, Run};
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports connection pools in which a service waits for a free connection without any limit: none on the pool, none
    /// around the wait. Most pools give up by themselves after a while; those of deadpool do not.
    ///
    /// ## Why it matters
    /// When the database is slow, all connections are busy, and each further request waits for one. Without a limit nobody is
    /// turned away: requests pile up whose callers gave up long ago, and when the database is well again they come first.
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
    /// deadpool-postgres = "0.14"
    /// tokio = "1"
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::get};
    /// use deadpool_postgres::{Manager, Pool, Runtime};
    /// use std::time::Duration;
    ///
    /// async fn price(State(pool): State<Pool>) -> String {
    ///     let client = pool.get().await.unwrap();
    ///     client.query_one("SELECT price FROM prices", &[]).await.unwrap().get(0)
    /// }
    ///
    /// fn pool(manager: Manager) -> Pool {
    ///     Pool::builder(manager).max_size(16).build().unwrap()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let config = "host=db".parse().unwrap();
    ///     let pool = pool(Manager::new(config, deadpool_postgres::tokio_postgres::NoTls));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(price)).with_state(pool)).await.unwrap();
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
    /// deadpool-postgres = "0.14"
    /// tokio = "1"
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::get};
    /// use deadpool_postgres::{Manager, Pool, Runtime};
    /// use std::time::Duration;
    ///
    /// async fn price(State(pool): State<Pool>) -> String {
    ///     let client = pool.get().await.unwrap();
    ///     client.query_one("SELECT price FROM prices", &[]).await.unwrap().get(0)
    /// }
    ///
    /// fn pool(manager: Manager) -> Pool {
    ///     Pool::builder(manager)
    ///         .max_size(16)
    ///         .wait_timeout(Some(Duration::from_secs(2)))
    ///         .runtime(Runtime::Tokio1)
    ///         .build()
    ///         .unwrap()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let config = "host=db".parse().unwrap();
    ///     let pool = pool(Manager::new(config, deadpool_postgres::tokio_postgres::NoTls));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(price)).with_state(pool)).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Ends the wait after two seconds. Unsafe: who waited for longer now gets an error. The pool needs to know the runtime
    /// for it; the fix says tokio.
    ///
    /// ## References
    /// - Michael Nygard, "Release It!", on blocked threads
    /// - The documentation of `deadpool::managed::Timeouts`
    pub(crate) POOL_WITHOUT_WAIT_TIMEOUT {
        id: "pool-without-wait-timeout",
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
        let pools = cx.model.clients.iter().filter(|c| c.limits.contains_key(&Limit::PoolAcquire));
        let own: Vec<&Client> = pools.filter(|c| run.makes(cx.model, c)).collect();
        // Of several pools, which one is waited for is not followed: it is certain only where none has a limit.
        let all_wait = own.iter().all(|c| c.limits.get(&Limit::PoolAcquire) == Some(&Tri::Absent));
        let Some((function, deed, how)) = waits(cx, run).filter(|_| all_wait) else { continue };
        for client in own {
            if !reported.contains(&client.built.at) {
                reported.push(client.built.at);
                findings.push(finding(cx, client, run, function, deed, how));
            }
        }
    }
}

/// A wait for a connection.
fn waits<'m>(cx: &Context<'m>, run: &Run<'_>) -> Option<(FnId, &'m Deed, How)> {
    run.service.functions.iter().find_map(|id| {
        let asks = |d: &&Deed| d.what == What::Effect(Effect::Acquire) && !d.when.bounded;
        cx.model.function(*id).does.iter().filter(asks).find_map(|d| Some((*id, d, run.how(*id, d.when)?)))
    })
}

fn finding(
    cx: &Context<'_>,
    client: &Client,
    run: &Run<'_>,
    function: FnId,
    deed: &Deed,
    how: How,
) -> Finding {
    let who = run.who(cx.model, function, how);
    let message = format!(
        "nothing limits the wait for a connection of this pool: when all are busy, {who} waits for ever"
    );
    let mut finding = Finding::new(&POOL_WITHOUT_WAIT_TIMEOUT, client.built.at, message)
        .help("set a wait timeout on the pool, or use `timeout_get`")
        .label("no wait timeout")
        .service(&run.service.name)
        .subject(client.in_fn.map_or_else(String::new, |f| cx.model.function(f).path.clone()));
    finding.related = run.evidence(cx.model, function);
    finding.related(deed.at, "waits here for a connection").fix(
        "End the wait after two seconds",
        Applicability::Unsafe,
        limited(cx, client),
    )
}

/// The edits for a pool that is made with its builder.
fn limited(cx: &Context<'_>, client: &Client) -> Vec<Edit> {
    if client.built.constructor != "builder" {
        return Vec::new();
    }
    let made = client.built.made;
    let library = client.library.replace('-', "_");
    let (duration, import) = cx.import(made.file, "std::time::Duration");
    let gap = match client.built.calls.first() {
        Some((_, at)) if cx.begins_line(*at) => format!("{}{}", cx.line_end(made.file), cx.indent(*at)),
        _ => String::new(),
    };
    // Without a runtime that tells the time the pool cannot be built.
    let runtime = match client.built.calls.iter().any(|(name, _)| name == "runtime") {
        true => String::new(),
        false => format!("{gap}.runtime({library}::Runtime::Tokio1)"),
    };
    let wait = format!("{gap}.wait_timeout(Some({duration}::from_secs(2))){runtime}");
    import.into_iter().chain([insert_after(made, wait)]).collect()
}
