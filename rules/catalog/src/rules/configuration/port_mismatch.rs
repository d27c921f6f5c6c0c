//! `port-mismatch`

use svclint_model::{Place, ProbeAction, Tri, What};

use crate::rules::deployed::{Deployed, deployed};
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports containers whose ports are none that the program in them binds.
    ///
    /// ## Why it matters
    /// Probes and requests knock at a port that nobody opens: the pod never becomes ready.
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
    ///           ports: [{ containerPort: 8081 }]
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
    /// Writes the port that the program binds.
    ///
    /// ## References
    /// - Kubernetes, "Connecting Applications with Services"
    pub(crate) PORT_MISMATCH {
        id: "port-mismatch",
        category: Configuration,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for program in deployed(cx) {
        let listeners = &program.service.listeners;
        let bound: Option<Vec<u16>> = listeners.iter().map(|l| program.bound_port(l)).collect();
        let Some(bound) = bound.filter(|b| !b.is_empty()) else { continue };
        let Some(opened) = opened(cx, &program) else { continue };
        let on_host = program
            .workload
            .host_access
            .iter()
            .any(|h| h.value == "hostNetwork" || h.value.starts_with("network_mode"));
        if on_host {
            continue;
        }
        let wanted = wanted(&program);
        // Other ports may be those of metrics and the like, opened by a library: one that fits is enough.
        if wanted.is_empty() || wanted.iter().any(|(port, _)| bound.contains(port) || opened.contains(port)) {
            continue;
        }
        if let [(port, at), ..] = wanted.as_slice() {
            findings.push(finding(cx, &program, *port, *at, &bound));
        }
    }
}

/// The ports that the program opens beside those that it is known to serve at, as libraries of metrics do; `None` where one is
/// not known.
fn opened(cx: &Context<'_>, program: &Deployed<'_>) -> Option<Vec<u16>> {
    let functions = program.service.functions.iter().filter_map(|f| cx.model.functions.get(f.0 as usize));
    let addresses = functions.flat_map(|f| &f.does).filter_map(|deed| match &deed.what {
        What::Binds(address) => Some(address),
        _ => None,
    });
    let addresses: Vec<&Tri<String>> = addresses.collect();
    // Each server binds once.
    if addresses.len() <= program.service.listeners.len() {
        return Some(Vec::new());
    }
    let serving = |address: &str| {
        program.service.listeners.iter().any(|l| l.address.present().is_some_and(|own| own == address))
    };
    let number = |address: &Tri<String>| match address {
        Tri::Present(text) if serving(text) => Some(None),
        Tri::Present(text) => {
            let text = program.deployment.env.expand(text)?;
            Some(Some(text.rsplit(':').next()?.parse().ok()?))
        }
        _ => None,
    };
    let numbers: Option<Vec<Option<u16>>> = addresses.into_iter().map(number).collect();
    numbers.map(|n| n.into_iter().flatten().collect())
}

/// The ports at which the manifest expects the program: declared, probed.
fn wanted(program: &Deployed<'_>) -> Vec<(u16, Place)> {
    let declared = program.container.ports.iter().filter(|p| p.protocol == "TCP");
    let mut wanted: Vec<(u16, Place)> = declared.filter_map(|p| Some((*p.number.present()?, p.at))).collect();
    let is_known = program.container.ports.iter().all(|p| p.number.present().is_some());
    if !is_known {
        return Vec::new();
    }
    for probe in &program.container.probes {
        let port = match &probe.action {
            ProbeAction::Http { port, .. } | ProbeAction::Tcp(port) | ProbeAction::Grpc(port) => port,
            _ => continue,
        };
        match port {
            Tri::Present(spot) => wanted.extend(program.port_number(&spot.value).map(|n| (n, spot.at))),
            _ => return Vec::new(),
        }
    }
    wanted
}

fn finding(cx: &Context<'_>, program: &Deployed<'_>, port: u16, at: Place, bound: &[u16]) -> Finding {
    let ports: Vec<String> = bound.iter().map(ToString::to_string).collect();
    let message = format!(
        "`{}` binds port {} here, and the manifest expects it at {port}: nobody answers there",
        program.service.name,
        ports.join(", ")
    );
    let mut finding = Finding::new(&PORT_MISMATCH, at, message)
        .help("name the port that the program binds, or let it bind the one that is named")
        .label("nobody binds it")
        .subject(format!("{} {port}", program.subject()));
    for listener in &program.service.listeners {
        let address = program.bound(listener).unwrap_or_default();
        finding = finding.related(listener.at, format!("binds `{address}`"));
    }
    if let ([only], [listener, ..]) = (bound, program.service.listeners.as_slice()) {
        // `"8080:8081"` in compose holds more than the port.
        finding = finding.fix(
            format!("Expect it at {only}"),
            Applicability::Unsafe,
            cx.set_part(at, &port.to_string(), only.to_string()),
        );
        let given = program.given_at(listener, &only.to_string());
        let edits = given.map(|at| cx.set_part(at, &only.to_string(), port.to_string()));
        finding = finding.fix(format!("Bind {port}"), Applicability::Unsafe, edits.unwrap_or_default());
    }
    program.explained(finding)
}
