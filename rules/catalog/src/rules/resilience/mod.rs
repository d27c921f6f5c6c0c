//! Timeouts, retries, bulkheads.

mod client_timeout;
mod policies;
mod waiting;

super::category![
    blocking_call_in_async,
    client_built_per_request,
    grpc_client_without_deadline,
    http_client_without_timeout,
    pool_without_wait_timeout,
    redis_client_without_timeout,
    retry_without_jitter,
    unbounded_retry,
];
