//! Routers whose way to the server could not be followed: those that are built by a program and put into no other router
//! must be what it serves.

use rustc_hash::{FxHashMap, FxHashSet};
use svclint_knowledge::{Action, Callable, Role};

use super::RouteReader;
use crate::bodies::BodyId;
use crate::defs::FnIdx;
use crate::system::FnId;
use crate::trace::Trace;
use crate::tracer::At;

impl RouteReader<'_> {
    /// Reads the outermost routers that some functions return.
    pub(crate) fn roots(&mut self, running: &FxHashSet<FnId>) {
        let bodies: Vec<BodyId> = {
            let mut all: Vec<BodyId> =
                running.iter().filter_map(|f| self.tracer.body_of(FnIdx(f.0))).collect();
            all.sort_unstable();
            all
        };
        let inner: FxHashSet<At> = bodies.iter().flat_map(|b| self.put_into_others(*b)).collect();
        // For each router the value that has gone furthest: a helper that adds to it gives it back with more.
        let mut furthest: FxHashMap<At, (usize, At)> = FxHashMap::default();
        for value in bodies.iter().flat_map(|b| self.tracer.returned(*b)) {
            if self.tracer.role(value.body, self.tracer.ty(value)) != Some(Role::Router) {
                continue;
            }
            let trace = self.made(value);
            for source in trace.sources.iter().filter(|s| !inner.contains(s)) {
                let known = furthest.entry(*source).or_insert((0, value));
                if trace.steps.len() > known.0 {
                    *known = (trace.steps.len(), value);
                }
            }
        }
        let mut values: Vec<At> = furthest.into_values().map(|(_, value)| value).collect();
        values.sort_unstable();
        values.dedup();
        values.into_iter().for_each(|value| self.served(value));
        self.routes.incomplete = true;
    }

    /// The way back to the calls that make a router.
    pub(super) fn made(&self, at: At) -> Trace {
        let makes = |c: &Callable| c.does.as_slice().iter().any(|a| matches!(a, Action::MakeRouter { .. }));
        self.tracer.trace(at, &makes)
    }

    /// The routers that a body nests in or merges into others.
    fn put_into_others(&self, body: BodyId) -> Vec<At> {
        let mut found = Vec::new();
        for (expr, _) in self.tracer.body(body).body.iter() {
            let at = At { body, expr };
            for action in self.tracer.actions(at) {
                let router = match action {
                    Action::Nest { router, .. } | Action::Merge { router } => router,
                    Action::Mount { value, .. } => value,
                    _ => continue,
                };
                let given = self.tracer.arg(at, *router);
                found.extend(given.into_iter().flat_map(|g| self.made(g).sources));
            }
        }
        found
    }
}
