//! What happens when something is done twice.

mod attempts;
mod consumer_not_idempotent;
mod get_handler_mutates;
mod idempotency_key_declared_but_unread;
mod idempotency_key_regenerated_per_attempt;
mod post_handler_without_idempotency_key;
mod put_handler_not_idempotent;
mod retry_of_non_idempotent_call;
mod writes;

super::category![
    consumer_not_idempotent,
    get_handler_mutates,
    idempotency_key_declared_but_unread,
    idempotency_key_regenerated_per_attempt,
    post_handler_without_idempotency_key,
    put_handler_not_idempotent,
    retry_of_non_idempotent_call,
];
