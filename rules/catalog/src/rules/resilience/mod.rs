//! Timeouts, retries, bulkheads.

mod client_timeout;

super::category![http_client_without_timeout];
