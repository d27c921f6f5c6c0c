//! `grace-shorter-than-drain`

use svclint_model::{Limit, Listener, Tri, seconds};

use crate::rules::deployed::{Deployed, deployed};
use crate::{Applicability, Context, Finding, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports workloads whose pods are killed before the server in them may have ended what it has begun.
    ///
    /// ## Why it matters
    /// The server stops taking requests and waits for those in flight. When the pod's grace period ends first, the process is
    /// killed, and they are cut all the same.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// use actix_web::{App, HttpServer, web};
    ///
    /// #[actix_web::main]
    /// async fn main() -> std::io::Result<()> {
    ///     HttpServer::new(|| App::new().route("/healthz", web::get().to(|| async { "ok" })))
    ///         .shutdown_timeout(60)
    ///         .bind("0.0.0.0:8080")?
    ///         .run()
    ///         .await
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
    ///           ports: [{ containerPort: 8080 }]
    /// ```
    /// ```good
    /// //- src/main.rs
    /// use actix_web::{App, HttpServer, web};
    ///
    /// #[actix_web::main]
    /// async fn main() -> std::io::Result<()> {
    ///     HttpServer::new(|| App::new().route("/healthz", web::get().to(|| async { "ok" })))
    ///         .shutdown_timeout(60)
    ///         .bind("0.0.0.0:8080")?
    ///         .run()
    ///         .await
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
    ///       terminationGracePeriodSeconds: 65
    ///       containers:
    ///         - name: shop
    ///           image: registry/shop:1.4.0
    ///           ports: [{ containerPort: 8080 }]
    /// ```
    ///
    /// ## Fix
    /// Gives the pod what the server may take, what runs before it is told to end, and five seconds more.
    ///
    /// ## References
    /// - Kubernetes, "Pod Lifecycle: Termination of Pods"
    pub(crate) GRACE_SHORTER_THAN_DRAIN {
        id: "grace-shorter-than-drain",
        category: Health,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

/// What Kubernetes gives pods, and compose containers, that name no time themselves. Seconds.
const DEFAULT: i64 = 30;
const COMPOSE_DEFAULT: i64 = 10;

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for program in deployed(cx) {
        let drains = program.service.listeners.iter().filter_map(|l| Some((drain(l)?, l.at)));
        let Some((drain, at)) = drains.max_by_key(|(seconds, _)| *seconds) else { continue };
        let grace = match &program.workload.grace {
            Tri::Present(grace) => grace.value,
            Tri::Absent if program.workload.is_compose() => COMPOSE_DEFAULT,
            Tri::Absent => DEFAULT,
            Tri::Unknown => continue,
        };
        let before = match &program.container.pre_stop {
            Tri::Absent => 0,
            Tri::Present(hook) => match hook.seconds {
                Tri::Present(seconds) => seconds,
                _ => continue,
            },
            Tri::Unknown => continue,
        };
        // What is equal is a race that nobody notices.
        if grace < before + drain {
            findings.push(
                finding(cx, &program, grace, before, drain).related(at, format!("may take {drain} s to end")),
            );
        }
    }
}

/// How long a server waits for what it has begun, where it is known. Seconds.
fn drain(listener: &Listener) -> Option<i64> {
    // Without a way to end gracefully it waits for nothing.
    listener.shutdown.present()?;
    seconds(listener.limits.get(&Limit::Drain)?.present()?)
}

fn finding(cx: &Context<'_>, program: &Deployed<'_>, grace: i64, before: i64, drain: i64) -> Finding {
    let sum = if before > 0 {
        format!("{before} s before it is told and {drain} s to drain")
    } else {
        format!("{drain} s to drain")
    };
    let message = format!(
        "`{}` may need {sum}, and is killed after {grace} s: requests in flight are cut",
        program.service.name
    );
    let enough = before + drain + 5;
    // A compose file is stopped by whoever works with it, as a rule.
    let severity =
        if program.workload.is_compose() { Severity::Info } else { GRACE_SHORTER_THAN_DRAIN.severity };
    let (place, edits) = match &program.workload.grace {
        Tri::Present(spot) => {
            let text = if program.workload.is_compose() { format!("{enough}s") } else { enough.to_string() };
            (spot.at, cx.set(spot.at, text))
        }
        _ if program.workload.is_compose() => (
            program.container.name_at,
            cx.add_entry(program.container.block, &[&format!("stop_grace_period: {enough}s")]),
        ),
        _ => {
            let line = format!("terminationGracePeriodSeconds: {enough}");
            (program.container.name_at, cx.add_entry(program.workload.pod, &[&line]))
        }
    };
    let mut finding = program.explained(
        Finding::new(&GRACE_SHORTER_THAN_DRAIN, place, message)
            .help(format!("give it {enough} s to end, or let the server drain for less"))
            .label(format!("killed after {grace} s"))
            .subject(program.subject())
            .fix(format!("Give it {enough} seconds to end"), Applicability::Unsafe, edits),
    );
    finding.severity = severity;
    finding
}
