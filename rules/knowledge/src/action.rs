//! The vocabulary: what a call does, what a type is.
//!
//! Numbers are positions among the written arguments, from 0, without the receiver.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a call does. In TOML: `does = "send"`, or with details `does = { set-limit = { limit = "total", value = 0 } }`,
/// or a list of these.
#[derive(Clone, Debug, PartialEq, Deserialize)]
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
    },
    /// Adds a middleware to a client.
    SetMiddleware {
        /// The argument that holds it.
        value: u8,
    },
    /// Starts a request on a client.
    #[serde(rename_all = "kebab-case")]
    Request {
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
    /// Adds a handler with an attribute, a scope or a resource.
    Mount {
        /// The argument.
        value: u8,
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
    Handle {
        /// The argument with the handler.
        handler: u8,
    },
    /// What answers when no route fits: a handler, most often for "not found".
    Fallback,
    /// What answers when no route fits: something that may serve anything.
    FallbackService,
    /// Wraps what is there in a middleware.
    Layer {
        /// The argument with the middleware.
        value: u8,
    },
    /// Makes a server out of a function or closure that returns the application.
    MakeServer {
        /// The argument.
        app: Option<u8>,
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

    /// Holds SQL text.
    Sql {
        /// The argument with the text.
        text: u8,
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
        /// The argument with the future.
        future: u8,
    },
    /// Runs a future or closure elsewhere.
    Spawn {
        /// The argument.
        task: u8,
    },
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
    /// Wraps the service that is served so that requests get or keep an id of their own.
    Carries(Carries),
    /// Has an effect worth knowing.
    Effect(Effect),
}

/// Effects without details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Sends a message to a broker.
    Publish,
    /// Takes messages from a broker.
    Consume,
    /// Waits without blocking a thread.
    Sleep,
    /// Blocks the thread.
    Block,
    /// Moves work to a thread that may block.
    BlockingPool,
    /// Takes a connection from a pool.
    Acquire,
    /// Begins a transaction.
    Begin,
    /// Commits a transaction.
    Commit,
    /// Waits for a signal to end.
    Signal,
    /// Ends the process.
    Exit,
    /// Sends an e-mail.
    Mail,
}

/// What makes a client.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MakeClient {
    /// What it speaks.
    pub protocol: Protocol,
    /// Limits that the library sets, or leaves out (`"none"`), by itself. A limit that is not listed is unknown.
    #[serde(default)]
    pub limits: BTreeMap<Limit, LimitDefault>,
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
}

/// The kinds of limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// From the start of a request to the end of its answer.
    Total,
    /// Until the head of the answer.
    Head,
    /// Until a connection stands.
    Connect,
    /// Between two reads.
    ReadIdle,
    /// Waiting for a pooled connection.
    PoolAcquire,
    /// Connections in a pool.
    PoolSize,
    /// How long an idle connection is kept. Bounds no request.
    PoolIdle,
    /// Concurrent requests.
    Concurrency,
}

/// A limit as the library sets it by itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum LimitDefault {
    /// There is none.
    None,
    /// There is one, as text for messages: "30 s".
    Some(String),
}

impl From<String> for LimitDefault {
    fn from(text: String) -> Self {
        if text == "none" { LimitDefault::None } else { LimitDefault::Some(text) }
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
    /// Ends a request that takes too long.
    Timeout,
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
    /// Points at a value of its first type parameter and can be seen through.
    Pointer,
}
