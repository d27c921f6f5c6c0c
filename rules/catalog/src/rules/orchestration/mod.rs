//! Workloads and what runs them.

mod compose_depends_on_unhealthy;
mod container_resources_unset;
mod dangling;
mod hpa_without_resource_request;
mod liveness_as_fast_as_readiness;
mod manifest_duplicate_key;
mod meant;
mod mounted;
mod moving_images;
mod network;
mod network_policy_blocks_call;
mod pdb_blocks_drain;
mod pod_security_context_weak;
mod pod_without_readiness_probe;
pub(super) mod pods;
mod resources;
mod root;
mod rootfs_readonly_but_written;
mod selection;
mod service_targets_nothing;
pub(super) mod services;
mod single_replica_service;
mod sure;
mod termination_not_graceful;

pub(super) use moving_images::moving_images;

super::category![
    compose_depends_on_unhealthy,
    container_resources_unset,
    hpa_without_resource_request,
    liveness_as_fast_as_readiness,
    manifest_duplicate_key,
    network_policy_blocks_call,
    pdb_blocks_drain,
    pod_security_context_weak,
    pod_without_readiness_probe,
    rootfs_readonly_but_written,
    service_targets_nothing,
    single_replica_service,
    termination_not_graceful
];
