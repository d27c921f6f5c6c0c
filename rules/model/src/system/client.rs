//! What goes out: clients, requests, retries, channels, and what is read from the environment.

use std::collections::BTreeMap;

use svclint_knowledge::{Limit, Protocol};

use super::{Answer, ClientId, FnId, FreshKey, Growth, When};
use crate::place::{Place, Tri};

/// A retry policy: of a library, or written out as a loop.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The library; empty for a loop.
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
    /// Each delay is the one before times a number.
    pub grows: Option<Growth>,
    /// The call by which a loop pauses, and what it is given.
    pub pause: Option<Place>,
    /// What that call is given.
    pub delay: Option<Place>,
    /// The block of a loop.
    pub block: Option<Place>,
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

/// A store in memory that gets an entry for every new key, and keeps it until it is told to forget.
#[derive(Clone, Copy, Debug)]
pub struct KeyStore {
    /// The function in which it is made; `None` for a static.
    pub in_fn: Option<FnId>,
    /// The package, by index.
    pub package: u32,
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
    /// What gives the default, from its dot on: `.unwrap_or("x")`.
    pub fallback_at: Option<Place>,
    /// The program fails without it.
    pub required: bool,
    /// It fails with a panic.
    pub panics: bool,
    /// That it is missing is told to whom called: `?`.
    pub handed_on: bool,
    /// The command line may give it as well.
    pub argument: bool,
    /// Where.
    pub at: Place,
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
    /// Whether a middleware of its own sends requests again when they fail.
    pub retries: Tri<Place>,
    /// Of a consumer: the option that leaves it to the program to tell the broker that a message is done with, where the
    /// consumer does that by itself. `Absent` where it does not; `Unknown` of what is no consumer.
    pub auto_commit: Tri<String>,
    /// Whether it passes the correlation id on by itself.
    pub carries_correlation: Tri<()>,
    /// Whether the program connects it in a way of its own: the peer may be in the same process or on the same machine.
    pub own_transport: bool,
    /// Requests made with it, by index into [`Model::requests`].
    pub used_in: Vec<u32>,
    /// Code of its library for fixes, by what it is for.
    pub snippets: BTreeMap<String, String>,
}

/// Where and how a client is built: what a fix needs to mend it.
#[derive(Clone, Debug)]
pub struct ClientSite {
    /// The whole expression that makes the client: `Client::new()` or `Client::builder()…build()`; what finishes it where a
    /// helper makes its builder.
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
    /// The full name of the gRPC service that it calls, where a protobuf file declares it.
    pub rpc: Option<String>,
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
    /// The key that tells a repeated request from a new one, where it is made for this request.
    pub fresh_key: Option<FreshKey>,
    /// What becomes of the answer.
    pub answer: Answer,
}

impl Client {
    /// Code of its library for a fix, with what goes into it.
    pub fn built_by(&self, snippet: &str, args: &str) -> Option<String> {
        self.snippets.get(snippet).map(|code| code.replace("{args}", args))
    }

    /// Whether a client that is built of the same builder differs in nothing from another.
    pub(crate) fn is_like(&self, other: &Client) -> bool {
        self.limits == other.limits
            && self.options == other.options
            && self.own_transport == other.own_transport
            && self.carries_correlation == other.carries_correlation
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
