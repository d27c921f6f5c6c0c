//! The model's public data: packages, functions, services, routes, clients, requests.

mod answer;
mod client;
mod course;
mod function;
mod held;
mod retry;
mod service;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::Serialize;
use svclint_facts::proto::ProtoFile;

pub use answer::*;
pub use client::*;
pub use course::*;
pub use function::*;
pub use held::*;
pub use retry::*;
pub use service::*;

use crate::contracts::{ContractLink, OpenApi};
use crate::deployments::Deployment;
use crate::documented::{DocumentList, Documented, DocumentedName};
use crate::effects::{EffectKind, Summary};
use crate::images::Image;
use crate::linked::Linked;
use crate::manifests::Manifests;
use crate::place::FileId;
use crate::profiles::Profile;
use crate::protos::GrpcImpl;

/// Index of a [`Function`] in [`Model::functions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct FnId(pub u32);

/// Index of a [`Client`] in [`Model::clients`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct ClientId(pub u32);

/// Index of a [`Service`] in [`Model::services`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct ServiceId(pub u32);

/// Everything that is known of the workspace.
#[derive(Debug, Default)]
pub struct Model {
    /// The files' paths, by [`FileId`].
    pub files: Vec<Arc<Path>>,
    /// The folder that holds all files.
    pub root: PathBuf,
    /// Whether a file was written by a program, by [`FileId`].
    pub generated: Vec<bool>,
    /// The packages with a `Cargo.toml`.
    pub packages: Vec<Package>,
    /// The functions that are not test code.
    pub functions: Vec<Arc<Function>>,
    /// The deployable programs.
    pub services: Vec<Arc<Service>>,
    /// The values that make outbound calls.
    pub clients: Vec<Client>,
    /// The outbound calls.
    pub requests: Vec<Request>,
    /// What files bring in, by [`FileId`].
    pub scopes: Vec<Arc<FileScope>>,
    /// The container images that Dockerfiles make.
    pub images: Vec<Image>,
    /// The tables that migrations make.
    pub tables: Vec<Table>,
    /// How often and how long things are tried again.
    pub policies: Vec<Policy>,
    /// The pauses of loops that grow without a limit.
    pub backoffs: Vec<Backoff>,
    /// The stores in memory that gain keys.
    pub key_stores: Vec<KeyStore>,
    /// The channels between tasks.
    pub channels: Vec<Channel>,
    /// What is read from the environment.
    pub settings: Vec<Setting>,
    /// What each function may do, by [`FnId`].
    pub effects: Arc<[Summary]>,
    /// What runs the programs, and how.
    pub manifests: Arc<Manifests>,
    /// Which program runs in which container.
    pub deployments: Vec<Deployment>,
    /// The protobuf files.
    pub protos: Vec<(FileId, Arc<ProtoFile>)>,
    /// The blocks of the workspace that implement gRPC services.
    pub grpc_impls: Vec<GrpcImpl>,
    /// The functions that attributes describe for an OpenAPI document, each with how it is named elsewhere.
    pub documented: Vec<(Documented, DocumentedName)>,
    /// The lists that put them into it.
    pub document_lists: Vec<DocumentList>,
    /// What build profiles say that changes how programs run.
    pub profiles: Vec<Profile>,
    /// What is promised to callers: the OpenAPI documents.
    pub contracts: Arc<[OpenApi]>,
    /// Which service is to keep it.
    pub contract_links: Vec<ContractLink>,
    /// What could not be seen.
    pub coverage: Coverage,
}

/// A package.
#[derive(Clone, Debug, Serialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its `Cargo.toml`.
    pub manifest: FileId,
    /// Whether a program of the workspace is built with it, or is in it.
    pub in_program: bool,
    /// The packages with programs that are built with it, its own included, by index.
    pub built_into: Vec<u32>,
    /// Nobody outside of the workspace gets it: `publish = false`.
    pub private: bool,
    /// The binaries that it declares or that lie where cargo looks for them.
    pub binaries: Vec<String>,
    /// The lowest release of the compiler that it can be built with: by `rust-version`, else by its edition.
    pub needs_compiler: Option<String>,
    /// Whether there is a `Cargo.lock` for it.
    pub locked: bool,
    /// Whether a `rust-toolchain` file chooses the compiler.
    pub pins_toolchain: bool,
    /// The libraries with globals that it is built with, and what speaks through these.
    pub linked: Vec<Linked>,
    /// Whether its OpenAPI document is written from its routes by a library that it is built with.
    pub describes_routes: bool,
}

/// What a file brings in at its top level: what a fix may name, and where it can bring in more.
#[derive(Clone, Debug, Default)]
pub struct FileScope {
    /// Full path and the name it has here.
    pub uses: Vec<(String, String)>,
    /// Names that the file itself defines.
    pub items: Vec<String>,
    /// Where a `use` line can be put: after the last one, or before the first item.
    pub insert_at: u32,
    /// Whether there is a `use` to put it after.
    pub after_use: bool,
}

/// Columns that no two rows may share, as migrations say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Its name, lower case.
    pub name: String,
    /// Each unique key's columns, the primary key's included.
    pub unique: Vec<Vec<String>>,
}

/// What the model could and could not see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub struct Coverage {
    /// Paths written in bodies and signatures, and those that lead to an item, a local or a library path.
    pub paths: Share,
    /// Method calls, and those whose receiver's type is known.
    pub method_calls: Share,
    /// Method calls that matter (they send, query, publish, spawn, configure, ..) or may by their name, and those whose
    /// receiver's type is known.
    pub receivers: Share,
    /// Routes, and those with full path and handler. A service with routes that could not be followed counts for one more.
    pub routes: Share,
    /// Further routes that are known but for a prefix that only the running program knows.
    pub routes_behind_prefix: u64,
    /// Clients, and those whose limits are known.
    pub clients: Share,
}

/// A part of a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// How many are known.
    pub known: u64,
    /// How many there are.
    pub total: u64,
}

impl Share {
    /// Counts one more.
    pub(crate) fn add(&mut self, known: bool) {
        self.total += 1;
        self.known += u64::from(known);
    }
}

impl Model {
    /// The function.
    pub fn function(&self, id: FnId) -> &Function {
        &self.functions[id.0 as usize]
    }

    /// A file's path below the folder that holds all files.
    pub fn relative(&self, file: FileId) -> &Path {
        let path = self.files.get(file.0 as usize).map_or(Path::new(""), |p| p);
        path.strip_prefix(&self.root).unwrap_or(path)
    }

    /// The client.
    pub fn client(&self, id: ClientId) -> &Client {
        &self.clients[id.0 as usize]
    }
}

impl Model {
    /// A shortest way from a function to an effect of a kind: the calls, the function that has it, and its deed.
    pub fn way(&self, from: FnId, kind: EffectKind) -> Option<(CallPath, FnId, &Deed)> {
        let (calls, function, deed) = crate::effects::way(&self.functions, &self.effects, from, kind)?;
        let deed = self.functions.get(function.0 as usize)?.does.get(deed as usize)?;
        Some((calls, function, deed))
    }

    /// The same from the function that a call runs, unless the call says of a parameter what rules it out.
    pub fn way_through(&self, call: &CallSite, kind: EffectKind) -> Option<(CallPath, FnId, &Deed)> {
        let (calls, function, deed) = self.way(call.to, kind)?;
        let own = || self.functions.get(function.0 as usize).and_then(|f| f.needs(deed));
        let needs = calls.first().map_or_else(own, |first| first.when.only_if);
        (!call.told.rules_out(needs)).then_some((calls, function, deed))
    }

    /// The shortest way from any of `roots` to each function that is reached through calls that `follow` accepts.
    pub fn ways(&self, roots: &[FnId], follow: impl Fn(&CallSite) -> bool) -> FxHashMap<FnId, CallPath> {
        let mut ways: FxHashMap<FnId, CallPath> = roots.iter().map(|r| (*r, Vec::new())).collect();
        // What all calls of a function say of its parameters.
        let mut told: FxHashMap<FnId, Told> = roots.iter().map(|r| (*r, Told::default())).collect();
        let mut queue: VecDeque<FnId> = roots.iter().copied().collect();
        while let Some(id) = queue.pop_front() {
            let Some(function) = self.functions.get(id.0 as usize) else { continue };
            let here = told.get(&id).copied().unwrap_or_default();
            let happens = |call: &&CallSite| follow(call) && !here.rules_out(call.when.only_if);
            for call in function.calls.iter().filter(happens) {
                let known = told.get(&call.to).copied();
                let all = known.map_or(call.told, |known| known.shared(call.told));
                if known == Some(all) {
                    continue;
                }
                told.insert(call.to, all);
                queue.push_back(call.to);
                if !ways.contains_key(&call.to) {
                    let mut way = ways.get(&id).cloned().unwrap_or_default();
                    way.push(*call);
                    ways.insert(call.to, way);
                }
            }
        }
        ways
    }
}
