//! One file a rule, and what several of them ask.

mod client_timeout;
mod correlation_id_dropped_outbound;
mod http_client_without_timeout;
mod http_service_without_health_route;
mod post_handler_without_idempotency_key;
mod put_handler_not_idempotent;
mod reach;
mod unversioned_api;
mod writes;

use crate::Rule;

/// All rules, by id.
pub fn rules() -> &'static [Rule] {
    &RULES
}

static RULES: [Rule; 6] = [
    Rule {
        meta: &correlation_id_dropped_outbound::CORRELATION_ID_DROPPED_OUTBOUND,
        check: correlation_id_dropped_outbound::check,
    },
    Rule {
        meta: &http_client_without_timeout::HTTP_CLIENT_WITHOUT_TIMEOUT,
        check: http_client_without_timeout::check,
    },
    Rule {
        meta: &http_service_without_health_route::HTTP_SERVICE_WITHOUT_HEALTH_ROUTE,
        check: http_service_without_health_route::check,
    },
    Rule {
        meta: &post_handler_without_idempotency_key::POST_HANDLER_WITHOUT_IDEMPOTENCY_KEY,
        check: post_handler_without_idempotency_key::check,
    },
    Rule {
        meta: &put_handler_not_idempotent::PUT_HANDLER_NOT_IDEMPOTENT,
        check: put_handler_not_idempotent::check,
    },
    Rule { meta: &unversioned_api::UNVERSIONED_API, check: unversioned_api::check },
];
