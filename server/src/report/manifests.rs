//! What svclint sees of manifests, and how it ties them to programs.

use std::collections::BTreeMap;

use serde::Serialize;
use svclint_engine::Report;
use svclint_model::{
    Container, EnvironmentKind, LinkKind, Place, Probe, ProbeAction, ProbeKind, Spot, Tri, Workload,
};

use super::inspect::SeenPlace;

/// A workload.
#[derive(Serialize)]
pub(super) struct SeenWorkload {
    pub(super) kind: Option<String>,
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    /// The path of the environment that it belongs to.
    pub(super) environment: String,
    pub(super) containers: Vec<SeenContainer>,
    pub(super) at: Option<SeenPlace>,
}

/// A container, and the program in it.
#[derive(Serialize)]
pub(super) struct SeenContainer {
    pub(super) name: String,
    pub(super) image: Option<String>,
    pub(super) ports: Vec<u16>,
    pub(super) probes: BTreeMap<ProbeKind, String>,
    /// The variables that it is given, those of the image and of config maps included.
    pub(super) env: Vec<String>,
    /// Whether they are all.
    pub(super) env_complete: bool,
    /// The program that runs in it; `None` where that is not known.
    pub(super) service: Option<String>,
    /// What tells so.
    pub(super) evidence: Vec<SeenEvidence>,
}

/// One step from a container to its program.
#[derive(Serialize)]
pub(super) struct SeenEvidence {
    pub(super) says: String,
    pub(super) at: Option<SeenPlace>,
}

/// A way in which manifests are put together.
#[derive(Serialize)]
pub(super) struct SeenEnvironment {
    pub(super) kind: EnvironmentKind,
    pub(super) path: String,
    pub(super) workloads: usize,
}

/// Two places that mean the same thing.
#[derive(Serialize)]
pub(super) struct SeenLink {
    pub(super) kind: LinkKind,
    pub(super) says: String,
    pub(super) from: Option<SeenPlace>,
    pub(super) to: Option<SeenPlace>,
}

/// A contract.
#[derive(Serialize)]
pub(super) struct SeenContract {
    /// `protobuf`, `openapi`
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// Its methods or operations.
    pub(super) operations: Vec<String>,
    /// The service whose contract it is, for an OpenAPI document.
    pub(super) service: Option<String>,
    pub(super) at: Option<SeenPlace>,
}

impl SeenWorkload {
    pub(super) fn unlinked(&self) -> impl Iterator<Item = String> {
        let unlinked = self.containers.iter().filter(|container| container.service.is_none());
        unlinked.map(|container| {
            let image = container.image.as_deref().unwrap_or("no image that is known");
            let kind = self.kind.as_deref().unwrap_or("?");
            format!("{kind}/{}: {} ({image})", self.name, container.name)
        })
    }
}

/// All workloads.
pub(super) fn workloads(report: &Report) -> Vec<SeenWorkload> {
    let all = report.model.manifests.workloads.iter().enumerate();
    all.map(|(number, workload)| workload_seen(report, number, workload)).collect()
}

fn workload_seen(report: &Report, number: usize, workload: &Workload) -> SeenWorkload {
    let containers = workload.containers.iter().enumerate();
    SeenWorkload {
        kind: workload.kind.present().cloned(),
        name: if workload.name.is_empty() { &workload.shown } else { &workload.name }.clone(),
        namespace: workload.namespace.present().cloned(),
        environment: workload.environment.path.clone(),
        containers: containers.map(|(n, c)| container_seen(report, (number, n), c)).collect(),
        at: SeenPlace::of(report, workload.name_at),
    }
}

fn container_seen(
    report: &Report,
    (workload, number): (usize, usize),
    container: &Container,
) -> SeenContainer {
    let model = &report.model;
    let deployment = model.deployments.iter().find(|d| d.workload == workload && d.container == number);
    let service = deployment.and_then(|d| model.services.get(d.service?.0 as usize));
    let evidence = deployment.map_or(&[][..], |d| &d.evidence);
    let own = container.env.iter().map(|v| v.name.clone());
    SeenContainer {
        name: container.name.clone(),
        image: container.image.present().map(|i| i.value.clone()),
        ports: container.ports.iter().filter_map(|p| p.number.present().copied()).collect(),
        probes: container.probes.iter().map(|p| (p.kind, probe_seen(p))).collect(),
        env: deployment.map_or_else(|| own.collect(), |d| d.env.variables.keys().cloned().collect()),
        env_complete: deployment.is_some_and(|d| d.env.complete),
        service: service.map(|s| s.name.clone()),
        evidence: evidence
            .iter()
            .map(|e| SeenEvidence { says: e.says.clone(), at: SeenPlace::of(report, e.at) })
            .collect(),
    }
}

/// `GET :8080/healthz`
fn probe_seen(probe: &Probe) -> String {
    let word = |value: &Tri<Spot<String>>| value.present().map_or("?".to_owned(), |s| s.value.clone());
    match &probe.action {
        ProbeAction::Http { path, port, .. } => format!("GET :{}{}", word(port), word(path)),
        ProbeAction::Tcp(port) => format!("tcp :{}", word(port)),
        ProbeAction::Grpc(port) => format!("grpc :{}", word(port)),
        ProbeAction::Exec(Tri::Present(words)) => words.join(" "),
        ProbeAction::Exec(_) | ProbeAction::Unknown => "?".to_owned(),
    }
}

/// All environments.
pub(super) fn environments(report: &Report) -> Vec<SeenEnvironment> {
    let mut found: BTreeMap<_, usize> = BTreeMap::new();
    for workload in &report.model.manifests.workloads {
        *found.entry(&workload.environment).or_default() += 1;
    }
    let seen = |(environment, workloads): (&svclint_model::Environment, usize)| SeenEnvironment {
        kind: environment.kind,
        path: environment.path.clone(),
        workloads,
    };
    found.into_iter().map(seen).collect()
}

/// All links.
pub(super) fn links(report: &Report) -> Vec<SeenLink> {
    let place = |at: Place| SeenPlace::of(report, at);
    let seen = |link: svclint_model::CrossLink| SeenLink {
        kind: link.kind,
        says: link.forth,
        from: place(link.from),
        to: place(link.to),
    };
    // What refers to another place of the same document is for editors.
    let between = report.model.cross_links().into_iter().filter(|link| link.from.file != link.to.file);
    between.map(seen).collect()
}

/// All contracts.
pub(super) fn contracts(report: &Report) -> Vec<SeenContract> {
    let mut found = Vec::new();
    for (file, proto) in &report.model.protos {
        for service in &proto.services {
            let name = if proto.package.is_empty() {
                service.name.to_string()
            } else {
                format!("{}.{}", proto.package, service.name)
            };
            found.push(SeenContract {
                kind: "protobuf",
                name,
                service: None,
                operations: service.methods.iter().map(|m| m.name.to_string()).collect(),
                at: SeenPlace::of(report, Place { file: *file, span: service.span }),
            });
        }
    }
    for (number, document) in report.model.contracts.iter().enumerate() {
        let link = report.model.contract_links.iter().find(|l| l.contract == number);
        let service = link.and_then(|l| report.model.services.get(l.service.0 as usize));
        found.push(SeenContract {
            kind: "openapi",
            name: document.title.clone().unwrap_or_default(),
            operations: document.operations.iter().map(|o| format!("{} {}", o.method, o.path)).collect(),
            service: service.map(|s| s.name.clone()),
            at: SeenPlace::of(report, document.at),
        });
    }
    found
}
