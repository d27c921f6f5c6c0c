//! Security between services.

super::category![tls_verification_disabled];
