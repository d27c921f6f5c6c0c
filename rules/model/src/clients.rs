//! Clients with their limits, and the requests made with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use svclint_facts::rust::{ExprId, ExprKind};
use svclint_knowledge::{Action, Callable, Carries, Limit, MakeClient, Protocol, Role, Template};

use crate::bodies::{BodyId, BodyOwner};
use crate::defs::Res;
use crate::infer::{Callee, Target};
use crate::limits::{self, Limits};
use crate::place::{Place, Tri};
use crate::system::{Client, ClientId, ClientSite, FnId, Request};
use crate::trace::{At, Step, Trace, Tracer};
use crate::ty::Ty;

/// All clients and requests of the workspace.
#[derive(Default)]
pub(crate) struct Outbound {
    pub(crate) clients: Vec<Client>,
    pub(crate) requests: Vec<Request>,
    /// The requests by the call that does the IO.
    pub(crate) by_send: FxHashMap<At, u32>,
}

impl Outbound {
    pub(crate) fn read(tracer: &Tracer<'_>) -> Outbound {
        let mut outbound = Outbound::default();
        let calls: Vec<At> = tracer.calls().collect();
        let values = tracer.function_values().filter(|at| make_client(tracer, *at).is_some());
        let mut sites: BTreeMap<At, Vec<Built>> = BTreeMap::new();
        for (site, built) in calls.par_iter().flat_map_iter(|at| made_at(tracer, *at)).collect::<Vec<_>>() {
            sites.entry(site).or_default().extend(built);
        }
        // `get_or_init(Client::new)`: a constructor that something else calls.
        for value in values {
            let steps = vec![Step { at: value, always: true, calls: Default::default() }];
            sites.entry(value).or_default().push(Built { finish: value, steps, complete: true });
        }
        // What another client is made of is no client of its own, unless it is used by itself too.
        let options_of = |(site, built): (&At, &Vec<Built>)| {
            let steps = built.iter().flat_map(|b| &b.steps).map(|s| s.at);
            let calls: BTreeSet<At> = steps.chain([*site]).collect();
            calls.into_iter().filter_map(|c| options_trace(tracer, c)).collect::<Vec<_>>()
        };
        let parts: Vec<Trace> = sites.par_iter().flat_map_iter(options_of).collect();
        for part in parts.iter().flat_map(|t| &t.sources) {
            if sites.get(part).is_some_and(Vec::is_empty) {
                sites.remove(part);
            }
        }
        let mut ids = FxHashMap::default();
        for (site, built) in &sites {
            let Some(client) = client(tracer, *site, built) else { continue };
            ids.insert(*site, ClientId(outbound.clients.len() as u32));
            outbound.clients.push(client);
        }
        let sends = |at: &&At| tracer.actions(**at).iter().any(|a| matches!(a, Action::Send));
        let requests: Vec<(At, Option<Request>)> =
            calls.par_iter().filter(sends).map(|at| (*at, request(tracer, *at, &ids))).collect();
        for (at, request) in requests {
            let Some(request) = request else { continue };
            let number = outbound.requests.len() as u32;
            for client in &request.clients {
                outbound.clients[client.0 as usize].used_in.push(number);
            }
            outbound.requests.push(request);
            outbound.by_send.insert(at, number);
        }
        outbound
    }
}

impl Tracer<'_> {
    /// All calls of all bodies, in order.
    pub(crate) fn calls(&self) -> impl Iterator<Item = At> + '_ {
        self.program.bodies.list.iter().enumerate().flat_map(|(number, def)| {
            let body = BodyId(number as u32);
            let calls = def
                .body
                .iter()
                .filter(|(_, e)| matches!(e.kind, ExprKind::Call { .. } | ExprKind::MethodCall { .. }));
            calls.map(move |(expr, _)| At { body, expr })
        })
    }

    pub(crate) fn place(&self, at: At) -> Place {
        let def = self.program.bodies.get(at.body);
        def.home.place(def.body.expr(at.expr).span)
    }

    /// From the dot of a method call to its closing parenthesis; all of any other expression.
    pub(crate) fn call_place(&self, at: At) -> Place {
        match self.kind(at) {
            ExprKind::MethodCall { call_span, .. } => self.program.bodies.get(at.body).home.place(*call_span),
            _ => self.place(at),
        }
    }

    /// The function that a body belongs to; `None` for a static.
    pub(crate) fn function_of(&self, body: BodyId) -> Option<FnId> {
        match self.program.bodies.get(body).owner {
            BodyOwner::Fn(f) => Some(FnId(f.0)),
            BodyOwner::Const(_) => None,
        }
    }

    pub(crate) fn arg(&self, at: At, number: u8) -> Option<At> {
        let (ExprKind::Call { args, .. } | ExprKind::MethodCall { args, .. }) = self.kind(at) else {
            return None;
        };
        args.get(number as usize).map(|expr| At { body: at.body, expr: *expr })
    }

    pub(crate) fn receiver(&self, at: At) -> Option<At> {
        match self.kind(at) {
            ExprKind::MethodCall { receiver, .. } => Some(At { body: at.body, expr: *receiver }),
            _ => None,
        }
    }

    pub(crate) fn parent(&self, at: At) -> Option<At> {
        let parent = self.program.bodies.get(at.body).parents.get(at.expr.0 as usize)?;
        parent.map(|expr| At { body: at.body, expr })
    }

    /// What a type is, behind results, options, futures and pointers.
    pub(crate) fn role(&self, body: BodyId, ty: &Ty) -> Option<Role> {
        let view = self.program.names.view(self.program.bodies.get(body).home.module)?;
        let mut ty = ty;
        for _ in 0..8 {
            // `(client, connection)`
            if let Ty::Tuple(parts) = ty {
                ty = parts.first()?;
                continue;
            }
            let Ty::Lib(path, args) = ty else { return None };
            match view.type_entry(path).and_then(|e| e.is) {
                Some(role) if role != Role::Pointer => return Some(role),
                _ => ty = args.first()?,
            }
        }
        None
    }
}

fn make_client<'a>(tracer: &Tracer<'a>, at: At) -> Option<&'a MakeClient> {
    make_client_of(tracer.callable(at)?)
}

fn make_client_of(callable: &Callable) -> Option<&MakeClient> {
    callable
        .does
        .as_slice()
        .iter()
        .find_map(|a| if let Action::MakeClient(made) = a { Some(made) } else { None })
}

fn sends(callable: &Callable) -> bool {
    callable.does.as_slice().iter().any(|a| matches!(a, Action::Send))
}

/// Whether a call turns a builder into a client, or makes one at once.
fn is_finish(tracer: &Tracer<'_>, at: At) -> bool {
    let role = tracer.role(at.body, tracer.ty(at));
    if !matches!(role, Some(Role::Client | Role::Producer | Role::Consumer)) {
        return false;
    }
    let is_builder = |part: At| tracer.role(at.body, tracer.ty(part)) == Some(Role::ClientBuilder);
    let args = (0..3).filter_map(|n| tracer.arg(at, n));
    let from_builder = tracer.receiver(at).into_iter().chain(args).any(is_builder);
    let by_library = matches!(tracer.types_of(at.body).callees.get(&at.expr), Some(Callee::Lib(..)));
    from_builder && by_library || make_client(tracer, at).is_some()
}

/// The clients that a call makes or completes.
fn made_at(tracer: &Tracer<'_>, at: At) -> Vec<(At, Option<Built>)> {
    if is_finish(tracer, at) {
        return built_at(tracer, at).into_iter().map(|(site, built)| (site, Some(built))).collect();
    }
    make_client(tracer, at).map(|_| (at, None)).into_iter().collect()
}

/// One way in which a client comes to be.
struct Built {
    /// The call that gives the client.
    finish: At,
    /// What happens between construction and finish.
    steps: Vec<Step>,
    /// Whether all of that could be seen.
    complete: bool,
}

fn built_at(tracer: &Tracer<'_>, finish: At) -> Vec<(At, Built)> {
    let trace = tracer.trace(finish, &|c| make_client_of(c).is_some());
    let complete = trace.is_complete();
    let built = |site: &At| (*site, Built { finish, steps: trace.steps.clone(), complete });
    trace.sources.iter().map(built).collect()
}

/// Where the options come from that a call is given: `Database::connect(options)`, `ConnectionManager::new(client)`.
fn options_trace(tracer: &Tracer<'_>, call: At) -> Option<Trace> {
    let options = (0..3)
        .filter_map(|n| tracer.arg(call, n))
        .find(|arg| tracer.role(call.body, tracer.ty(*arg)) == Some(Role::ClientBuilder))?;
    Some(tracer.trace(options, &|c| make_client_of(c).is_some()))
}

/// What the options say that are given on the way: `client.get_connection_manager_with_config(config)`.
fn limits_of_options(tracer: &Tracer<'_>, way: &Built) -> Limits {
    let traces = way.steps.iter().rev().filter_map(|step| options_trace(tracer, step.at));
    let own = traces.filter_map(|trace| match trace.sources[..] {
        [source] => {
            let made = make_client(tracer, source)?;
            Some(limits::along(tracer, &made.limits, &trace.steps, trace.is_complete()))
        }
        _ => None,
    });
    own.flatten().collect()
}

fn client(tracer: &Tracer<'_>, site: At, built: &[Built]) -> Option<Client> {
    let callable = tracer.callable(site)?;
    let made = make_client_of(callable)?;
    let def = tracer.program.bodies.get(site.body);
    let view = tracer.program.names.view(def.home.module)?;
    let path = match tracer.types_of(site.body).callees.get(&site.expr) {
        Some(Callee::Lib(path, _)) => path,
        _ => match tracer.types_of(site.body).targets.get(&site.expr) {
            Some(Target::Res(Res::Lib(path))) => path,
            _ => return None,
        },
    };
    let owner = path.rsplit_once("::").map_or(path.as_str(), |(owner, _)| owner);
    let library =
        view.library(owner).unwrap_or_else(|| owner.split("::").next().unwrap_or(owner)).replace('_', "-");
    let mut limits = limits::defaults(&made.limits);
    let at_once =
        sends(callable) || callable.does.as_slice().iter().any(|a| matches!(a, Action::Request { .. }));
    for (number, way) in built.iter().enumerate() {
        let mut own = limits::along(tracer, &made.limits, &way.steps, way.complete);
        own.extend(limits_of_options(tracer, way));
        if number > 0 {
            // Several ways: what they do not share is not known.
            for (limit, value) in &mut own {
                if limits.get(limit) != Some(value) {
                    *value = Tri::Unknown;
                }
            }
        }
        limits = own;
    }
    let configured = options_trace(tracer, site);
    if let Some(trace) = &configured {
        limits = limits::along(tracer, &made.limits, &trace.steps, trace.is_complete());
    }
    if built.is_empty() && !at_once && configured.is_none() {
        // A builder whose end is out of sight.
        limits.values_mut().for_each(|v| *v = Tri::Unknown);
    }
    let middlewares =
        built.iter().flat_map(|b| &b.steps).flat_map(|s| tracer.actions(s.at).iter().map(move |a| (s.at, a)));
    let carries = middlewares.filter_map(|(at, a)| {
        if let Action::SetMiddleware { value } = a { tracer.arg(at, *value) } else { None }
    });
    let carries = carries.filter(|m| tracer.carries(*m) == Some(Carries::CorrelationOut)).count();
    Some(Client {
        protocol: made.protocol,
        library,
        in_fn: tracer.function_of(site.body),
        package: tracer.program.defs.package_of(def.home.module) as u32,
        built: client_site(tracer, site, built)?,
        limits,
        options: options(tracer, built),
        carries_correlation: if carries > 0 { Tri::Present(()) } else { Tri::Absent },
        used_in: Vec::new(),
    })
}

/// Options by name, as far as all ways agree.
fn options(tracer: &Tracer<'_>, built: &[Built]) -> BTreeMap<String, Tri<String>> {
    let mut options: BTreeMap<String, Tri<String>> = BTreeMap::new();
    for step in built.iter().flat_map(|b| b.steps.iter().rev()) {
        for action in tracer.actions(step.at) {
            let Action::SetOption { key, value } = action else { continue };
            let Some(key) = tracer.arg(step.at, *key).map(|k| tracer.text(k)).filter(|k| k.complete) else {
                continue;
            };
            let text = tracer.arg(step.at, *value).map(|v| tracer.text(v)).filter(|v| v.complete);
            let value = text.filter(|_| step.always).map_or(Tri::Unknown, |v| Tri::Present(v.text));
            options.insert(key.text, value);
        }
    }
    options
}

fn client_site(tracer: &Tracer<'_>, site: At, built: &[Built]) -> Option<ClientSite> {
    let def = tracer.program.bodies.get(site.body);
    let path = match tracer.kind(site) {
        ExprKind::Call { callee, .. } => tracer.kind(At { body: site.body, expr: *callee }),
        value => value,
    };
    let ExprKind::Path(path) = path else { return None };
    let last = path.segments.last()?;
    let before = path.segments.len().checked_sub(2).and_then(|n| path.segments.get(n));
    let type_span = before.map_or(last.span, |s| svclint_syntax::Span::new(path.span.start, s.span.end));
    let mut calls = Vec::new();
    let mut end = site;
    while let Some(outer) = tracer.parent(end).filter(|o| tracer.receiver(*o) == Some(end)) {
        let ExprKind::MethodCall { method, .. } = tracer.kind(outer) else { break };
        calls.push((method.to_string(), tracer.call_place(outer)));
        end = outer;
        if built.iter().any(|b| b.finish == outer) {
            break;
        }
    }
    Some(ClientSite {
        at: tracer.place(end),
        made: tracer.place(site),
        type_path: def.home.place(type_span),
        constructor: last.name.to_string(),
        takes_timeout: takes_timeout(tracer, site),
        calls,
    })
}

/// Whether the builder of what a constructor makes has `timeout(duration)` for whole requests.
fn takes_timeout(tracer: &Tracer<'_>, site: At) -> bool {
    let Some(Callee::Lib(path, _)) = tracer.types_of(site.body).callees.get(&site.expr) else { return false };
    let Some(view) = tracer.program.names.view(tracer.program.bodies.get(site.body).home.module) else {
        return false;
    };
    let sets = |ty: &str| {
        view.method(ty, "timeout").is_some_and(|c| {
            let total = |a: &Action| {
                matches!(a, Action::SetLimit { limit: Limit::Total | Limit::Head, value: Some(0), .. })
            };
            c.does.as_slice().iter().any(total)
        })
    };
    let owner = path.rsplit_once("::").map_or("", |(owner, _)| owner);
    let given = |callable: Option<&Arc<Callable>>| match callable.and_then(|c| c.gives.as_ref()) {
        Some(Template::Path(path, _)) => Some(path.to_string()),
        _ => None,
    };
    if view.type_entry(owner).is_some() {
        let builder = given(view.method(owner, "builder"));
        return sets(owner) || builder.is_some_and(|b| sets(&b));
    }
    // A function that makes a client and sends at once: the library has a client that can be told more.
    let client = format!("{owner}::Client");
    given(view.method(&client, "get")).is_some_and(|request| sets(&request))
}

fn request(tracer: &Tracer<'_>, send: At, ids: &FxHashMap<At, ClientId>) -> Option<Request> {
    let in_fn = tracer.function_of(send.body)?;
    let begins = |c: &Callable| c.does.as_slice().iter().any(|a| matches!(a, Action::Request { .. }));
    let trace = tracer.trace(send, &begins);
    let begun = *trace.sources.first().unwrap_or(&send);
    let mut request = Request {
        at: tracer.place(send),
        begun_at: tracer.place(begun),
        begun_call: tracer.call_place(begun),
        in_fn,
        protocol: Protocol::Http,
        method: Tri::Unknown,
        url: Tri::Unknown,
        clients: Vec::new(),
        clients_complete: trace.is_complete(),
        bound: bound(tracer, send, &trace),
        when: tracer.when(send),
        headers: Vec::new(),
        headers_complete: trace.is_complete(),
    };
    headers(tracer, &trace, &mut request);
    for source in &trace.sources {
        for action in tracer.actions(*source) {
            if let Action::Request { protocol, method, method_arg, url } = action {
                request.protocol = protocol.unwrap_or(Protocol::Http);
                let name =
                    method.clone().or_else(|| method_name(tracer, tracer.arg(*source, (*method_arg)?)?));
                request.method = name.map_or(Tri::Unknown, Tri::Present);
                let url = url.and_then(|n| tracer.arg(*source, n)).map(|at| tracer.text(at));
                request.url = url
                    .filter(|u| u.text != crate::fold::HOLE)
                    .map_or(Tri::Unknown, |u| Tri::Present(u.text));
            }
        }
        clients(tracer, *source, ids, &mut request);
    }
    Some(request)
}

/// The clients that a request may be made with.
fn clients(tracer: &Tracer<'_>, begun: At, ids: &FxHashMap<At, ClientId>, request: &mut Request) {
    if let Some(id) = ids.get(&begun) {
        request.clients.push(*id);
        return;
    }
    let Some(client) = tracer.receiver(begun) else {
        request.clients_complete = false;
        return;
    };
    let trace = tracer.trace(client, &|c| make_client_of(c).is_some());
    request.clients_complete &= trace.is_complete();
    for source in &trace.sources {
        match ids.get(source) {
            Some(id) if !request.clients.contains(id) => request.clients.push(*id),
            Some(_) => {}
            None => request.clients_complete = false,
        }
    }
}

fn bound(tracer: &Tracer<'_>, send: At, trace: &Trace) -> Tri<Place> {
    if let Some(around) = tracer.bounded_around(send) {
        return Tri::Present(tracer.place(around));
    }
    if tracer.bounded_in_variable(send) {
        return Tri::Present(tracer.place(send));
    }
    // What is bounded in one place of a function and not in another may be the same request: `match limit { Some(limit) =>
    // timeout(limit, request).await, None => request.await }`.
    let bounds_something = |(expr, node): (ExprId, &svclint_facts::rust::Expr)| {
        matches!(node.kind, ExprKind::Call { .. } | ExprKind::MethodCall { .. })
            && tracer.actions(At { body: send.body, expr }).iter().any(|a| matches!(a, Action::Bound { .. }))
    };
    let mut sometimes = tracer.program.bodies.get(send.body).body.iter().any(bounds_something);
    sometimes |= !trace.is_complete();
    for step in &trace.steps {
        for action in tracer.actions(step.at) {
            if let Action::SetLimit { limit: Limit::Total | Limit::Head | Limit::ReadIdle, .. } = action {
                if step.always {
                    return Tri::Present(tracer.call_place(step.at));
                }
                sometimes = true;
            }
        }
    }
    if sometimes { Tri::Unknown } else { Tri::Absent }
}

fn headers(tracer: &Tracer<'_>, trace: &Trace, request: &mut Request) {
    for step in &trace.steps {
        for action in tracer.actions(step.at) {
            match action {
                Action::SetHeader { name, .. } => {
                    match tracer.arg(step.at, *name).and_then(|at| tracer.header_name(at)) {
                        Some(name) => request.headers.push(name),
                        None => request.headers_complete = false,
                    }
                }
                Action::SetHeaders { .. } => request.headers_complete = false,
                _ => {}
            }
        }
    }
}

impl Tracer<'_> {
    /// A header's name, in lower case: a string, a constant of this workspace, or one of the library's (`CONTENT_TYPE`).
    pub(crate) fn header_name(&self, at: At) -> Option<String> {
        let text = self.text(at);
        if text.complete {
            return Some(text.text.to_lowercase());
        }
        match self.kind(at) {
            ExprKind::Path(path) if path.last().chars().all(|c| c.is_ascii_uppercase() || c == '_') => {
                let is_library = matches!(
                    self.types_of(at.body).targets.get(&at.expr),
                    Some(Target::Res(crate::defs::Res::Lib(_)))
                );
                is_library.then(|| path.last().to_lowercase().replace('_', "-"))
            }
            ExprKind::Ref(inner) => self.header_name(At { body: at.body, expr: *inner }),
            _ => None,
        }
    }

    /// What a layer or middleware does for the requests that pass: told by its type, or by the calls that made it.
    pub(crate) fn carries(&self, at: At) -> Option<Carries> {
        self.all_carried(at).into_iter().next()
    }

    /// The same, for stacks of layers.
    pub(crate) fn all_carried(&self, at: At) -> Vec<Carries> {
        let view = self.program.names.view(self.program.bodies.get(at.body).home.module);
        let of_type = |ty: &Ty| ty.lib_path().and_then(|p| view?.type_entry(p)?.carries);
        let mut found: Vec<Carries> = of_type(self.ty(at)).into_iter().collect();
        let trace = self.trace(at, &|_| false);
        for step in &trace.steps {
            found.extend(of_type(self.ty(step.at)));
            for action in self.actions(step.at) {
                match action {
                    Action::Carries(carries) => found.push(*carries),
                    Action::Layer { value, .. } => {
                        let layer = self.arg(step.at, *value).filter(|a| *a != at);
                        found.extend(layer.and_then(|a| of_type(self.ty(a))));
                    }
                    _ => {}
                }
            }
        }
        found
    }
}

fn method_name(tracer: &Tracer<'_>, at: At) -> Option<String> {
    match tracer.kind(at) {
        ExprKind::Path(path) => {
            let last = path.last();
            last.chars().all(|c| c.is_ascii_uppercase()).then(|| last.to_owned())
        }
        ExprKind::Ref(inner) => method_name(tracer, At { body: at.body, expr: *inner }),
        _ => None,
    }
}
