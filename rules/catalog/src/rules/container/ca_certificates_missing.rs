//! `ca-certificates-missing`

use svclint_model::{
    Image, Model, PackageManager, Request, ShippedBinary, Tri, holds_certificates, is_certificate_variable,
};

use crate::finding::{Applicability, Fix};
use crate::{Context, Finding, Related, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports images without roots of trust for a service that calls public hosts over TLS with a library that trusts what the
    /// system trusts.
    ///
    /// ## Why it matters
    /// There is nothing to check certificates against, so each of these calls fails: "unable to get local issuer certificate". On a
    /// developer's machine everything works.
    ///
    /// ## Example
    /// ```bad
    /// //- Cargo.lock
    /// version = 4
    /// [[package]]
    /// name = "reqwest"
    /// version = "0.12.9"
    /// dependencies = ["hyper-tls", "native-tls"]
    /// [[package]]
    /// name = "shop"
    /// version = "0.1.0"
    /// dependencies = ["reqwest"]
    /// //- src/main.rs
    /// #[tokio::main]
    /// async fn main() {
    ///     let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(2)).build().unwrap();
    ///     client.get("https://api.stripe.com/v1/balance").send().await.unwrap();
    /// }
    /// //- Dockerfile
    /// FROM rust:1.96-bookworm AS builder
    /// WORKDIR /app
    /// COPY . .
    /// RUN cargo build --release --locked
    ///
    /// FROM debian:bookworm-slim
    /// COPY --from=builder /app/target/release/shop /usr/local/bin/shop
    /// USER 10001
    /// CMD ["shop"]
    /// ```
    /// ```good
    /// //- Cargo.lock
    /// version = 4
    /// [[package]]
    /// name = "reqwest"
    /// version = "0.12.9"
    /// dependencies = ["hyper-tls", "native-tls"]
    /// [[package]]
    /// name = "shop"
    /// version = "0.1.0"
    /// dependencies = ["reqwest"]
    /// //- src/main.rs
    /// #[tokio::main]
    /// async fn main() {
    ///     let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(2)).build().unwrap();
    ///     client.get("https://api.stripe.com/v1/balance").send().await.unwrap();
    /// }
    /// //- Dockerfile
    /// FROM rust:1.96-bookworm AS builder
    /// WORKDIR /app
    /// COPY . .
    /// RUN cargo build --release --locked
    ///
    /// FROM debian:bookworm-slim
    /// RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
    /// COPY --from=builder /app/target/release/shop /usr/local/bin/shop
    /// USER 10001
    /// CMD ["shop"]
    /// ```
    ///
    /// ## Fix
    /// Installs the package, or copies the bundle from the stage that builds. Unsafe: the image changes.
    ///
    /// ## References
    /// - rustls-native-certs, "Unix": where roots are looked for
    pub(crate) CA_CERTIFICATES_MISSING {
        id: "ca-certificates-missing",
        category: Container,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (number, image) in cx.model.images.iter().enumerate() {
        let Some(ships) = image.ships.as_ref().filter(|s| s.copied.is_some()) else { continue };
        let last = image.stages.len().saturating_sub(1);
        if image.has_certificates(last) != Tri::Absent || is_given_certificates(cx.model, number) {
            continue;
        }
        if let Some(request) = cx.model.requests.iter().find(|r| needs_roots(cx.model, ships, r)) {
            findings.extend(finding(cx, image, ships, request));
        }
    }
}

/// Whether a manifest that runs the image gives it roots of trust, or may: by a variable, or by what it mounts.
fn is_given_certificates(model: &Model, image: usize) -> bool {
    model.deployments.iter().filter(|d| d.image == Some(image)).any(|deployment| {
        let workload = model.manifests.workloads.get(deployment.workload);
        let container = workload.and_then(|w| w.containers.get(deployment.container));
        deployment.env.variables.keys().any(|name| is_certificate_variable(name))
            || container.is_some_and(|c| {
                !c.mounts_complete || c.mounts.iter().any(|m| holds_certificates(&m.path.value))
            })
    })
}

/// Whether a request of the shipped program goes to a public host over TLS, by a library that trusts the system only.
fn needs_roots(model: &Model, ships: &ShippedBinary, request: &Request) -> bool {
    let package = model.function(request.in_fn).package as usize;
    let service =
        model.services.iter().find(|s| s.package as usize == ships.package && s.binary == ships.binary);
    let runs = service.is_none_or(|s| s.functions.binary_search(&request.in_fn).is_ok());
    let trusts =
        |library: &str| ships.trusts_system.iter().any(|t| t.replace('-', "_") == library.replace('-', "_"));
    let clients = || request.clients.iter().map(|c| model.client(*c));
    runs && ships.packages.contains(&package)
        && request.url.present().is_some_and(|url| is_public(url))
        && !request.clients.is_empty()
        && request.clients_complete
        && clients().all(|c| trusts(&c.library))
}

/// Whether a URL names a host of the internet, over TLS.
fn is_public(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let host = rest.split(['/', ':', '?']).next().unwrap_or("");
    let inside = [".local", ".internal", ".svc", ".localhost", ".lan", ".test", ".example", ".invalid"];
    host.contains('.')
        && !host.contains(['{', '@'])
        && !host.split('.').all(|p| p.parse::<u8>().is_ok())
        && !inside.iter().any(|end| host.ends_with(end))
}

fn finding(cx: &Context<'_>, image: &Image, ships: &ShippedBinary, request: &Request) -> Option<Finding> {
    let url = request.url.present().map_or("", |u| u);
    Some(Finding {
        rule: &CA_CERTIFICATES_MISSING,
        message: format!(
            "this image holds no roots of trust: `{}` cannot call `{url}`, nor any other TLS host",
            ships.binary
        ),
        help: Some("install `ca-certificates`, or copy the bundle from the stage that builds".into()),
        severity: CA_CERTIFICATES_MISSING.severity,
        confidence: CA_CERTIFICATES_MISSING.confidence,
        variants: Vec::new(),
        service: Some(ships.binary.clone()),
        place: image.last()?.image_at,
        label: "no `ca-certificates` from here on".into(),
        related: vec![Related { place: request.at, message: "called over TLS here".into() }],
        fixes: fix(cx, image, ships).into_iter().collect(),
        subject: ships.binary.clone(),
    })
}

fn fix(cx: &Context<'_>, image: &Image, ships: &ShippedBinary) -> Option<Fix> {
    let last = image.last()?;
    let builder = ships.copied.as_ref()?.from.and_then(|s| image.stages.get(s));
    let has_bundle = builder.filter(|b| b.base_image.as_ref().is_some_and(|b| b.certificates));
    let bundle = has_bundle.and_then(|b| b.name.as_ref());
    let (line, title) = match (last.base_image.as_ref()?.packages, bundle) {
        (Some(PackageManager::Apt), _) => (
            ("RUN", "apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*".to_owned()),
            "Install `ca-certificates`",
        ),
        (Some(PackageManager::Apk), _) => (("RUN", "apk add --no-cache ca-certificates".to_owned()), "Install `ca-certificates`"),
        (None, Some(name)) => {
            (("COPY", format!("--from={name} /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/")), "Copy the roots of trust")
        }
        (None, None) => return None,
    };
    let edit = cx.after_instruction(image, last.at, &[(line.0, &line.1)]);
    Some(Fix { title: title.into(), applicability: Applicability::Unsafe, edits: vec![edit] })
}
