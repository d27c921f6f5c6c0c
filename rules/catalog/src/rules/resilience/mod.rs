//! Timeouts, retries, bulkheads.

mod body_limit_disabled;
mod client_behind_mutex;
mod client_built_per_request;
mod client_timeout;
mod grpc_client_without_deadline;
mod http_client_without_timeout;
mod nested_retry;
mod policies;
mod pool_without_wait_timeout;
mod redis_client_without_timeout;
mod response_status_unchecked;
mod retry_backoff_explodes;
mod retry_backoff_overflow;
mod retry_without_backoff;
mod retry_without_jitter;
mod server_without_request_timeout;
mod service_without_overload_protection;
mod timeout_disabled;
mod unbounded_buffering;
mod unbounded_growth;
mod unbounded_retry;

super::category![
    body_limit_disabled,
    client_behind_mutex,
    client_built_per_request,
    grpc_client_without_deadline,
    http_client_without_timeout,
    nested_retry,
    pool_without_wait_timeout,
    redis_client_without_timeout,
    response_status_unchecked,
    retry_backoff_explodes,
    retry_backoff_overflow,
    retry_without_backoff,
    retry_without_jitter,
    server_without_request_timeout,
    service_without_overload_protection,
    timeout_disabled,
    unbounded_buffering,
    unbounded_growth,
    unbounded_retry,
];
