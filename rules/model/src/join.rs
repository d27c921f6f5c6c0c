//! The model, kept up with its files.
//!
//! What bodies, clients and binaries say is kept with what it was read from. After an edit that changes no signature only the
//! edited bodies are inferred again, and only what was read from them is asked again; everything else moves along.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use svclint_knowledge::Knowledge;

use crate::assemble;
use crate::bodies::{BodyId, BodyOwner};
use crate::clients::{Built, client, made_builder, parts};
use crate::contracts::{self, OpenApi};
use crate::defs::FnIdx;
use crate::deployments::deployments;
use crate::effects::{Summary, summaries};
use crate::functions::{Known, function};
use crate::joined::{EditedFile, Joined};
use crate::manifests::{self, Manifests};
use crate::moved::Moved;
use crate::place::SourceFile;
use crate::reading::Reading;
use crate::reads::{Changed, Kept, Recorder};
use crate::requests::ClientIds;
use crate::services::{Binary, binary};
use crate::system::{Client, ClientId, FnId, Function, Model, Request, Setting};
use crate::tracer::At;

/// The files of a workspace, joined.
pub struct Join {
    files: Vec<SourceFile>,
    knowledge: Arc<Knowledge>,
    pub(crate) joined: Joined,
    /// By body.
    readings: Vec<Kept<Reading>>,
    /// The functions without a body.
    declared: Vec<(FnIdx, Arc<Function>)>,
    sites: FxHashMap<Making, Kept<Site>>,
    /// By crate.
    binaries: Vec<Option<Kept<Binary>>>,
    manifests: Arc<Manifests>,
    /// Manifests or Dockerfiles changed with the last update.
    new_images: bool,
    contracts: Arc<[OpenApi]>,
    model: Arc<Model>,
}

/// Where a client is made, and the call that finishes it: a builder that a helper gives may be finished in many places.
type Making = (At, Option<At>);

/// What is known of a place where a client is made.
struct Site {
    built: Vec<Built>,
    client: Option<Client>,
    /// The type of the builder that is made there.
    builder: Option<SmolStr>,
    /// The sites of what it is made of.
    parts: Vec<At>,
}

/// How much was done to keep up with a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rejoined {
    /// Everything was joined anew: more than bodies had changed.
    pub whole: bool,
    /// The bodies whose types were inferred.
    pub bodies: usize,
    /// The bodies, clients and binaries that were asked again.
    pub answers: usize,
}

impl Join {
    /// Joins the facts of all files. Whatever is not in `files` does not exist.
    pub fn new(files: Vec<SourceFile>, knowledge: &Arc<Knowledge>) -> Join {
        let joined = Joined::new(&files, knowledge);
        let read = |number: usize| Kept::ask(|r| Reading::of(&joined.tracer(r), BodyId(number as u32)));
        let readings: Vec<Kept<Reading>> = (0..joined.bodies.list.len()).into_par_iter().map(read).collect();
        let mut join = Join {
            manifests: Arc::new(manifests::read(&files)),
            new_images: true,
            contracts: contracts::read(&files).into(),
            files,
            knowledge: knowledge.clone(),
            declared: Vec::new(),
            sites: FxHashMap::default(),
            binaries: Vec::new(),
            model: Arc::default(),
            joined,
            readings,
        };
        join.assemble(None, &Changed::default());
        join
    }

    /// The model.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Takes on another state of the files.
    pub fn update(&mut self, files: Vec<SourceFile>, knowledge: &Arc<Knowledge>) -> Rejoined {
        let edited = EditedFile::all(&self.files, &files).filter(|_| Arc::ptr_eq(knowledge, &self.knowledge));
        let Some(edited) = edited else {
            *self = Join::new(files, knowledge);
            let bodies = self.joined.bodies.list.len();
            return Rejoined {
                whole: true,
                bodies,
                answers: bodies + self.sites.len() + self.binaries.len(),
            };
        };
        let same = |(old, new): (&SourceFile, &SourceFile)| {
            !old.facts.is_manifest() || old.facts.is_same(&new.facts)
        };
        let same_manifests = self.files.iter().zip(&files).all(same);
        let writes_images = |(old, new): (&SourceFile, &SourceFile)| {
            old.facts.is_same(&new.facts) || !old.facts.tells_of_images()
        };
        let mut same_images = self.files.iter().zip(&files).all(writes_images);
        let tells_of_contracts = |(number, (old, new)): (usize, (&SourceFile, &SourceFile))| {
            let takes_part = |file| contracts::takes_part(&self.contracts, number, file);
            !same((old, new)) && (takes_part(old) || takes_part(new))
        };
        let new_contracts = self.files.iter().zip(&files).enumerate().any(tells_of_contracts);
        self.files = files;
        if edited.is_empty() && same_manifests {
            return Rejoined::default();
        }
        if !same_manifests {
            let manifests = manifests::read(&self.files);
            same_images &= crate::images::same_builds(&self.manifests, &manifests);
            self.manifests = Arc::new(manifests);
        }
        if new_contracts {
            self.contracts = contracts::read(&self.files).into();
        }
        self.new_images = !same_images;
        let changed = self.joined.replace(&edited);
        let stale: Vec<usize> =
            (0..self.readings.len()).filter(|n| changed.touches(&self.readings[*n].reads)).collect();
        let moved = Moved { edited: &edited };
        self.readings.iter_mut().for_each(|kept| moved.reading(&mut kept.answer));
        self.sites.values_mut().for_each(|kept| kept.answer.client.iter_mut().for_each(|c| moved.client(c)));
        self.binaries.iter_mut().flatten().for_each(|kept| moved.binary(&mut kept.answer));
        let joined = &self.joined;
        let ask = |number: &usize| Kept::ask(|r| Reading::of(&joined.tracer(r), BodyId(*number as u32)));
        let asked: Vec<Kept<Reading>> = stale.par_iter().map(ask).collect();
        for (number, reading) in stale.iter().zip(asked) {
            self.readings[*number] = reading;
        }
        let answers = stale.len() + self.assemble(Some(&edited), &changed);
        Rejoined { whole: false, bodies: changed.bodies(), answers }
    }

    /// Puts the model together, and gives how many clients and binaries were asked again.
    fn assemble(&mut self, edited: Option<&[EditedFile]>, changed: &Changed) -> usize {
        let before = self.model.clone();
        let (functions, settings) = self.functions(edited, &before);
        let (clients, requests, sites) = self.clients(changed);
        let effects = self.effects(&before, &functions, &requests, &clients);
        let binaries = self.binaries(&before, &functions, changed);
        let answers = || self.readings.iter().map(|kept| &kept.answer);
        let keep = edited.is_some();
        let scope = |(number, file): (usize, &SourceFile)| {
            let is_edited = edited.is_none_or(|e| e.iter().any(|f| f.file.0 as usize == number));
            match before.scopes.get(number).filter(|_| !is_edited) {
                Some(scope) => scope.clone(),
                None => assemble::scope(file),
            }
        };
        let (documented, document_lists) = crate::documented::documents(self.joined.program());
        let mut model = Model {
            files: self.files.iter().map(|f| f.path.clone()).collect(),
            root: if keep { before.root.clone() } else { assemble::root(&self.files) },
            generated: if keep { before.generated.clone() } else { assemble::generated(&self.files) },
            packages: if keep {
                before.packages.clone()
            } else {
                assemble::packages(&self.files, &self.joined)
            },
            functions,
            services: self.binaries.iter().flatten().filter_map(|p| p.answer.service.clone()).collect(),
            clients,
            requests,
            scopes: self.files.iter().enumerate().map(scope).collect(),
            images: if keep && !self.new_images {
                before.images.clone()
            } else {
                crate::images::images(&self.files, &self.joined, &self.manifests)
            },
            tables: if keep { before.tables.clone() } else { assemble::tables(&self.files) },
            policies: answers().flat_map(|a| a.policies.iter().cloned()).collect(),
            backoffs: answers().flat_map(|a| a.backoffs.iter().cloned()).collect(),
            key_stores: answers().flat_map(|a| a.key_stores.iter().copied()).collect(),
            channels: answers().flat_map(|a| a.channels.iter().cloned()).collect(),
            settings,
            effects,
            manifests: self.manifests.clone(),
            deployments: Vec::new(),
            protos: assemble::protos(&self.files),
            grpc_impls: crate::protos::implemented(&self.joined.tracer(&Recorder::default()), &self.files),
            documented,
            document_lists,
            profiles: crate::profiles::profiles(&self.files, &self.joined),
            contracts: self.contracts.clone(),
            contract_links: Vec::new(),
            coverage: Default::default(),
        };
        model.deployments = deployments(&model, self.knowledge.links());
        model.contract_links = contracts::links(&model, &before);
        crate::shapes::add_payloads(&self.joined.tracer(&Recorder::default()), &mut model);
        model.coverage = assemble::coverage(&model, &self.joined);
        self.model = Arc::new(model);
        sites + binaries
    }

    /// All functions in the order of their definitions, and all settings.
    fn functions(
        &mut self,
        edited: Option<&[EditedFile]>,
        before: &Model,
    ) -> (Vec<Arc<Function>>, Vec<Setting>) {
        let defs = &self.joined.defs;
        let is_edited = |f: FnIdx| {
            let file = defs.fns[f.at()].home.file;
            edited.is_none_or(|e| e.iter().any(|e| e.file == file))
        };
        let recorder = Recorder::default();
        let tracer = self.joined.tracer(&recorder);
        let known = Known::default();
        if edited.is_none() {
            let bare = (0..defs.fns.len() as u32).map(FnIdx).filter(|f| tracer.body_of(*f).is_none());
            self.declared = bare.map(|f| (f, Arc::new(function(&tracer, &known, f)))).collect();
        } else {
            for (id, declared) in self.declared.iter_mut().filter(|(id, _)| is_edited(*id)) {
                *declared = Arc::new(function(&tracer, &known, *id));
            }
        }
        let mut functions: Vec<Option<Arc<Function>>> = vec![None; defs.fns.len()];
        for (id, declared) in &self.declared {
            functions[id.at()] = Some(declared.clone());
        }
        let (mut requests, mut settings) = (0, 0);
        for (def, kept) in self.joined.bodies.list.iter().zip(&self.readings) {
            let answer = &kept.answer;
            if let BodyOwner::Fn(id) = def.owner {
                // One that counts as it did stays the same value.
                let counted = answer.counted(requests, settings);
                let same = before
                    .functions
                    .get(id.at())
                    .filter(|old| counted.as_ref().is_some_and(|c| ***old == **c));
                functions[id.at()] = match same {
                    Some(old) if !(answer.requests.is_empty() && answer.settings.is_empty()) => {
                        Some(old.clone())
                    }
                    _ => counted,
                };
            }
            requests += answer.requests.len() as u32;
            settings += answer.settings.len() as u32;
        }
        let mut all: Vec<Setting> =
            self.readings.iter().flat_map(|kept| kept.answer.settings.iter().cloned()).collect();
        all.extend(crate::settings::derived(self.joined.program()));
        (functions.into_iter().flatten().collect(), all)
    }

    /// How clients come to be, by where they are made and finished.
    fn built(&self) -> BTreeMap<Making, Vec<Built>> {
        let mut ways: BTreeMap<At, Vec<Built>> = BTreeMap::new();
        for (site, way) in self.readings.iter().flat_map(|kept| &kept.answer.made) {
            ways.entry(*site).or_default().extend(way.clone());
        }
        for value in self.readings.iter().flat_map(|kept| &kept.answer.handed) {
            ways.entry(*value).or_default().push(Built::by_value(*value));
        }
        let mut built: BTreeMap<Making, Vec<Built>> = BTreeMap::new();
        for (site, ways) in ways {
            if ways.is_empty() {
                built.insert((site, None), ways);
                continue;
            }
            let is_outer = |way: &&Built| !ways.iter().any(|other| way.is_part_of(other));
            let outer: Vec<&Built> = ways.iter().filter(is_outer).collect();
            let all = if outer.is_empty() { ways.iter().collect() } else { outer };
            for way in all {
                built.entry((site, Some(way.finish()))).or_default().push(way.clone());
            }
        }
        built
    }

    /// All clients and requests, and how many clients were asked again.
    fn clients(&mut self, changed: &Changed) -> (Vec<Client>, Vec<Request>, usize) {
        let built = self.built();
        let holds = |site: &Making, built: &[Built]| {
            let kept = self.sites.get(site);
            kept.is_some_and(|kept| kept.answer.built == built && !changed.touches(&kept.reads))
        };
        let stale: Vec<(Making, Vec<Built>)> =
            built.iter().filter(|(site, built)| !holds(site, built)).map(|(s, b)| (*s, b.clone())).collect();
        let joined = &self.joined;
        let ask = |((site, _), built): &(Making, Vec<Built>)| {
            Kept::ask(|recorder| {
                let tracer = joined.tracer(recorder);
                let (client, parts) = (client(&tracer, *site, built), parts(&tracer, *site, built));
                Site { built: built.clone(), client, builder: made_builder(&tracer, *site), parts }
            })
        };
        let asked: Vec<Kept<Site>> = stale.par_iter().map(ask).collect();
        let count = asked.len();
        self.sites.retain(|site, _| built.contains_key(site));
        self.sites.extend(stale.into_iter().map(|(site, _)| site).zip(asked));
        let part_of_others: BTreeSet<At> =
            self.sites.values().flat_map(|kept| &kept.answer.parts).copied().collect();
        let open: BTreeSet<&SmolStr> = self.readings.iter().flat_map(|kept| &kept.answer.open).collect();
        let (mut clients, mut ids) = (Vec::<Client>::new(), ClientIds::default());
        for (making, ways) in &built {
            let Some(site) = self.sites.get(making).map(|kept| &kept.answer) else { continue };
            // A builder that is a part of others, or that nothing finishes, makes no client of its own.
            let unfinished = site.builder.as_ref().is_some_and(|b| !open.contains(b));
            if ways.is_empty() && (part_of_others.contains(&making.0) || unfinished) {
                continue;
            }
            let Some(client) = site.client.clone() else { continue };
            let made_here = ids.entry(making.0).or_default();
            let alike =
                made_here.iter().map(|(_, id)| *id).find(|id| clients[id.0 as usize].is_like(&client));
            let id = alike.unwrap_or(ClientId(clients.len() as u32));
            made_here.push((making.1, id));
            match alike {
                // Of many places that finish it none is the one to show.
                Some(id) => clients[id.0 as usize].built.at = client.built.made,
                None => clients.push(client),
            }
        }
        let sent = self.readings.iter().flat_map(|kept| &kept.answer.requests);
        let requests: Vec<Request> = sent.map(|sent| sent.with_clients(&ids)).collect();
        for (number, request) in requests.iter().enumerate() {
            for client in &request.clients {
                clients[client.0 as usize].used_in.push(number as u32);
            }
        }
        (clients, requests, count)
    }

    /// What each function may do; taken from before where no function does or calls anything else.
    fn effects(
        &self,
        before: &Model,
        functions: &[Arc<Function>],
        requests: &[Request],
        clients: &[Client],
    ) -> Arc<[Summary]> {
        let acts_alike = |(a, b): (&Arc<Function>, &Arc<Function>)| Arc::ptr_eq(a, b) || a.acts_like(b);
        let is_as_before = before.functions.len() == functions.len()
            && before.functions.iter().zip(functions).all(acts_alike)
            && before.requests.iter().zip(requests).all(|(a, b)| a.ends_like(b))
            && before.clients.iter().zip(clients).all(|(a, b)| a.limits == b.limits);
        if is_as_before { before.effects.clone() } else { summaries(functions, requests, clients).into() }
    }

    /// Asks again the binaries that changed, and gives how many these were.
    fn binaries(&mut self, before: &Model, functions: &[Arc<Function>], changed: &Changed) -> usize {
        let serves: Vec<At> =
            self.readings.iter().flat_map(|kept| kept.answer.serves.iter().copied()).collect();
        // The functions that call others than before, or read other headers.
        let other: FxHashSet<FnId> = (0..functions.len())
            .filter(|n| before.functions.get(*n).is_none_or(|old| !old.leads_like(&functions[*n])))
            .map(|n| FnId(n as u32))
            .collect();
        let joined = &self.joined;
        let holds = |number: usize| match self.binaries.get(number) {
            Some(Some(kept)) => {
                kept.answer.serves == serves_of(&serves, joined, &kept.answer)
                    && !changed.touches(&kept.reads)
                    && (other.is_empty() || !kept.answer.running.iter().any(|f| other.contains(f)))
            }
            Some(None) => true,
            None => false,
        };
        let stale: Vec<usize> = (0..joined.defs.krates.len()).filter(|n| !holds(*n)).collect();
        let ask = |number: &usize| {
            let krate = &joined.defs.krates[*number];
            krate.bin.is_some().then(|| Kept::ask(|r| binary(&joined.tracer(r), functions, &serves, krate)))
        };
        let asked: Vec<Option<Kept<Binary>>> = stale.par_iter().map(ask).collect();
        self.binaries.resize_with(joined.defs.krates.len(), || None);
        let count = asked.iter().flatten().count();
        for (number, asked) in stale.into_iter().zip(asked) {
            self.binaries[number] = asked;
        }
        count
    }
}

/// The calls among some that serve and run in a program.
fn serves_of(serves: &[At], joined: &Joined, binary: &Binary) -> Vec<At> {
    let runs = |at: &&At| match joined.bodies.get(at.body).owner {
        BodyOwner::Fn(f) => binary.running.binary_search(&FnId(f.0)).is_ok(),
        BodyOwner::Const(_) => false,
    };
    serves.iter().filter(runs).copied().collect()
}
