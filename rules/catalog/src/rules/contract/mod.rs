//! What services promise each other.

mod asked_by_http;
mod described;
mod grpc_service_drift;
mod openapi_drift;
mod payload_drift;
mod payloads;
mod proto_copies;
mod stub;
mod unserved;

super::category![grpc_service_drift, openapi_drift];
