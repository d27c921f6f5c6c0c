//! What happens when something is done twice.

mod post_handler_without_idempotency_key;
mod put_handler_not_idempotent;
mod writes;

super::category![post_handler_without_idempotency_key, put_handler_not_idempotent];
