//! What images run.

use svclint_model::Image;

use crate::Context;

/// What an image runs: the program of the workspace that it ships, else the container that a manifest runs it as. Nothing is
/// said of an image that nobody runs here.
pub(super) fn program_of<'m>(cx: &Context<'m>, at: usize, image: &'m Image) -> Option<&'m str> {
    let model = cx.model;
    let deployed = || {
        let deployment = model.deployments.iter().find(|d| d.image == Some(at))?;
        let container =
            model.manifests.workloads.get(deployment.workload)?.containers.get(deployment.container)?;
        Some(container.name.as_str())
    };
    image.ships.as_ref().map(|ships| ships.binary.as_str()).or_else(deployed)
}
