//! Timeouts, retries, bulkheads.

mod client_timeout;
mod http_client_without_timeout;

super::category![http_client_without_timeout];
