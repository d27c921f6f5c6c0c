//! APIs and their versions.

mod mixed_api_versioning;
mod path_syntax_not_supported;
mod proto_package_unversioned;
mod route_added_after_layer;
mod route_shadowed;
mod served;
mod unversioned_api;
mod utoipa_path_mismatch;
mod utoipa_path_unlisted;
mod versions;

super::category![
    mixed_api_versioning,
    path_syntax_not_supported,
    proto_package_unversioned,
    route_added_after_layer,
    route_shadowed,
    unversioned_api,
    utoipa_path_mismatch,
    utoipa_path_unlisted,
];
