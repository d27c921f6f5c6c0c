//! `cpu-bound-in-handler`

use svclint_model::{Deed, Effect, Function, What};

use super::worker::OnWorker;
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports asynchronous handlers that hash passwords, or derive keys from them, on the thread that serves requests:
    /// argon2, bcrypt, scrypt, PBKDF2. What runs on a thread that may block, by `spawn_blocking` for example, is left alone.
    ///
    /// ## Why it matters
    /// These functions are slow on purpose: tens to hundreds of milliseconds of pure computing. An asynchronous runtime has
    /// about as many threads as the machine has processors, and each of them serves many requests. A few logins at once keep
    /// all of them busy, and everything else waits: health checks included, so that the service is restarted.
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
    /// bcrypt = "0.17"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, routing::post};
    ///
    /// async fn login(password: String) -> &'static str {
    ///     let hash = "$2b$12$KIXl2aDz0Zs2E0uJ8O0q1uQyF8o1w2y3z4A5B6C7D8E9F0G1H2I3J";
    ///     if bcrypt::verify(password, hash).unwrap_or(false) { "welcome" } else { "no" }
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
    /// bcrypt = "0.17"
    /// tokio = { version = "1", features = ["full"] }
    /// //- src/main.rs
    /// use axum::{Router, routing::post};
    ///
    /// async fn login(password: String) -> &'static str {
    ///     let hash = "$2b$12$KIXl2aDz0Zs2E0uJ8O0q1uQyF8o1w2y3z4A5B6C7D8E9F0G1H2I3J";
    ///     let checked = tokio::task::spawn_blocking(move || bcrypt::verify(password, hash).unwrap_or(false));
    ///     if checked.await.unwrap_or(false) { "welcome" } else { "no" }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/login", post(login))).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Runs the call in `tokio::task::block_in_place`, which hands the thread's other tasks to another thread; it needs the
    /// runtime with several threads. `tokio::task::spawn_blocking` works in every runtime, but takes owned values only.
    ///
    /// ## References
    /// - The documentation of tokio, "CPU-bound tasks and blocking code"
    /// - Azure Architecture Center, "Busy Front End antipattern"
    pub(crate) CPU_BOUND_IN_HANDLER {
        id: "cpu-bound-in-handler",
        category: Concurrency,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let computes = |_: &Function, d: &Deed| d.what == What::Effect(Effect::Compute);
    for hash in OnWorker::all(cx, computes) {
        let message =
            "hashes a password on the thread that serves it: all other requests on that thread wait for it";
        findings.push(
            hash.finding(cx, &CPU_BOUND_IN_HANDLER, message)
                .help("do it on a thread that may block: `tokio::task::spawn_blocking`")
                .label("tens of milliseconds of computing, or more")
                .fix("Run it in `block_in_place`", Applicability::Unsafe, hash.step_aside(cx)),
        );
    }
}
