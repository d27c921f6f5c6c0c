//! What svclint sees, for people and (as JSON, version 1) for scripts.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use svclint_engine::Report;
use svclint_model::{
    Client, Coverage, EffectKind, FnId, Function, Limit, Model, Place, Protocol, Service, SqlKind, Tri, What,
};

use super::manifests::{self, SeenContract, SeenEnvironment, SeenLink, SeenWorkload};
use super::{Range, shown};

/// Everything that is shown of a workspace.
#[derive(Serialize)]
pub(crate) struct Inspected {
    version: u32,
    pub(super) services: Vec<SeenService>,
    pub(super) workloads: Vec<SeenWorkload>,
    pub(super) contracts: Vec<SeenContract>,
    pub(super) environments: Vec<SeenEnvironment>,
    pub(super) links: Vec<SeenLink>,
    pub(super) coverage: Coverage,
}

#[derive(Serialize)]
pub(super) struct SeenService {
    pub(super) name: String,
    #[serde(rename = "crate")]
    pub(super) package: String,
    pub(super) binaries: Vec<String>,
    pub(super) listeners: Vec<SeenListener>,
    pub(super) routes: Vec<SeenRoute>,
    pub(super) routes_complete: bool,
    pub(super) correlation_in: Option<SeenPlace>,
    /// What makes requests.
    pub(super) clients: Vec<SeenClient>,
    /// Databases, caches and the like.
    pub(super) stores: Vec<SeenClient>,
    /// Tables, and what is done to them.
    pub(super) tables: BTreeMap<String, BTreeSet<SqlKind>>,
    pub(super) topics: Vec<SeenTopic>,
    pub(super) tasks: Vec<SeenUse>,
    pub(super) channels: Vec<SeenChannel>,
    pub(super) retries: Vec<SeenPolicy>,
    pub(super) settings: Vec<SeenSetting>,
}

#[derive(Serialize)]
pub(super) struct SeenListener {
    pub(super) protocol: Protocol,
    pub(super) framework: String,
    pub(super) address: Option<String>,
    pub(super) limits: BTreeMap<Limit, Tri<String>>,
    pub(super) ends_gracefully: Option<bool>,
    pub(super) at: Option<SeenPlace>,
}

#[derive(Serialize)]
pub(super) struct SeenRoute {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) handler: String,
    /// Where the handler is; where the route is written, if the handler is not known.
    pub(super) at: Option<SeenPlace>,
    pub(super) complete: bool,
    /// Whether it answers what no other route does.
    pub(super) catch_all: bool,
    /// Whether it is there whichever way the program is set up.
    pub(super) certain: bool,
    /// The middleware around it, outermost first.
    pub(super) layers: Vec<SeenLayer>,
    /// The handler's parameters, by the last word of their types.
    pub(super) extractors: Vec<String>,
    /// What answering may do, each kind once with a shortest way to it.
    pub(super) effects: Vec<SeenEffect>,
}

#[derive(Serialize)]
pub(super) struct SeenLayer {
    pub(super) name: String,
    pub(super) carries: Vec<svclint_model::Carries>,
    /// Whether it is there whichever way the router is built.
    pub(super) certain: bool,
    pub(super) at: Option<SeenPlace>,
}

#[derive(Serialize)]
pub(super) struct SeenEffect {
    pub(super) kind: EffectKind,
    /// The functions on the way from the handler.
    pub(super) through: Vec<String>,
    pub(super) at: Option<SeenPlace>,
}

#[derive(Serialize)]
pub(super) struct SeenClient {
    pub(super) kind: Protocol,
    pub(super) library: String,
    pub(super) constructed_at: Option<SeenPlace>,
    pub(super) limits: BTreeMap<Limit, Tri<String>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) options: BTreeMap<String, Tri<String>>,
    pub(super) used_in: Vec<SeenUse>,
}

#[derive(Serialize)]
pub(super) struct SeenUse {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    pub(super) function: String,
    pub(super) at: Option<SeenPlace>,
}

#[derive(Serialize)]
pub(super) struct SeenTopic {
    /// `None` where it is not known.
    pub(super) name: Option<String>,
    /// `publishes` or `consumes`.
    pub(super) direction: &'static str,
    pub(super) function: String,
    pub(super) at: Option<SeenPlace>,
}

#[derive(Serialize)]
pub(super) struct SeenChannel {
    pub(super) capacity: Tri<String>,
    pub(super) at: Option<SeenPlace>,
}

#[derive(Serialize)]
pub(super) struct SeenPolicy {
    pub(super) library: String,
    pub(super) limits: BTreeMap<Limit, Tri<String>>,
    pub(super) at: Option<SeenPlace>,
}

#[derive(Serialize)]
pub(super) struct SeenSetting {
    /// `None` where it is not known.
    pub(super) name: Option<String>,
    pub(super) prefixed: bool,
    pub(super) default: Tri<String>,
    pub(super) at: Option<SeenPlace>,
}

#[derive(Serialize)]
pub(super) struct SeenPlace {
    pub(super) path: String,
    pub(super) range: Range,
}

impl SeenPlace {
    /// A place as it is shown.
    pub(super) fn of(report: &Report, place: Place) -> Option<SeenPlace> {
        let file = report.file(place.file)?;
        Some(SeenPlace { path: shown(&file.path), range: Range::of(&file, place.span) })
    }
}

impl Inspected {
    pub(crate) fn of(report: &Report) -> Inspected {
        let services =
            report.model.services.iter().map(|s| Reader { report, service: s }.service()).collect();
        Inspected {
            version: 1,
            services,
            workloads: manifests::workloads(report),
            contracts: manifests::contracts(report),
            environments: manifests::environments(report),
            links: manifests::links(report),
            coverage: report.model.coverage,
        }
    }
}

impl Inspected {
    /// The containers that no program of this workspace is known to run in, as `kind/name: container (image)`.
    pub(crate) fn unlinked(&self) -> Vec<String> {
        self.workloads.iter().flat_map(SeenWorkload::unlinked).collect()
    }
}

/// Reads one service.
struct Reader<'r> {
    report: &'r Report,
    service: &'r Service,
}

impl<'r> Reader<'r> {
    fn model(&self) -> &'r Model {
        &self.report.model
    }

    fn place(&self, place: Place) -> Option<SeenPlace> {
        SeenPlace::of(self.report, place)
    }

    /// Whether something made in a function, or in a static of a package, is part of the service.
    fn runs(&self, in_fn: Option<FnId>, package: Option<u32>) -> bool {
        match in_fn {
            Some(f) => self.service.functions.binary_search(&f).is_ok(),
            None => package == Some(self.service.package),
        }
    }

    fn functions(&self) -> impl Iterator<Item = &'r Function> {
        let model = self.model();
        self.service.functions.iter().filter_map(move |f| model.functions.get(f.0 as usize).map(|f| &**f))
    }

    fn service(&self) -> SeenService {
        let (service, model) = (self.service, self.model());
        let own = model.clients.iter().filter(|c| self.runs(c.in_fn, Some(c.package)));
        let calls = |c: &&Client| matches!(c.protocol, Protocol::Http | Protocol::Grpc);
        let (clients, stores): (Vec<&Client>, Vec<&Client>) = own.partition(calls);
        SeenService {
            name: service.name.clone(),
            package: model.packages.get(service.package as usize).map(|p| p.name.clone()).unwrap_or_default(),
            binaries: vec![service.binary.clone()],
            listeners: self.listeners(),
            routes: service.routes.iter().map(|r| self.route(r)).collect(),
            routes_complete: service.routes_complete,
            correlation_in: service.correlation_in.and_then(|p| self.place(p)),
            clients: clients.into_iter().map(|c| self.client(c)).collect(),
            stores: stores.into_iter().map(|c| self.client(c)).collect(),
            tables: self.tables(),
            topics: self.topics(),
            tasks: self.tasks(),
            channels: self.channels(),
            retries: self.retries(),
            settings: self.settings(),
        }
    }

    fn listeners(&self) -> Vec<SeenListener> {
        let listener = |l: &svclint_model::Listener| SeenListener {
            protocol: l.protocol,
            framework: l.framework.clone(),
            address: l.address.present().cloned(),
            limits: l.limits.clone(),
            ends_gracefully: match l.shutdown {
                Tri::Present(_) => Some(true),
                Tri::Absent => Some(false),
                Tri::Unknown => None,
            },
            at: self.place(l.at),
        };
        self.service.listeners.iter().map(listener).collect()
    }

    fn route(&self, route: &svclint_model::Route) -> SeenRoute {
        let model = self.model();
        let handler = route.handler.and_then(|f| model.functions.get(f.0 as usize));
        let layers = route.layers.iter().map(|l| SeenLayer {
            name: l.name.clone(),
            carries: l.carries.clone(),
            certain: l.certain,
            at: self.place(l.at),
        });
        let inputs = handler.map_or(&[][..], |f| &f.inputs);
        let extractors = inputs.iter().filter_map(|i| i.types.first().cloned()).collect();
        SeenRoute {
            method: route.method.clone(),
            path: route.path.clone(),
            handler: handler.map_or_else(|| route.handler_text.clone(), |f| f.path.clone()),
            at: self.place(handler.map_or(route.at, |f| f.name)),
            complete: route.complete,
            catch_all: route.catch_all,
            certain: route.certain,
            layers: layers.collect(),
            extractors,
            effects: route.handler.map(|f| self.effects(f)).unwrap_or_default(),
        }
    }

    fn effects(&self, handler: FnId) -> Vec<SeenEffect> {
        let model = self.model();
        let Some(summary) = model.effects.get(handler.0 as usize) else { return Vec::new() };
        let effect = |kind| {
            let (way, _, deed) = model.way(handler, kind)?;
            let through = way.iter().map(|call| model.function(call.to).path.clone()).collect();
            Some(SeenEffect { kind, through, at: self.place(deed.at) })
        };
        summary.kinds().filter_map(effect).collect()
    }

    fn client(&self, client: &Client) -> SeenClient {
        let model = self.model();
        let requests = client.used_in.iter().filter_map(|n| model.requests.get(*n as usize));
        let used_in = requests.map(|r| SeenUse {
            method: r.method.present().cloned(),
            url: r.url.present().cloned(),
            function: model.function(r.in_fn).path.clone(),
            at: self.place(r.at),
        });
        SeenClient {
            kind: client.protocol,
            library: client.library.clone(),
            constructed_at: self.place(client.built.at),
            limits: client.limits.clone(),
            options: client.options.clone(),
            used_in: used_in.collect(),
        }
    }

    fn tables(&self) -> BTreeMap<String, BTreeSet<SqlKind>> {
        let mut tables: BTreeMap<String, BTreeSet<SqlKind>> = BTreeMap::new();
        for deed in self.functions().flat_map(|f| &f.does) {
            if let What::Sql(sql) = &deed.what
                && !sql.table.is_empty()
            {
                tables.entry(sql.table.clone()).or_default().insert(sql.kind);
            }
        }
        tables
    }

    fn topics(&self) -> Vec<SeenTopic> {
        let mut topics = Vec::new();
        for function in self.functions() {
            for deed in &function.does {
                let (name, direction) = match &deed.what {
                    What::Publish(name) => (name, "publishes"),
                    What::Consume(name) => (name, "consumes"),
                    _ => continue,
                };
                topics.push(SeenTopic {
                    name: name.present().cloned(),
                    direction,
                    function: function.path.clone(),
                    at: self.place(deed.at),
                });
            }
        }
        topics
    }

    fn tasks(&self) -> Vec<SeenUse> {
        let spawns = self
            .functions()
            .flat_map(|f| f.does.iter().filter(|d| d.what == What::Spawn).map(move |d| (f, d)));
        let task = |(f, d): (&Function, &svclint_model::Deed)| SeenUse {
            method: None,
            url: None,
            function: f.path.clone(),
            at: self.place(d.at),
        };
        spawns.map(task).collect()
    }

    fn channels(&self) -> Vec<SeenChannel> {
        let own = self.model().channels.iter().filter(|c| self.runs(c.in_fn, None));
        own.map(|c| SeenChannel { capacity: c.capacity.clone(), at: self.place(c.at) }).collect()
    }

    fn retries(&self) -> Vec<SeenPolicy> {
        let own = self.model().policies.iter().filter(|p| self.runs(p.in_fn, None));
        let policy = |p: &svclint_model::Policy| SeenPolicy {
            library: p.library.clone(),
            limits: p.limits.clone(),
            at: self.place(p.at),
        };
        own.map(policy).collect()
    }

    /// What code of the service reads, and what parsers in its packages are made to read.
    fn settings(&self) -> Vec<SeenSetting> {
        let model = self.model();
        let read: BTreeSet<u32> = self
            .functions()
            .flat_map(|f| &f.does)
            .filter_map(|d| if let What::ReadEnv(n) = d.what { Some(n) } else { None })
            .collect();
        let all = model.settings.iter().enumerate();
        let files = self.service.files(model);
        let own = all.filter(|(n, s)| read.contains(&(*n as u32)) || files.contains(&s.at.file));
        let setting = |(_, s): (usize, &svclint_model::Setting)| SeenSetting {
            name: s.name.present().cloned(),
            prefixed: s.prefixed,
            default: s.default.clone(),
            at: self.place(s.at),
        };
        own.map(setting).collect()
    }
}
