//! `otel-version-split`

use svclint_model::{Linked, Place, Tri};

use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports services that are built with several releases of OpenTelemetry, where a package that takes traces in or passes
    /// them on uses another one than the service's own code.
    ///
    /// ## Why it matters
    /// Each release has globals of its own. What the service sets up in one (the tracer, the propagator) does not exist for a
    /// package that is built with another: it compiles, it runs, and it does nothing. Traces end there without an error.
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
    /// opentelemetry = "0.31"
    /// tokio = { version = "1", features = ["full"] }
    /// tracing-opentelemetry = "0.31"
    /// //- Cargo.lock
    /// [[package]]
    /// name = "axum"
    /// version = "0.8.9"
    /// [[package]]
    /// name = "opentelemetry"
    /// version = "0.30.0"
    /// [[package]]
    /// name = "opentelemetry"
    /// version = "0.31.0"
    /// [[package]]
    /// name = "prices"
    /// version = "0.1.0"
    /// dependencies = ["axum", "opentelemetry 0.31.0", "tokio", "tracing-opentelemetry"]
    /// [[package]]
    /// name = "tokio"
    /// version = "1.48.0"
    /// [[package]]
    /// name = "tracing-opentelemetry"
    /// version = "0.31.0"
    /// dependencies = ["opentelemetry 0.30.0"]
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(|| async { "7" }))).await.unwrap();
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
    /// opentelemetry = "0.31"
    /// tokio = { version = "1", features = ["full"] }
    /// tracing-opentelemetry = "0.32"
    /// //- Cargo.lock
    /// [[package]]
    /// name = "axum"
    /// version = "0.8.9"
    /// [[package]]
    /// name = "opentelemetry"
    /// version = "0.31.0"
    /// [[package]]
    /// name = "prices"
    /// version = "0.1.0"
    /// dependencies = ["axum", "opentelemetry", "tokio", "tracing-opentelemetry"]
    /// [[package]]
    /// name = "tokio"
    /// version = "1.48.0"
    /// [[package]]
    /// name = "tracing-opentelemetry"
    /// version = "0.32.0"
    /// dependencies = ["opentelemetry"]
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/price", get(|| async { "7" }))).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: move both sides to releases that belong together. `cargo tree -i opentelemetry` shows who asks for which.
    ///
    /// ## References
    /// - The documentation of `opentelemetry::global`
    /// - Cargo, "Dependency resolution: version-incompatibility hazards"
    pub(crate) OTEL_VERSION_SPLIT {
        id: "otel-version-split",
        category: Observability,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported: Vec<Place> = Vec::new();
    for service in &cx.model.services {
        let package = cx.model.packages.get(service.package as usize);
        for linked in package.into_iter().flat_map(|p| &p.linked) {
            let Tri::Present(with) = &linked.with else { continue };
            if with.iter().any(|release| linked.own.contains(release)) || reported.contains(&linked.at) {
                continue;
            }
            reported.push(linked.at);
            findings.push(finding(linked, with).service(&service.name));
        }
    }
}

fn finding(linked: &Linked, with: &[String]) -> Finding {
    let Linked { library, user, own, .. } = linked;
    let (with, own) = (with.join(" and "), own.join(" and "));
    let message = format!(
        "`{user}` is built with {library} {with}, and the service with {own}: the two do not see each other, and traces end between them"
    );
    let finding = Finding::new(&OTEL_VERSION_SPLIT, linked.at, message)
        .help(format!("use a release of `{user}` that is built with {library} {own}"))
        .label(format!("brings {library} {with}"))
        .subject(user);
    let asked = linked.own_at.iter();
    asked.fold(finding, |finding, at| finding.related(*at, format!("the service's own code uses {own}")))
}
