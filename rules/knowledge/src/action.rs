//! The vocabulary: what a call does, what a type is.
//!
//! Numbers are positions among the written arguments, from 0, without the receiver.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::limit::{Limit, LimitDefault};

/// What a call does. In TOML: `does = "send"`, or with details `does = { set-limit = { limit = "total", value = 0 } }`,
/// or a list of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Makes a client, or a builder for one, with the limits that the library sets by itself.
    MakeClient(MakeClient),
    /// Sets a limit of a client, its builder, or one request. Without `value` the limit is set in a way that has no
    /// argument.
    #[serde(rename_all = "kebab-case")]
    SetLimit {
        /// Which.
        limit: Limit,
        /// The argument that holds it.
        value: Option<u8>,
        /// What a plain number counts, as people write it: "s".
        unit: Option<String>,
    },
    /// Takes a limit away: the value is bounded by nothing afterwards.
    #[serde(rename_all = "kebab-case")]
    DropLimit {
        /// Which.
        limit: Limit,
    },
    /// Takes whoever answers for who they say they are: certificates are not checked.
    TrustAny {
        /// The argument by which it does.
        value: u8,
        /// What is written there then: `true`, or the last word of a constant's path.
        is: String,
    },
    /// Blocks the thread until something else happens: time passes, a process ends, a message comes, a whole folder is
    /// read.
    Stall {
        /// What waits without blocking, for fixes: `{args}` for the arguments.
        instead: Option<String>,
    },
    /// Something that is not looked into may set a limit: what it is then is not known.
    MayLimit {
        /// Which.
        limit: Limit,
    },
    /// Connects in a way of the program's own: the peer may be in the same process or on the same machine.
    OwnTransport,
    /// Puts a message into a request of its own: the limits that are set on it hold for the call that sends it.
    MakeMessage,
    /// Sets an option that has a name: `config.set("enable.auto.commit", "false")`.
    SetOption {
        /// The argument with the name.
        key: u8,
        /// The argument with the value.
        value: u8,
    },
    /// Adds a middleware to a client.
    SetMiddleware {
        /// The argument that holds it.
        value: u8,
    },
    /// Starts a request on a client.
    #[serde(rename_all = "kebab-case")]
    Request {
        /// What is spoken; HTTP unless said.
        protocol: Option<Protocol>,
        /// The HTTP method, where the call fixes it.
        method: Option<String>,
        /// The argument with the method.
        method_arg: Option<u8>,
        /// The argument with the URL.
        url: Option<u8>,
    },
    /// Adds one header to a request.
    SetHeader {
        /// The argument with the name.
        name: u8,
        /// The argument with the value.
        value: u8,
    },
    /// Adds a whole map of headers.
    SetHeaders {
        /// The argument with the map.
        value: u8,
    },
    /// Sends the request: IO happens when the call is awaited.
    Send,
    /// Tells whether an answer is a failure.
    ReadStatus,
    /// Reads what an answer holds, whether it is a failure or not.
    ReadAnswer,
    /// Reads all of the receiver, a body, into memory; of a function, all of its first argument.
    ReadWhole,
    /// Asks a store, a broker or a remote API something and waits for the answer.
    Call(Call),
    /// Begins a statement of a query builder (diesel, sea-orm): what kind, and of which table.
    Statement {
        /// What it does to the table.
        access: Access,
        /// The argument that names the table or its type; without it the path in front of the function does.
        table: Option<u8>,
        /// The field without which the value that it is called on is a new row, where that is written out.
        key: Option<SmolStr>,
    },
    /// Turns the statement into one that may be repeated: `ON CONFLICT`.
    Upsert,
    /// Sends a message.
    Publish {
        /// The argument with the topic, queue, subject or routing key.
        topic: Option<u8>,
    },
    /// Says for which topic a message or a subscription is.
    Topic {
        /// The argument with the topic.
        value: u8,
    },
    /// Takes messages, or begins to.
    Consume {
        /// The argument with the topic, queue or subject.
        topic: Option<u8>,
    },
    /// Tells the broker that a message is done with.
    Acknowledge,
    /// Makes a channel inside the process.
    MakeChannel {
        /// The argument with its capacity; without it the channel is unbounded.
        capacity: Option<u8>,
    },
    /// Makes a retry policy, with what the library sets by itself.
    MakePolicy {
        /// As for clients: attempts, jitter, delay, max-delay, elapsed.
        #[serde(default)]
        limits: BTreeMap<Limit, LimitDefault>,
    },
    /// Makes each delay of a retry policy the one before times a number, which is the first delay too.
    SetBase {
        /// The argument with the number.
        value: u8,
    },
    /// Multiplies each delay of a retry policy by a number.
    SetFactor {
        /// The argument with the number.
        value: u8,
    },
    /// Takes all that the receiver, a stream, gives until it ends: failures too.
    Drain,
    /// Runs a task again until it succeeds or the policy gives up.
    Retry {
        /// The argument with the policy; `None` where the library decides.
        policy: Option<u8>,
        /// The argument with the task; without it the receiver is the task.
        task: Option<u8>,
    },

    /// Makes a router; actix's scopes and resources are routers with a path.
    MakeRouter {
        /// The argument with the path.
        path: Option<u8>,
    },
    /// Adds a route: a path and the methods it answers.
    Route {
        /// The argument with the path.
        path: u8,
        /// The argument with the methods and their handlers.
        methods: u8,
    },
    /// Adds a route served by something that svclint does not look into.
    RouteService {
        /// The argument with the path.
        path: u8,
    },
    /// Puts a router under a path.
    Nest {
        /// The argument with the path.
        path: u8,
        /// The argument with the router.
        router: u8,
    },
    /// Adds all routes of another router.
    Merge {
        /// The argument with the router.
        router: u8,
    },
    /// Adds a handler with an attribute, a scope or a resource, or a list or macro that holds some.
    Mount {
        /// The argument.
        value: u8,
        /// The argument with the path to put it under.
        path: Option<u8>,
    },
    /// Gives the router a path of its own: all that is added to it lies below.
    SetPath {
        /// The argument with the path.
        path: u8,
    },
    /// Calls a function that adds routes to this router.
    Configure {
        /// The argument with the function.
        function: u8,
    },
    /// Adds method routes to a router that has a path.
    AddMethods {
        /// The argument.
        methods: u8,
    },
    /// Answers a method; on a router with a path, adds the route there.
    MethodRoute {
        /// `GET`, or `ANY`.
        method: String,
        /// The argument with the handler, where the call has it.
        handler: Option<u8>,
    },
    /// Gives the handler of a method route made before.
    #[serde(rename_all = "kebab-case")]
    Handle {
        /// The argument with the handler.
        handler: u8,
        /// It answers only where nothing before it does: otherwise it gives the answer another form.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unless_answered: bool,
    },
    /// What answers failures, or a known path's other methods: no route of its own.
    Fallback,
    /// What answers when no route fits: a handler, most often for "not found".
    CatchAll {
        /// The argument with the handler.
        handler: u8,
    },
    /// What answers when no route fits: a service, a router or method routes.
    CatchAllService {
        /// The argument.
        service: u8,
    },
    /// Adds a handler whose path stands in an attribute of the type of one of its parameters.
    TypedRoute {
        /// `GET`
        method: String,
        /// The argument with the handler.
        handler: u8,
        /// The attribute's name: `typed_path`.
        attribute: String,
    },
    /// Adds the routes that the attributes of methods declare: of the argument's type, or of each part of a tuple.
    ApiMethods {
        /// The argument.
        value: u8,
    },
    /// Adds the functions among its arguments to an OpenAPI document.
    Describe,
    /// Gives its argument, a router or service, with what the receiver puts around it.
    Wrap {
        /// The argument.
        value: u8,
    },
    /// Hands a request to the receiver, a router.
    Dispatch,
    /// A filter of the request's path: one segment or several.
    FilterPath {
        /// The argument with the path; without it the filter takes a parameter.
        path: Option<u8>,
    },
    /// A filter that takes all the rest of the path.
    FilterTail,
    /// Gives a value to the framework, which hands it to handlers.
    Manage {
        /// The argument.
        value: u8,
    },
    /// Lets only some requests reach what was added: actix's guards.
    Guard {
        /// The argument with the guard.
        value: u8,
    },
    /// Adds something that runs while the application starts, and may add routes to it: rocket's fairings.
    Attach {
        /// The argument.
        value: u8,
    },
    /// A filter, or guard, of the request's method.
    FilterMethod {
        /// `GET`
        method: String,
    },
    /// Both filters must let a request pass.
    FilterAnd {
        /// The argument with the other filter.
        other: u8,
    },
    /// One of the filters must let a request pass.
    FilterOr {
        /// The argument with the other filter.
        other: u8,
    },
    /// Serves more than what can be listed.
    FallbackService,
    /// Wraps what is there in a middleware.
    #[serde(rename_all = "kebab-case")]
    Layer {
        /// The argument with the middleware.
        value: u8,
        /// Which routes pass through it.
        #[serde(default)]
        covers: Covers,
        /// It panics where there is no route yet.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        needs_routes: bool,
    },
    /// Takes paths of routes as they are written, those in another syntax too.
    AnyPath,
    /// Makes a server out of a function or closure that returns the application.
    #[serde(rename_all = "kebab-case")]
    MakeServer {
        /// The argument.
        app: Option<u8>,
        /// Limits that the library sets, or leaves out (`"none"`), by itself.
        #[serde(default)]
        limits: BTreeMap<Limit, LimitDefault>,
        /// Whether it ends gracefully on SIGTERM by itself.
        #[serde(default)]
        signals: bool,
        /// Whether it refuses HTTP/1.1 by itself.
        #[serde(default)]
        http2_only: bool,
    },
    /// Lets a server take HTTP/1.1 beside HTTP/2.
    AcceptHttp1,
    /// Takes from the server that it ends gracefully by itself on a signal.
    IgnoreSignals,
    /// Serves requests with a function that tells paths and methods apart by itself.
    ServiceFn {
        /// The argument with the function or closure.
        handler: u8,
    },
    /// Makes the server end gracefully.
    Shutdown {
        /// The argument with the future that ends it, where there is one.
        signal: Option<u8>,
    },
    /// Binds an address.
    Bind {
        /// The argument with the address.
        address: u8,
    },
    /// Serves: from here on requests arrive.
    Serve {
        /// The argument with the router; without it the receiver is the server.
        router: Option<u8>,
        /// The argument with the listener or address.
        listener: Option<u8>,
        /// What is spoken; HTTP unless said.
        protocol: Option<Protocol>,
    },
    /// Adds a gRPC service to a server.
    AddGrpcService {
        /// The argument with the service.
        service: u8,
    },
    /// Makes a gRPC service.
    GrpcService {
        /// Its full name, where the library itself implements it: `grpc.health.v1.Health`.
        name: Option<String>,
        /// The argument with the implementation.
        implementation: Option<u8>,
    },

    /// Holds SQL text.
    Sql {
        /// The argument with the text.
        text: u8,
    },
    /// Writes to the file system: makes or changes a file or folder.
    WriteFile {
        /// The argument with the path.
        path: Option<u8>,
        /// The folder, where the call alone tells it: `/tmp`.
        folder: Option<String>,
    },
    /// Adds to the SQL text that the receiver holds.
    SqlPush {
        /// The argument with the text.
        text: Option<u8>,
        /// The text itself, where the call alone tells it: `VALUES (x)`.
        written: Option<String>,
    },
    /// Gives columns of the statement that the receiver holds new values.
    Assigns {
        /// The argument with the column.
        column: Option<u8>,
        /// The argument with the value; without `column` it holds the pair, or a tuple of pairs.
        value: u8,
        /// The method that makes a pair: `eq` in `balance.eq(0)`.
        pair: Option<String>,
    },
    /// Runs the SQL that the receiver (or the argument) holds.
    Execute {
        /// The argument with the query, where the receiver does not hold it.
        query: Option<u8>,
    },
    /// Waits for a future, but no longer than a duration.
    Bound {
        /// The argument with the duration.
        duration: u8,
        /// The argument with the future; without it the receiver is the future.
        future: Option<u8>,
    },
    /// Runs a future or closure elsewhere.
    Spawn {
        /// The argument.
        task: u8,
    },
    /// Gives the path of a request's URL.
    ReadPath,
    /// Gives a request's method.
    ReadMethod,
    /// Reads a header by name.
    ReadHeader {
        /// The argument with the name.
        name: u8,
    },
    /// Reads an environment variable by name.
    ReadEnv {
        /// The argument with the name.
        name: u8,
    },
    /// Puts the variables of a file into the environment.
    LoadEnvFile {
        /// The argument with the file's name; without it that is `.env`.
        file: Option<u8>,
    },
    /// Lets pages of other origins call, whichever these are.
    AllowOrigin {
        /// The argument that says which.
        value: Option<u8>,
        /// What is written there for all: the last words of constants and functions.
        #[serde(default)]
        is: Vec<String>,
    },
    /// Lets pages of other origins call with what the browser knows of the user.
    AllowCredentials {
        /// The argument that says whether.
        value: Option<u8>,
    },
    /// Reads the environment variables whose names begin with a prefix.
    ReadEnvPrefix {
        /// The argument with the prefix; without it all variables are read.
        prefix: Option<u8>,
        /// They become fields of a type: what stands between the prefix and a field's name, where the prefix does not end
        /// with it.
        joint: Option<String>,
    },
    /// Says what stands between the names of fields of fields in variables.
    EnvSeparator {
        /// The argument.
        value: u8,
    },
    /// Sets up where the spans of the program go.
    ExportTraces {
        /// A statement that makes the context of a trace travel with requests, for fixes: of what is set up for the whole
        /// program.
        propagate: Option<String>,
    },
    /// Reads the context of a trace from a message, or writes it into one, by what the program set up for it.
    Propagate,
    /// Writes to the log: what its arguments name is written down.
    Log,
    /// Says under which name a client is known to the broker: it takes one client of a name only.
    Identity {
        /// The argument with the name.
        value: u8,
    },
    /// Names a measured value: some arguments are the labels' values.
    Label {
        /// The argument that holds them; a macro holds them among its own.
        values: Option<u8>,
    },
    /// Wraps the service that is served so that requests get or keep an id of their own.
    Carries(Carries),
    /// Waits for signals of the system, or asks for them by name.
    Signals {
        /// Which.
        which: Vec<Signal>,
        /// Further ones, by the feature of the library's package that brings them.
        #[serde(default)]
        features: BTreeMap<String, Vec<Signal>>,
    },
    /// Has an effect worth knowing.
    Effect(Effect),
}

/// Signals by which a system or a person ends a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM: what orchestrators send.
    Terminate,
    /// One that is known, and neither of these.
    Other,
    /// Which one is not known.
    Any,
}

/// Effects without details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Waits without blocking a thread.
    Sleep,
    /// Blocks the thread.
    Block,
    /// Blocks the thread for no longer than a disk takes.
    BlockOnDisk,
    /// Blocks the thread until a future is done.
    BlockOn,
    /// Keeps the thread busy for long: hashes a password, for example.
    Compute,
    /// Moves work to a thread that may block.
    BlockingPool,
    /// Takes a connection from a pool.
    Acquire,
    /// Begins a transaction.
    Begin,
    /// Commits a transaction.
    Commit,
    /// Takes a transaction back.
    Rollback,
    /// Takes a lock: the value is its guard.
    Lock,
    /// Who waits for the lock that is taken blocks the thread.
    ThreadLock,
    /// Enters a span: the value is the guard that leaves it.
    EnterSpan,
    /// Leaves the span whose guard it is called on.
    LeaveSpan,
    /// Gives a future, or what runs inside, a span.
    CarrySpan,
    /// Sets how the context of a trace travels with requests.
    SetPropagator,
    /// Ends the task when something is wrong.
    Panic,
    /// Waits for a signal to end.
    Signal,
    /// Ends the process.
    Exit,
    /// Sends an e-mail.
    Mail,
    /// Gives another value every time.
    Random,
    /// Reads a value out of bytes or text: fails when they are malformed.
    Decode,
    /// Gives a message back, or throws it away: it was not dealt with.
    Refuse,
    /// Gives each message at most once: what is lost does not come again.
    AtMostOnce,
    /// Makes a store in memory that gets an entry for every new key, and keeps it.
    GainKeys,
    /// Takes out of such a store what is no longer used.
    ForgetKeys,
    /// Walks through all of a store while it answers nobody else.
    FullScan,
    /// Takes what a token says, if its signature holds.
    ProvenToken,
    /// Takes what a token says without looking at its signature.
    UnprovenToken,
    /// Lets tokens be taken without a look at their signatures.
    UnprovenTokens,
    /// Lets tokens be taken that are no longer valid.
    ExpiredTokens,
}

/// What options of a library switch on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Switch {
    /// The broker forgets a message as soon as it has sent it.
    AutoAck,
    /// Survives a restart of the broker.
    Durable,
    /// Belongs to one connection and ends with it.
    Exclusive,
    /// Ends with its last consumer.
    AutoDelete,
    /// Only asks whether it is there.
    Passive,
    /// Puts the message back into the queue.
    Requeue,
}

/// A field that switches something on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwitchField {
    /// What.
    pub does: Switch,
    /// What is written there then: `true` unless said, or the last word of a path.
    pub is: Option<SmolStr>,
}

/// What makes a client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MakeClient {
    /// What it speaks.
    pub protocol: Protocol,
    /// Limits that the library sets, or leaves out (`"none"`), by itself. A limit that is not listed is unknown.
    #[serde(default)]
    pub limits: BTreeMap<Limit, LimitDefault>,
    /// The named options by which a consumer tells the broker by itself, and however the work goes, that messages are done
    /// with: on unless one of them is `false`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub auto_commit: Vec<String>,
}

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// HTTP.
    Http,
    /// gRPC.
    Grpc,
    /// A SQL database.
    Sql,
    /// Redis and what speaks its protocol.
    Redis,
    /// Other databases and search engines.
    Document,
    /// A message broker.
    Messaging,
    /// The API of a cloud, object stores included.
    Cloud,
    /// The Kubernetes API.
    Kubernetes,
    /// Mail servers.
    Mail,
}

/// A question to a store, a broker or a remote API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// What is spoken.
    pub protocol: Protocol,
    /// What it does there, where the call tells.
    pub access: Option<Access>,
}

/// What a question does to what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Reads.
    Read,
    /// Writes so that a repetition changes nothing more.
    Write,
    /// Adds something: a repetition fails or adds it twice.
    Insert,
    /// Adds or replaces.
    Upsert,
    /// Changes what is there.
    Update,
    /// Changes what is there by a difference: a repetition counts twice.
    Increment,
    /// Removes.
    Delete,
}

/// Which routes of a router a layer covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Covers {
    /// Those that were added before it.
    #[default]
    Before,
    /// All, wherever it stands.
    All,
}

impl Action {
    /// The action as a page writes it: `send`, `{ set-limit = { limit = "total", value = 0 } }`.
    pub fn words(&self) -> String {
        match toml::Value::try_from(self) {
            Ok(toml::Value::String(word)) => word,
            Ok(value) => value.to_string(),
            Err(_) => format!("{self:?}"),
        }
    }
}

/// What a layer or middleware does for every request that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carries {
    /// Gives each incoming request an id or trace context.
    CorrelationIn,
    /// Passes it on to what is called.
    CorrelationOut,
    /// Gives an id to requests that have none.
    RequestId,
    /// Copies the id of a request into its answer.
    RequestIdBack,
    /// Ends a request that takes too long.
    Timeout,
    /// Refuses requests without valid credentials.
    Auth,
    /// Limits how many requests, or how many at once, are served.
    Overload,
    /// Limits the size of bodies.
    BodyLimit,
    /// Gives each request a span.
    Trace,
    /// Writes a line for each request, and makes no span.
    AccessLog,
    /// Turns panics into answers.
    CatchPanic,
    /// Lets browsers call from other origins.
    Cors,
}

/// What a type is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Makes outbound calls.
    Client,
    /// Becomes a client.
    ClientBuilder,
    /// One outbound request being built.
    Request,
    /// The answer to an outbound request.
    Response,
    /// Routes of a server.
    Router,
    /// Methods and handlers of one path.
    MethodRouter,
    /// A server being set up.
    Server,
    /// A bound socket.
    Listener,
    /// A middleware of a server.
    Layer,
    /// A middleware of a client.
    Middleware,
    /// A map of headers.
    Headers,
    /// The request as a handler gets it.
    IncomingRequest,
    /// A handler's parameter holding the parsed body.
    Body,
    /// A handler's parameter holding values from the path.
    PathParams,
    /// A handler's parameter holding values from the query string.
    QueryParams,
    /// A handler's parameter holding shared state.
    State,
    /// An answer of a handler in JSON.
    Json,
    /// An answer of a handler in HTML, or a redirect.
    Html,
    /// A gRPC request as a handler gets it, or as a client sends it.
    GrpcRequest,
    /// A pool of connections, or one connection.
    Database,
    /// A SQL statement with its parameters.
    Query,
    /// A filter that decides whether a request passes; filters become routes.
    Filter,
    /// A service that answers with files of a folder.
    Files,
    /// Decides how often something is tried again.
    Policy,
    /// Sends into a channel inside the process.
    Sender,
    /// Receives from a channel inside the process.
    Receiver,
    /// Holds a lock while it lives.
    Guard,
    /// Sends messages to a broker.
    Producer,
    /// Takes messages from a broker.
    Consumer,
    /// A message as a consumer gets it.
    Message,
    /// A task that runs by itself.
    Task,
    /// Tells, when it is awaited, whether a broker has taken a message.
    Receipt,
    /// Points at a value of its first type parameter and can be seen through.
    Pointer,
}
