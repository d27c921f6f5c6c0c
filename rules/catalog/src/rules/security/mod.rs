//! Security between services.

mod tls_verification_disabled;

super::category![tls_verification_disabled];
