//! What services promise each other.

mod proto_copies;

super::category![grpc_service_drift];
