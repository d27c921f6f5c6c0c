//! Functions that get a router and add to it.

use svclint_facts::rust::ExprKind;

use super::{DEPTH, RouteReader};
use crate::bodies::BodyId;
use crate::defs::FnIdx;
use crate::fold::Text;
use crate::infer::{Callee, LocalId};
use crate::trace::Step;
use crate::tracer::At;

impl RouteReader<'_> {
    /// A function or closure that gets the router and adds to it.
    pub(super) fn configure(&mut self, at: At, prefix: &Text, depth: u32) {
        if depth > DEPTH || !self.open.insert(at) {
            return;
        }
        match self.tracer.kind(at) {
            ExprKind::Closure { params, .. } => {
                self.configured(at.body, params.first().map(|(pat, _)| *pat), prefix, depth);
            }
            // `configure(routes_of(state))`: a function that returns the closure.
            ExprKind::Call { .. } | ExprKind::MethodCall { .. } => {
                let fns = match self.tracer.types_of(at.body).callees.get(&at.expr) {
                    Some(Callee::Fns(fns)) => fns.clone(),
                    _ => Vec::new(),
                };
                let bodies = self.tracer.bodies_of(&fns);
                let values: Vec<At> = bodies.flat_map(|b| self.tracer.returned(b)).collect();
                self.routes.incomplete |= values.is_empty();
                values.into_iter().for_each(|v| self.configure(v, prefix, depth + 1));
            }
            _ => match self.function(at).0 {
                Some(function) => self.configure_with(&[function], 0, prefix, depth),
                None => self.routes.incomplete = true,
            },
        }
        self.open.remove(&at);
    }

    /// Functions that get the router as their parameter with a number.
    pub(super) fn configure_with(&mut self, fns: &[FnIdx], number: usize, prefix: &Text, depth: u32) {
        let bodies = self.tracer.bodies_of(fns);
        let bodies: Vec<BodyId> = bodies.filter(|b| self.tracer.in_scope(*b)).collect();
        self.routes.incomplete |= bodies.is_empty();
        for body in bodies {
            let pat = self.tracer.body(body).body.params.get(number).copied();
            self.configured(body, pat, prefix, depth);
        }
    }

    pub(super) fn configured(
        &mut self,
        body: BodyId,
        pat: Option<svclint_facts::rust::PatId>,
        prefix: &Text,
        depth: u32,
    ) {
        match pat.and_then(|pat| self.tracer.types_of(body).of_pat.get(&pat)) {
            Some(local) => self.calls_on(body, *local, prefix, depth),
            None => self.routes.incomplete = true,
        }
    }

    /// What a body does with a router that it was given: the calls on it, and the functions that get it in turn.
    pub(super) fn calls_on(&mut self, body: BodyId, local: LocalId, prefix: &Text, depth: u32) {
        if depth > DEPTH {
            return;
        }
        let calls = self.tracer.calls.clone();
        let step = |at| Step { at, always: true, calls: calls.clone() };
        let calls: Vec<Step> = self.tracer.calls_on(body, local).into_iter().rev().map(step).collect();
        self.steps(&calls, prefix, depth + 1);
        // What nobody can look into may add anything.
        self.routes.incomplete |= self.tracer.is_lost_with(body, local);
        for (call, number) in self.tracer.passed_on(body, local) {
            let fns = match self.tracer.types_of(body).callees.get(&call.expr) {
                Some(Callee::Fns(fns)) => fns.clone(),
                _ => continue,
            };
            let outside = self.tracer.calls.clone();
            let through = self.tracer.bodies_of(&fns).map(|b| (b, call));
            self.tracer.calls = outside.iter().copied().chain(through).collect();
            self.configure_with(&fns, number, prefix, depth + 1);
            self.tracer.calls = outside;
        }
    }
}
