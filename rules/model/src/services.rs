//! Services: binaries that listen, with what they answer and what runs in them.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use svclint_facts::rust::ExprKind;
use svclint_knowledge::{Action, Callable, Carries, Limit, Protocol};

use crate::defs::{FnIdx, Krate, Res};
use crate::fold::Text;
use crate::infer::Callee;
use crate::limits::{self, Limits};
use crate::place::{Place, Tri};
use crate::routes::{RouteReader, Routes};
use crate::signals::{leave_open, stops_on};
use crate::system::{FnId, Function, Listener, Route, Service, What};
use crate::trace::Step;
use crate::tracer::{At, Tracer};

/// A binary of the workspace: a program.
pub(crate) struct Binary {
    /// What it is as a service; `None` where it does not serve.
    pub(crate) service: Option<Arc<Service>>,
    /// The functions that run in it, sorted.
    pub(crate) running: Vec<FnId>,
    /// The calls among these that serve.
    pub(crate) serves: Vec<At>,
}

/// Reads a binary. `serves` are the calls of all programs that serve.
pub(crate) fn binary(
    tracer: &Tracer<'_>,
    functions: &[Arc<Function>],
    serves: &[At],
    krate: &Krate,
) -> Binary {
    let none = Binary { service: None, running: Vec::new(), serves: Vec::new() };
    let Some(name) = krate.bin.as_ref() else { return none };
    let Some((main, launches)) = entry(tracer, krate) else { return none };
    // Of code that several programs share, only what this one is built with takes part.
    let packages = tracer.program.names.packages;
    let scope = packages.needed_by(krate.package);
    let tracer = &tracer.within(scope);
    let mut running = reached(functions, [main], scope);
    let runs = |at: &&At| tracer.function_of(at.body).is_some_and(|f| running.contains(&f));
    let own: Vec<At> = serves.iter().filter(runs).copied().collect();
    let consumes = |f: &FnId| {
        let does = functions.get(f.0 as usize).map_or(&[][..], |function| &function.does);
        does.iter().any(|deed| matches!(deed.what, What::Consume(_)))
    };
    // What takes messages runs for ever too.
    if own.is_empty() && !launches && !running.iter().any(consumes) {
        return Binary { service: None, running: sorted(running), serves: own };
    }
    let package = &packages.list[krate.package];
    let several = package.targets.iter().filter(|t| t.bin.is_some()).count() > 1;
    let mut service = Service {
        name: if several { name.clone() } else { package.name.clone() },
        package: krate.package as u32,
        binary: name.clone(),
        main,
        listeners: Vec::new(),
        routes: Vec::new(),
        routes_complete: true,
        correlation_in: None,
        handler_timeout: None,
        functions: Vec::new(),
    };
    let mut rpcs = Vec::new();
    for at in &own {
        if let Some(serve) = tracer.actions(*at).iter().find(|a| matches!(a, Action::Serve { .. })) {
            rpcs.extend(listener(tracer, functions, *at, serve, &running, &mut service));
        }
    }
    leave_open(functions, &running, &mut service.listeners);
    if launches {
        launched(tracer, main, &mut service);
    }
    if service.routes.is_empty() && !service.routes_complete {
        let mut reader = RouteReader::new(tracer);
        reader.roots(&running);
        adopt(reader.routes, &mut service);
    }
    keep_one_of_alternatives(&mut service.routes);
    // Generated code calls what implements gRPC services.
    running.extend(reached(functions, rpcs, scope));
    service.functions = sorted(running);
    if service.correlation_in.is_none() {
        service.correlation_in = reads_id(functions, &service);
    }
    Binary { running: service.functions.clone(), service: Some(Arc::new(service)), serves: own }
}

/// A router that is served as it is, or else behind a prefix that only the running program knows, is one and the same.
fn keep_one_of_alternatives(routes: &mut Vec<Route>) {
    let plain: FxHashSet<(String, String, Place)> =
        routes.iter().filter(|r| r.complete).map(|r| (r.method.clone(), r.path.clone(), r.at)).collect();
    routes.retain(|route| {
        let Some(rest) = route.path.strip_prefix("/{?}").filter(|_| !route.complete) else { return true };
        let rest = if rest.is_empty() { "/" } else { rest };
        !plain.contains(&(route.method.clone(), rest.to_owned(), route.at))
    });
}

/// Where a program begins, and whether what that function returns is served: `#[launch] fn rocket() -> _`.
fn entry(tracer: &Tracer<'_>, krate: &Krate) -> Option<(FnId, bool)> {
    let defs = tracer.program.defs;
    let root = defs.module(krate.root);
    if let Some(Res::Fn(main)) = root.values.get("main") {
        return Some((FnId(main.0), false));
    }
    let mut own: Vec<&FnIdx> =
        root.values.values().filter_map(|r| if let Res::Fn(f) = r { Some(f) } else { None }).collect();
    own.sort_unstable();
    let launches = |f: &&FnIdx| {
        let attrs = &defs.fns[f.at()].item.attrs;
        attrs
            .iter()
            .any(|a| tracer.program.names.attribute(krate.root, &a.path).is_some_and(|entry| entry.launches))
    };
    own.into_iter().find(launches).map(|f| (FnId(f.0), true))
}

fn launched(tracer: &Tracer<'_>, main: FnId, service: &mut Service) {
    let Some(body) = tracer.body_of(FnIdx(main.0)) else { return };
    let module = tracer.module(body);
    for value in tracer.returned(body) {
        let framework = tracer.ty(value).lib_path().and_then(|p| p.split("::").next()).unwrap_or("");
        let view = tracer.program.names.view(module);
        let mut routes = RouteReader::read(tracer, value);
        let set_up = server(tracer, value);
        // Of a library that is not known nothing is, least of all that it lacks something.
        let shutdown = if framework.is_empty() { Tri::Unknown } else { set_up.shutdown };
        service.listeners.push(Listener {
            stops_on: Tri::Unknown,
            paths: routes.paths(),
            protocol: Protocol::Http,
            framework: framework.replace('_', "-"),
            address: Tri::Unknown,
            address_at: None,
            at: tracer.call_place(value),
            limits: set_up.limits,
            shutdown,
            http2_only: set_up.http2_only,
            router: routes.site.take(),
            snippets: view.map(|v| v.snippets(framework)).unwrap_or_default(),
        });
        adopt(routes, service);
    }
}

fn sorted(set: FxHashSet<FnId>) -> Vec<FnId> {
    let mut all: Vec<FnId> = set.into_iter().collect();
    all.sort_unstable();
    all
}

/// The functions of some packages that are called or named from some, these included.
pub(crate) fn reached(
    functions: &[Arc<Function>],
    from: impl IntoIterator<Item = FnId>,
    scope: &FxHashSet<usize>,
) -> FxHashSet<FnId> {
    let mut seen: FxHashSet<FnId> = FxHashSet::default();
    let mut queue: VecDeque<FnId> = from.into_iter().collect();
    while let Some(id) = queue.pop_front() {
        if let Some(function) = functions.get(id.0 as usize)
            && scope.contains(&(function.package as usize))
            && seen.insert(id)
        {
            queue.extend(function.calls.iter().map(|c| c.to).filter(|to| !seen.contains(to)));
        }
    }
    seen
}

/// Reads what one call serves. Gives the functions that implement gRPC services.
fn listener(
    tracer: &Tracer<'_>,
    functions: &[Arc<Function>],
    at: At,
    serve: &Action,
    running: &FxHashSet<FnId>,
    service: &mut Service,
) -> Vec<FnId> {
    let Action::Serve { router, listener, protocol } = serve else { return Vec::new() };
    let mut protocol = protocol.unwrap_or(Protocol::Http);
    let view = tracer.program.names.view(tracer.module(at.body));
    let library = match tracer.types_of(at.body).callees.get(&at.expr) {
        Some(Callee::Lib(path, _)) => {
            let owner = path.rsplit_once("::").map_or("", |(owner, _)| owner);
            let of_type = view.and_then(|v| v.library(owner));
            of_type.or(path.split("::").next()).unwrap_or("").to_owned()
        }
        _ => String::new(),
    };
    let snippets = view.map(|v| v.snippets(&library)).unwrap_or_default();
    let framework = library.replace('_', "-");
    let mut routes = match router {
        Some(number) => match tracer.arg(at, *number) {
            Some(router) => RouteReader::read(tracer, router),
            None => Routes { incomplete: true, ..Routes::default() },
        },
        None => server_routes(tracer, at, protocol, running),
    };
    if protocol == Protocol::Http && !routes.list.is_empty() && routes.list.iter().all(|r| r.method == "RPC")
    {
        protocol = Protocol::Grpc;
    }
    let (address, address_at) = bound_address(tracer, at, *listener);
    let ServerSetUp { limits, shutdown, ends, http2_only } = server(tracer, at);
    let scope = tracer.program.names.packages.needed_by(service.package as usize);
    let stops_on = match ends {
        Some(given) => stops_on(tracer, functions, running, scope, given),
        None => Tri::Unknown,
    };
    service.listeners.push(Listener {
        stops_on,
        paths: routes.paths(),
        limits,
        shutdown,
        http2_only,
        protocol,
        framework,
        address,
        address_at,
        at: tracer.call_place(at),
        router: routes.site.take(),
        snippets,
    });
    let rpcs = std::mem::take(&mut routes.rpcs);
    adopt(routes, service);
    rpcs
}

/// Through how many variables a server is followed that is already set up.
const CALLS_ON_SERVER: u32 = 4;

/// How a server is set up.
struct ServerSetUp {
    limits: Limits,
    /// What makes it end gracefully.
    shutdown: Tri<Place>,
    /// Where that is a call, the future that it may be given.
    ends: Option<Option<At>>,
    http2_only: Tri<()>,
}

/// Reads how the server is set up that a call starts.
fn server(tracer: &Tracer<'_>, serve: At) -> ServerSetUp {
    let makes = |c: &Callable| c.does.as_slice().iter().any(|a| matches!(a, Action::MakeServer { .. }));
    let trace = tracer.trace(serve, &makes);
    let (mut limits, mut shutdown, mut http2_only) = (Limits::new(), Tri::Absent, Tri::Unknown);
    let accepts = |at: At| tracer.actions(at).iter().any(|a| matches!(a, Action::AcceptHttp1));
    for source in &trace.sources {
        for action in tracer.actions(*source) {
            if let Action::MakeServer { limits: made, signals, http2_only: refuses, .. } = action {
                limits = limits::along(tracer, made, &trace.steps, trace.is_complete());
                let one_of_a_kind = trace.is_complete() && trace.sources.len() == 1;
                if *refuses && one_of_a_kind && !trace.steps.iter().any(|step| accepts(step.at)) {
                    http2_only = Tri::Present(());
                }
                if *signals {
                    shutdown = Tri::Present(tracer.call_place(serve));
                }
            }
        }
    }
    for limit in set_by_services(tracer, &trace.steps) {
        limits.entry(limit).and_modify(|v| *v = Tri::Unknown);
    }
    // Calls before and, as in `axum::serve(..).with_graceful_shutdown(..)`, behind the one that serves.
    let mut calls: Vec<At> = trace.steps.iter().map(|s| s.at).chain([serve]).collect();
    let mut end = serve;
    while let Some(outer) = tracer.parent(end) {
        match tracer.kind(outer) {
            ExprKind::MethodCall { .. } if tracer.receiver(outer) == Some(end) => calls.push(outer),
            ExprKind::Await(_) | ExprKind::Try(_) => {}
            _ => break,
        }
        end = outer;
    }
    // `let server = axum::serve(..); server.with_graceful_shutdown(..).await`
    let mut held = Some(end);
    for _ in 0..CALLS_ON_SERVER {
        let Some((at, local)) = held.and_then(|at| Some((at, tracer.held_in(at)?))) else { break };
        let later = tracer.calls_on(at.body, local);
        held = later.last().copied();
        calls.extend(later);
    }
    let ignores = |at: &At| tracer.actions(*at).iter().any(|a| matches!(a, Action::IgnoreSignals));
    if calls.iter().any(ignores) {
        shutdown = Tri::Absent;
    }
    let ends = |at: &At| {
        tracer.actions(*at).iter().find_map(|a| match a {
            Action::Shutdown { signal } => Some((*at, signal.and_then(|n| tracer.arg(*at, n)))),
            _ => None,
        })
    };
    let end = calls.iter().find_map(ends);
    if let Some((at, _)) = end {
        shutdown = Tri::Present(tracer.call_place(at));
    }
    ServerSetUp { limits, shutdown, ends: end.map(|(_, given)| given), http2_only }
}

/// The limits that single gRPC services set for themselves: `GreeterServer::new(greeter).max_decoding_message_size(n)`.
fn set_by_services(tracer: &Tracer<'_>, steps: &[Step]) -> Vec<Limit> {
    let service = |step: &Step| {
        tracer.actions(step.at).iter().find_map(|action| match action {
            Action::AddGrpcService { service } => tracer.arg(step.at, *service),
            _ => None,
        })
    };
    let own = steps.iter().filter_map(service).flat_map(|at| tracer.trace(at, &|_| false).steps);
    let sets = |step: Step| {
        tracer.actions(step.at).iter().find_map(|action| match action {
            Action::SetLimit { limit, .. } | Action::DropLimit { limit } => Some(*limit),
            _ => None,
        })
    };
    own.filter_map(sets).collect()
}

/// Adds the routes of one listener to the service.
fn adopt(mut routes: Routes, service: &mut Service) {
    for route in routes.list.drain(..) {
        // The same application behind several listeners, or built once with and once without something.
        let known = |r: &&mut Route| {
            r.method == route.method && r.path == route.path && r.handler == route.handler && r.at == route.at
        };
        match service.routes.iter_mut().find(known) {
            Some(known) => known.layers.retain(|l| route.layers.contains(l)),
            None => service.routes.push(route),
        }
    }
    service.routes_complete &= !routes.incomplete;
    for layer in routes.layers.into_iter().filter(|l| l.certain) {
        if layer.carries.contains(&Carries::CorrelationIn) && service.correlation_in.is_none() {
            service.correlation_in = Some(layer.at);
        }
        if layer.carries.contains(&Carries::Timeout) && service.handler_timeout.is_none() {
            service.handler_timeout = Some(layer.at);
        }
    }
}

/// The routes of a server that was set up before: `HttpServer::new(|| App::new()..).bind(..)?.run()`,
/// `Server::builder().add_service(..)`.
fn server_routes(tracer: &Tracer<'_>, serve: At, protocol: Protocol, running: &FxHashSet<FnId>) -> Routes {
    let makes = |c: &Callable| c.does.as_slice().iter().any(|a| matches!(a, Action::MakeServer { .. }));
    let trace = tracer.trace(serve, &makes);
    let mut reader = RouteReader::new(tracer);
    reader.routes.lost = !trace.is_complete();
    reader.routes.incomplete = !trace.is_complete() && protocol == Protocol::Http;
    for source in &trace.sources {
        for action in tracer.actions(*source) {
            if let Action::MakeServer { app: Some(number), .. } = action
                && let Some(app) = tracer.arg(*source, *number)
            {
                reader.served(app);
            }
        }
    }
    reader.steps(&trace.steps, &Text::known(""), 0);
    if protocol == Protocol::Grpc && reader.routes.list.is_empty() {
        reader.all_grpc(running);
        reader.routes.incomplete = true;
    }
    reader.routes
}

/// The address that is bound, and where it is written out.
fn bound_address(tracer: &Tracer<'_>, serve: At, listener: Option<u8>) -> (Tri<String>, Option<Place>) {
    let binds = |c: &Callable| c.does.as_slice().iter().any(|a| matches!(a, Action::Bind { .. }));
    let from = listener.and_then(|n| tracer.arg(serve, n)).unwrap_or(serve);
    let trace = tracer.trace(from, &binds);
    let address = trace.sources.first().and_then(|source| {
        let number = tracer
            .actions(*source)
            .iter()
            .find_map(|a| if let Action::Bind { address } = a { Some(*address) } else { None })?;
        tracer.arg(*source, number)
    });
    let from = address.unwrap_or(from);
    let text = Some(tracer.text(from)).filter(|t| t.text != crate::fold::HOLE);
    let origin = tracer.single_origin(from).unwrap_or(from);
    let at = matches!(tracer.kind(origin), ExprKind::Lit(_)).then(|| tracer.place(origin));
    (text.map_or(Tri::Unknown, |t| Tri::Present(t.text)), at)
}

/// A function of the service that reads the request's id or trace context by itself.
fn reads_id(functions: &[Arc<Function>], service: &Service) -> Option<Place> {
    let in_service = service.functions.iter().filter_map(|f| functions.get(f.0 as usize));
    in_service.flat_map(|f| &f.does).find_map(|deed| match &deed.what {
        What::ReadHeader(Tri::Present(name)) if is_correlation_header(name) => Some(deed.at),
        _ => None,
    })
}

/// The headers that tie a request to its cause.
pub fn is_correlation_header(name: &str) -> bool {
    matches!(
        name,
        "x-request-id"
            | "request-id"
            | "x-correlation-id"
            | "correlation-id"
            | "x-trace-id"
            | "traceparent"
            | "b3"
            | "x-b3-traceid"
    )
}
