//! Timeouts, retries, bulkheads.

mod client_timeout;
mod waiting;

super::category![grpc_client_without_deadline, http_client_without_timeout, redis_client_without_timeout,];
