//! Health checks and life cycle.

mod shutdown_fix;

super::category![
    graceful_shutdown_ignores_sigterm,
    grpc_service_without_health_service,
    http_service_without_health_route,
    panic_abort_in_server,
    process_exit_in_request_path,
    server_without_graceful_shutdown,
];
