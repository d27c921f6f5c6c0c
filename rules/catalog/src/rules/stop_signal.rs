//! What signal ends the containers of a service.

use svclint_model::{Container, Deployment, Image, ImageStage, Service, Start, Tri};

use crate::Context;

/// Whether what ends a service is, or may be, another signal than SIGTERM: its image or container names one, a first process
/// passes another one on, or a hook sends its own. Where nothing tells what runs the service, anything may.
pub(super) fn stops_otherwise(cx: &Context<'_>, service: &Service) -> bool {
    let model = cx.model;
    let runs = |d: &&Deployment| {
        let run = d.service.and_then(|s| model.services.get(s.0 as usize));
        run.is_some_and(|s| std::ptr::eq(&**s, service))
    };
    let container = |d: &Deployment| model.manifests.workloads.get(d.workload)?.containers.get(d.container);
    let linked: Vec<&Deployment> = model.deployments.iter().filter(runs).collect();
    let mut containers: Vec<&Container> = linked.iter().filter_map(|d| container(d)).collect();
    if containers.is_empty() {
        containers = model.manifests.workloads.iter().flat_map(|w| &w.containers).collect();
    }
    let ships = |image: &&Image| {
        image
            .ships
            .as_ref()
            .is_some_and(|s| s.package == service.package as usize && s.binary == service.binary)
    };
    let mut images: Vec<&Image> = model.images.iter().filter(ships).collect();
    images.extend(linked.iter().filter_map(|d| model.images.get(d.image?)));
    if images.is_empty() {
        images = model.images.iter().collect();
    }
    let targets: Vec<&str> = containers.iter().filter_map(|c| c.build.as_ref()?.target.as_deref()).collect();
    let in_image = |image: &Image| {
        let stages = image.last().into_iter().chain(targets.iter().filter_map(|name| image.stage(name)));
        stages.into_iter().any(|stage| stage_differs(cx, stage))
    };
    containers.into_iter().any(container_differs) || images.into_iter().any(in_image)
}

fn container_differs(container: &Container) -> bool {
    let hook = matches!(&container.pre_stop, Tri::Present(hook) if hook.signals);
    let signal = matches!(&container.stop_signal, Tri::Present(signal) if !is_term(signal));
    let words = |argv: &Tri<Vec<String>>| argv.present().is_some_and(|w| rewrites(&w.join(" ")));
    hook || signal || words(&container.command) || words(&container.args)
}

fn stage_differs(cx: &Context<'_>, stage: &ImageStage) -> bool {
    let starts = |start: &Start| rewrites(cx.text(start.at));
    stage.stop_signal.as_ref().is_some_and(|(signal, _)| !is_term(signal))
        || stage.entrypoint.as_ref().is_some_and(starts)
        || stage.cmd.as_ref().is_some_and(starts)
}

fn is_term(signal: &str) -> bool {
    matches!(signal.to_uppercase().trim_start_matches("SIG"), "TERM" | "15")
}

/// An init process may pass another signal on.
fn rewrites(command: &str) -> bool {
    command.contains("dumb-init") && (command.contains("--rewrite") || command.contains("-r"))
}
