//! Health checks and life cycle.

mod added_route;
pub(super) mod asked_health;
mod checks;
mod grace_shorter_than_drain;
mod graceful_shutdown_ignores_sigterm;
mod grpc_service_without_health_service;
mod health_always_ok;
mod health_route_behind_auth;
mod http_service_without_health_route;
mod liveness_checks_dependency;
mod own_checks;
mod panic_abort_in_server;
mod panic_in_handler;
mod probe_route_missing;
mod probe_timeout_shorter_than_check;
mod process_exit_in_request_path;
mod readiness_not_flipped_on_shutdown;
mod replica_identity_shared;
mod server_without_graceful_shutdown;
mod shallow_readiness;
mod shutdown_fix;
mod waiting;

super::category![
    grace_shorter_than_drain,
    graceful_shutdown_ignores_sigterm,
    grpc_service_without_health_service,
    health_always_ok,
    health_route_behind_auth,
    http_service_without_health_route,
    liveness_checks_dependency,
    panic_abort_in_server,
    panic_in_handler,
    probe_route_missing,
    probe_timeout_shorter_than_check,
    process_exit_in_request_path,
    readiness_not_flipped_on_shutdown,
    replica_identity_shared,
    server_without_graceful_shutdown,
    shallow_readiness,
];
