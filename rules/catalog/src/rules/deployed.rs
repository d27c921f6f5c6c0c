//! Programs in the containers that run them.

use svclint_model::{
    AskedPath, Container, Deployment, Listener, Place, Protocol, Route, Service, Tri, Workload, answerer,
    asked,
};

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
        let container = workload.containers.get(deployment.container)?;
        // `migrate` before the server, or every night, is the same image and another program.
        let by_itself = container.args.is_absent() && container.command.present().is_none_or(|c| c.len() < 2);
        if (container.init || !workload.is_server()) && !by_itself {
            return None;
        }
        Some(Deployed {
            deployment,
            workload,
            container,
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

    /// Where the container gives the part of a listener's address that is this: the value of the variable `HOST` or `PORT`.
    pub(super) fn given_at(&self, listener: &Listener, part: &str) -> Option<Place> {
        let Tri::Present(address) = &listener.address else { return None };
        let names = address.split("${").skip(1).map(|rest| rest.split([':', '}']).next().unwrap_or(rest));
        let given = names.filter_map(|name| self.container.env.iter().find(|v| v.name == name));
        given.filter(|v| v.value.present().is_some_and(|v| v == part)).map(|v| v.value_at).next()
    }

    /// The port that a listener binds in this container.
    pub(super) fn bound_port(&self, listener: &Listener) -> Option<u16> {
        self.bound(listener)?.rsplit(':').next()?.parse().ok()
    }

    /// The number of a port that is given by number or name.
    pub(super) fn port_number(&self, port: &str) -> Option<u16> {
        self.container.port_number(port)
    }

    /// Whether a probe asks one of the program's own listeners, as far as ports tell: another library, or another
    /// container, may answer at a port that no listener is known to bind.
    pub(super) fn asks_own(&self, asked: &AskedPath<'_>) -> Tri<()> {
        let http = self.http();
        let single = http.len() == 1 && self.service.listeners.len() == 1;
        let Some(port) = asked.port else { return Tri::Unknown };
        let bound: Vec<Option<u16>> = http.iter().map(|l| self.bound_port(l)).collect();
        if bound.contains(&Some(port)) {
            return Tri::Present(());
        }
        let declares = |c: &Container| c.ports.iter().any(|p| p.number == Tri::Present(port));
        let others_declare = || self.workload.containers.iter().any(|c| !c.ports.is_empty());
        match self.container.ports.as_slice() {
            _ if bound.iter().all(Option::is_some) => Tri::Absent,
            [_] if declares(self.container) && single && self.container.ports_complete => Tri::Present(()),
            _ if declares(self.container) => Tri::Unknown,
            [] if !others_declare() && single => Tri::Present(()),
            [] if self.container.ports_complete && !self.workload.containers.iter().any(declares) => {
                Tri::Unknown
            }
            _ if self.container.ports_complete => Tri::Absent,
            _ => Tri::Unknown,
        }
    }

    /// The route of the program's that a probe comes to.
    pub(super) fn answering(&self, asked: &AskedPath<'_>) -> Option<&'m Route> {
        let service = self.service;
        answerer(&service.routes, &asked.path).filter(|_| !self.asks_own(asked).is_absent())
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
