//! Calls from pods to pods, and the network policies between them.

use svclint_model::{Allowed, Labels, Manifests, NetService, NetworkPolicy, PolicyPort, Tri, Workload};

use super::pods::{same_namespace, selects, together};

/// An address of a Service: `http://orders:8080/x`, `orders.shop.svc.cluster.local:8080`.
pub(super) struct NetworkAddress<'v> {
    name: &'v str,
    namespace: Option<&'v str>,
    port: Option<u16>,
}

impl<'v> NetworkAddress<'v> {
    pub(super) fn of(value: &'v str) -> Option<NetworkAddress<'v>> {
        let (scheme, rest) = value.split_once("://").map_or((None, value), |(s, rest)| (Some(s), rest));
        let authority = rest.split(['/', '?']).next()?.rsplit('@').next()?;
        let (host, port) = authority.split_once(':').map_or((authority, None), |(n, p)| (n, Some(p)));
        let port = match (port, scheme) {
            (Some(port), _) => Some(port.parse().ok()?),
            (None, Some("http")) => Some(80),
            (None, Some("https")) => Some(443),
            (None, Some(_)) => None,
            (None, None) => return None,
        };
        let mut parts = host.split('.');
        let name = parts.next().filter(|name| !name.is_empty())?;
        let namespace = match (parts.next(), parts.next()) {
            (None, _) => None,
            (Some(namespace), Some("svc")) => Some(namespace),
            _ => return None,
        };
        Some(NetworkAddress { name, namespace, port })
    }
}

/// A workload that calls the pods of a Service.
pub(super) struct Call<'m> {
    caller: &'m Workload,
    pub(super) service: &'m NetService,
    pub(super) callee: &'m Workload,
    /// The number and names of the port of the pods that it comes to.
    port: Option<(u16, Vec<&'m str>)>,
}

/// What keeps a call from its pods.
pub(super) enum Barrier<'m> {
    /// The callee's policy lets others in.
    NotLetIn(&'m NetworkPolicy),
    /// It lets the caller in, at other ports.
    OtherPort(&'m NetworkPolicy, u16),
    /// The caller's policy lets it call others.
    NotLetOut(&'m NetworkPolicy),
}

impl<'m> Call<'m> {
    /// Where an address leads: to the pods of one workload, for certain.
    pub(super) fn of(
        manifests: &'m Manifests,
        caller: &'m Workload,
        address: &NetworkAddress<'_>,
    ) -> Option<Call<'m>> {
        let is_meant = |s: &&NetService| {
            s.name == address.name
                && together(&s.environment, &caller.environment)
                && match (address.namespace, &s.namespace) {
                    (Some(namespace), Tri::Present(own)) => own == namespace,
                    // Where nothing is said, it is the one that is there without being made.
                    (Some(namespace), Tri::Absent) => namespace == "default",
                    (Some(_), Tri::Unknown) => false,
                    (None, own) => *own == caller.namespace,
                }
        };
        let service = manifests.services.iter().find(is_meant)?;
        let taken = |w: &&Workload| {
            together(&w.environment, &service.environment)
                && w.namespace == service.namespace
                && !selects(&service.selector, w).is_absent()
        };
        let mut all = manifests.workloads.iter().filter(taken);
        let callee = all.next().filter(|w| selects(&service.selector, w).present().is_some())?;
        if all.next().is_some() {
            return None;
        }
        Some(Call { caller, service, callee, port: port(service, callee, address.port) })
    }

    /// The policy that keeps it from its pods.
    pub(super) fn barrier(&self, manifests: &'m Manifests) -> Option<Barrier<'m>> {
        if let Some(mine) = policies(manifests, self.callee) {
            let rules = speaking(&mine, |p| p.ingress.as_deref());
            let lets = |rule: &&Allowed| self.is_peer(rule, self.caller, self.callee);
            if let Some((policy, rules)) = rules {
                match (rules.iter().any(&lets), rules.iter().any(|r| lets(r) && self.is_port(r))) {
                    (false, _) => return Some(Barrier::NotLetIn(policy)),
                    (true, false) => {
                        return self.port.as_ref().map(|(port, _)| Barrier::OtherPort(policy, *port));
                    }
                    _ => {}
                }
            }
        }
        let mine = policies(manifests, self.caller)?;
        let (policy, rules) = speaking(&mine, |p| p.egress.as_deref())?;
        let lets = |rule: &&Allowed| self.is_peer(rule, self.callee, self.caller) && self.is_port(rule);
        (!rules.iter().any(lets)).then_some(Barrier::NotLetOut(policy))
    }

    /// Whether a rule of a policy of `home` lets another workload's pods through, or may.
    fn is_peer(&self, rule: &Allowed, other: &Workload, home: &Workload) -> bool {
        let here = same_namespace(&other.namespace, &home.namespace);
        let fits = |peer: &Tri<Labels>| match peer {
            // Labels alone mean pods of the policy's own namespace.
            Tri::Present(_) => here && !selects(peer, other).is_absent(),
            Tri::Absent => false,
            Tri::Unknown => true,
        };
        rule.peers.as_ref().is_none_or(|peers| peers.iter().any(fits))
    }

    /// Whether a rule lets the call's port through, or may.
    fn is_port(&self, rule: &Allowed) -> bool {
        let (Some(ports), Some((number, names))) = (&rule.ports, &self.port) else { return true };
        let fits = |port: &PolicyPort| {
            if port.protocol.present().is_some_and(|p| p != "TCP") {
                return false;
            }
            let Tri::Present(written) = &port.port else { return true };
            match written.parse::<u16>() {
                Ok(first) => first == *number || port.end.is_some_and(|end| (first..=end).contains(number)),
                Err(_) => names.contains(&written.as_str()),
            }
        };
        ports.iter().any(fits)
    }
}

/// The port of the pods that a port of their Service leads to, with the names that containers give it; nothing where a name
/// may be missing.
fn port<'m>(service: &NetService, callee: &'m Workload, asked: Option<u16>) -> Option<(u16, Vec<&'m str>)> {
    let fits = |p: &&svclint_model::ServicePort| p.port.present().copied() == asked && asked.is_some();
    let port = service.ports.iter().find(fits)?;
    let containers = || callee.containers.iter().filter(|c| !c.init);
    let number = match &port.target {
        Tri::Present(target) => containers().find_map(|c| c.port_number(target))?,
        Tri::Absent => asked?,
        Tri::Unknown => return None,
    };
    let is_known = callee.containers_complete && containers().all(|c| c.ports_complete);
    let declared = containers().flat_map(|c| &c.ports).filter(|p| p.number == Tri::Present(number));
    is_known.then(|| (number, declared.filter_map(|p| p.name.as_deref()).collect()))
}

/// The policies for a workload's pods; nothing where another one may speak of them, or one of them is not known.
fn policies<'m>(manifests: &'m Manifests, workload: &Workload) -> Option<Vec<&'m NetworkPolicy>> {
    let near = |p: &&NetworkPolicy| {
        together(&p.environment, &workload.environment) && same_namespace(&p.namespace, &workload.namespace)
    };
    let speaks = |p: &&NetworkPolicy| !selects(&p.selector, workload).is_absent();
    let found: Vec<&NetworkPolicy> = manifests.policies.iter().filter(near).filter(speaks).collect();
    let is_sure = |p: &&NetworkPolicy| {
        p.is_known && p.namespace == workload.namespace && selects(&p.selector, workload).present().is_some()
    };
    found.iter().all(is_sure).then_some(found)
}

/// The rules of all policies that speak of one direction, and the first of these.
fn speaking<'m>(
    policies: &[&'m NetworkPolicy],
    side: impl Fn(&'m NetworkPolicy) -> Option<&'m [Allowed]>,
) -> Option<(&'m NetworkPolicy, Vec<&'m Allowed>)> {
    let first = policies.iter().find(|p| side(p).is_some())?;
    Some((first, policies.iter().filter_map(|p| side(p)).flatten().collect()))
}
