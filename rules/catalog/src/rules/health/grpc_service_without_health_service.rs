//! `grpc-service-without-health-service`

use svclint_model::{Listener, Protocol, Service, What};

use crate::edit::insert_before;
use crate::rules::contained::is_deployed;
use crate::rules::listeners::is_health;
use crate::{Applicability, Context, Finding, Fix, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports gRPC servers that run in containers and answer no health checks: neither `grpc.health.v1.Health` nor a health
    /// route over HTTP in the same program.
    ///
    /// ## Why it matters
    /// gRPC probes of Kubernetes and clients that balance their calls ask `grpc.health.v1.Health`. Without it nobody can tell an
    /// instance that hangs from one that works: it keeps getting calls, and nothing restarts it.
    ///
    /// ## Example
    /// ```bad
    /// //- proto/shop.proto
    /// syntax = "proto3";
    /// package shop.v1;
    /// service Orders { rpc Place(Order) returns (Placed); }
    /// message Order { string article = 1; }
    /// message Placed { string id = 1; }
    /// //- src/main.rs
    /// mod pb { tonic::include_proto!("shop.v1"); }
    /// use pb::orders_server::{Orders, OrdersServer};
    /// use tonic::{Request, Response, Status};
    ///
    /// struct Shop;
    ///
    /// #[tonic::async_trait]
    /// impl Orders for Shop {
    ///     async fn place(&self, _: Request<pb::Order>) -> Result<Response<pb::Placed>, Status> {
    ///         Err(Status::unimplemented("not yet"))
    ///     }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let address = "0.0.0.0:50051".parse().unwrap();
    ///     tonic::transport::Server::builder().add_service(OrdersServer::new(Shop)).serve(address).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// //- proto/shop.proto
    /// syntax = "proto3";
    /// package shop.v1;
    /// service Orders { rpc Place(Order) returns (Placed); }
    /// message Order { string article = 1; }
    /// message Placed { string id = 1; }
    /// //- src/main.rs
    /// mod pb { tonic::include_proto!("shop.v1"); }
    /// use pb::orders_server::{Orders, OrdersServer};
    /// use tonic::{Request, Response, Status};
    ///
    /// struct Shop;
    ///
    /// #[tonic::async_trait]
    /// impl Orders for Shop {
    ///     async fn place(&self, _: Request<pb::Order>) -> Result<Response<pb::Placed>, Status> {
    ///         Err(Status::unimplemented("not yet"))
    ///     }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let address = "0.0.0.0:50051".parse().unwrap();
    ///     let (health, health_service) = tonic_health::server::health_reporter();
    ///     health.set_serving::<OrdersServer<Shop>>().await;
    ///     tonic::transport::Server::builder()
    ///         .add_service(health_service)
    ///         .add_service(OrdersServer::new(Shop))
    ///         .serve(address)
    ///         .await
    ///         .unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Adds the health service of `tonic-health`, which has to be added to the manifest. It says "serving" from the start: set
    /// the state of each service through its reporter.
    ///
    /// ## References
    /// - gRPC Health Checking Protocol
    /// - Kubernetes, "Define a gRPC liveness probe"
    pub(crate) GRPC_SERVICE_WITHOUT_HEALTH_SERVICE {
        id: "grpc-service-without-health-service",
        category: Health,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for service in &cx.model.services {
        let grpc = service.listeners.iter().find(|l| l.protocol == Protocol::Grpc);
        if let Some((listener, paths)) = grpc.and_then(|l| Some((l, l.paths.present()?)))
            && !paths.is_empty()
            && is_deployed(cx, service)
            && !may_tell_health(cx, service)
        {
            findings.push(finding(cx, service, listener, paths.len()));
        }
    }
}

/// Whether the program says how it is, or may do so where it cannot be seen.
fn may_tell_health(cx: &Context<'_>, service: &Service) -> bool {
    let asks = |path: &String| path.to_lowercase().contains("health");
    let of_listener = |l: &Listener| match (l.protocol, l.paths.present()) {
        (_, None) => true,
        (Protocol::Http, Some(paths)) => paths.iter().any(|p| is_health(p)),
        (_, Some(paths)) => paths.iter().any(asks),
    };
    let functions = service.functions.iter().flat_map(|f| &cx.model.function(*f).does);
    let mut made = functions.filter_map(|deed| match &deed.what {
        What::LibraryService(name) => Some(name),
        _ => None,
    });
    service.listeners.iter().any(of_listener) || made.any(asks)
}

fn finding(cx: &Context<'_>, service: &Service, listener: &Listener, methods: usize) -> Finding {
    Finding {
        rule: &GRPC_SERVICE_WITHOUT_HEALTH_SERVICE,
        message: format!(
            "`{}` answers no gRPC health checks: an instance that hangs keeps getting calls, and nothing restarts it",
            service.name
        ),
        help: Some(
            "add the service `grpc.health.v1.Health` to the server, and keep its state up to date".into(),
        ),
        severity: GRPC_SERVICE_WITHOUT_HEALTH_SERVICE.severity,
        confidence: GRPC_SERVICE_WITHOUT_HEALTH_SERVICE.confidence,
        service: Some(service.name.clone()),
        place: listener.at,
        label: format!("serves {methods} methods, none for health"),
        variants: Vec::new(),
        related: Vec::new(),
        fixes: fix(cx, listener).into_iter().collect(),
        subject: service.name.clone(),
    }
}

fn fix(cx: &Context<'_>, listener: &Listener) -> Option<Fix> {
    let added = listener.snippets.get("health-service")?;
    let gap = if cx.begins_line(listener.at) {
        format!("{}{}", cx.line_end(listener.at.file), cx.indent(listener.at))
    } else {
        String::new()
    };
    // Only where the call that serves stands behind the ones that add services.
    let edits = vec![insert_before(listener.at, format!("{added}{gap}"))];
    let is_call = cx.text(listener.at).starts_with('.');
    let title = "Add a health service".into();
    is_call.then_some(Fix { title, applicability: Applicability::Proposal, edits })
}
