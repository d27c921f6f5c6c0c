//! Timeouts, retries, bulkheads.

mod client_built_per_request;
mod client_timeout;
mod grpc_client_without_deadline;
mod http_client_without_timeout;
mod policies;
mod pool_without_wait_timeout;
mod redis_client_without_timeout;
mod retry_without_jitter;
mod unbounded_retry;

super::category![
    client_built_per_request,
    grpc_client_without_deadline,
    http_client_without_timeout,
    pool_without_wait_timeout,
    redis_client_without_timeout,
    retry_without_jitter,
    unbounded_retry,
];
