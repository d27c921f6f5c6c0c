use tonic::{Request, Response, Status};

use crate::pb::inventory_service_server::InventoryService;
use crate::pb::{GetStockRequest, GetStockResponse, ReserveRequest, ReserveResponse};
use crate::stock::{Reservation, Stock};

pub struct InventoryApi {
    stock: Stock,
}

impl InventoryApi {
    pub fn new(stock: Stock) -> Self {
        Self { stock }
    }
}

#[tonic::async_trait]
impl InventoryService for InventoryApi {
    async fn get_stock(
        &self,
        request: Request<GetStockRequest>,
    ) -> Result<Response<GetStockResponse>, Status> {
        let sku = request.into_inner().sku;
        let available = self.stock.available(&sku).ok_or_else(|| Status::not_found("unknown article"))?;
        Ok(Response::new(GetStockResponse { sku, available }))
    }

    async fn reserve(&self, request: Request<ReserveRequest>) -> Result<Response<ReserveResponse>, Status> {
        let wanted = request.into_inner();
        if wanted.quantity <= 0 {
            return Err(Status::invalid_argument("the quantity must be positive"));
        }
        let reserved = self.stock.reserve(Reservation {
            order: wanted.order_id,
            sku: wanted.sku,
            quantity: wanted.quantity,
        });
        Ok(Response::new(ReserveResponse { reserved }))
    }
}
