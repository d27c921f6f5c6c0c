//! What blocks, waits for itself, or goes on unwatched.

mod blocking_call_in_async;

super::category![blocking_call_in_async];
