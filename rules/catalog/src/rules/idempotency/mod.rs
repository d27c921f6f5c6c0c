//! What happens when something is done twice.

mod idempotency_key_regenerated_per_attempt;
mod post_handler_without_idempotency_key;
mod put_handler_not_idempotent;
mod writes;

super::category![
    idempotency_key_regenerated_per_attempt,
    post_handler_without_idempotency_key,
    put_handler_not_idempotent,
];
