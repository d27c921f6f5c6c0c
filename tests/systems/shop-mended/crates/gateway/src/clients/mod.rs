mod orders;
mod payments;

pub use orders::OrdersClient;
pub use payments::PaymentsClient;
