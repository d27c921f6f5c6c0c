//! `localhost-fallback-endpoint`

use std::collections::BTreeSet;

use svclint_model::{Service, Setting, Tri, What};

use crate::edit::replace;
use crate::rules::addresses::{host, is_local};
use crate::rules::deployed::{Deployed, deployed};
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports addresses of other services that are taken from the environment or else are `localhost`, where manifests run the
    /// program in containers and none of them gives the variable.
    ///
    /// ## Why it matters
    /// In a container `localhost` is the container itself. The service starts, looks healthy, and asks itself for what another
    /// one should answer: every such call fails, and nothing says that a variable is missing.
    ///
    /// ## Example
    /// ```bad
    /// //- src/main.rs
    /// #[tokio::main]
    /// async fn main() {
    ///     let prices = std::env::var("PRICES_URL").unwrap_or_else(|_| "http://localhost:9000".to_string());
    ///     let app = axum::Router::new().route("/v1/prices", axum::routing::get(|| async move { prices }));
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
    /// ```
    /// ```good
    /// //- src/main.rs
    /// #[tokio::main]
    /// async fn main() {
    ///     let prices = std::env::var("PRICES_URL").unwrap_or_else(|_| "http://localhost:9000".to_string());
    ///     let app = axum::Router::new().route("/v1/prices", axum::routing::get(|| async move { prices }));
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
    ///           env: [{ name: PRICES_URL, value: "http://prices:9000" }]
    /// ```
    ///
    /// ## Fix
    /// Lets the service end at once where the variable is missing; or give it the variable in the manifest.
    ///
    /// ## References
    /// - The Twelve-Factor App, III: Config
    /// - Michael Nygard, "Release It!", chapter on failing fast
    pub(crate) LOCALHOST_FALLBACK_ENDPOINT {
        id: "localhost-fallback-endpoint",
        category: Configuration,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut told = BTreeSet::new();
    for program in deployed(cx).filter(|d| d.deployment.env.complete && !shares_network(d)) {
        for setting in read(cx, program.service) {
            let (Tri::Present(name), Tri::Present(default)) = (&setting.name, &setting.default) else {
                continue;
            };
            let given =
                deployed(cx).filter(|d| is_same(d.service, program.service)).any(|d| may_give(&d, name));
            let place = (setting.at.file.0, setting.at.span.start);
            if !given && is_other(default) && !is_bound(program.service, name) && told.insert(place) {
                findings.push(finding(cx, &program, setting, name, default));
            }
        }
    }
}

fn is_same(one: &Service, other: &Service) -> bool {
    one.package == other.package && one.binary == other.binary
}

/// Whether a container may give its program a variable.
fn may_give(program: &Deployed<'_>, name: &str) -> bool {
    !program.deployment.env.complete || program.deployment.env.variables.contains_key(name)
}

/// Whether other containers of the pod are `localhost` too.
fn shares_network(program: &Deployed<'_>) -> bool {
    program.workload.containers.iter().filter(|c| !c.init).count() > 1 && !program.workload.is_compose()
}

fn read<'m>(cx: &Context<'m>, service: &Service) -> Vec<&'m Setting> {
    let functions = service.functions.iter().filter_map(|f| cx.model.functions.get(f.0 as usize));
    let deeds = functions.flat_map(|f| &f.does);
    deeds
        .filter_map(|deed| match deed.what {
            What::ReadEnv(number) => cx.model.settings.get(number as usize),
            _ => None,
        })
        .collect()
}

/// Whether a default is the address of something that is called, and on this machine.
fn is_other(default: &str) -> bool {
    default.contains("://") && host(default).is_some_and(|h| is_local(&h) && h != "0.0.0.0")
}

/// Whether a variable says where the service itself listens.
fn is_bound(service: &Service, name: &str) -> bool {
    service.listeners.iter().any(|l| matches!(&l.address, Tri::Present(a) if a.contains(name)))
}

fn finding(
    cx: &Context<'_>,
    program: &Deployed<'_>,
    setting: &Setting,
    name: &str,
    default: &str,
) -> Finding {
    let message = format!(
        "`{}` does not give `{name}`: `{}` asks `{default}` instead, which is its own container",
        program.workload.title(),
        program.service.name
    );
    let edits = setting.fallback_at.filter(|at| cx.text(*at).starts_with('.'));
    let edits = edits.map(|at| replace(at, format!(".expect(\"{name} is set\")"))).unwrap_or_default();
    program.explained(
        Finding::new(&LOCALHOST_FALLBACK_ENDPOINT, setting.at, message)
            .help(format!("give the container `{name}`, and let the service end at once without it"))
            .label("falls back to its own container")
            .related(program.container.name_at, format!("runs it without `{name}`"))
            .subject(format!("{} {name}", program.subject()))
            .fix("Ask for the variable at start", Applicability::Proposal, edits),
    )
}
