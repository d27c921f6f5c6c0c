//! `probe-route-missing`

use strsim::levenshtein;
use svclint_model::{AskedPath, ProbeKind, Tri, answers, asked};

use crate::rules::deployed::{Deployed, asked_there, deployed, sees_all_routes};
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports probes that ask for a path which the program in the container does not serve.
    ///
    /// ## Why it matters
    /// The answer is 404 for ever: the pod is restarted again and again, or never gets any traffic.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/healthz", get(|| async { "ok" }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// //- Dockerfile
    /// FROM rust:1.90-bookworm AS build
    /// RUN cargo build --release --locked --bin shop
    /// FROM gcr.io/distroless/cc-debian12:nonroot
    /// COPY --from=build /target/release/shop /shop
    /// ENTRYPOINT ["/shop"]
    /// //- compose.yaml
    /// services:
    ///   shop:
    ///     build: .
    ///     image: registry/shop:1.4.0
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
    ///           livenessProbe:
    ///             httpGet: { path: /livez, port: 8080 }
    /// ```
    /// ```good
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/healthz", get(|| async { "ok" }));
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
    /// }
    /// //- Dockerfile
    /// FROM rust:1.90-bookworm AS build
    /// RUN cargo build --release --locked --bin shop
    /// FROM gcr.io/distroless/cc-debian12:nonroot
    /// COPY --from=build /target/release/shop /shop
    /// ENTRYPOINT ["/shop"]
    /// //- compose.yaml
    /// services:
    ///   shop:
    ///     build: .
    ///     image: registry/shop:1.4.0
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
    ///           livenessProbe:
    ///             httpGet: { path: /healthz, port: 8080 }
    /// ```
    ///
    /// ## Fix
    /// Asks for the health route that the program has.
    ///
    /// ## References
    /// - Kubernetes, "Configure Liveness, Readiness and Startup Probes"
    pub(crate) PROBE_ROUTE_MISSING {
        id: "probe-route-missing",
        category: Health,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for program in deployed(cx) {
        if !sees_all_routes(program.service) {
            continue;
        }
        for asked in asked(program.container) {
            if answered_here(&program, &asked) && !is_served(&program, &asked) {
                findings.push(finding(cx, &program, &asked));
            }
        }
    }
}

/// Whether the routes that are known are those of the port that is asked.
fn answered_here(program: &Deployed<'_>, asked: &AskedPath<'_>) -> bool {
    match program.http().as_slice() {
        [only] => match (program.bound_port(only), asked.port) {
            (Some(bound), Some(port)) => bound == port,
            // The only port that there is.
            _ => program.service.listeners.len() == 1,
        },
        _ => false,
    }
}

fn is_served(program: &Deployed<'_>, asked: &AskedPath<'_>) -> bool {
    let reads = |method: &str| matches!(method, "GET" | "ANY" | "HEAD");
    program.service.routes.iter().any(|r| reads(&r.method) && !answers(&asked.path, &r.path).is_absent())
}

fn finding(cx: &Context<'_>, program: &Deployed<'_>, asked: &AskedPath<'_>) -> Finding {
    let (name, path) = (&program.service.name, &asked.path);
    let (kind, so) = match asked.probe.kind {
        ProbeKind::Liveness => ("liveness", "the pod is restarted again and again"),
        ProbeKind::Readiness => ("readiness", "the pod never gets any traffic"),
        ProbeKind::Startup => ("startup", "the pod is restarted before it ever serves"),
        ProbeKind::Health => ("health", "the container never counts as healthy"),
    };
    let message = format!("the {kind} probe asks `{name}` for `{path}`, which it does not serve: {so}");
    let health = |route: &str| {
        ["health", "live", "ready", "alive", "ping", "status", "heartbeat"].iter().any(|w| route.contains(w))
    };
    let routes = || program.service.routes.iter().filter(|r| r.method == "GET" && !r.path.contains('{'));
    let nearest = routes().filter(|r| health(&r.path)).min_by_key(|r| levenshtein(&r.path, path));
    let finding = Finding::new(&PROBE_ROUTE_MISSING, asked.at, message)
        .label("404")
        .subject(format!("{} {kind} {path}", program.subject()));
    let finding = match nearest {
        Some(route) => {
            let is_text =
                matches!(asked.probe.action, svclint_model::ProbeAction::Http { path: Tri::Present(_), .. });
            // What one place decides for several programs must suit them all.
            let serves = |p: &Deployed<'_>| p.service.routes.iter().any(|r| r.path == route.path);
            let suits = asked_there(cx, asked.at).iter().all(serves);
            let edits = if is_text && suits { cx.set(asked.at, route.path.clone()) } else { Vec::new() };
            finding
                .help(format!("`{name}` answers `{}`", route.path))
                .related(route.path_at.unwrap_or(route.at), "the health route that it has")
                .fix(format!("Ask for `{}`", route.path), Applicability::Unsafe, edits)
        }
        None => finding.help("serve the path, or ask for one that is served"),
    };
    program.explained(finding)
}
