mod service;
mod stock;

use pb::inventory_service_server::InventoryServiceServer;
use service::InventoryApi;
use stock::Stock;
use tonic::transport::Server;

pub mod pb {
    tonic::include_proto!("shop.inventory.v1");
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().init();
    let address = std::env::var("INVENTORY_ADDR").unwrap_or_else(|_| "0.0.0.0:50051".into()).parse()?;
    let api = InventoryApi::new(Stock::with_samples());
    tracing::info!(%address, "inventory listens");
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<InventoryServiceServer<InventoryApi>>().await;
    Server::builder()
        .add_service(health_service)
        .add_service(InventoryServiceServer::new(api))
        .serve_with_shutdown(address, shutdown_signal())
        .await?;
    Ok(())
}

/// Completes when the process is asked to end: SIGTERM from an orchestrator, Ctrl-C from a person.
async fn shutdown_signal() {
    let interrupt = async {
        tokio::signal::ctrl_c().await.expect("Ctrl-C can be waited for");
    };
    #[cfg(unix)]
    let terminate = async {
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
            .expect("SIGTERM can be waited for")
            .recv()
            .await;
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
