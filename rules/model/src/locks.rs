//! Locks that are held while something else is waited for.

use svclint_facts::rust::{ExprId, ExprKind, PatKind, Stmt};
use svclint_knowledge::{Action, Effect};

use crate::bodies::BodyId;
use crate::infer::{LocalId, Target};
use crate::place::Place;
use crate::tracer::{At, Tracer};

/// The lock, and the first wait during which it is held, for each guard in a body.
pub(crate) fn held_locks(tracer: &Tracer<'_>, body: BodyId) -> Vec<(Place, Place)> {
    let mut found = Vec::new();
    for (_, node) in tracer.body(body).body.iter() {
        let ExprKind::Block { stmts, tail } = &node.kind else { continue };
        for (number, stmt) in stmts.iter().enumerate() {
            let Stmt::Let { pat, init: Some(init), .. } = stmt else { continue };
            let Some(lock) = guard(tracer, At { body, expr: *init }) else { continue };
            if !matches!(tracer.body(body).body.pat(*pat).kind, PatKind::Bind { .. }) {
                continue;
            }
            let after = stmts.iter().skip(number + 1);
            let wait = first_wait(tracer, body, *pat, after, *tail);
            found.extend(wait.map(|w| (tracer.place(lock), tracer.place(w))));
        }
    }
    for lock in tracer.calls(body).filter(|at| locks(tracer, *at)) {
        found.extend(unnamed(tracer, lock).map(|wait| (tracer.place(lock), tracer.place(wait))));
    }
    found
}

fn locks(tracer: &Tracer<'_>, at: At) -> bool {
    tracer.actions(at).iter().any(|a| matches!(a, Action::Effect(Effect::Lock)))
}

/// A guard that nobody names lives to the end of its statement: `self.client.lock().await.send(x).await`,
/// `if let Some(x) = map.lock().unwrap().get(k) { .. }`.
fn unnamed(tracer: &Tracer<'_>, lock: At) -> Option<At> {
    let here = |expr: ExprId| At { body: lock.body, expr };
    let is_own_wait = |at: At| matches!(tracer.kind(at), ExprKind::Await(inner) if *inner == lock.expr);
    let mut inner = lock;
    while let Some(outer) = tracer.parent(inner) {
        match tracer.kind(outer) {
            ExprKind::Await(_) if !is_own_wait(outer) => return Some(outer),
            ExprKind::Let { value, .. } if *value == inner.expr => {
                let parts = match tracer.parent(outer).map(|p| tracer.kind(p)) {
                    Some(ExprKind::If { then, .. }) => *then,
                    Some(ExprKind::While { body, .. }) => *body,
                    _ => return None,
                };
                return any_wait(tracer, here(parts));
            }
            ExprKind::Match { scrutinee, arms } if *scrutinee == inner.expr => {
                return arms.iter().find_map(|arm| any_wait(tracer, here(arm.body)));
            }
            ExprKind::For { iter, body, .. } if *iter == inner.expr => return any_wait(tracer, here(*body)),
            ExprKind::Block { .. }
            | ExprKind::Closure { .. }
            | ExprKind::Async(_)
            | ExprKind::If { .. }
            | ExprKind::While { .. }
            | ExprKind::Loop(_) => return None,
            _ => inner = outer,
        }
    }
    None
}

/// An `.await` in an expression, not one of a closure or a task in it.
fn any_wait(tracer: &Tracer<'_>, at: At) -> Option<At> {
    match tracer.kind(at) {
        ExprKind::Await(_) => Some(at),
        ExprKind::Closure { .. } | ExprKind::Async(_) => None,
        kind => {
            let mut inner = Vec::new();
            crate::bodies::children(kind, &mut |child| inner.push(child));
            inner.into_iter().find_map(|expr| any_wait(tracer, At { body: at.body, expr }))
        }
    }
}

/// The call that locks, if an expression gives the guard itself and not something behind it.
fn guard(tracer: &Tracer<'_>, at: At) -> Option<At> {
    match tracer.kind(at) {
        ExprKind::Await(inner) | ExprKind::Try(inner) => guard(tracer, At { body: at.body, expr: *inner }),
        ExprKind::MethodCall { .. } if locks(tracer, at) => Some(at),
        ExprKind::MethodCall { receiver, method, .. } => {
            let keeps = matches!(method.as_str(), "unwrap" | "expect" | "map_err" | "unwrap_or_else");
            guard(tracer, At { body: at.body, expr: *receiver }).filter(|_| keeps)
        }
        _ => None,
    }
}

/// The first `.await` behind a statement in its block, before the guard is dropped or given away.
fn first_wait<'s>(
    tracer: &Tracer<'_>,
    body: BodyId,
    guard: svclint_facts::rust::PatId,
    after: impl Iterator<Item = &'s Stmt>,
    tail: Option<ExprId>,
) -> Option<At> {
    let local = *tracer.types_of(body).of_pat.get(&guard)?;
    let parts = after.filter_map(|stmt| match stmt {
        Stmt::Let { init, .. } => *init,
        Stmt::Expr(e) => Some(*e),
        Stmt::Item(_) => None,
    });
    for part in parts.chain(tail) {
        let part = At { body, expr: part };
        if gives_away(tracer, part, local) {
            return None;
        }
        if let Some(wait) = wait_in(tracer, part, local) {
            return Some(wait);
        }
    }
    None
}

/// `drop(guard)`, or the guard given to something else.
fn gives_away(tracer: &Tracer<'_>, at: At, guard: LocalId) -> bool {
    let ExprKind::Call { args, .. } = tracer.kind(at) else { return false };
    let types = tracer.types_of(at.body);
    args.iter().any(|arg| matches!(types.targets.get(arg), Some(Target::Local(l)) if *l == guard))
}

/// An `.await` of this body in an expression, not one of a closure or a task in it, nor one behind the guard's end.
fn wait_in(tracer: &Tracer<'_>, at: At, guard: LocalId) -> Option<At> {
    let here = |expr: ExprId| At { body: at.body, expr };
    match tracer.kind(at) {
        ExprKind::Await(_) => Some(at),
        ExprKind::Closure { .. } | ExprKind::Async(_) => None,
        ExprKind::Block { stmts, tail } => {
            let parts = stmts.iter().filter_map(|stmt| match stmt {
                Stmt::Let { init, .. } => *init,
                Stmt::Expr(e) => Some(*e),
                Stmt::Item(_) => None,
            });
            for part in parts.chain(*tail).map(here) {
                if gives_away(tracer, part, guard) {
                    return None;
                }
                if let Some(wait) = wait_in(tracer, part, guard) {
                    return Some(wait);
                }
            }
            None
        }
        kind => {
            let mut inner = Vec::new();
            crate::bodies::children(kind, &mut |child| inner.push(child));
            inner.into_iter().find_map(|expr| wait_in(tracer, here(expr), guard))
        }
    }
}
