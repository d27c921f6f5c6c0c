//! What happens when something is done twice.

mod writes;

super::category![post_handler_without_idempotency_key, put_handler_not_idempotent];
