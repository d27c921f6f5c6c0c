//! Workloads and what runs them.

mod moving_images;
mod pods;

pub(super) use moving_images::moving_images;

super::category![
    compose_depends_on_unhealthy,
    container_resources_unset,
    hpa_without_resource_request,
    liveness_as_fast_as_readiness,
    network_policy_blocks_call,
    pdb_blocks_drain,
    pod_security_context_weak,
    pod_without_readiness_probe,
    rootfs_readonly_but_written,
    service_targets_nothing,
    single_replica_service,
    termination_not_graceful,
];
