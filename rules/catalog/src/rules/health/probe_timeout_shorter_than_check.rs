//! `probe-timeout-shorter-than-check`

use svclint_model::{AskedPath, ProbeKind, Route, asked};

use super::checks::questions;
use super::waiting::{Waits, waits};
use crate::rules::deployed::{Deployed, deployed};
use crate::{Applicability, Context, Finding, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports probes whose handler may wait for a dependency longer than the probe waits for the handler.
    ///
    /// ## Why it matters
    /// A dependency that is slow makes the probe fail without saying why, and the handlers pile up: each goes on waiting after the
    /// probe has given up.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let http = reqwest::Client::builder().timeout(std::time::Duration::from_secs(10)).build().unwrap();
    ///     let app = Router::new().route("/readyz", get(ready)).with_state(http);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    ///
    /// async fn ready(State(http): State<reqwest::Client>) -> &'static str {
    ///     http.get("http://prices/health").send().await.unwrap();
    ///     "ok"
    /// }
    /// //- Dockerfile
    /// FROM rust:1.90-bookworm AS build
    /// RUN cargo build --release --locked --bin shop
    /// FROM gcr.io/distroless/cc-debian12:nonroot
    /// COPY --from=build /target/release/shop /shop
    /// ENTRYPOINT ["/shop"]
    /// //- deploy/shop.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: shop }
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: shop
    ///           image: registry/shop:1.4.0
    ///           readinessProbe:
    ///             httpGet: { path: /readyz, port: 8080 }
    ///             timeoutSeconds: 2
    /// ```
    /// ```good
    /// //- src/main.rs
    /// use axum::{Router, extract::State, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let http = reqwest::Client::builder().timeout(std::time::Duration::from_secs(10)).build().unwrap();
    ///     let app = Router::new().route("/readyz", get(ready)).with_state(http);
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    ///
    /// async fn ready(State(http): State<reqwest::Client>) -> &'static str {
    ///     let asked = http.get("http://prices/health").send();
    ///     let _ = tokio::time::timeout(std::time::Duration::from_secs(1), asked).await;
    ///     "ok"
    /// }
    /// //- Dockerfile
    /// FROM rust:1.90-bookworm AS build
    /// RUN cargo build --release --locked --bin shop
    /// FROM gcr.io/distroless/cc-debian12:nonroot
    /// COPY --from=build /target/release/shop /shop
    /// ENTRYPOINT ["/shop"]
    /// //- deploy/shop.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: shop }
    /// spec:
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: shop
    ///           image: registry/shop:1.4.0
    ///           readinessProbe:
    ///             httpGet: { path: /readyz, port: 8080 }
    ///             timeoutSeconds: 2
    /// ```
    ///
    /// ## Fix
    /// Where it is known how long the check may take, the probe waits a second longer. A check that may take for ever needs a limit
    /// of its own; which one is a choice.
    ///
    /// ## References
    /// - Kubernetes, "Configure Liveness, Readiness and Startup Probes"
    pub(crate) PROBE_TIMEOUT_SHORTER_THAN_CHECK {
        id: "probe-timeout-shorter-than-check",
        category: Health,
        level: Allow,
        severity: Info,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for program in deployed(cx).filter(|d| !d.workload.is_compose()) {
        for asked in asked(program.container) {
            let route = program.answering(&asked);
            findings.extend(route.and_then(|route| finding(cx, &program, &asked, route)));
        }
    }
}

fn finding(
    cx: &Context<'_>,
    program: &Deployed<'_>,
    asked: &AskedPath<'_>,
    route: &Route,
) -> Option<Finding> {
    let timeout = *asked.probe.timeout.present()?;
    let slow = questions(cx.model, route.handler?)
        .into_iter()
        .find_map(|q| Some((waits(cx.model, &q).filter(|waits| waits.longer_than(timeout))?, q)));
    let (waits, question) = slow?;
    let (kind, so) = match asked.probe.kind {
        ProbeKind::Liveness => ("liveness", "a dependency that is slow gets the pod restarted"),
        ProbeKind::Startup => ("startup", "a dependency that is slow gets the pod restarted"),
        ProbeKind::Readiness => ("readiness", "it fails without saying why"),
        ProbeKind::Health => ("health", "it fails without saying why"),
    };
    let message = format!(
        "the {kind} probe waits {timeout} s for `{}`, which may wait {} for {}: {so}",
        asked.path, waits, question.whom
    );
    let at = asked.probe.timeout_at.unwrap_or(asked.at);
    let mut finding = Finding::new(&PROBE_TIMEOUT_SHORTER_THAN_CHECK, at, message)
        .help("put a limit around the check that is shorter than the probe's")
        .label(format!("{timeout} s"))
        .related(question.deed.at, "nothing ends this sooner")
        .subject(format!("{} {}", program.subject(), asked.path));
    if let Waits::Seconds(seconds) = waits {
        let enough = (seconds + 1).to_string();
        let edits = match (asked.probe.timeout_at, asked.probe.block) {
            (Some(at), _) => cx.set(at, enough),
            (None, Some(block)) => cx.add_entry(block, &[&format!("timeoutSeconds: {enough}")]),
            (None, None) => Vec::new(),
        };
        finding = finding.fix("Let the probe wait longer than the check", Applicability::Unsafe, edits);
    }
    if asked.probe.kind == ProbeKind::Liveness {
        finding.severity = Severity::Warning;
    }
    Some(program.explained(finding))
}
