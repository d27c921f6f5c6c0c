//! Places of different files that mean the same thing: a probe's path and the handler, a variable and what reads it.

pub(crate) mod protobuf;

use serde::Serialize;

use crate::deployments::Deployment;
use crate::manifests::{Container, Workload};
use crate::place::{Place, Tri};
use crate::probed::{answerer, asked};
use crate::system::{Model, Service, Setting, What};

/// From what is named to what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossLink {
    /// What kind of link.
    pub kind: LinkKind,
    /// Where something is named.
    pub from: Place,
    /// What it means.
    pub to: Place,
    /// What the first place is to the second: "is asked by the liveness probe of `orders`".
    pub back: String,
    /// What the second place is to the first: "answered by `orders::healthz`".
    pub forth: String,
}

/// Kinds of links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkKind {
    /// A probe and the handler that answers it.
    ProbeHandler,
    /// A probe and the route that it asks for.
    ProbeRoute,
    /// A variable of a manifest and the code that reads it.
    VariableRead,
    /// An image and its Dockerfile.
    ImageDockerfile,
    /// A key and the object that holds it.
    ConfigKey,
    /// A Service and the workload that it leads to.
    ServiceWorkload,
    /// An ingress and the Service that it leads to.
    IngressService,
    /// A service of a protobuf file and what implements it.
    ContractImplementation,
    /// An operation of an OpenAPI document and the handler that serves it.
    OperationHandler,
    /// A `$ref` of an OpenAPI document and what it means.
    ContractReference,
    /// An import of a protobuf file and the file.
    ProtoImport,
    /// A type that a protobuf file names and the message or enum.
    ProtoType,
    /// A named template of a chart, where it is printed, and its definition.
    TemplateDefine,
}

impl Model {
    /// All links between files of different kinds.
    pub fn cross_links(&self) -> Vec<CrossLink> {
        let mut found = Vec::new();
        for deployment in &self.deployments {
            let workload = self.manifests.workloads.get(deployment.workload);
            let Some(container) = workload.and_then(|w| w.containers.get(deployment.container)) else {
                continue;
            };
            let Some(workload) = workload else { continue };
            self.image(deployment, container, &mut found);
            let service = deployment.service.and_then(|s| self.services.get(s.0 as usize));
            if let Some(service) = service {
                self.probes(workload, container, service, &mut found);
                self.variables(deployment, container, service, &mut found);
            }
        }
        self.between_manifests(&mut found);
        self.protobuf(&mut found);
        self.charts(&mut found);
        self.openapi(&mut found);
        found.sort_by_key(|l| (l.from, l.to));
        found.dedup();
        found
    }

    fn image(&self, deployment: &Deployment, container: &Container, found: &mut Vec<CrossLink>) {
        let Some(image) = deployment.image.and_then(|i| self.images.get(i)) else { return };
        let Some(stage) = image.last() else { return };
        let from = match (&container.build, &container.image) {
            (Some(build), _) => build.at,
            (None, Tri::Present(image)) => image.at,
            _ => return,
        };
        found.push(CrossLink {
            kind: LinkKind::ImageDockerfile,
            from,
            to: stage.at,
            back: format!("runs as the container `{}`", container.name),
            forth: format!("built by `{}`", self.relative(image.file).display()),
        });
    }

    fn probes(
        &self,
        workload: &Workload,
        container: &Container,
        service: &Service,
        found: &mut Vec<CrossLink>,
    ) {
        for asked in asked(container) {
            let Some(route) = answerer(&service.routes, &asked.path) else { continue };
            let kind = format!("{:?}", asked.probe.kind).to_lowercase();
            let back = format!("asked by the {kind} probe of `{}`", workload.title());
            let forth = format!("`{} {}`, answered by `{}`", route.method, route.path, route.handler_text);
            if let Some(function) = route.handler.and_then(|f| self.functions.get(f.0 as usize)) {
                found.push(CrossLink {
                    kind: LinkKind::ProbeHandler,
                    from: asked.at,
                    to: function.name,
                    back: back.clone(),
                    forth: forth.clone(),
                });
            }
            let to = route.path_at.unwrap_or(route.at);
            found.push(CrossLink { kind: LinkKind::ProbeRoute, from: asked.at, to, back, forth });
        }
    }

    fn variables(
        &self,
        deployment: &Deployment,
        container: &Container,
        service: &Service,
        found: &mut Vec<CrossLink>,
    ) {
        let functions = service.functions.iter().filter_map(|f| self.functions.get(f.0 as usize));
        let reads = functions.flat_map(|f| &f.does).filter_map(|deed| match deed.what {
            What::ReadEnv(number) => self.settings.get(number as usize),
            _ => None,
        });
        let files = service.files(self);
        let declared = self.settings.iter().filter(|s| files.contains(&s.at.file));
        let settings: Vec<&Setting> = reads.chain(declared).collect();
        for (name, (_, at)) in &deployment.env.variables {
            let own = |s: &&&Setting| matches!(&s.name, Tri::Present(read) if read == name) && !s.prefixed;
            for setting in settings.iter().filter(own) {
                found.push(CrossLink {
                    kind: LinkKind::VariableRead,
                    from: *at,
                    to: setting.at,
                    back: format!("set for the container `{}`", container.name),
                    forth: format!("read by `{}`", service.name),
                });
            }
        }
    }

    fn between_manifests(&self, found: &mut Vec<CrossLink>) {
        let manifests = &self.manifests;
        for workload in &manifests.workloads {
            for container in &workload.containers {
                let used = container.env.iter().filter_map(|v| v.from.as_ref()).chain(&container.env_from);
                for used in used {
                    let Some(config) = self.config_of(workload, used) else { continue };
                    let key = config.keys.iter().find(|(key, _)| used.key.as_deref() == Some(&key.value));
                    let kind = if config.secret { "Secret" } else { "ConfigMap" };
                    found.push(CrossLink {
                        kind: LinkKind::ConfigKey,
                        from: used.at,
                        to: key.map_or(config.at, |(key, _)| key.at),
                        back: format!("used by `{}`", workload.title()),
                        forth: format!("the {kind} `{}`", config.name),
                    });
                }
            }
        }
        for service in &manifests.services {
            let Tri::Present(selector) = &service.selector else { continue };
            let mine = |w: &&Workload| {
                w.environment == service.environment && matches!(w.labels.satisfy(selector), Tri::Present(()))
            };
            for workload in manifests.workloads.iter().filter(mine) {
                found.push(CrossLink {
                    kind: LinkKind::ServiceWorkload,
                    from: service.selector_at.unwrap_or(service.at),
                    to: workload.name_at,
                    back: format!("gets traffic from the Service `{}`", service.name),
                    forth: format!("leads to `{}`", workload.title()),
                });
            }
        }
        for ingress in &manifests.ingresses {
            for backend in &ingress.backends {
                let Tri::Present(name) = &backend.service else { continue };
                let named = |s: &&crate::manifests::NetService| {
                    s.name == name.value && s.environment == ingress.environment
                };
                for service in manifests.services.iter().filter(named) {
                    let path = backend.path.as_ref().map_or("/", |p| p.value.as_str());
                    found.push(CrossLink {
                        kind: LinkKind::IngressService,
                        from: name.at,
                        to: service.at,
                        back: format!("gets `{path}` from the {} `{}`", ingress.kind, ingress.name),
                        forth: format!("the Service `{}`", service.name),
                    });
                }
            }
        }
    }

    fn openapi(&self, found: &mut Vec<CrossLink>) {
        for reference in self.contracts.iter().flat_map(|document| &document.references) {
            found.push(CrossLink {
                kind: LinkKind::ContractReference,
                from: reference.at,
                to: reference.target,
                back: format!("meant by `{}`", reference.written),
                forth: format!("`{}`", reference.written),
            });
        }
        for link in &self.contract_links {
            let document = self.contracts.get(link.contract);
            let service = self.services.get(link.service.0 as usize);
            let (Some(document), Some(service)) = (document, service) else { continue };
            for (operation, served) in document.operations.iter().zip(&link.served) {
                let Some(route) = served.present().and_then(|route| service.routes.get(*route)) else {
                    continue;
                };
                let handler = route.handler.and_then(|f| self.functions.get(f.0 as usize));
                found.push(CrossLink {
                    kind: LinkKind::OperationHandler,
                    from: operation.method_at,
                    to: handler.map_or(route.path_at.unwrap_or(route.at), |f| f.name),
                    back: format!("`{} {}` of the OpenAPI document", operation.method, operation.path),
                    forth: format!("served by `{}` of `{}`", route.handler_text, service.name),
                });
            }
        }
    }

    fn charts(&self, found: &mut Vec<CrossLink>) {
        for used in &self.manifests.included {
            found.push(CrossLink {
                kind: LinkKind::TemplateDefine,
                from: used.at,
                to: used.define,
                back: format!("printed by `{}`", self.relative(used.at.file).display()),
                forth: format!(
                    "the template `{}` of `{}`",
                    used.name,
                    self.relative(used.define.file).display()
                ),
            });
        }
    }
}
