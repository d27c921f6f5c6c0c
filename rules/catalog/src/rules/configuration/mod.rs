//! Discovery and configuration.

mod settings;

super::category![
    bind_loopback_in_container,
    env_var_not_provided,
    manifest_env_unread,
    port_mismatch,
    secret_key_missing,
];
