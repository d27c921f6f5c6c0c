//! What is asked for metrics, and where.

use svclint_model::{
    Endpoint, Labels, Manifests, Monitor, Namespaces, NetService, Place, Spot, Tri, Workload,
};

use crate::rules::deployed::Deployed;

/// What a monitor asks: the pods of a Service, or pods.
pub(super) struct Asked<'m> {
    service: Option<&'m NetService>,
    pub(super) pods: Vec<&'m Workload>,
}

/// The port that is asked.
pub(super) enum PortOf<'m> {
    /// Its number at the pods, and where it is written.
    Number(u16, Place),
    /// There is none of that name.
    Missing(&'m Spot<String>),
    /// It is not known which.
    Unknown,
}

/// One thing that is asked for.
pub(super) struct Scrape<'m> {
    /// Who asks.
    pub(super) by: &'m str,
    /// Where what is asked stands.
    pub(super) at: Place,
    /// The port.
    pub(super) number: u16,
    /// The path, `/metrics` for want of another.
    pub(super) path: Tri<Spot<String>>,
    /// Where it is said.
    pub(super) said_at: Place,
}

/// What a monitor asks, where that is the only thing that it may mean.
pub(super) fn asked<'m>(manifests: &'m Manifests, monitor: &Monitor) -> Option<Asked<'m>> {
    let Tri::Present(selector) = &monitor.selector else { return None };
    let may = |labels: &Labels, namespace: &Tri<String>| {
        !labels.satisfy(selector).is_absent()
            && match &monitor.namespaces {
                Namespaces::Own => {
                    !matches!((namespace, &monitor.namespace), (Tri::Present(a), Tri::Present(b)) if a != b)
                }
                Namespaces::Named(names) => namespace.present().is_some_and(|own| names.contains(own)),
                Namespaces::Unknown => true,
            }
    };
    if monitor.kind == "PodMonitor" {
        let taken = |w: &&Workload| !w.is_compose() && may(&w.labels, &w.namespace);
        let pods: Vec<&Workload> = manifests.workloads.iter().filter(taken).collect();
        let is_sure = |w: &&Workload| {
            w.environment == monitor.environment && w.labels.satisfy(selector).present().is_some()
        };
        return (!pods.is_empty() && pods.iter().all(is_sure)).then_some(Asked { service: None, pods });
    }
    let taken = |s: &&NetService| may(&s.labels, &s.namespace);
    let beside = |s: &&NetService| s.environment == monitor.environment;
    let mut all = manifests.services.iter().filter(taken).filter(|s| {
        // What looks everywhere may mean what is elsewhere.
        monitor.namespaces == Namespaces::Unknown || beside(s)
    });
    let service = all.next().filter(|s| all.next().is_none() && beside(s))?;
    service.labels.satisfy(selector).present()?;
    let Tri::Present(wanted) = &service.selector else {
        return Some(Asked { service: Some(service), pods: Vec::new() });
    };
    let is_selected =
        |w: &&Workload| w.environment == service.environment && w.labels.satisfy(wanted).present().is_some();
    Some(Asked { service: Some(service), pods: manifests.workloads.iter().filter(is_selected).collect() })
}

/// Ports of containers that are put into pods while they are made, by what stands in the names of their programs.
const INJECTED: &[&str] = &["consul", "dapr", "envoy", "istio", "kuma", "linkerd"];

impl<'m> Asked<'m> {
    /// Where it stands.
    pub(super) fn at(&self) -> Option<Place> {
        self.service.map(|s| s.at).or_else(|| self.pods.first().map(|w| w.name_at))
    }

    /// The port that an endpoint asks.
    pub(super) fn port<'e>(&self, endpoint: &'e Endpoint) -> PortOf<'e> {
        match (&endpoint.port, &endpoint.target, self.service) {
            (Tri::Present(port), _, Some(service)) => self.of_service(service, port),
            (Tri::Present(port), _, None) | (Tri::Absent, Tri::Present(port), _) => self.of_pods(port),
            _ => PortOf::Unknown,
        }
    }

    fn of_service<'e>(&self, service: &NetService, asked: &'e Spot<String>) -> PortOf<'e> {
        let Some(port) = service.ports.iter().find(|p| p.name.as_deref() == Some(asked.value.as_str()))
        else {
            let is_known = service.ports_complete && !service.ports.is_empty();
            return if is_known { PortOf::Missing(asked) } else { PortOf::Unknown };
        };
        let number = match &port.target {
            Tri::Present(target) => {
                self.pods.iter().flat_map(|w| &w.containers).find_map(|c| c.port_number(target))
            }
            Tri::Absent => port.port.present().copied(),
            Tri::Unknown => None,
        };
        number.map_or(PortOf::Unknown, |number| PortOf::Number(number, asked.at))
    }

    /// Prometheus knows the ports only that containers declare.
    fn of_pods<'e>(&self, asked: &'e Spot<String>) -> PortOf<'e> {
        let containers = || self.pods.iter().flat_map(|w| &w.containers).filter(|c| !c.init);
        let is_asked = |p: &&svclint_model::ContainerPort| {
            p.name.as_deref() == Some(asked.value.as_str())
                || p.number.present().is_some_and(|n| n.to_string() == asked.value)
        };
        if let Some(port) = containers().flat_map(|c| &c.ports).find(is_asked) {
            return port.number.present().map_or(PortOf::Unknown, |n| PortOf::Number(*n, asked.at));
        }
        let is_known = self.pods.iter().all(|w| w.containers_complete)
            && containers().all(|c| c.ports_complete && c.ports.iter().all(|p| !p.number.is_unknown()));
        let is_injected = INJECTED.iter().any(|word| asked.value.contains(word));
        let is_named = asked.value.parse::<u16>().is_err();
        if is_known && is_named && !is_injected && !self.pods.is_empty() {
            PortOf::Missing(asked)
        } else {
            PortOf::Unknown
        }
    }

    /// Whose ports were looked through for one that is missing, in words, and their names.
    pub(super) fn ports(&self, is_target: bool) -> (String, Vec<&'m str>) {
        match self.service.filter(|_| !is_target) {
            Some(service) => {
                let names = service.ports.iter().filter_map(|p| p.name.as_deref()).collect();
                (format!("the Service `{}`", service.written), names)
            }
            None => {
                let containers = self.pods.iter().flat_map(|w| &w.containers).filter(|c| !c.init);
                let names = containers.flat_map(|c| &c.ports).filter_map(|p| p.name.as_deref()).collect();
                let title = self.pods.first().map(|w| w.title()).unwrap_or_default();
                (format!("the pods of `{title}`"), names)
            }
        }
    }
}

/// What the annotations of a program's pods, or of a Service that leads to them, ask for.
pub(super) fn annotated<'m>(manifests: &'m Manifests, program: &Deployed<'m>) -> Option<Scrape<'m>> {
    let workload = program.workload;
    let leads = |s: &&NetService| {
        s.environment == workload.environment
            && s.selector.present().is_some_and(|wanted| workload.labels.satisfy(wanted).present().is_some())
    };
    let services = manifests.services.iter().filter(leads).map(|s| (&s.annotations, &s.written, s.at));
    let said = std::iter::once((&workload.annotations, &workload.shown, workload.name_at)).chain(services);
    let value = |labels: &Labels, key: &str| match labels.all.get(&format!("prometheus.io/{key}")) {
        Some(Some(value)) => Tri::Present(value.clone()),
        None if labels.complete => Tri::Absent,
        _ => Tri::Unknown,
    };
    said.into_iter().find_map(|(labels, by, at)| {
        value(labels, "scrape").present().filter(|on| *on == "true")?;
        let number = match (value(labels, "port"), program.container.ports.as_slice()) {
            (Tri::Present(port), _) => port.parse().ok()?,
            (Tri::Absent, [only]) => *only.number.present()?,
            _ => return None,
        };
        let path = match value(labels, "path") {
            Tri::Present(value) => Tri::Present(Spot { value, at }),
            Tri::Absent => Tri::Absent,
            Tri::Unknown => Tri::Unknown,
        };
        Some(Scrape { by, at, number, path, said_at: at })
    })
}
