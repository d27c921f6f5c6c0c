//! What health routes find out.

use svclint_model::{Deed, EffectKind, FnId, Model, Protocol, Route, Service, SqlKind};

use crate::Context;
use crate::rules::deployed::deployed;
use svclint_model::{Place, ProbeKind, Tri, answers, asked};

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
            let is_it = |r: &&Route| {
                matches!(r.method.as_str(), "GET" | "ANY")
                    && matches!(answers(&ask.path, &r.path), Tri::Present(()))
            };
            found.extend(service.routes.iter().find(is_it).map(|route| (route, Some(ask.at))));
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
