//! Databases and other stores.

mod check_then_update_race;
mod non_atomic_multi_write;
mod query_in_loop;
mod redis_keys_scan;
mod remote_call_in_loop;
mod remote_call_in_transaction;
mod sql_built_by_format;
mod transaction_never_committed;
mod transactions;

super::category![
    check_then_update_race,
    non_atomic_multi_write,
    query_in_loop,
    redis_keys_scan,
    remote_call_in_loop,
    remote_call_in_transaction,
    sql_built_by_format,
    transaction_never_committed,
];
