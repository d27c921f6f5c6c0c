//! The model's public data: packages, functions, services, routes, clients, requests.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::Serialize;
use svclint_facts::proto::ProtoFile;
use svclint_knowledge::{Access, Carries, Effect, Limit, Protocol, Role, Signal};

use crate::contracts::{ContractLink, OpenApi};
use crate::deployments::Deployment;
use crate::effects::{EffectKind, Summary};
use crate::images::Image;
use crate::manifests::Manifests;
use crate::place::{FileId, Place, Tri};
use crate::profiles::Profile;
use crate::protos::GrpcImpl;
use crate::signals::StopSignal;

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
    /// What build profiles say that changes how programs run.
    pub profiles: Vec<Profile>,
    /// What is promised to callers: the OpenAPI documents.
    pub contracts: Arc<[OpenApi]>,
    /// Which service is to keep it.
    pub contract_links: Vec<ContractLink>,
    /// What could not be seen.
    pub coverage: Coverage,
}

/// A retry policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The library.
    pub library: String,
    /// Attempts, jitter, delays.
    pub limits: BTreeMap<Limit, Tri<String>>,
    /// The function in which it is made.
    pub in_fn: Option<FnId>,
    /// The whole expression that makes it.
    pub at: Place,
    /// What tries again by it, where that is known.
    pub given: Option<PolicyUse>,
    /// Code of its library for fixes, by what it is for.
    pub snippets: BTreeMap<String, String>,
}

/// What a retry policy is given to.
#[derive(Clone, Copy, Debug)]
pub struct PolicyUse {
    /// The call.
    pub at: Place,
    /// In which circumstances.
    pub when: When,
    /// It is that call which tries again; otherwise something that it makes does so later.
    pub runs: bool,
}

/// A channel inside of a process.
#[derive(Clone, Debug)]
pub struct Channel {
    /// How many messages it holds; `Absent` for an unbounded one.
    pub capacity: Tri<String>,
    /// The function in which it is made.
    pub in_fn: Option<FnId>,
    /// The call that makes it.
    pub at: Place,
}

/// A value that comes from the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The variable's name; with `prefixed` what its name begins with.
    pub name: Tri<String>,
    /// All variables whose names begin so are read.
    pub prefixed: bool,
    /// What is taken where it is not set; `Absent` where the program then fails or goes on without.
    pub default: Tri<String>,
    /// The program fails without it.
    pub required: bool,
    /// Where.
    pub at: Place,
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
    /// The binaries that it declares or that lie where cargo looks for them.
    pub binaries: Vec<String>,
    /// The lowest release of the compiler that it can be built with: by `rust-version`, else by its edition.
    pub needs_compiler: Option<String>,
    /// Whether there is a `Cargo.lock` for it.
    pub locked: bool,
    /// Whether a `rust-toolchain` file chooses the compiler.
    pub pins_toolchain: bool,
    /// Whether its OpenAPI document is written from its routes by a library that it is built with.
    pub describes_routes: bool,
}

/// A function of the workspace.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Module path with the type it belongs to: `orders::repo::OrderRepo::insert`.
    pub path: String,
    /// The package it is part of, by index.
    pub package: u32,
    /// Its name.
    pub name: Place,
    /// All of it.
    pub whole: Place,
    /// Its parameter list, parentheses included.
    pub params: Place,
    /// Its block, braces included; empty for a declaration.
    pub body: Place,
    /// Whether it is `async`.
    pub is_async: bool,
    /// What it calls, or names as a value, inside the workspace.
    pub calls: Vec<CallSite>,
    /// Its parameters.
    pub inputs: Vec<Input>,
    /// What it does by itself, with the place.
    pub does: Vec<Deed>,
    /// Calls that could not be resolved to a function or to knowledge: what it does may be more.
    pub blind_spots: u32,
}

/// A call of one function in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallSite {
    /// The called function.
    pub to: FnId,
    /// The call.
    pub at: Place,
    /// In which circumstances.
    pub when: When,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name, where it is a plain one.
    pub name: Option<String>,
    /// What its type is to a handler.
    pub role: Option<Role>,
    /// The last words of the types it is made of: `Json`, `NewOrder`.
    pub types: Vec<String>,
    /// The fields of the workspace types among them, with the last word of each field's type.
    pub fields: Vec<(String, String)>,
}

/// One effect at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// What.
    pub what: What,
    /// Where.
    pub at: Place,
    /// In which circumstances.
    pub when: When,
}

/// The circumstances of a call or an effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// Something around it ends it after a while.
    pub bounded: bool,
    /// It stands in a loop.
    pub looped: bool,
    /// It runs in a task of its own.
    pub spawned: bool,
    /// It runs on a thread that may block.
    pub off_thread: bool,
    /// Something around it runs it again when it fails.
    pub retried: bool,
    /// It stands in a branch, a loop's body or a closure: it may be left out.
    pub sometimes: bool,
}

impl When {
    /// Whether it happens again and again, or in a task of its own.
    pub fn is_steady(self) -> bool {
        self.looped || self.spawned
    }
}

/// What a deed is.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Runs a SQL statement.
    Sql(SqlDeed),
    /// Sends a request: index into [`Model::requests`].
    Request(u32),
    /// Reads a header; its name in lower case, where known.
    ReadHeader(Tri<String>),
    /// Sets a header of a request, an answer or a message.
    WriteHeader(Tri<String>),
    /// Reads an environment variable: index into [`Model::settings`].
    ReadEnv(u32),
    /// Sends a message to a topic, queue or subject.
    Publish(Tri<String>),
    /// Makes or changes a file or folder; its path.
    WriteFile(Tri<String>),
    /// Takes messages from one, or begins to.
    Consume(Tri<String>),
    /// Tells the broker that a message is done with.
    Acknowledge,
    /// Asks a store, broker or remote API that is neither SQL nor plain HTTP.
    Call(Protocol, Option<Access>),
    /// Holds a lock while it waits for something else; the place of the wait.
    HeldLock(Place),
    /// Starts a task that goes on by itself.
    Spawn,
    /// Waits for a signal of the system, or names it.
    Signal(Signal),
    /// Makes a server end gracefully, or arranges for it.
    EndServer,
    /// Makes a gRPC service that a library implements; its full name.
    LibraryService(String),
    /// Takes certificates without checking them.
    TrustAny,
    /// Blocks the thread until something else happens; what waits without blocking, `{args}` for the arguments.
    Stall(Option<String>),
    /// Anything else that knowledge names.
    Effect(Effect),
}

/// What a SQL statement does to its table.
#[derive(Clone, Debug, PartialEq)]
pub struct SqlDeed {
    /// What kind.
    pub kind: SqlKind,
    /// The table, lower case, unquoted.
    pub table: String,
    /// The columns that an `INSERT` names.
    pub columns: Vec<String>,
    /// The string literal that holds the statement, if it holds all of it.
    pub text: Option<Place>,
}

/// Kinds of statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SqlKind {
    /// Reads.
    Select,
    /// `INSERT` that fails or doubles when repeated.
    Insert,
    /// `INSERT … ON CONFLICT`, `ON DUPLICATE KEY`, `IGNORE`, `REPLACE`, `MERGE`, `… WHERE NOT EXISTS`.
    Upsert,
    /// `UPDATE` to values that do not depend on the old ones.
    Update,
    /// `UPDATE … SET n = n + 1` without a guard on a version.
    Increment,
    /// `DELETE`.
    Delete,
    /// Anything else.
    Other,
}

/// A deployable program: a binary that listens, or that takes messages.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name: the package's, or the binary's where a package has several.
    pub name: String,
    /// Its package, by index.
    pub package: u32,
    /// The binary.
    pub binary: String,
    /// Where the program begins.
    pub main: FnId,
    /// Where it listens.
    pub listeners: Vec<Listener>,
    /// What it answers.
    pub routes: Vec<Route>,
    /// Whether `routes` are all its routes.
    pub routes_complete: bool,
    /// What gives incoming requests an id: the layer, or the handler's read of the header.
    pub correlation_in: Option<Place>,
    /// What ends a handler that takes too long.
    pub handler_timeout: Option<Place>,
    /// The functions that run in it: reached from `main`, handlers and tasks.
    pub functions: Vec<FnId>,
}

/// A bound server.
#[derive(Clone, Debug)]
pub struct Listener {
    /// `http` or `grpc`.
    pub protocol: Protocol,
    /// The library that serves.
    pub framework: String,
    /// The address it binds, where known.
    pub address: Tri<String>,
    /// Where the address is written out, quotes included.
    pub address_at: Option<Place>,
    /// The call that serves.
    pub at: Place,
    /// Its limits.
    pub limits: BTreeMap<Limit, Tri<String>>,
    /// What makes it end gracefully: a call that hands it a signal, or the library by itself (the call that serves).
    pub shutdown: Tri<Place>,
    /// The signals that make it end gracefully, where all are known.
    pub stops_on: Tri<Vec<StopSignal>>,
    /// The paths that it answers, where all are known.
    pub paths: Tri<Vec<String>>,
    /// Where the outermost router is made (`Router::new()`, `App::new()`), where known.
    pub router: Option<RouterSite>,
    /// Code of this library for fixes, by what it is for.
    pub snippets: BTreeMap<String, String>,
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

/// Where a service's outermost router is written: what a fix needs to add to it.
#[derive(Clone, Debug)]
pub struct RouterSite {
    /// The expression that makes the router: `Router::new()`.
    pub made: Place,
    /// The whole chain that belongs to it, up to its last call.
    pub chain: Place,
    /// The calls of the chain after `made`.
    pub calls: Vec<RouterCall>,
    /// The function in which it stands.
    pub in_fn: FnId,
}

/// One call of a router's chain.
#[derive(Clone, Debug)]
pub struct RouterCall {
    /// Its name.
    pub name: String,
    /// From the dot to the closing parenthesis.
    pub at: Place,
    /// Whether it adds routes or layers: a new route may stand after it.
    pub builds: bool,
    /// Its first argument.
    pub arg: Option<Place>,
}

/// One method of one path.
#[derive(Clone, Debug)]
pub struct Route {
    /// `GET`, …, or `ANY`.
    pub method: String,
    /// The full path; what is not known is written `{?}`.
    pub path: String,
    /// Whether path and handler are known for certain.
    pub complete: bool,
    /// Whether it is there whichever way the program is set up.
    pub certain: bool,
    /// Whether it answers what no other route does.
    pub catch_all: bool,
    /// The function that serves it.
    pub handler: Option<FnId>,
    /// What the handler is called in the code.
    pub handler_text: String,
    /// Where the path is written, or the call that registers it.
    pub at: Place,
    /// Place of the path literal with its quotes.
    pub path_at: Option<Place>,
    /// Whether the handler speaks JSON: takes or returns it.
    pub json: Tri<()>,
    /// The middleware that a request passes on its way to the handler, outermost first.
    pub layers: Vec<RouteLayer>,
}

/// A middleware around a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteLayer {
    /// Where it is written.
    pub at: Place,
    /// The last word of its type, or of the function that it runs.
    pub name: String,
    /// The function of the workspace that it runs.
    pub function: Option<FnId>,
    /// What knowledge says that it does.
    pub carries: Vec<Carries>,
    /// Whether it is there whichever way the router is built.
    pub certain: bool,
}

/// A value that makes outbound calls.
#[derive(Clone, Debug)]
pub struct Client {
    /// What it speaks.
    pub protocol: Protocol,
    /// The library.
    pub library: String,
    /// The function in which it is made; `None` for a static.
    pub in_fn: Option<FnId>,
    /// The package, by index.
    pub package: u32,
    /// How it is built.
    pub built: ClientSite,
    /// Its limits: `Present` with the value as text, `Absent`, `Unknown`.
    pub limits: BTreeMap<Limit, Tri<String>>,
    /// Options that have a name, as `enable.auto.commit`.
    pub options: BTreeMap<String, Tri<String>>,
    /// Whether it passes the correlation id on by itself.
    pub carries_correlation: Tri<()>,
    /// Requests made with it, by index into [`Model::requests`].
    pub used_in: Vec<u32>,
}

/// Where and how a client is built: what a fix needs to mend it.
#[derive(Clone, Debug)]
pub struct ClientSite {
    /// The whole expression that makes the client: `Client::new()` or `Client::builder()…build()`.
    pub at: Place,
    /// The first call: `Client::new()`, `Client::builder()`.
    pub made: Place,
    /// The path of the first call's function as written, without its last word: `reqwest::Client`.
    pub type_path: Place,
    /// The name of the first call's function: `new`, `builder`, `get`.
    pub constructor: String,
    /// Whether a limit for whole requests can be set where it is made: its builder has `timeout(duration)`.
    pub takes_timeout: bool,
    /// The calls after it, each with its place from the dot to the closing parenthesis.
    pub calls: Vec<(String, Place)>,
    /// In which circumstances it is built.
    pub when: When,
    /// Each one that is built there is like the others, and no closure stands around it that may keep one.
    pub is_alike: bool,
}

/// An outbound call.
#[derive(Clone, Debug)]
pub struct Request {
    /// The call that does the IO: `.send()`.
    pub at: Place,
    /// The call that begins the request: `.post(url)`.
    pub begun_at: Place,
    /// From the dot to the closing parenthesis of the call that begins the request.
    pub begun_call: Place,
    /// The function it stands in.
    pub in_fn: FnId,
    /// What it speaks.
    pub protocol: Protocol,
    /// The HTTP method.
    pub method: Tri<String>,
    /// The URL; unknown parts are written `{}`.
    pub url: Tri<String>,
    /// The clients that it may be made with.
    pub clients: Vec<ClientId>,
    /// Whether `clients` are all.
    pub clients_complete: bool,
    /// It is one question with one answer: a gRPC call may send or get a stream instead.
    pub unary: Tri<()>,
    /// A bound of its own: on the request or around the future. `Unknown` when the chain could not be followed.
    pub bound: Tri<Place>,
    /// In which circumstances.
    pub when: When,
    /// Header names set on it, lower case.
    pub headers: Vec<String>,
    /// Whether `headers` are all.
    pub headers_complete: bool,
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

/// A way from one function to another through calls.
pub type CallPath = Vec<CallSite>;

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

impl Route {
    /// Whether all is known but what stands in front of it: `/{?}/orders/{id}`.
    pub fn is_behind_prefix(&self) -> bool {
        let rest = self.path.strip_prefix("/{?}").filter(|rest| !rest.contains("{?}"));
        !self.complete
            && self.handler.is_some()
            && self.method != "RPC"
            && rest.is_some_and(|r| r.starts_with('/'))
    }
}

impl Function {
    /// Whether a function calls and does the same as another, wherever that is written.
    pub(crate) fn acts_like(&self, other: &Function) -> bool {
        let calls = |f: &'_ Function| f.calls.iter().map(|c| (c.to, c.when)).collect::<Vec<_>>();
        let alike = |(a, b): (&Deed, &Deed)| a.when == b.when && a.what == b.what;
        calls(self) == calls(other)
            && self.does.len() == other.does.len()
            && self.does.iter().zip(&other.does).all(alike)
    }

    /// Whether a function leads to the same functions as another, reads the same headers, and takes messages like it.
    pub(crate) fn leads_like(&self, other: &Function) -> bool {
        fn headers(function: &Function) -> impl Iterator<Item = &Deed> {
            let leads = |d: &&Deed| {
                matches!(d.what, What::ReadHeader(_) | What::Consume(_) | What::Signal(_) | What::EndServer)
            };
            function.does.iter().filter(leads)
        }
        let callees = |f: &Function| f.calls.iter().map(|c| c.to).collect::<Vec<_>>();
        std::ptr::eq(self, other) || callees(self) == callees(other) && headers(self).eq(headers(other))
    }
}

impl Request {
    /// Whether a request ends after a while when another does.
    pub(crate) fn ends_like(&self, other: &Request) -> bool {
        self.protocol == other.protocol
            && self.clients == other.clients
            && self.clients_complete == other.clients_complete
            && std::mem::discriminant(&self.bound) == std::mem::discriminant(&other.bound)
    }
}

impl Service {
    /// Whether a place lies in the code of the packages that the service's own functions come from.
    pub fn parses(&self, model: &Model, at: Place) -> bool {
        let files = self.functions.iter().filter_map(|f| model.functions.get(f.0 as usize));
        files.into_iter().any(|f| f.name.file == at.file)
    }
}

impl Model {
    /// A shortest way from a function to an effect of a kind: the calls, the function that has it, and its deed.
    pub fn way(&self, from: FnId, kind: EffectKind) -> Option<(CallPath, FnId, &Deed)> {
        let (calls, function, deed) = crate::effects::way(&self.functions, &self.effects, from, kind)?;
        let deed = self.functions.get(function.0 as usize)?.does.get(deed as usize)?;
        Some((calls, function, deed))
    }

    /// The shortest way from any of `roots` to each function that is reached through calls that `follow` accepts.
    pub fn ways(&self, roots: &[FnId], follow: impl Fn(&CallSite) -> bool) -> FxHashMap<FnId, CallPath> {
        let mut ways: FxHashMap<FnId, CallPath> = roots.iter().map(|r| (*r, Vec::new())).collect();
        let mut queue: VecDeque<FnId> = roots.iter().copied().collect();
        while let Some(id) = queue.pop_front() {
            let Some(function) = self.functions.get(id.0 as usize) else { continue };
            for call in function.calls.iter().filter(|c| follow(c)) {
                if !ways.contains_key(&call.to) {
                    let mut way = ways.get(&id).cloned().unwrap_or_default();
                    way.push(*call);
                    ways.insert(call.to, way);
                    queue.push_back(call.to);
                }
            }
        }
        ways
    }
}
