//! Outbound calls: what is sent, with which clients, within which limits.

use rustc_hash::FxHashMap;
use svclint_facts::rust::{ExprId, ExprKind};
use svclint_knowledge::{Action, Callable, Limit, Protocol};

use crate::clients::make_client_of;
use crate::infer::Target;
use crate::place::{Place, Tri};
use crate::system::{ClientId, Request};
use crate::trace::Trace;
use crate::tracer::{At, Tracer};

/// A call that sends.
pub(crate) struct Sent {
    /// Its clients are still to be filled in.
    request: Request,
    ways: Vec<ClientWay>,
}

/// Where the client of a request comes from.
struct ClientWay {
    /// The call that begins the request.
    begun: At,
    /// Where the clients are made that it may be made with.
    clients: Vec<At>,
    complete: bool,
}

impl Sent {
    pub(crate) fn request_mut(&mut self) -> &mut Request {
        &mut self.request
    }

    /// The request with the numbers of its clients.
    pub(crate) fn with_clients(&self, ids: &FxHashMap<At, ClientId>) -> Request {
        let mut request = self.request.clone();
        for way in &self.ways {
            // `reqwest::get(url)` makes its own.
            if let Some(id) = ids.get(&way.begun) {
                request.clients.push(*id);
                continue;
            }
            request.clients_complete &= way.complete;
            for site in &way.clients {
                match ids.get(site) {
                    Some(id) if !request.clients.contains(id) => request.clients.push(*id),
                    Some(_) => {}
                    None => request.clients_complete = false,
                }
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
    }
    let ways = trace.sources.iter().map(|begun| way(tracer, *begun)).collect();
    Some(Sent { request, ways })
}

fn way(tracer: &Tracer<'_>, begun: At) -> ClientWay {
    let Some(client) = tracer.receiver(begun) else {
        return ClientWay { begun, clients: Vec::new(), complete: false };
    };
    let trace = tracer.trace(client, &|c| make_client_of(c).is_some());
    let complete = trace.is_complete();
    ClientWay { begun, clients: trace.sources, complete }
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
