//! What blocks, waits for itself, or goes on unwatched.

mod block_on_in_async;
mod blocking_call_in_async;
mod blocking_client_in_async;
mod cpu_bound_in_handler;
mod fire_and_forget_in_handler;
mod lock_held_across_await;
mod worker;

super::category![
    block_on_in_async,
    blocking_call_in_async,
    blocking_client_in_async,
    cpu_bound_in_handler,
    fire_and_forget_in_handler,
    lock_held_across_await,
];
