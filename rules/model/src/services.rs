//! Services: binaries that listen, with what they answer and what runs in them.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;
use svclint_knowledge::{Action, Callable, Carries, Protocol, Role};

use crate::defs::{FnIdx, Owner, Res};
use crate::infer::Callee;
use crate::place::{Place, Tri};
use crate::routes::{RouteReader, Routes};
use crate::system::{FnId, Function, Listener, Route, Service, What};
use crate::trace::{At, Tracer};
use crate::ty::Ty;

/// All services.
pub(crate) fn services(tracer: &Tracer<'_, '_, '_>, functions: &[Function]) -> Vec<Service> {
    let serves: Vec<(At, &Action)> = tracer
        .calls()
        .filter_map(|at| {
            tracer.actions(at).iter().find(|a| matches!(a, Action::Serve { .. })).map(|a| (at, a))
        })
        .collect();
    let defs = tracer.program.defs;
    let mut services = Vec::new();
    for krate in &defs.krates {
        let Some(binary) = &krate.bin else { continue };
        let Some(Res::Fn(main)) = defs.module(krate.root).values.get("main") else { continue };
        let main = FnId(main.0);
        let running = reached(functions, [main]);
        let own: Vec<(At, &Action)> = serves
            .iter()
            .filter(|(at, _)| tracer.function_of(at.body).is_some_and(|f| running.contains(&f)))
            .copied()
            .collect();
        if own.is_empty() {
            continue;
        }
        let package = &tracer.program.names.packages.list[krate.package];
        let several = package.targets.iter().filter(|t| t.bin.is_some()).count() > 1;
        let mut service = Service {
            name: if several { binary.clone() } else { package.name.clone() },
            package: krate.package as u32,
            binary: binary.clone(),
            main,
            listeners: Vec::new(),
            routes: Vec::new(),
            routes_complete: true,
            correlation_in: None,
            handler_timeout: None,
            functions: sorted(running),
        };
        for (at, serve) in own {
            listener(tracer, at, serve, &mut service);
        }
        grpc_routes(tracer, &mut service);
        if service.correlation_in.is_none() {
            service.correlation_in = reads_id(functions, &service);
        }
        services.push(service);
    }
    services
}

fn sorted(set: FxHashSet<FnId>) -> Vec<FnId> {
    let mut all: Vec<FnId> = set.into_iter().collect();
    all.sort_unstable();
    all
}

/// The functions that are called or named from some, these included.
pub(crate) fn reached(functions: &[Function], from: impl IntoIterator<Item = FnId>) -> FxHashSet<FnId> {
    let mut seen: FxHashSet<FnId> = FxHashSet::default();
    let mut queue: VecDeque<FnId> = from.into_iter().collect();
    while let Some(id) = queue.pop_front() {
        if seen.insert(id)
            && let Some(function) = functions.get(id.0 as usize)
        {
            queue.extend(function.calls.iter().map(|c| c.to).filter(|to| !seen.contains(to)));
        }
    }
    seen
}

fn listener(tracer: &Tracer<'_, '_, '_>, at: At, serve: &Action, service: &mut Service) {
    let Action::Serve { router, listener, protocol } = serve else { return };
    let protocol = protocol.unwrap_or(Protocol::Http);
    let view = tracer.program.names.view(tracer.program.bodies.get(at.body).home.module);
    let library = match tracer.types_of(at.body).callees.get(&at.expr) {
        Some(Callee::Lib(path, _)) => {
            let owner = path.rsplit_once("::").map_or("", |(owner, _)| owner);
            let of_type = view.and_then(|v| v.library(owner));
            of_type.or(path.split("::").next()).unwrap_or("").to_owned()
        }
        _ => String::new(),
    };
    let snippets = view.and_then(|v| v.snippets(&library)).cloned().unwrap_or_default();
    let framework = library.replace('_', "-");
    let mut routes = match router {
        Some(number) => match tracer.arg(at, *number) {
            Some(router) => RouteReader::read(tracer, router),
            None => Routes { incomplete: true, ..Routes::default() },
        },
        None => server_routes(tracer, at, protocol),
    };
    let address = bound_address(tracer, at, *listener);
    service.listeners.push(Listener {
        protocol,
        framework,
        address,
        at: tracer.call_place(at),
        router: routes.site.take(),
        snippets,
    });
    service.routes.append(&mut routes.list);
    if routes.incomplete {
        service.routes_complete = false;
    }
    for (place, carried) in routes.layers {
        if carried.contains(&Carries::CorrelationIn) && service.correlation_in.is_none() {
            service.correlation_in = Some(place);
        }
        if carried.contains(&Carries::Timeout) && service.handler_timeout.is_none() {
            service.handler_timeout = Some(place);
        }
    }
}

/// The routes of a server that was set up before: `HttpServer::new(|| App::new()..).bind(..)?.run()`.
fn server_routes(tracer: &Tracer<'_, '_, '_>, serve: At, protocol: Protocol) -> Routes {
    let makes = |c: &Callable| c.does.as_slice().iter().any(|a| matches!(a, Action::MakeServer { .. }));
    let trace = tracer.trace(serve, &makes);
    let mut routes =
        Routes { incomplete: !trace.is_complete() && protocol == Protocol::Http, ..Routes::default() };
    for source in &trace.sources {
        for action in tracer.actions(*source) {
            if let Action::MakeServer { app: Some(number), .. } = action
                && let Some(app) = tracer.arg(*source, *number)
            {
                let mut read = RouteReader::read(tracer, app);
                routes.list.append(&mut read.list);
                routes.layers.append(&mut read.layers);
                routes.incomplete |= read.incomplete;
                routes.site = routes.site.or(read.site);
            }
        }
    }
    for step in &trace.steps {
        for action in tracer.actions(step.at) {
            match action {
                Action::Layer { value, .. } => {
                    if let Some(layer) = tracer.arg(step.at, *value) {
                        routes.layers.push((tracer.place(layer), tracer.all_carried(layer)));
                    }
                }
                Action::Carries(carries) => routes.layers.push((tracer.call_place(step.at), vec![*carries])),
                _ => {}
            }
        }
    }
    routes
}

fn bound_address(tracer: &Tracer<'_, '_, '_>, serve: At, listener: Option<u8>) -> Tri<String> {
    let binds = |c: &Callable| c.does.as_slice().iter().any(|a| matches!(a, Action::Bind { .. }));
    let from = listener.and_then(|n| tracer.arg(serve, n)).unwrap_or(serve);
    let trace = tracer.trace(from, &binds);
    let address = trace.sources.first().and_then(|source| {
        let number = tracer
            .actions(*source)
            .iter()
            .find_map(|a| if let Action::Bind { address } = a { Some(*address) } else { None })?;
        Some(tracer.text(tracer.arg(*source, number)?))
    });
    let text = address.or_else(|| Some(tracer.text(from)));
    text.filter(|t| t.text != crate::fold::HOLE).map_or(Tri::Unknown, |t| Tri::Present(t.text))
}

/// The methods of gRPC services: members of `impl` blocks that take a gRPC request.
fn grpc_routes(tracer: &Tracer<'_, '_, '_>, service: &mut Service) {
    if !service.listeners.iter().any(|l| l.protocol == Protocol::Grpc) {
        return;
    }
    let defs = tracer.program.defs;
    for (number, def) in defs.fns.iter().enumerate() {
        let Owner::Impl(owner) = def.owner else { continue };
        let Some(trait_) = &defs.impls[owner.at()].def.trait_ else { continue };
        if defs.krates[defs.module(def.home.module).krate].package != service.package as usize {
            continue;
        }
        let id = FnIdx(number as u32);
        let view = tracer.program.names.view(def.home.module);
        let takes = |ty: &Ty| ty.lib_path().and_then(|p| view?.type_entry(p)?.is) == Some(Role::GrpcRequest);
        if !def.def.is_async || !tracer.program.param_types(id).first().is_some_and(takes) {
            continue;
        }
        service.functions.push(FnId(id.0));
        service.routes.push(Route {
            method: "RPC".into(),
            path: format!("{}/{}", trait_.last(), camel(&def.item.name)),
            complete: true,
            handler: Some(FnId(id.0)),
            handler_text: def.item.name.to_string(),
            at: def.home.place(def.item.name_span),
            path_at: None,
            json: Tri::Absent,
        });
    }
    let more = reached_more(tracer, service);
    service.functions = more;
}

/// gRPC handlers are called by generated code, so what they reach is added by hand.
fn reached_more(tracer: &Tracer<'_, '_, '_>, service: &Service) -> Vec<FnId> {
    let mut seen: FxHashSet<FnId> = FxHashSet::default();
    let mut queue: Vec<FnId> = service.functions.clone();
    while let Some(id) = queue.pop() {
        if !seen.insert(id) {
            continue;
        }
        let Some(body) = tracer.program.bodies.of_fn.get(&FnIdx(id.0)) else { continue };
        for callee in tracer.types_of(*body).callees.values() {
            if let Callee::Fns(fns) = callee {
                queue.extend(fns.iter().map(|f| FnId(f.0)));
            }
        }
    }
    sorted(seen)
}

fn camel(name: &str) -> String {
    let word = |w: &str| {
        let mut chars = w.chars();
        chars.next().map(|c| c.to_uppercase().chain(chars).collect::<String>()).unwrap_or_default()
    };
    name.split('_').map(word).collect()
}

/// A function of the service that reads the request's id or trace context by itself.
fn reads_id(functions: &[Function], service: &Service) -> Option<Place> {
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
