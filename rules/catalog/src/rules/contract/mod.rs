//! What services promise each other.

mod described;
mod stub;

super::category![openapi_drift];
