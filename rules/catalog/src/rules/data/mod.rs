//! Databases and other stores.

mod check_then_update_race;
mod non_atomic_multi_write;
mod redis_keys_scan;
mod remote_call_in_transaction;
mod sql_built_by_format;
mod transaction_never_committed;
mod transactions;

super::category![
    check_then_update_race,
    non_atomic_multi_write,
    redis_keys_scan,
    remote_call_in_transaction,
    sql_built_by_format,
    transaction_never_committed,
];
