//! `unbounded-growth`

use std::sync::Arc;

use svclint_model::{Effect, KeyStore, Service, What};

use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports stores in memory that gain an entry for every new key, and that nothing in the program ever tells to forget
    /// one: rate limiters by address or by user. Programs that do so somewhere are left alone, and so are single limiters.
    ///
    /// ## Why it matters
    /// The memory of the service grows with everybody who ever called, and with every address that somebody makes up. It
    /// ends when the process is killed, which is when the most is asked of it.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.toml
    /// [package]
    /// name = "accounts"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// governor = "0.10"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, routing::post};
    /// use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
    /// use std::{num::NonZeroU32, sync::LazyLock};
    ///
    /// static TRIES: LazyLock<DefaultKeyedRateLimiter<String>> =
    ///     LazyLock::new(|| RateLimiter::keyed(Quota::per_minute(NonZeroU32::MIN)));
    ///
    /// async fn login(name: String) -> &'static str {
    ///     if TRIES.check_key(&name).is_ok() { "welcome" } else { "later" }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/login", post(login))).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// //- Cargo.toml
    /// [package]
    /// name = "accounts"
    /// version = "0.1.0"
    /// edition = "2021"
    /// [dependencies]
    /// axum = "0.8"
    /// governor = "0.10"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, routing::post};
    /// use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
    /// use std::{num::NonZeroU32, sync::LazyLock, time::Duration};
    ///
    /// static TRIES: LazyLock<DefaultKeyedRateLimiter<String>> =
    ///     LazyLock::new(|| RateLimiter::keyed(Quota::per_minute(NonZeroU32::MIN)));
    ///
    /// async fn login(name: String) -> &'static str {
    ///     if TRIES.check_key(&name).is_ok() { "welcome" } else { "later" }
    /// }
    ///
    /// async fn forget() {
    ///     loop {
    ///         tokio::time::sleep(Duration::from_secs(60)).await;
    ///         TRIES.retain_recent();
    ///     }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     tokio::spawn(forget());
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/login", post(login))).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None is offered: a task has to forget, every minute for example, what is no longer used.
    ///
    /// ## References
    /// - The documentation of `governor::RateLimiter::retain_recent`, and of governor's keyed limiters, on memory
    pub(crate) UNBOUNDED_GROWTH {
        id: "unbounded-growth",
        category: Resilience,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let forgets = |what: &What| *what == What::Effect(Effect::ForgetKeys);
    if cx.model.functions.iter().any(|f| f.does.iter().any(|deed| forgets(&deed.what))) {
        return;
    }
    // One for each package: one task can forget for all of them.
    let mut stores: Vec<&KeyStore> = cx.model.key_stores.iter().collect();
    stores.sort_by_key(|s| (s.package, s.at.file, s.at.span.start));
    for of_package in stores.chunk_by(|a, b| a.package == b.package) {
        let [first, others @ ..] = of_package else { continue };
        // Who makes it may be called by code that a derive writes: its package runs in the service, that is enough.
        let runs =
            |s: &&Arc<Service>| s.functions.iter().any(|f| cx.model.function(*f).package == first.package);
        let serves = cx.model.services.iter().find(runs);
        if let Some(service) = serves {
            let message = "this limiter remembers every key that it ever saw, and nothing tells it to forget one: memory grows with each new caller";
            let finding = Finding::new(&UNBOUNDED_GROWTH, first.at, message.into())
                .help(
                    "let a task call what forgets the keys that are no longer used, every minute for example",
                )
                .label("keeps all keys")
                .service(&service.name)
                .subject(service.name.clone());
            findings.push(others.iter().fold(finding, |f, other| f.related(other.at, "so does this one")));
        }
    }
}
