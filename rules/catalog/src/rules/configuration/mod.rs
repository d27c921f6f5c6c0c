//! Discovery and configuration.

mod bind_loopback_in_container;
mod config_read_panics_in_handler;
mod dotenv_required_at_startup;
mod env_var_not_provided;
mod given;
mod hardcoded_service_endpoint;
mod localhost_fallback_endpoint;
mod manifest_env_unread;
mod port_mismatch;
mod secret_key_missing;
mod secret_with_default_value;
mod settings;
mod start;

super::category![
    bind_loopback_in_container,
    config_read_panics_in_handler,
    dotenv_required_at_startup,
    env_var_not_provided,
    hardcoded_service_endpoint,
    localhost_fallback_endpoint,
    manifest_env_unread,
    port_mismatch,
    secret_key_missing,
    secret_with_default_value
];
