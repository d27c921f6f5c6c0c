mod service;
mod stock;

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
    Server::builder()
        .add_service(pb::inventory_service_server::InventoryServiceServer::new(api))
        .serve(address)
        .await?;
    Ok(())
}
