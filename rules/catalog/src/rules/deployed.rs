//! Programs in the containers that run them.

use svclint_model::{Container, Deployment, Listener, Model, Place, Probe, Protocol, Service, Tri, Workload};

use crate::{Context, Finding};

/// A program, and the container that runs it.
#[derive(Clone, Copy)]
pub(super) struct Deployed<'m> {
    pub(super) deployment: &'m Deployment,
    pub(super) workload: &'m Workload,
    pub(super) container: &'m Container,
    pub(super) service: &'m Service,
}

/// All programs in all containers that they are known to run in.
pub(super) fn deployed<'m>(cx: &Context<'m>) -> impl Iterator<Item = Deployed<'m>> {
    let model = cx.model;
    model.deployments.iter().filter_map(|deployment| {
        let workload = model.manifests.workloads.get(deployment.workload)?;
        Some(Deployed {
            deployment,
            workload,
            container: workload.containers.get(deployment.container)?,
            service: model.services.get(deployment.service?.0 as usize)?,
        })
    })
}

impl<'m> Deployed<'m> {
    /// The finding with what ties the container to the program.
    pub(super) fn explained(&self, mut finding: Finding) -> Finding {
        for step in &self.deployment.evidence {
            finding = finding.related(step.at, step.says.clone());
        }
        finding.service(self.service.name.clone())
    }

    /// Its listeners of HTTP.
    pub(super) fn http(&self) -> Vec<&'m Listener> {
        self.service.listeners.iter().filter(|l| l.protocol == Protocol::Http).collect()
    }

    /// The address that a listener binds in this container.
    pub(super) fn bound(&self, listener: &Listener) -> Option<String> {
        let Tri::Present(address) = &listener.address else { return None };
        self.deployment.env.expand(address).filter(|a| !a.contains('{'))
    }

    /// The port that a listener binds in this container.
    pub(super) fn bound_port(&self, listener: &Listener) -> Option<u16> {
        self.bound(listener)?.rsplit(':').next()?.parse().ok()
    }

    /// The number of a port that is given by number or name.
    pub(super) fn port_number(&self, port: &str) -> Option<u16> {
        let named = || self.container.ports.iter().find(|p| p.name.as_deref() == Some(port));
        port.parse().ok().or_else(|| named()?.number.present().copied())
    }

    /// Part of a finding's subject.
    pub(super) fn subject(&self) -> String {
        format!("{}/{}", self.workload.title(), self.container.name)
    }
}

/// A probe that asks for a path.
pub(super) struct AskedPath<'m> {
    pub(super) probe: &'m Probe,
    pub(super) path: String,
    pub(super) at: Place,
    pub(super) port: Option<u16>,
}

/// The paths that probes ask a program for: GETs, and commands that fetch from the container itself.
pub(super) fn asked<'m>(deployed: &Deployed<'m>) -> Vec<AskedPath<'m>> {
    use svclint_model::ProbeAction;
    let path_of = |probe: &'m Probe| match &probe.action {
        ProbeAction::Http { path: Tri::Present(path), port: Tri::Present(port), .. } => Some(AskedPath {
            probe,
            path: path.value.clone(),
            at: path.at,
            port: Some(deployed.port_number(&port.value)?),
        }),
        ProbeAction::Exec(Tri::Present(words)) => {
            let text = words.join(" ");
            let fetches = text.contains("curl") || text.contains("wget");
            let url = text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).find_map(local_url);
            let (port, path) = url.filter(|_| fetches)?;
            Some(AskedPath { probe, path, at: probe.at, port })
        }
        _ => None,
    };
    deployed.container.probes.iter().filter_map(path_of).collect()
}

/// Port and path of `http://localhost:8080/health`.
fn local_url(word: &str) -> Option<(Option<u16>, String)> {
    let rest = word.strip_prefix("http://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (name, port) = host.split_once(':').map_or((host, Some(80)), |(n, p)| (n, p.parse().ok()));
    let is_here = matches!(name, "localhost" | "127.0.0.1" | "0.0.0.0" | "[::1]");
    let is_plain = !path.contains(['$', '{', '`']);
    (is_here && is_plain).then(|| (port, format!("/{path}")))
}

/// How a route answers a path: certainly, perhaps, not.
pub(super) fn answers(path: &str, route: &str) -> Tri<()> {
    if route.contains("{?}") {
        return Tri::Unknown;
    }
    let clean = |p: &str| p.split(['?', '#']).next().unwrap_or(p).trim_matches('/').to_owned();
    let (path, route) = (clean(path), clean(route));
    let (mut asked, mut own) = (path.split('/'), route.split('/'));
    loop {
        match (asked.next(), own.next()) {
            (None, None) => return Tri::Present(()),
            (_, Some(rest)) if rest.starts_with("{*") => return Tri::Present(()),
            (Some(a), Some(b)) if a == b || b.contains('{') => {}
            _ => return Tri::Absent,
        }
    }
}

/// Whether a model knows of a service's routes all that there is.
pub(super) fn sees_all_routes(_model: &Model, service: &Service) -> bool {
    service.routes_complete && !service.routes.is_empty() && !service.routes.iter().any(|r| r.catch_all)
}
