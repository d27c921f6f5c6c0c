//! What services promise each other.

mod proto_copies;
mod unserved;

super::category![grpc_service_drift];
