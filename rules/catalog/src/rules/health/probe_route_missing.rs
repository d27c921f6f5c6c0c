//! `probe-route-missing`

use strsim::levenshtein;
use svclint_model::{AskedPath, ProbeKind, Protocol, Service, Tri, answers, asked, asked_by};

use super::added_route::added_route;
use super::own_checks::{built, checks_own_port};
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
    /// Asks for the health route that the program has; where it has none, it gets the route that is asked for.
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
    for program in deployed(cx).filter(|p| sees_all_routes(p.service)) {
        for asked in asked(program.container).into_iter().filter(|a| a.minds) {
            if answers_here(&program, &asked) && lacks(cx, program.service, &asked.path) {
                let finding = finding(cx, program.service, &asked, asked_there(cx, asked.at));
                let subject = format!("{} {} {}", program.subject(), kind(&asked).0, asked.path);
                findings.push(program.explained(finding.subject(subject)));
            }
        }
    }
    for (image, service) in built(cx).filter(|(_, service)| sees_all_routes(service)) {
        let Some(start) = image.last().and_then(|stage| stage.healthcheck.as_ref()) else { continue };
        let probe = start.as_probe(cx.text(start.at));
        let Some(asked) = asked_by(&probe, |port| port.parse().ok()).filter(|a| a.minds) else { continue };
        if checks_own_port(image, service, &asked) && lacks(cx, service, &asked.path) {
            let subject = format!("{} {}", cx.model.relative(image.file).display(), asked.path);
            let finding = finding(cx, service, &asked, Vec::new());
            findings.push(finding.subject(subject).service(service.name.clone()));
        }
    }
}

/// Whether the routes that are known are those of the port that is asked. Those of several servers are not told apart.
fn answers_here(program: &Deployed<'_>, asked: &AskedPath<'_>) -> bool {
    let [only] = program.http()[..] else { return false };
    let of_a_library = asked.path.ends_with("/metrics") && program.bound_port(only).is_none();
    let alone = asked.port.is_none() && program.service.listeners.len() == 1;
    !of_a_library && (alone || matches!(program.asks_own(asked), Tri::Present(())))
}

/// Whether the program does not serve a path, and no middleware of its own that stands before a route names it: that one may
/// answer by itself.
fn lacks(cx: &Context<'_>, service: &Service, path: &str) -> bool {
    let reads = |method: &str| matches!(method, "GET" | "ANY" | "HEAD");
    let served = service.routes.iter().any(|r| reads(&r.method) && !answers(path, &r.path).is_absent());
    let literal = format!("\"{}\"", path.split(['?', '#']).next().unwrap_or(path));
    let layers = service.routes.iter().flat_map(|r| &r.layers);
    let mut own = layers.filter_map(|layer| layer.function);
    !served && !own.any(|f| cx.text(cx.model.function(f).body).contains(&literal))
}

fn kind(asked: &AskedPath<'_>) -> (&'static str, &'static str) {
    match asked.probe.kind {
        ProbeKind::Liveness => ("liveness", "the pod is restarted again and again"),
        ProbeKind::Readiness => ("readiness", "the pod never gets any traffic"),
        ProbeKind::Startup => ("startup", "the pod is restarted before it ever serves"),
        ProbeKind::Health => ("health", "the container never counts as healthy"),
    }
}

/// `there`: the programs that what is written at the place of the path is asked of.
fn finding(cx: &Context<'_>, service: &Service, asked: &AskedPath<'_>, there: Vec<Deployed<'_>>) -> Finding {
    let (name, path, (kind, so)) = (&service.name, &asked.path, kind(asked));
    let message = format!("the {kind} probe asks `{name}` for `{path}`, which it does not serve: {so}");
    let health = |route: &str| {
        ["health", "live", "ready", "alive", "ping", "status", "heartbeat"].iter().any(|w| route.contains(w))
    };
    let routes = || service.routes.iter().filter(|r| r.method == "GET" && !r.path.contains('{'));
    let nearest = routes().filter(|r| health(&r.path)).min_by_key(|r| levenshtein(&r.path, path));
    let finding = Finding::new(&PROBE_ROUTE_MISSING, asked.at, message).label("404");
    match nearest {
        Some(route) => {
            // What one place decides for several programs must suit them all.
            let serves = |p: &Deployed<'_>| p.service.routes.iter().any(|r| r.path == route.path);
            let suits = asked.written && there.iter().all(serves);
            let edits = if suits { cx.set(asked.at, route.path.clone()) } else { Vec::new() };
            finding
                .help(format!("`{name}` answers `{}`", route.path))
                .related(route.path_at.unwrap_or(route.at), "the health route that it has")
                .fix(format!("Ask for `{}`", route.path), Applicability::Unsafe, edits)
        }
        None => {
            let listener = service.listeners.iter().find(|l| l.protocol == Protocol::Http);
            let edits = listener.and_then(|l| added_route(cx, l, path)).into_iter().collect();
            finding.help("serve the path, or ask for one that is served").fix(
                format!("Serve `{path}`"),
                Applicability::Unsafe,
                edits,
            )
        }
    }
}
