//! Security between services.

mod cors_any_origin;
mod jwt_verification_disabled;
mod secret_literal_in_manifest;
mod tls_verification_disabled;

super::category![
    cors_any_origin,
    jwt_verification_disabled,
    secret_literal_in_manifest,
    tls_verification_disabled,
];
