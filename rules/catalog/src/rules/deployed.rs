//! Programs in the containers that run them.

use svclint_model::{Container, Deployment, Listener, Place, Protocol, Service, Tri, Workload, asked};

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

/// The programs, each once, that probes ask for the path at a place: values of a chart may decide for several.
pub(super) fn asked_there<'m>(cx: &Context<'m>, at: Place) -> Vec<Deployed<'m>> {
    let mut found: Vec<Deployed<'m>> = Vec::new();
    for program in deployed(cx) {
        let is_new = !found.iter().any(|f| std::ptr::eq(f.service, program.service));
        if is_new && asked(program.container).iter().any(|asked| asked.at == at) {
            found.push(program);
        }
    }
    found
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
        self.container.port_number(port)
    }

    /// Part of a finding's subject.
    pub(super) fn subject(&self) -> String {
        format!("{}/{}", self.workload.title(), self.container.name)
    }
}

/// Whether all that a service answers is known.
pub(super) fn sees_all_routes(service: &Service) -> bool {
    service.routes_complete && !service.routes.is_empty() && !service.routes.iter().any(|r| r.catch_all)
}
