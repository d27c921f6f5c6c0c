//! The order of things inside one body: which assignment a use sees, what happens always and what only sometimes.

use svclint_facts::rust::{ExprKind, Stmt};
use svclint_knowledge::{Action, Effect, Role};

use crate::bodies::BodyId;
use crate::defs::FnIdx;
use crate::infer::{Callee, LocalId, Target};
use crate::links::{Bounded, Origin};
use crate::system::When;
use crate::tracer::{At, Tracer};
use crate::ty::Ty;

impl Tracer<'_> {
    /// The origins of a variable that its use may see: what a later, certain assignment replaces is gone.
    pub(crate) fn reaching<'o>(&self, at: At, origins: &'o [Origin]) -> Vec<&'o Origin> {
        if origins.len() < 2 {
            return origins.iter().collect();
        }
        let place = |value: &At| self.place(*value).span;
        let used = place(&at).start;
        let last_certain = origins.iter().filter_map(|o| match o {
            Origin::Expr(value, _) if place(value).end <= used && self.dominates(*value, at) => {
                Some(place(value).end)
            }
            _ => None,
        });
        let last_certain = last_certain.max().unwrap_or(0);
        let reaches = |o: &&Origin| match o {
            Origin::Param(_) => last_certain == 0,
            Origin::Expr(value, _) => {
                let end = place(value).end;
                end >= last_certain && (end <= used || self.shares_loop(*value, at))
            }
        };
        origins.iter().filter(reaches).collect()
    }

    /// Whether an expression is evaluated whenever another one, later in the same body, is.
    pub(crate) fn dominates(&self, first: At, second: At) -> bool {
        let block = self.branch_of(first);
        block.is_none_or(|b| self.ancestors(second).any(|a| a == b))
    }

    /// The innermost branch, loop body or closure that holds an expression: it may be left out.
    fn branch_of(&self, at: At) -> Option<At> {
        let mut inner = at;
        while let Some(outer) = self.parent(inner) {
            let may_be_left_out = match self.kind(outer) {
                ExprKind::If { cond, .. } => *cond != inner.expr,
                ExprKind::Match { scrutinee, .. } => *scrutinee != inner.expr,
                ExprKind::While { cond, .. } => *cond != inner.expr,
                ExprKind::For { iter, .. } => *iter != inner.expr,
                ExprKind::Closure { .. } | ExprKind::Select { .. } => true,
                _ => false,
            };
            if may_be_left_out {
                return Some(inner);
            }
            inner = outer;
        }
        None
    }

    /// Whether what an expression stands in may be left out.
    pub(crate) fn is_in_branch(&self, at: At) -> bool {
        self.branch_of(at).is_some()
    }

    /// Whether an expression is the value of a `let`, or part of it, that is compiled in some builds only.
    fn is_gated(&self, at: At) -> bool {
        let mut ancestors = self.ancestors(at).zip(self.ancestors(at).skip(1));
        ancestors.any(|(inner, outer)| match self.kind(outer) {
            ExprKind::Block { stmts, .. } => stmts
                .iter()
                .any(|s| matches!(s, Stmt::Let { init: Some(init), gated: true, .. } if *init == inner.expr)),
            _ => false,
        })
    }

    pub(crate) fn ancestors(&self, at: At) -> impl Iterator<Item = At> + '_ {
        std::iter::successors(Some(at), |a| self.parent(*a))
    }

    fn shares_loop(&self, a: At, b: At) -> bool {
        let is_loop = |at: &At| {
            matches!(self.kind(*at), ExprKind::Loop(_) | ExprKind::While { .. } | ExprKind::For { .. })
        };
        let around: Vec<At> = self.ancestors(a).filter(is_loop).collect();
        !around.is_empty() && self.ancestors(b).any(|x| around.contains(&x))
    }

    /// Calls on a builder held in a variable whose value nobody takes, before some use of it.
    pub(crate) fn changes(&self, at: At, local: LocalId) -> Vec<At> {
        if !self.is_builder(at.body, self.ty(at)) {
            return Vec::new();
        }
        let used = self.place(at).span.start;
        let is_before = |c: &At| self.place(*c).span.end <= used && self.is_statement(*c);
        let lent = self.passed_on(at.body, local).into_iter().map(|(call, _)| call).filter(is_before);
        let lent: Vec<At> = lent.collect();
        let mut calls = self.calls_on(at.body, local);
        calls.retain(|c| {
            let dropped = self.parent(*c).is_none_or(|p| matches!(self.kind(p), ExprKind::Block { .. }));
            let has_effect = !self.actions(*c).is_empty() || self.receiver(*c).is_some();
            let outermost = self.parent(*c).is_none_or(|p| self.receiver(p) != Some(*c));
            has_effect
                && self.place(*c).span.end <= used
                && (dropped || !outermost && self.is_dropped_chain(*c))
        });
        if !lent.is_empty() {
            calls.extend(lent);
            calls.sort_by_key(|c| self.place(*c).span.end);
        }
        calls
    }

    /// Whether a type is one that calls add to.
    pub(crate) fn is_builder(&self, body: BodyId, ty: &Ty) -> bool {
        matches!(
            self.role(body, ty),
            Some(Role::ClientBuilder | Role::Router | Role::Server | Role::Policy | Role::Query)
        )
    }

    /// Whether a call's value is dropped: `f(&mut x);`, `f(&mut x).await?;`
    pub(crate) fn is_statement(&self, call: At) -> bool {
        let mut end = call;
        while let Some(outer) = self.parent(end) {
            match self.kind(outer) {
                ExprKind::Await(_) | ExprKind::Try(_) => end = outer,
                ExprKind::Block { stmts, .. } => {
                    return stmts.iter().any(|s| matches!(s, Stmt::Expr(e) if *e == end.expr));
                }
                _ => return false,
            }
        }
        false
    }

    /// Whether the chain that a call is part of ends as a statement.
    fn is_dropped_chain(&self, at: At) -> bool {
        let mut end = at;
        while let Some(outer) = self.parent(end) {
            match self.kind(outer) {
                ExprKind::MethodCall { .. } if self.receiver(outer) == Some(end) => end = outer,
                ExprKind::Block { stmts, .. } => {
                    return stmts.iter().any(|s| matches!(s, Stmt::Expr(e) if *e == end.expr));
                }
                _ => return false,
            }
        }
        false
    }

    /// The variable that holds an expression, and nothing else ever.
    pub(crate) fn held_in(&self, at: At) -> Option<LocalId> {
        let is_init = |s: &Stmt| matches!(s, Stmt::Let { init: Some(init), .. } if *init == at.expr);
        match self.parent(at).map(|p| self.kind(p)) {
            Some(ExprKind::Block { stmts, .. }) if stmts.iter().any(is_init) => {}
            _ => return None,
        }
        let locals = self.types_of(at.body).locals.len() as u32;
        (0..locals).map(LocalId).find(|local| {
            let origins = self.origins(at.body, *local);
            matches!(origins, Some([Origin::Expr(value, parts)]) if *value == at && parts.is_empty())
        })
    }

    /// Whether a future is kept in a variable that is only ever waited for with a limit.
    pub(crate) fn bounded_in_variable(&self, at: At) -> bool {
        // `let call = async { .. }; timeout(limit, call).await`
        let whole = self.ancestors(at).find(|a| matches!(self.kind(*a), ExprKind::Async(_))).unwrap_or(at);
        let Some(local) = self.held_in(at).or_else(|| self.held_in(whole)) else { return false };
        let types = self.types_of(at.body);
        let mut uses = types
            .targets
            .iter()
            .filter(|(_, t)| matches!(t, crate::infer::Target::Local(l) if *l == local))
            .map(|(expr, _)| At { body: at.body, expr: *expr })
            .peekable();
        uses.peek().is_some() && uses.all(|u| self.when_here(u).bounded)
    }

    /// In which circumstances an expression is evaluated.
    pub(crate) fn when(&self, at: At) -> When {
        let mut when = self.when_here(at);
        // `let call = f(); timeout(limit, call).await`
        when.bounded = when.bounded || self.bounded_in_variable(at);
        when
    }

    fn when_here(&self, at: At) -> When {
        let mut when = When { sometimes: self.is_in_branch(at) || self.is_gated(at), ..When::default() };
        let mut inner = at;
        while let Some(outer) = self.parent(inner) {
            // What is around the start of a task does not end the task.
            let bounded = when.bounded;
            let apart = when.spawned;
            match self.kind(outer) {
                ExprKind::Loop(_) | ExprKind::While { .. } | ExprKind::For { .. } => when.looped = true,
                ExprKind::Call { .. } | ExprKind::MethodCall { .. } => self.around(inner, outer, &mut when),
                ExprKind::If { .. } => when.only_if = when.only_if.or_else(|| self.flag_of(inner, outer)),
                ExprKind::Macro(call) => when.off_thread |= self.macro_may_move(outer, call),
                ExprKind::Select { branches, .. } => {
                    // A branch that sleeps ends the others after a while.
                    let others = branches.iter().filter_map(|b| b.future).filter(|f| *f != inner.expr);
                    let sleeps = |f| {
                        let actions = self.actions(At { body: at.body, expr: f });
                        actions.iter().any(|a| matches!(a, Action::Effect(Effect::Sleep)))
                    };
                    when.bounded |= others.into_iter().any(sleeps);
                }
                _ => {}
            }
            if apart {
                when.bounded = bounded;
            }
            inner = outer;
        }
        when
    }

    /// What a call does to something inside of it.
    fn around(&self, inner: At, call: At, when: &mut When) {
        let is_arg = |number: u8| self.arg(call, number) == Some(inner);
        let is_receiver = self.receiver(call) == Some(inner);
        for action in self.actions(call) {
            match action {
                Action::Bound { future, .. } => {
                    when.bounded |= future.map_or(is_receiver, is_arg);
                }
                Action::Spawn { task } if is_arg(*task) => {
                    when.spawned = true;
                    when.off_thread |= self.is_work_of_thread(inner);
                }
                Action::Effect(Effect::BlockingPool) if !is_receiver => when.off_thread = true,
                Action::Retry { task, .. } => when.retried |= task.map_or(is_receiver, is_arg),
                _ => {}
            }
        }
        when.off_thread |= !is_receiver && self.may_move(inner, call);
        when.spawned |= !is_receiver && self.becomes_task(inner, call);
        // A function of the workspace that waits for its argument with a limit.
        if let Some(Callee::Fns(fns)) = self.types_of(call.body).callees.get(&call.expr) {
            let bounds = |f: &FnIdx| match self.bounded_param(*f) {
                Some(Bounded::Param(n)) => self.argument(call, *f, n) == Some(inner),
                Some(Bounded::This) => is_receiver,
                None => false,
            };
            when.bounded |= !fns.is_empty() && fns.iter().all(bounds);
        }
    }

    /// A thread runs a closure or a function, a task a future.
    fn is_work_of_thread(&self, at: At) -> bool {
        match self.kind(at) {
            ExprKind::Closure { is_async, .. } => !is_async,
            ExprKind::Path(_) => {
                matches!(self.types_of(at.body).targets.get(&at.expr), Some(Target::Res(_)))
            }
            ExprKind::Block { tail: Some(tail), .. } => {
                self.is_work_of_thread(At { body: at.body, expr: *tail })
            }
            _ => false,
        }
    }

    /// What around an expression ends it after a while.
    pub(crate) fn bounded_around(&self, at: At) -> Option<At> {
        let mut inner = at;
        while let Some(outer) = self.parent(inner) {
            let mut when = When::default();
            if matches!(self.kind(outer), ExprKind::Call { .. } | ExprKind::MethodCall { .. }) {
                self.around(inner, outer, &mut when);
            }
            if when.bounded {
                return Some(outer);
            }
            inner = outer;
        }
        None
    }
}
