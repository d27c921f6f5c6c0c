//! `grpc-service-drift`

use svclint_model::{GrpcImpl, Listener, Model, Place, Service};

use super::{asked_by_http, proto_copies, unserved};
use crate::edit::insert_before;
use crate::{Applicability, Context, Finding, Fix, Related, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports gRPC services that a program implements but adds to no server, probes that ask a gRPC server over HTTP/1.1, and
    /// copies of one protobuf message in the workspace whose fields mean different things on the wire.
    ///
    /// ## Why it matters
    /// A service that is not added answers every call with `UNIMPLEMENTED`, though its code is there and compiles. A server of
    /// gRPC alone refuses HTTP/1.1, which `httpGet` speaks: the pod never counts as ready, or is restarted for ever. Copies that
    /// differ are worse: each side reads the other's bytes as something else, and nothing fails until the data is wrong.
    ///
    /// ## Example
    /// ```bad
    /// //- proto/shop.proto
    /// syntax = "proto3";
    /// package shop.v1;
    /// service Orders { rpc Place (Order) returns (Order); }
    /// service Stock { rpc Count (Order) returns (Order); }
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
    /// #[tonic::async_trait]
    /// impl pb::stock_server::Stock for Shop {
    ///     async fn count(&self, order: Request<pb::Order>) -> Result<Response<pb::Order>, Status> {
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
    /// service Stock { rpc Count (Order) returns (Order); }
    /// message Order { string id = 1; }
    /// //- src/main.rs
    /// mod pb { tonic::include_proto!("shop.v1"); }
    /// use tonic::{Request, Response, Status};
    ///
    /// struct Shop;
    ///
    /// #[tonic::async_trait]
    /// impl pb::stock_server::Stock for Shop {
    ///     async fn count(&self, order: Request<pb::Order>) -> Result<Response<pb::Order>, Status> {
    ///         Ok(Response::new(order.into_inner()))
    ///     }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     tonic::transport::Server::builder()
    ///         .add_service(pb::stock_server::StockServer::new(Shop))
    ///         .serve("0.0.0.0:50051".parse().unwrap())
    ///         .await
    ///         .unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Adds the service to the server; the value that serves it is yours to fill in. Copies that differ are brought together by
    /// hand: best there is one file that all are built from.
    ///
    /// ## References
    /// - Protocol Buffers, "Updating a Message Type"
    /// - gRPC, "Status Codes": `UNIMPLEMENTED`
    pub(crate) GRPC_SERVICE_DRIFT {
        id: "grpc-service-drift",
        category: Api,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for implemented in &cx.model.grpc_impls {
        if let Some((service, listener)) = unserved::server_that_lacks(cx, implemented) {
            findings.push(never_added(cx, implemented, service, listener));
        }
    }
    findings.extend(asked_by_http::findings(cx));
    for conflict in proto_copies::conflicts(cx.model) {
        findings.push(Finding {
            rule: &GRPC_SERVICE_DRIFT,
            message: conflict.message,
            help: Some("build all programs from one file, and give a field that changes a new number".into()),
            severity: GRPC_SERVICE_DRIFT.severity,
            confidence: GRPC_SERVICE_DRIFT.confidence,
            service: None,
            place: conflict.at,
            label: "means something else here".into(),
            variants: Vec::new(),
            related: vec![Related {
                place: conflict.other,
                message: "the same field in the other copy".into(),
            }],
            fixes: Vec::new(),
            subject: conflict.subject,
        });
    }
}

fn never_added(cx: &Context<'_>, implemented: &GrpcImpl, service: &Service, listener: &Listener) -> Finding {
    let mut related = vec![Related { place: listener.at, message: "the server that lacks it".into() }];
    related.extend(
        declared(cx.model, implemented).map(|place| Related { place, message: "declared here".into() }),
    );
    Finding {
        rule: &GRPC_SERVICE_DRIFT,
        message: format!(
            "`{}` is implemented but added to no server of `{}`: every call of it is answered with UNIMPLEMENTED",
            implemented.full_name, service.name
        ),
        help: Some("add it to the server, or remove it".into()),
        severity: GRPC_SERVICE_DRIFT.severity,
        confidence: GRPC_SERVICE_DRIFT.confidence,
        service: Some(service.name.clone()),
        place: implemented.at,
        label: "nobody can call this".into(),
        variants: Vec::new(),
        related,
        fixes: fix(cx, implemented, listener).into_iter().collect(),
        subject: implemented.full_name.clone(),
    }
}

fn declared(model: &Model, implemented: &GrpcImpl) -> Option<Place> {
    let package = implemented.full_name.strip_suffix(&implemented.service)?.trim_end_matches('.');
    let (file, service) =
        model.protos.iter().filter(|(_, p)| p.package == package).find_map(|(file, proto)| {
            Some((*file, proto.services.iter().find(|s| s.name == implemented.service)?))
        })?;
    Some(Place { file, span: service.span })
}

fn fix(cx: &Context<'_>, implemented: &GrpcImpl, listener: &Listener) -> Option<Fix> {
    let template = listener.snippets.get("add-service")?;
    if implemented.module.is_empty() || implemented.of.is_empty() || !cx.text(listener.at).starts_with('.') {
        return None;
    }
    let server = format!("{}::{}Server", implemented.module, implemented.service);
    let made = format!("{server}::<{}>::new(todo!(\"the value that serves it\"))", implemented.of);
    let gap = if cx.begins_line(listener.at) {
        format!("{}{}", cx.line_end(listener.at.file), cx.indent(listener.at))
    } else {
        String::new()
    };
    let edits = vec![insert_before(listener.at, format!("{}{gap}", template.replace("{service}", &made)))];
    Some(Fix { title: "Add the service to the server".into(), applicability: Applicability::Proposal, edits })
}
