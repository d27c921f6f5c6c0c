//! What images run.

use svclint_model::Image;

use crate::Context;

/// What an image runs: the program of the workspace that it ships, else the workload that runs it. Nothing is
/// said of an image that nobody runs here.
pub(super) fn program_of<'m>(cx: &Context<'m>, at: usize, image: &'m Image) -> Option<&'m str> {
    let model = cx.model;
    let deployed = || {
        let deployment = model.deployments.iter().find(|d| d.image == Some(at))?;
        Some(model.manifests.workloads.get(deployment.workload)?.shown.as_str())
    };
    image.ships.as_ref().map(|ships| ships.binary.as_str()).or_else(deployed)
}
