//! `grpc-client-without-deadline`

use svclint_model::{Client, Limit, Place, Protocol, Request, Tri};
use svclint_syntax::Span;

use crate::edit::insert_after;
use crate::rules::running::{How, Run};
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports gRPC channels over which a service makes unary calls without any time limit: no timeout on the endpoint, no
    /// deadline on the request, no limit around the call. Calls with a stream on either side are left alone: how long they
    /// may last is theirs to say.
    ///
    /// ## Why it matters
    /// gRPC has no default deadline. A server that takes a call and never answers it keeps the caller waiting for ever, and
    /// with it all callers before: one slow service stops the whole chain.
    ///
    /// ## Example
    /// ```bad
    /// //- build.rs
    /// fn main() { tonic_prost_build::compile_protos("stock.proto").unwrap(); }
    /// //- stock.proto
    /// syntax = "proto3";
    /// package stock;
    /// service Stock { rpc Count(CountRequest) returns (CountReply); }
    /// message CountRequest { string item = 1; }
    /// message CountReply { uint32 count = 1; }
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    ///
    /// pub mod stock { tonic::include_proto!("stock"); }
    /// use stock::stock_client::StockClient;
    ///
    /// async fn count() -> String {
    ///     let mut client = StockClient::connect("http://stock:50051").await.unwrap();
    ///     let request = stock::CountRequest { item: "pen".into() };
    ///     client.count(request).await.unwrap().into_inner().count.to_string()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/count", get(count))).await.unwrap();
    /// }
    /// ```
    /// ```good
    /// //- stock.proto
    /// syntax = "proto3";
    /// package stock;
    /// service Stock { rpc Count(CountRequest) returns (CountReply); }
    /// message CountRequest { string item = 1; }
    /// message CountReply { uint32 count = 1; }
    /// //- src/main.rs
    /// use axum::{Router, routing::get};
    /// use std::time::Duration;
    /// use tonic::transport::Endpoint;
    ///
    /// pub mod stock { tonic::include_proto!("stock"); }
    /// use stock::stock_client::StockClient;
    ///
    /// async fn count() -> String {
    ///     let endpoint = Endpoint::from_static("http://stock:50051").timeout(Duration::from_secs(5));
    ///     let mut client = StockClient::new(endpoint.connect_lazy());
    ///     let request = stock::CountRequest { item: "pen".into() };
    ///     client.count(request).await.unwrap().into_inner().count.to_string()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    ///     axum::serve(listener, Router::new().route("/count", get(count))).await.unwrap();
    /// }
    /// ```
    ///
    /// ## Fix
    /// Gives the endpoint a timeout of 5 seconds and a connect timeout of 2. Unsafe: calls that took longer now fail. The
    /// endpoint's timeout is not sent: `Request::set_timeout` also tells the server when nobody waits any more.
    ///
    /// ## References
    /// - Google, "Site Reliability Engineering", chapter 22, on deadlines and their propagation
    /// - gRPC documentation, "Deadlines"
    pub(crate) GRPC_CLIENT_WITHOUT_DEADLINE {
        id: "grpc-client-without-deadline",
        category: Resilience,
        level: Warn,
        severity: Warning,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let runs = cx.runs();
    for client in cx
        .model
        .clients
        .iter()
        .filter(|c| c.protocol == Protocol::Grpc && is_unbounded(c) && !c.own_transport)
    {
        let requests = client.used_in.iter().filter_map(|n| cx.model.requests.get(*n as usize));
        // Where another client may be the one that sends, nothing is said of this one.
        let own = requests.filter(|r| r.clients_complete && r.unary.present().is_some());
        let mut unbounded = own.filter(|r| r.bound.is_absent());
        let own: Vec<&Run<'_>> = runs.iter().filter(|run| run.makes(cx.model, client)).collect();
        let waits =
            unbounded.find_map(|r| own.iter().find_map(|run| Some((r, *run, run.how(r.in_fn, r.when)?))));
        if let Some((request, run, how)) = waits {
            findings.push(finding(cx, client, request, run, how));
        }
    }
}

fn is_unbounded(client: &Client) -> bool {
    client.limits.get(&Limit::Total) == Some(&Tri::Absent)
        && client.limits.get(&Limit::Head).is_none_or(Tri::is_absent)
}

fn finding(cx: &Context<'_>, client: &Client, request: &Request, run: &Run<'_>, how: How) -> Finding {
    let who = run.who(cx.model, request.in_fn, how);
    let message = format!(
        "calls over this gRPC channel have no deadline: when the server stops answering, {who} waits for ever"
    );
    let mut finding = Finding::new(&GRPC_CLIENT_WITHOUT_DEADLINE, client.built.at, message)
        .help("give the endpoint a timeout, or each request a deadline with `set_timeout`")
        .label(format!("no {} timeout", client.library))
        .service(&run.service.name)
        .subject(client.in_fn.map_or_else(String::new, |f| cx.model.function(f).path.clone()));
    finding.related = run.evidence(cx.model, request.in_fn);
    if request.at != client.built.made {
        finding = finding.related(request.at, "waits here without a limit");
    }
    let edits = timeout(cx, client).unwrap_or_default();
    finding.fix("Give the channel a timeout", Applicability::Unsafe, edits)
}

/// The edits that set the limits on the endpoint; `None` where the form of its construction is not known.
fn timeout(cx: &Context<'_>, client: &Client) -> Option<Vec<Edit>> {
    let made = client.built.made;
    let (duration, import) = cx.import(made.file, "std::time::Duration");
    let mut limits = format!(".timeout({duration}::from_secs(5))");
    if client.limits.get(&Limit::Connect).is_none_or(Tri::is_absent) {
        limits.push_str(&format!(".connect_timeout({duration}::from_secs(2))"));
    }
    let mut edits: Vec<Edit> = import.into_iter().collect();
    match client.built.constructor.as_str() {
        // A generated client takes an endpoint as well as an address.
        "connect" => {
            let name = cx.text(client.built.type_path).len() + "::connect".len();
            let arguments = cx.text(made).get(name..)?.strip_prefix('(')?.strip_suffix(')')?.trim();
            let opened = opened(cx.rest_of_line(made).strip_prefix(".await")?)?;
            let start = made.span.end - 1 - (cx.text(made).get(name + 1..)?.trim_start().len() as u32 - 1);
            let span = Span::new(start, start + arguments.len() as u32);
            let endpoint = client.built_by("endpoint", arguments)?;
            let text = format!("{endpoint}{opened}{limits}");
            edits.push(Edit::Replace { file: made.file, span, text });
        }
        "from_static" | "builder" => edits.push(insert_after(made, limits)),
        _ => {
            let opened = opened(cx.rest_of_line(made))?;
            let span = Span::new(made.span.start, made.span.end + opened.len() as u32);
            edits.push(insert_after(Place { file: made.file, span }, limits));
        }
    }
    Some(edits)
}

/// What takes the value out of a result, at the beginning of a text: `?`, `.unwrap()`.
fn opened(text: &str) -> Option<&str> {
    if let Some(message) = text.strip_prefix(".expect(\"") {
        let end = message.find("\")")?;
        return text.get(..".expect(\"".len() + end + 2);
    }
    ["?", ".unwrap()"].into_iter().find(|open| text.starts_with(open))
}
