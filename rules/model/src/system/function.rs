//! Functions and what they do.

use serde::Serialize;
use svclint_knowledge::{Access, Carries, Effect, Limit, Protocol, Role, Signal};

use super::{Course, FnId, Held};
use crate::place::{Place, Tri};

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
    /// What it answers, where it is a handler.
    pub reply: Reply,
    /// The span that it runs in by an attribute.
    pub span: Option<TraceSpan>,
    /// What it does by itself, with the place.
    pub does: Vec<Deed>,
    /// How it goes.
    pub course: Course,
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
    /// It is not called here, but given by its name to something that calls it, now or later: `get(handler)`.
    pub named: bool,
    /// What it says of the called function's parameters.
    pub told: Told,
}

/// What a parameter must be for something to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The parameter's number, a receiver left out.
    pub param: u8,
    /// `true` or `false`.
    pub is: bool,
}

/// The first 32 parameters of a function of which a call says, written out, whether they are `true` or `false`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    known: u32,
    values: u32,
}

impl Told {
    /// Whether what happens only with a flag does not happen in this call.
    pub fn rules_out(self, flag: Option<Flag>) -> bool {
        let Some(bit) = flag.and_then(|flag| 1u32.checked_shl(flag.param.into())) else { return false };
        self.known & bit != 0 && (self.values & bit != 0) != flag.is_some_and(|flag| flag.is)
    }

    /// What two calls say alike.
    pub fn shared(self, other: Told) -> Told {
        let known = self.known & other.known & !(self.values ^ other.values);
        Told { known, values: self.values & known }
    }
}

impl FromIterator<Flag> for Told {
    fn from_iter<I: IntoIterator<Item = Flag>>(flags: I) -> Self {
        let mut told = Told::default();
        for flag in flags {
            let bit = 1u32.checked_shl(flag.param.into()).unwrap_or(0);
            told.known |= bit;
            told.values |= if flag.is { bit } else { 0 };
        }
        told
    }
}

/// What a function answers, as far as its code alone tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reply {
    /// The same for ever, whatever happens.
    Fixed,
    /// Something that differs, and always with success: its type has no status.
    Success,
    /// It is not known.
    #[default]
    Unknown,
}

/// A span around a function, which notes the function's arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceSpan {
    /// The attribute.
    pub at: Place,
    /// The trait that gives a future a span, for fixes.
    pub carry: String,
    /// The arguments that it notes.
    pub notes: Vec<Noted>,
}

/// A value that is written to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The variable's or field's name.
    pub name: String,
    /// Where it is written.
    pub at: Place,
    /// The last word of its type, where known.
    pub ty: String,
}

/// Where the value of a label comes from that nothing bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelSource {
    /// The path of the request, as the caller wrote it.
    RequestPath,
    /// A part of it that a route takes as a parameter.
    PathParameter,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name, where it is a plain one.
    pub name: Option<String>,
    /// What its type is to a handler.
    pub role: Option<Role>,
    /// It is the body of a request, read to its end before the handler runs.
    pub whole: bool,
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
    /// It happens only if a parameter of its function is this.
    pub only_if: Option<Flag>,
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
    /// Puts a text that the code does not know between the quotes of a statement.
    SplicedSql(SplicedSql),
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
    /// Holds a lock while it waits for something else.
    HeldLock(Held),
    /// Holds the only lock of a client while it waits for an answer, though clones of it could be used at the same time.
    LockedClient {
        /// The last words of the client's type.
        client: String,
        /// How it is held.
        held: Held,
    },
    /// Makes a layer that limits bodies.
    LimitsBodies,
    /// Takes a limit away, or sets one that limits nothing.
    Unlimited {
        /// Which.
        limit: Limit,
        /// What it is set to; `None` where it is taken away.
        to: Option<String>,
        /// The argument that says so.
        value: Option<Place>,
        /// How it is set.
        way: LimitWay,
    },
    /// Is in a span while it waits for something else.
    HeldSpan {
        /// How it is held.
        held: Held,
        /// The trait that gives a future a span, for fixes.
        carry: Option<String>,
    },
    /// Writes to the log.
    Log(Vec<Noted>),
    /// Gives a measured value a label with one of endlessly many values.
    UnboundedLabel(LabelSource),
    /// Is known to a broker under a name that no other client may have.
    Identity(Tri<String>),
    /// Sets up where spans go; where it does so for the whole program, a statement that makes their context travel with
    /// requests, for fixes.
    ExportTraces(Option<String>),
    /// Takes the id or the trace of a request in, or gives it to what is called, by itself.
    Carries(Carries),
    /// Takes the context of a trace in, or passes it on, as the program set it up; the library that does, by its name in code.
    Propagates(String),
    /// Opens a port, or has a library open it; the address.
    Binds(Tri<String>),
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
    /// Gives a router a path in a syntax that is not the router's.
    ForeignPath(ForeignPath),
    /// Puts a layer around a router before routes are added to it.
    Layer(LayerDeed),
    /// Puts the variables of a file into the environment.
    LoadEnvFile(EnvFile),
    /// Lets pages of any origin call.
    OpenOrigins(OpenOrigins),
    /// Adds functions to an OpenAPI document.
    Describe(Vec<FnId>),
    /// Anything else that knowledge names.
    Effect(Effect),
}

/// How a limit is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitWay {
    /// By a layer, for the routes that it covers.
    Layer,
    /// By the call that then waits, or reads, with it.
    Call,
    /// For what is configured here.
    Configuration,
}

/// A file with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFile {
    /// Its name.
    pub name: Tri<String>,
    /// The code does not go on without it.
    pub required: bool,
    /// What asks for it, behind the call, where nobody takes the value: `.unwrap()`.
    pub demand: Option<Place>,
}

/// Which pages may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOrigins {
    /// With the cookies that the browser has.
    pub credentials: bool,
    /// One word allows all methods and headers too.
    pub everything: bool,
    /// It stands in a branch: something decides whether it is so.
    pub chosen: bool,
}

/// A path in another library's syntax: `/users/:id` where parameters are `{id}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignPath {
    /// As it is written.
    pub written: String,
    /// What is meant, in the router's own syntax.
    pub meant: String,
    /// The program panics when it builds the router; otherwise the path is taken for plain text.
    pub panics: bool,
}

/// A layer that covers only the routes which its router has already, and what is added after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerDeed {
    /// The last word of its type, or of the function that it runs.
    pub name: String,
    /// What knowledge says that it does.
    pub carries: Vec<Carries>,
    /// Whether there are routes that it covers.
    pub covers: bool,
    /// The library panics where there are none.
    pub panics: bool,
    /// What is added after it.
    pub missed: Vec<MissedRoute>,
    /// The last call of the same chain that adds something: where the layer may stand.
    pub move_after: Option<Place>,
}

/// Something that is added to a router after a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissedRoute {
    /// The call, from its dot on.
    pub at: Place,
    /// Its path, where it has one that is known.
    pub path: Option<String>,
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

/// A text that is put between the quotes of a SQL statement, and that the code does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplicedSql {
    /// The variable's or field's name.
    pub name: String,
    /// The call that is given the statement.
    pub given_to: Place,
    /// How the statement can be given it as a parameter, where that is simple.
    pub parameters: Option<SqlParameters>,
}

/// What makes parameters of all values in a statement's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlParameters {
    /// The statement: `&format!("...")`.
    pub statement: Place,
    /// The literal in it, quotes included.
    pub literal: Place,
    /// The values, in the order in which they stand in the text.
    pub values: Vec<String>,
    /// Code that gives the statement a value, behind the call: `.bind(&{args})`.
    pub bind: String,
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

/// A way from one function to another through calls.
pub type CallPath = Vec<CallSite>;

impl Function {
    /// What a parameter must be for anything like a deed to happen.
    pub fn needs(&self, deed: &Deed) -> Option<Flag> {
        let kind = std::mem::discriminant(&deed.what);
        let mut alike = self.does.iter().filter(|other| std::mem::discriminant(&other.what) == kind);
        deed.when.only_if.filter(|flag| alike.all(|other| other.when.only_if == Some(*flag)))
    }

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
