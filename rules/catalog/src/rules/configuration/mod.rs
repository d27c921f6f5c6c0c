//! Discovery and configuration.

mod bind_loopback_in_container;
mod env_var_not_provided;
mod manifest_env_unread;
mod port_mismatch;
mod secret_key_missing;
mod settings;

super::category![
    bind_loopback_in_container,
    env_var_not_provided,
    manifest_env_unread,
    port_mismatch,
    secret_key_missing
];
