//! Health checks and life cycle.

mod added_route;

super::category![
    grace_shorter_than_drain,
    http_service_without_health_route,
    liveness_checks_dependency,
    probe_route_missing,
    probe_timeout_shorter_than_check,
];
