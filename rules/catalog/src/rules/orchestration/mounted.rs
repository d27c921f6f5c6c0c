//! What a container has mounted, and whether it can be written to.

use svclint_model::Mount;

use crate::rules::deployed::Deployed;

/// What is mounted at a path, or nearest above it.
pub(super) fn mounted<'m>(program: &Deployed<'m>, path: &str) -> Option<&'m Mount> {
    let covers = |mount: &&Mount| {
        let at = mount.path.value.trim_end_matches('/');
        path == at || path.strip_prefix(at).is_some_and(|rest| rest.starts_with('/'))
    };
    program.container.mounts.iter().filter(covers).max_by_key(|mount| mount.path.value.len())
}

/// Kinds of volumes that nobody can write to.
const READ_ONLY: &[&str] = &["configMap", "secret", "projected", "downwardAPI"];

/// Whether nothing can be made in a mounted folder; that the folder itself is there already is no failure.
pub(super) fn is_read_only(program: &Deployed<'_>, mount: &Mount, path: &str) -> bool {
    let volume = program.workload.volumes.iter().find(|v| v.name == mount.volume);
    let is_inside = path.trim_end_matches('/') != mount.path.value.trim_end_matches('/');
    is_inside && (mount.read_only || volume.is_some_and(|v| READ_ONLY.contains(&v.kind.as_str())))
}
