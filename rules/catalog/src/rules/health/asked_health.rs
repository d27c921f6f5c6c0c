//! How a service is asked for its health by what runs it.

use svclint_model::{Container, Listener, ProbeKind, Service, Tri};

use super::own_checks::built;
use crate::rules::deployed::{Deployed, deployed};
use crate::{Context, Edit};

/// Whether something tells already how a service is: a probe of a container that runs it, or the check of its image.
pub(super) fn is_asked(cx: &Context<'_>, service: &Service) -> bool {
    let checked = built(cx)
        .filter(|(_, s)| std::ptr::eq(*s, service))
        .any(|(image, _)| image.last().is_some_and(|stage| stage.healthcheck.is_some()));
    checked || runs(cx, service).any(|d| is_probed(d.container)) || is_probed_by_name(cx, service)
}

fn runs<'m>(cx: &Context<'m>, service: &Service) -> impl Iterator<Item = Deployed<'m>> {
    deployed(cx).filter(move |d| std::ptr::eq(d.service, service))
}

/// What only holds the others back says nothing later on.
fn is_probed(container: &Container) -> bool {
    container.probes.iter().any(|p| p.kind != ProbeKind::Startup)
}

/// Whether a container is probed of which nothing tells what it runs, but its name.
fn is_probed_by_name(cx: &Context<'_>, service: &Service) -> bool {
    let model = cx.model;
    let plain = |name: &str| name.to_lowercase().replace('_', "-");
    let package = model.packages.get(service.package as usize).map(|p| plain(&p.name));
    let own = |name: &str| {
        let name = plain(name);
        name == plain(&service.binary) || package.as_ref() == Some(&name)
    };
    let is_linked = |workload: usize, container: usize| {
        let here = |d: &&svclint_model::Deployment| d.workload == workload && d.container == container;
        model.deployments.iter().find(here).is_some_and(|d| d.service.is_some())
    };
    model.manifests.workloads.iter().enumerate().any(|(number, workload)| {
        workload.containers.iter().enumerate().any(|(at, container)| {
            let named = own(&container.name) || workload.containers.len() == 1 && own(&workload.name);
            named && is_probed(container) && !is_linked(number, at)
        })
    })
}

/// The edits that let the pods of a service be asked for `/livez`, where the port is known that answers.
pub(super) fn asks_for_livez(cx: &Context<'_>, service: &Service, listener: &Listener) -> Vec<Edit> {
    let mut seen = Vec::new();
    let mut edits = Vec::new();
    for program in runs(cx, service).filter(|d| !d.workload.is_compose() && !d.container.init) {
        let Some(port) = port_of(&program, listener) else { continue };
        if program.container.probes_unknown || seen.contains(&program.container.block.at) {
            continue;
        }
        seen.push(program.container.block.at);
        let lines = ["livenessProbe:", "  httpGet:", "    path: /livez", &format!("    port: {port}")];
        edits.extend(cx.add_entry(program.container.block, &lines));
    }
    edits
}

/// How a probe names the port that a listener binds in a container.
pub(in crate::rules) fn port_of(program: &Deployed<'_>, listener: &Listener) -> Option<String> {
    let bound = program.bound_port(listener);
    let fits = |number: &Tri<u16>| bound.is_none_or(|bound| *number == Tri::Present(bound));
    let mut fitting = program.container.ports.iter().filter(|p| p.protocol == "TCP" && fits(&p.number));
    let first = fitting.next().filter(|_| bound.is_some() || fitting.next().is_none());
    match first {
        Some(port) => port.name.clone().or_else(|| port.number.present().map(u16::to_string)),
        None => bound.filter(|_| program.container.ports.is_empty()).map(|b| b.to_string()),
    }
}
