//! Builders that are lent to others: to functions by `&mut`, to closures that tune them.

use svclint_facts::rust::{ExprKind, PatId};

use super::{Step, Trace, Walk};
use crate::bodies::{BodyId, BodyOwner};
use crate::infer::{Callee, LocalId, Target};
use crate::links::Origin;
use crate::tracer::{At, Calls, Tracer};

impl Tracer<'_> {
    /// `add_routes(&mut router);`: what a function does with a builder that it is lent.
    pub(super) fn helped(&self, call: At, always: bool, trace: &mut Trace, walk: &mut Walk<'_>, left: u32) {
        let Some(Callee::Fns(fns)) = self.types_of(call.body).callees.get(&call.expr) else { return };
        for body in self.bodies_of(fns).filter(|b| left > 0 && self.in_scope(*b)) {
            walk.calls.push((body, call));
            for local in self.lent(call, body) {
                for inner in self.calls_on(body, local) {
                    trace.steps.insert(0, Step { at: inner, always, calls: walk.calls() });
                }
                for (further, _) in self.passed_on(body, local) {
                    self.helped(further, always, trace, walk, left - 1);
                }
            }
            walk.calls.pop();
        }
    }

    /// `tune(Endpoint::from_static(url))`: what a closure does to the builder that it is given.
    pub(super) fn tuned(&self, call: At, walk: &mut Walk<'_>, depth: u32) -> Trace {
        let ExprKind::Call { callee, args } = self.kind(call) else { return Self::lost(call) };
        let Some(given) = args.first().map(|arg| At { body: call.body, expr: *arg }) else {
            return Self::lost(call);
        };
        if !self.is_builder(call.body, self.ty(given)) {
            return Self::lost(call);
        }
        let mut trace = self.walk(given, walk, depth);
        let closures = self.closures(At { body: call.body, expr: *callee }, walk);
        let whole = closures
            .as_ref()
            .is_some_and(|all| all.iter().all(|c| self.tune(*c, all.len() == 1, &mut trace)));
        if !whole {
            trace.lost.push(call);
        }
        trace
    }

    /// Adds what a closure calls on its parameter; whether that is all that it does.
    fn tune(&self, closure: At, always: bool, trace: &mut Trace) -> bool {
        let ExprKind::Closure { params, body, .. } = self.kind(closure) else { return false };
        let local = params.first().and_then(|(pat, _)| self.types_of(closure.body).of_pat.get(pat));
        let Some(local) = local else { return false };
        let calls = self.calls_on(closure.body, *local);
        let mut end = At { body: closure.body, expr: *body };
        while let ExprKind::Block { tail: Some(tail), .. } = self.kind(end) {
            end.expr = *tail;
        }
        let gives_it_back =
            matches!(self.types_of(end.body).targets.get(&end.expr), Some(Target::Local(l)) if l == local);
        let whole = calls.contains(&end) || gives_it_back;
        let is_known = |at: &At| {
            let callee = self.types_of(at.body).callees.get(&at.expr);
            matches!(callee, Some(Callee::Lib(_, Some(_))))
        };
        let all_known = calls.iter().all(is_known);
        for at in calls {
            trace.steps.insert(0, Step { at, always, calls: Calls::default() });
        }
        whole && all_known
    }

    /// The closures that a called value may be; `None` where they are not known.
    fn closures(&self, callee: At, walk: &Walk<'_>) -> Option<Vec<At>> {
        let Some(Target::Local(local)) = self.types_of(callee.body).targets.get(&callee.expr) else {
            return None;
        };
        match self.origins(callee.body, *local)? {
            [Origin::Expr(value, parts)] if parts.is_empty() => Some(vec![*value]),
            [Origin::Param(number)] => {
                let BodyOwner::Fn(function) = self.body(callee.body).owner else { return None };
                let through =
                    walk.calls.iter().rfind(|(body, _)| *body == callee.body).map(|(_, call)| *call);
                let calls = match through {
                    Some(call) => vec![call],
                    None => {
                        self.calls_of(function).iter().filter(|c| self.in_scope(c.body)).copied().collect()
                    }
                };
                let given = calls.into_iter().map(|call| self.argument(call, function, *number));
                given.collect::<Option<Vec<At>>>().filter(|all| !all.is_empty())
            }
            _ => None,
        }
    }

    /// The parameters of a function that are builders.
    fn lent(&self, call: At, body: BodyId) -> Vec<LocalId> {
        let BodyOwner::Fn(function) = self.body(body).owner else { return Vec::new() };
        let params = self.body(body).body.params.iter().enumerate();
        let builder = |(number, pat): (usize, &PatId)| {
            let given = self.argument(call, function, number)?;
            let is_lent =
                matches!(self.kind(given), ExprKind::Ref(_)) || matches!(self.kind(given), ExprKind::Path(_));
            let local = *self.types_of(body).of_pat.get(pat)?;
            (is_lent && self.is_builder(body, &self.types_of(body).locals.get(local.0 as usize)?.ty))
                .then_some(local)
        };
        params.filter_map(builder).collect()
    }
}
