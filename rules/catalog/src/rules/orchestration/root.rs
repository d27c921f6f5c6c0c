//! Whether a container runs as root.

use svclint_model::{Container, Security, Tri, Workload};

use crate::Context;

/// Whether nothing keeps a container from running as root.
pub(super) fn is_root(own: &Security, pod: &Security) -> bool {
    let users = [&own.run_as_user, &pod.run_as_user];
    if let Some(Tri::Present(user)) = users.into_iter().find(|u| !u.is_absent()) {
        return user.value == 0;
    }
    let no_user = users.iter().all(|u| u.is_absent());
    let non_root = [&own.run_as_non_root, &pod.run_as_non_root];
    let not_said = match non_root.into_iter().find(|n| !n.is_absent()) {
        Some(Tri::Present(non_root)) => !non_root.value,
        Some(_) => false,
        None => true,
    };
    no_user && not_said
}

/// Whether the image starts as root: known of those that are built here; nobody can say of others.
pub(super) fn image_is_root(cx: &Context<'_>, workload: &Workload, container: &Container) -> Tri<()> {
    let deployments = cx.model.deployments.iter();
    let mut mine = deployments.filter(|d| {
        let here = cx.model.manifests.workloads.get(d.workload);
        here.is_some_and(|w| {
            std::ptr::eq(w, workload)
                && w.containers.get(d.container).is_some_and(|c| std::ptr::eq(c, container))
        })
    });
    let stage = mine.find_map(|d| cx.model.images.get(d.image?)?.last());
    stage.map_or(Tri::Unknown, |stage| match &stage.user {
        Tri::Present(user) if !user.is_root => Tri::Absent,
        Tri::Present(_) | Tri::Absent => Tri::Present(()),
        Tri::Unknown => Tri::Unknown,
    })
}
