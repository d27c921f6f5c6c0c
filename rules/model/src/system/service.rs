//! Services: where they listen and what they answer.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use svclint_knowledge::{Carries, Limit, Protocol};

use super::{FnId, Model};
use crate::place::{FileId, Place, Tri};
use crate::signals::StopSignal;

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
    /// It refuses HTTP/1.1, which probes and proxies speak.
    pub http2_only: Tri<()>,
    /// The paths that it answers, where all are known.
    pub paths: Tri<Vec<String>>,
    /// Where the outermost router is made (`Router::new()`, `App::new()`), where known.
    pub router: Option<RouterSite>,
    /// Code of this library for fixes, by what it is for.
    pub snippets: BTreeMap<String, String>,
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
    /// Its router asks routes in the order in which they were added, and this one takes all requests of its method and path:
    /// no other condition, no pattern for a parameter.
    pub first_takes_all: bool,
    /// Whether it answers what no other route does.
    pub catch_all: bool,
    /// It is given nothing of a request, and answers whatever no other route does with one and the same: that there is nothing.
    pub turns_away: bool,
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
    /// Whether it is code of the workspace, or of a library that knowledge has a word for: what it is not said to do, it does
    /// not do.
    pub known: bool,
    /// Whether it is there whichever way the router is built.
    pub certain: bool,
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

impl Service {
    /// The files that the service's functions stand in.
    pub fn files(&self, model: &Model) -> FxHashSet<FileId> {
        let functions = self.functions.iter().filter_map(|f| model.functions.get(f.0 as usize));
        functions.map(|f| f.name.file).collect()
    }
}
