//! Outbound calls: what is sent, with which clients, within which limits.

use rustc_hash::FxHashMap;
use svclint_facts::rust::{ExprId, ExprKind};
use svclint_knowledge::{Action, Callable, Carries, GENERATED, Limit, Protocol, Role};

use crate::clients::make_client_of;
use crate::defs::Res;
use crate::delays::Made;
use crate::infer::{Callee, Target};
use crate::place::{Place, Tri};
use crate::system::{ClientId, FreshKey, Request};
use crate::trace::Trace;
use crate::tracer::{At, Tracer};
use crate::ty::Ty;

/// A call that sends.
pub(crate) struct Sent {
    /// Its clients are still to be filled in.
    request: Request,
    ways: Vec<ClientWay>,
}

/// The clients that are made at a place, each with the call that finishes it.
pub(crate) type ClientIds = FxHashMap<At, Vec<(Option<At>, ClientId)>>;

/// Where the client of a request comes from.
struct ClientWay {
    /// The call that begins the request.
    begun: At,
    /// Where the clients are made that it may be made with.
    clients: Vec<At>,
    /// What happens to them on the way here.
    steps: Vec<At>,
    complete: bool,
    /// Something that is not looked into is put around the client: it may set limits.
    wrapped: bool,
}

impl Sent {
    pub(crate) fn request_mut(&mut self) -> &mut Request {
        &mut self.request
    }

    /// The request with the numbers of its clients.
    pub(crate) fn with_clients(&self, ids: &ClientIds) -> Request {
        let mut request = self.request.clone();
        for way in &self.ways {
            // `reqwest::get(url)` makes its own.
            if let Some(own) = ids.get(&way.begun) {
                request.clients.extend(own.iter().map(|(_, id)| *id));
                continue;
            }
            request.clients_complete &= way.complete;
            for site in &way.clients {
                let Some(made) = ids.get(site) else {
                    request.clients_complete = false;
                    continue;
                };
                // One builder may be finished in several places: the request's client went through one of them.
                let came =
                    |(finish, _): &&(Option<At>, ClientId)| finish.is_some_and(|f| way.steps.contains(&f));
                let mut own: Vec<ClientId> = made.iter().filter(came).map(|(_, id)| *id).collect();
                if own.is_empty() {
                    own = made.iter().map(|(_, id)| *id).collect();
                }
                own.retain(|id| !request.clients.contains(id));
                request.clients.extend(own);
            }
        }
        request
    }
}

/// What a call sends.
pub(crate) fn sent(tracer: &Tracer<'_>, send: At) -> Option<Sent> {
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
        rpc: None,
        unary: Tri::Present(()),
        clients: Vec::new(),
        clients_complete: trace.is_complete(),
        bound: bound(tracer, send, &trace),
        when: tracer.when(send),
        headers: Vec::new(),
        headers_complete: trace.is_complete(),
        fresh_key: None,
        answer: crate::answers::answer(tracer, send),
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
    }
    if request.protocol == Protocol::Grpc {
        request.unary = crate::protos::unary(tracer, send);
        request.rpc = crate::protos::called(tracer, send);
        if request.bound.is_absent() {
            request.bound =
                tracer.arg(send, 0).map_or(Tri::Unknown, |message| deadline(tracer, send, message));
        }
    }
    let ways: Vec<ClientWay> = trace.sources.iter().map(|begun| way(tracer, *begun)).collect();
    let wrapped = ways.iter().any(|way| way.wrapped);
    if request.bound.is_absent() && wrapped {
        request.bound = Tri::Unknown;
    }
    if request.protocol == Protocol::Grpc {
        request.headers_complete &= !wrapped && tracer.arg(send, 0).is_some_and(|m| bare(tracer, send, m));
    }
    Some(Sent { request, ways })
}

fn way(tracer: &Tracer<'_>, begun: At) -> ClientWay {
    let Some(client) = tracer.receiver(begun) else {
        return ClientWay { begun, clients: Vec::new(), steps: Vec::new(), complete: false, wrapped: false };
    };
    let trace = tracer.trace(client, &|c| make_client_of(c).is_some());
    let complete = trace.is_complete();
    // `Timeout::new(channel, limit)` stands outside of what is the client.
    let is_channel = tracer.actions(begun).iter().any(is_grpc);
    let is_builder = |at| tracer.role(begun.body, tracer.ty(at)) == Some(Role::ClientBuilder);
    let wraps = |call: At, a: &Action| match a {
        Action::MayLimit { .. } | Action::Wrap { .. } => true,
        Action::SetLimit { limit: Limit::Total | Limit::Head, .. } => {
            is_channel && !tracer.receiver(call).is_some_and(is_builder)
        }
        _ => false,
    };
    let wrapped = trace.steps.iter().any(|step| tracer.actions(step.at).iter().any(|a| wraps(step.at, a)));
    let steps = trace.steps.iter().map(|step| step.at).collect();
    ClientWay { begun, clients: trace.sources, steps, complete, wrapped }
}

fn is_grpc(action: &Action) -> bool {
    matches!(action, Action::Request { protocol: Some(Protocol::Grpc), .. })
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
    let mut sometimes = tracer.body(send.body).body.iter().any(bounds_something);
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

/// The limit that is set on a gRPC request itself: `request.set_timeout(limit)`.
fn deadline(tracer: &Tracer<'_>, send: At, message: At) -> Tri<Place> {
    if *tracer.ty(message) == Ty::Unknown {
        return if is_generated(tracer, message) { Tri::Absent } else { Tri::Unknown };
    }
    if tracer.role(message.body, tracer.ty(message)) != Some(Role::GrpcRequest) {
        return Tri::Absent;
    }
    let makes = |at: At| tracer.actions(at).iter().any(|a| matches!(a, Action::MakeMessage));
    if makes(message) {
        return Tri::Absent;
    }
    let Some(Target::Local(local)) = tracer.types_of(message.body).targets.get(&message.expr) else {
        return Tri::Unknown;
    };
    let sets = |at: At| tracer.actions(at).iter().any(|a| matches!(a, Action::SetLimit { .. }));
    match tracer.calls_on(message.body, *local).into_iter().find(|call| sets(*call)) {
        Some(set) if tracer.dominates(set, message) => return Tri::Present(tracer.call_place(set)),
        Some(_) => return Tri::Unknown,
        None => {}
    }
    // What is lent to a function may get a limit there.
    let lent = tracer.passed_on(message.body, *local).into_iter().any(|(call, _)| call != send);
    match tracer.single_origin(message) {
        Some(origin) if makes(origin) && !lent => Tri::Absent,
        _ => Tri::Unknown,
    }
}

/// Whether nothing but the message itself is sent: no metadata is put beside it.
fn bare(tracer: &Tracer<'_>, send: At, message: At) -> bool {
    let makes = |at: At| tracer.actions(at).iter().any(|a| matches!(a, Action::MakeMessage));
    let ty = tracer.ty(message);
    if tracer.role(message.body, ty) != Some(Role::GrpcRequest) {
        return matches!(ty, Ty::Adt(..) | Ty::Lib(..) | Ty::Tuple(_)) || is_generated(tracer, message);
    }
    if makes(message) {
        return true;
    }
    let Some(Target::Local(local)) = tracer.types_of(message.body).targets.get(&message.expr) else {
        return false;
    };
    let sets = |at: At| tracer.actions(at).iter().any(|a| matches!(a, Action::SetLimit { .. }));
    let touched = tracer.calls_on(message.body, *local).into_iter().any(|call| !sets(call));
    let lent = tracer.passed_on(message.body, *local).into_iter().any(|(call, _)| call != send);
    !touched && !lent && tracer.single_origin(message).is_some_and(makes)
}

/// `CountRequest::default()`: a function of generated code, which knows messages and no requests.
fn is_generated(tracer: &Tracer<'_>, at: At) -> bool {
    let ExprKind::Call { callee, .. } = tracer.kind(at) else { return false };
    matches!(tracer.types_of(at.body).targets.get(callee),
        Some(Target::Res(Res::Lib(path))) if path.starts_with(GENERATED))
}

fn headers(tracer: &Tracer<'_>, trace: &Trace, request: &mut Request) {
    for step in &trace.steps {
        // A method of a trait that nobody knows may add some: `.trace_request()`.
        let callee = tracer.types_of(step.at.body).callees.get(&step.at.expr);
        request.headers_complete &= !matches!(callee, Some(Callee::Lib(_, None)));
        for action in tracer.actions(step.at) {
            match action {
                Action::SetHeader { name, value } => {
                    match tracer.arg(step.at, *name).and_then(|at| tracer.header_name(at)) {
                        Some(name) => {
                            let value = tracer.arg(step.at, *value);
                            let key = value.and_then(|value| fresh_key(tracer, &name, value));
                            request.fresh_key = key.or(request.fresh_key.take());
                            request.headers.push(name);
                        }
                        None => request.headers_complete = false,
                    }
                }
                Action::SetHeaders { .. } => request.headers_complete = false,
                Action::Carries(Carries::CorrelationOut) => request.headers.push("traceparent".to_owned()),
                _ => {}
            }
        }
    }
}

/// The header that tells a repeated request from a new one, where its value is made in the function that sends.
fn fresh_key(tracer: &Tracer<'_>, name: &str, value: At) -> Option<FreshKey> {
    let fresh = Made::of(tracer, value).fresh.filter(|fresh| fresh.body == value.body)?;
    is_repeat_header(name).then(|| FreshKey {
        header: name.to_owned(),
        value: tracer.place(value),
        fresh: tracer.place(fresh),
        hoist: crate::hoist::hoist(tracer, value, fresh),
    })
}

/// Headers by whose value a server tells a repeated request from a new one.
pub fn is_repeat_header(name: &str) -> bool {
    ["idempot", "dedup", "client-token", "nats-msg-id"].iter().any(|word| name.contains(word))
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
