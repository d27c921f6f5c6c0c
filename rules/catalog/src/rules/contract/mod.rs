//! What services promise each other.

mod stub;

super::category![openapi_drift];
