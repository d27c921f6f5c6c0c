//! Health checks and life cycle.

super::category![http_service_without_health_route];
