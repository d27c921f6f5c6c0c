//! What health routes find out.

use svclint_model::{
    CallPath, Deed, EffectKind, FnId, Model, Place, ProbeKind, Protocol, Route, Service, SqlKind, What, asked,
};

use crate::Context;
use crate::rules::deployed::deployed;

/// What a service keeps its data in.
const STORES: &[EffectKind] = &[
    EffectKind::Sql(SqlKind::Select),
    EffectKind::Sql(SqlKind::Insert),
    EffectKind::Sql(SqlKind::Upsert),
    EffectKind::Sql(SqlKind::Update),
    EffectKind::Sql(SqlKind::Delete),
    EffectKind::Sql(SqlKind::Other),
    EffectKind::Call(Protocol::Sql),
    EffectKind::Call(Protocol::Document),
];

/// The question to a database that a function reaches first.
pub(super) fn asks_store(model: &Model, from: FnId) -> Option<&Deed> {
    STORES.iter().find_map(|kind| model.way(from, *kind)).map(|(_, _, deed)| deed)
}

/// A question to something outside of the process, which the handler of a route waits for.
pub(super) struct Question<'m> {
    /// Who is asked, for messages.
    pub(super) whom: &'static str,
    /// The calls that lead to it.
    pub(super) calls: CallPath,
    /// The function that asks.
    pub(super) function: FnId,
    /// The question itself.
    pub(super) deed: &'m Deed,
}

/// All that a handler asks and waits for, the nearest first; what it leaves to a task of its own, nobody waits for.
pub(super) fn questions(model: &Model, handler: FnId) -> Vec<Question<'_>> {
    let ways = model.ways(&[handler], |call| !call.when.spawned);
    let mut found = Vec::new();
    for (function, calls) in ways {
        for deed in model.function(function).does.iter().filter(|d| !d.when.spawned) {
            let question = |whom| Question { whom, calls: calls.clone(), function, deed };
            found.extend(asked_whom(model, &deed.what).map(question));
        }
    }
    found.sort_by_key(|q| (q.calls.len(), q.deed.at));
    found
}

/// Who is asked, where a restart does not bring it back.
fn asked_whom(model: &Model, what: &What) -> Option<&'static str> {
    let protocol = match what {
        What::Sql(_) => Protocol::Sql,
        What::Call(protocol, _) => *protocol,
        What::Request(number) => model.requests.get(*number as usize)?.protocol,
        _ => return None,
    };
    match protocol {
        Protocol::Sql | Protocol::Document => Some("the database"),
        Protocol::Redis => Some("Redis"),
        Protocol::Messaging => Some("the broker"),
        Protocol::Http | Protocol::Grpc => Some("another service"),
        _ => None,
    }
}

/// Words of paths that ask whether a service can take requests.
const READY: &[&str] = &["ready", "readyz", "readiness"];

/// Whether a route tells by its path that it answers whether the service can take requests.
fn is_readiness(route: &Route) -> bool {
    let last = route.path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    matches!(route.method.as_str(), "GET" | "ANY") && route.complete && READY.contains(&last)
}

/// The routes of a service by which something learns whether it can take requests, each with the probe that asks for it.
pub(super) fn readiness<'m>(cx: &Context<'m>, service: &'m Service) -> Vec<(&'m Route, Option<Place>)> {
    let mut found: Vec<(&Route, Option<Place>)> = Vec::new();
    for program in deployed(cx).filter(|d| std::ptr::eq(d.service, service)) {
        for ask in asked(program.container).into_iter().filter(|a| a.probe.kind == ProbeKind::Readiness) {
            found.extend(program.answering(&ask).map(|route| (route, Some(ask.at))));
        }
    }
    let by_name = service.routes.iter().filter(|r| is_readiness(r));
    for route in by_name {
        if found.iter().all(|(known, _)| !std::ptr::eq(*known, route)) {
            found.push((route, None));
        }
    }
    found
}
