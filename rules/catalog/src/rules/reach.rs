//! What runs for a request, and how it gets there.

use rustc_hash::FxHashMap;
use svclint_model::{CallPath, CallSite, FnId, Model, Route, Service};

use crate::finding::Related;

/// A handler and the functions that it reaches.
pub(super) struct Reached<'m> {
    /// The handlers with their routes.
    pub(super) roots: Vec<(FnId, &'m Route)>,
    /// The way to each function, from a handler.
    pub(super) ways: FxHashMap<FnId, CallPath>,
}

impl<'m> Reached<'m> {
    /// From all handlers of a service.
    pub(super) fn from_handlers(model: &'m Model, service: &'m Service) -> Reached<'m> {
        Reached::through(model, service, |_| true)
    }

    /// From all handlers of a service, through some calls.
    pub(super) fn through(
        model: &'m Model,
        service: &'m Service,
        follow: impl Fn(&CallSite) -> bool,
    ) -> Reached<'m> {
        let roots: Vec<(FnId, &Route)> =
            service.routes.iter().filter_map(|r| Some((r.handler?, r))).collect();
        let ids: Vec<FnId> = roots.iter().map(|(id, _)| *id).collect();
        Reached { ways: model.ways(&ids, follow), roots }
    }

    /// The route whose handler reaches a function.
    pub(super) fn route(&self, model: &Model, function: FnId) -> Option<&'m Route> {
        let way = self.ways.get(&function)?;
        let handler = match way.first() {
            None => function,
            Some(first) => {
                let holds = |id: &FnId| model.function(*id).calls.contains(first);
                self.roots.iter().map(|(id, _)| *id).find(holds)?
            }
        };
        self.roots.iter().find(|(id, _)| *id == handler).map(|(_, route)| *route)
    }
}

/// The calls on a way, as evidence. Long ways keep their ends.
pub(super) fn evidence(model: &Model, way: &CallPath) -> Vec<Related> {
    const SHOWN: usize = 4;
    let all = way.iter().map(|call| {
        let name = model.function(call.to).path.rsplit("::").next().unwrap_or("").to_owned();
        Related { place: call.at, message: format!("calls `{name}`") }
    });
    let mut all: Vec<Related> = all.collect();
    if all.len() > SHOWN {
        all.drain(SHOWN / 2..all.len() - SHOWN / 2);
    }
    all
}
