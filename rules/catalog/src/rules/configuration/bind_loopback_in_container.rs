//! `bind-loopback-in-container`

use svclint_model::{Listener, Place, ProbeAction, Tri};

use crate::edit::replace;
use crate::rules::deployed::{Deployed, deployed};
use crate::rules::orchestration::services::Services;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports servers that listen on loopback in a container whose port others are meant to reach.
    ///
    /// ## Why it matters
    /// Loopback is the container's own: no probe, Service or other pod gets through.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let app = Router::new().route("/healthz", get(|| async { "ok" }));
    ///     let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await.unwrap();
    ///     axum::serve(listener, app).await.unwrap();
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
    ///
    /// ## Fix
    /// Binds all addresses.
    ///
    /// ## References
    /// - Docker, "Networking overview"
    pub(crate) BIND_LOOPBACK_IN_CONTAINER {
        id: "bind-loopback-in-container",
        category: Configuration,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let services = Services::read(&cx.model.manifests);
    let mut seen = Vec::new();
    for program in deployed(cx) {
        let on_host = !program.workload.host_access.is_empty();
        for listener in &program.service.listeners {
            let Some(address) = program.bound(listener) else { continue };
            let Some((host, port)) = address.rsplit_once(':') else { continue };
            let is_loopback = matches!(host, "127.0.0.1" | "localhost" | "[::1]" | "::1");
            let Some(expected) = port.parse().ok().and_then(|port| expected(&services, &program, port))
            else {
                continue;
            };
            // A program has one such place, however many manifests run it.
            if is_loopback && !on_host && !seen.contains(&listener.at) {
                seen.push(listener.at);
                findings.push(finding(cx, &program, listener, &address, expected));
            }
        }
    }
}

/// Where the manifest says that others reach a port: by a probe, by a Service, or by a declared port of a container that has
/// no other one beside it that may pass on what comes in.
fn expected(services: &Services<'_>, program: &Deployed<'_>, port: u16) -> Option<Place> {
    let (workload, container) = (program.workload, program.container);
    let number = |port: &str| program.port_number(port);
    let probed = container.probes.iter().filter_map(|probe| match &probe.action {
        ProbeAction::Http { port: Tri::Present(spot), .. }
        | ProbeAction::Tcp(Tri::Present(spot))
        | ProbeAction::Grpc(Tri::Present(spot)) => Some((number(&spot.value)?, spot.at)),
        _ => None,
    });
    let is_alone =
        workload.containers_complete && workload.containers.iter().filter(|c| !c.init).count() == 1;
    let declared = container.ports.iter().filter(|_| is_alone);
    let declared = declared.filter_map(|p| Some((*p.number.present()?, p.at)));
    let targeted = services.of(workload).flat_map(|s| &s.ports);
    let targeted = targeted.filter_map(|p| match (&p.target, &p.port) {
        (Tri::Present(target), _) => Some((number(target)?, p.at)),
        (Tri::Absent, Tri::Present(number)) => Some((*number, p.at)),
        _ => None,
    });
    declared.chain(probed).chain(targeted).find(|(number, _)| *number == port).map(|(_, at)| at)
}

fn finding(
    cx: &Context<'_>,
    program: &Deployed<'_>,
    listener: &Listener,
    address: &str,
    expected: Place,
) -> Finding {
    let message = format!(
        "`{}` listens on `{address}` in its container: no probe, Service or other pod reaches it there",
        program.service.name
    );
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let any = if host.contains("::1") { "[::]" } else { "0.0.0.0" };
    let edits = match program.given_at(listener, host) {
        Some(at) => cx.set_part(at, host, any),
        None => listener.address_at.map(|at| replaced(cx, at, host, any)).unwrap_or_default(),
    };
    program.explained(
        Finding::new(&BIND_LOOPBACK_IN_CONTAINER, listener.address_at.unwrap_or(listener.at), message)
            .help("bind `0.0.0.0`, or `[::]`")
            .label("the container's own loopback")
            .related(expected, "expected to be reached here")
            .subject(format!("{} {address}", program.service.name))
            .fix("Bind all addresses", Applicability::Unsafe, edits),
    )
}

/// The address in the code with another host.
fn replaced(cx: &Context<'_>, at: Place, host: &str, any: &str) -> Vec<Edit> {
    let text = cx.text(at);
    if text.contains(host) { replace(at, text.replace(host, any)) } else { Vec::new() }
}
