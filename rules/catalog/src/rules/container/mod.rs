//! Images and how they are built.

mod builder_runtime_libc_mismatch;
mod ca_certificates_missing;
mod cargo_build_not_reproducible;
mod entrypoint_shell_form;
mod expose_variable_undefined;
mod final_stage_ships_toolchain;
mod healthcheck_tool_missing;
mod image_does_not_match_crate;
mod image_runs_as_root;
mod image_tag_mutable;
mod left_out;
mod misnamed;
mod probe_tools;
mod run;
mod written;

super::category![
    builder_runtime_libc_mismatch,
    ca_certificates_missing,
    cargo_build_not_reproducible,
    entrypoint_shell_form,
    expose_variable_undefined,
    final_stage_ships_toolchain,
    healthcheck_tool_missing,
    image_does_not_match_crate,
    image_runs_as_root,
    image_tag_mutable
];
