//! `proto-package-unversioned`

use std::collections::BTreeSet;
use std::path::Path;

use svclint_model::{FileId, Place};
use svclint_syntax::Span;

use crate::rules::contained::is_aside;
use crate::{Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports protobuf packages without a version (`shop`, not `shop.v1`) of services that a program of the workspace implements.
    /// Once a package.
    ///
    /// ## Why it matters
    /// The package is part of every method's name on the wire. Without a version in it there is no place for a second one beside
    /// the first: a breaking change breaks every caller at once.
    ///
    /// ## Example
    /// ```bad
    /// //- proto/shop.proto
    /// syntax = "proto3";
    /// package shop;
    /// service Orders { rpc Place (Order) returns (Order); }
    /// message Order { string id = 1; }
    /// //- src/main.rs
    /// mod pb { tonic::include_proto!("shop"); }
    /// use tonic::{Request, Response, Status};
    ///
    /// struct Shop;
    ///
    /// #[tonic::async_trait]
    /// impl pb::orders_server::Orders for Shop {
    ///     async fn place(&self, order: Request<pb::Order>) -> Result<Response<pb::Order>, Status> {
    ///         Ok(Response::new(order.into_inner()))
    ///     }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     tonic::transport::Server::builder()
    ///         .add_service(pb::orders_server::OrdersServer::new(Shop))
    ///         .serve("0.0.0.0:50051".parse().unwrap())
    ///         .await
    ///         .unwrap();
    /// }
    /// ```
    /// ```good
    /// //- proto/shop.proto
    /// syntax = "proto3";
    /// package shop.v1;
    /// service Orders { rpc Place (Order) returns (Order); }
    /// message Order { string id = 1; }
    /// //- src/main.rs
    /// mod pb { tonic::include_proto!("shop.v1"); }
    /// use tonic::{Request, Response, Status};
    ///
    /// struct Shop;
    ///
    /// #[tonic::async_trait]
    /// impl pb::orders_server::Orders for Shop {
    ///     async fn place(&self, order: Request<pb::Order>) -> Result<Response<pb::Order>, Status> {
    ///         Ok(Response::new(order.into_inner()))
    ///     }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     tonic::transport::Server::builder()
    ///         .add_service(pb::orders_server::OrdersServer::new(Shop))
    ///         .serve("0.0.0.0:50051".parse().unwrap())
    ///         .await
    ///         .unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// None: what is generated from the package has other names afterwards, here and wherever else it is called.
    ///
    /// ## References
    /// - Google AIP-215, "API-specific protos"
    /// - Buf, "Style guide": package versions
    pub(crate) PROTO_PACKAGE_UNVERSIONED {
        id: "proto-package-unversioned",
        category: Api,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let implemented = cx.model.grpc_impls.iter();
    let services: BTreeSet<&str> = implemented.map(|i| i.full_name.as_str()).collect();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for (file, proto) in &cx.model.protos {
        let package = proto.package.as_str();
        let serves = |name: &str| services.contains(format!("{package}.{name}").as_str());
        let own = proto.services.iter().find(|s| serves(&s.name));
        let Some(service) = own.filter(|_| !package.is_empty() && !has_version(package)) else { continue };
        if is_of_others(cx, *file, package) || !told.insert(package) {
            continue;
        }
        let at = Place { file: *file, span: service.span };
        let message = format!(
            "the protobuf package `{package}` has no version: `{}` cannot change without breaking every caller at once",
            service.name
        );
        findings.push(
            Finding::new(&PROTO_PACKAGE_UNVERSIONED, named(cx, *file, package).unwrap_or(at), message)
                .help(format!("call it `{package}.v1` before others depend on it"))
                .label("no version")
                .related(at, "a service that callers name with the package")
                .subject(package),
        );
    }
}

/// Whether a package's last word is a version: `v1`, `v1alpha`, `v2beta1`.
fn has_version(package: &str) -> bool {
    package.split('.').any(|word| {
        let number = word.strip_prefix('v').and_then(|rest| rest.chars().next());
        number.is_some_and(|c| c.is_ascii_digit())
    })
}

/// Whether a file is another project's, or one for tests.
fn is_of_others(cx: &Context<'_>, file: FileId, package: &str) -> bool {
    let path: &Path = cx.model.relative(file);
    let folders = ["google", "third_party", "third-party", "thirdparty", "vendor", "vendored", "external"];
    let parts = |p: &Path| p.iter().filter_map(|part| part.to_str()).any(|part| folders.contains(&part));
    let first = package.split('.').next().unwrap_or(package);
    let known = ["google", "grpc", "envoy", "opentelemetry", "prometheus", "etcdserverpb", "csi", "jaeger"];
    parts(path)
        || known.contains(&first)
        || cx.model.files.get(file.0 as usize).is_some_and(|p| is_aside(cx.model, p))
}

/// Where a file names its package.
fn named(cx: &Context<'_>, file: FileId, package: &str) -> Option<Place> {
    let text = cx.sources.text(file);
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let rest = line.trim_start().strip_prefix("package").filter(|r| r.starts_with([' ', '\t']));
        if let Some(at) = rest.and_then(|_| line.find(package)) {
            let from = (start + at) as u32;
            return Some(Place { file, span: Span::new(from, from + package.len() as u32) });
        }
        start += line.len();
    }
    None
}
