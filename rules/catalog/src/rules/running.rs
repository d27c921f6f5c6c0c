//! What runs in a service while it serves, without a limit around it.

use rustc_hash::FxHashMap;
use svclint_model::{CallPath, CallSite, Client, FnId, Model, Service, When};

use crate::Related;
use crate::rules::reach::{Reached, evidence};

/// What runs in a service without a limit around it.
pub(crate) struct Run<'m> {
    pub(super) service: &'m Service,
    pub(super) handlers: Reached<'m>,
    /// What handlers wait for themselves, not in a task of its own.
    waited_for: FxHashMap<FnId, CallPath>,
    /// What tasks and loops of the service call.
    background: FxHashMap<FnId, CallPath>,
}

/// Why something runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// For a request.
    Serving,
    /// In a task that the service runs beside, or a loop.
    Background,
}

impl<'m> Run<'m> {
    /// Of each service.
    pub(crate) fn all(model: &'m Model) -> Vec<Run<'m>> {
        model.services.iter().map(|service| Run::of(model, service)).collect()
    }

    fn of(model: &'m Model, service: &'m Service) -> Self {
        let handlers = Reached::through(model, service, |call| !call.when.bounded);
        let waits = |call: &CallSite| !call.when.bounded && !call.when.spawned;
        let waited_for = Reached::through(model, service, waits).ways;
        // What `main` does once, while it starts, is over when the service serves.
        let calls = service.functions.iter().flat_map(|f| &model.function(*f).calls);
        let tasks: Vec<FnId> =
            calls.filter(|c| c.when.is_steady() && !c.when.bounded).map(|c| c.to).collect();
        Run { service, handlers, waited_for, background: model.ways(&tasks, |call| !call.when.bounded) }
    }

    /// Why what stands in a function runs while the service serves; `None` where it does not, or something ends it.
    pub(super) fn how(&self, function: FnId, when: When) -> Option<How> {
        if self.waited_for.contains_key(&function) && !when.spawned {
            // A limit on the whole handler ends the call too.
            return self.service.handler_timeout.is_none().then_some(How::Serving);
        }
        let runs = self.service.functions.binary_search(&function).is_ok();
        (self.background.contains_key(&function) || when.is_steady() && runs).then_some(How::Background)
    }

    /// The same, whatever ends it.
    pub(super) fn how_at_all(&self, function: FnId, when: When) -> Option<How> {
        match self.handlers.ways.contains_key(&function) {
            true => Some(How::Serving),
            false => self.how(function, when),
        }
    }

    /// Whether a client is one that the service makes: a library that several programs are built with gets each one's own.
    pub(super) fn makes(&self, model: &Model, client: &Client) -> bool {
        let runs_in = |service: &Service, f: &FnId| service.functions.binary_search(f).is_ok();
        match client.in_fn.filter(|f| model.services.iter().any(|service| runs_in(service, f))) {
            Some(function) => runs_in(self.service, &function),
            None => {
                let package = model.packages.get(client.package as usize);
                package.is_some_and(|p| p.built_into.contains(&self.service.package))
            }
        }
    }

    /// Who waits, for messages.
    pub(super) fn who(&self, model: &Model, function: FnId, how: How) -> String {
        match (how, self.handlers.route(model, function)) {
            (How::Serving, Some(route)) => format!("`{} {}`", route.method, route.path),
            (How::Serving, None) => "a handler".to_owned(),
            (How::Background, _) => "the task that calls it".to_owned(),
        }
    }

    /// The calls that lead from a handler to a function.
    pub(super) fn evidence(&self, model: &Model, function: FnId) -> Vec<Related> {
        self.handlers.ways.get(&function).map(|way| evidence(model, way)).unwrap_or_default()
    }
}
