//! Locks that are held while something else is waited for.

use svclint_facts::rust::{ExprId, ExprKind, PatId, PatKind, Stmt};
use svclint_knowledge::{Action, Effect};

use crate::bodies::BodyId;
use crate::infer::{LocalId, Target};
use crate::kept::{self, Kept};
use crate::system::Held;
use crate::tracer::{At, Tracer};

/// The lock, and how it is held, for each guard in a body that lives during a wait.
pub(crate) fn held_locks(tracer: &Tracer<'_>, body: BodyId) -> Vec<(At, Held)> {
    let mut found = held(tracer, body, Effect::Lock);
    for lock in tracer.calls(body).filter(|at| takes(tracer, *at, Effect::Lock)) {
        let held = unnamed(tracer, lock).map(|wait| Held { wait: tracer.place(wait), guard: None });
        found.extend(held.map(|held| (lock, held)));
    }
    found
}

/// The call that gives a guard, and how it is held, for each guard that has a name and lives during a wait.
pub(crate) fn held(tracer: &Tracer<'_>, body: BodyId, what: Effect) -> Vec<(At, Held)> {
    let mut found = Vec::new();
    for (_, node) in tracer.body(body).body.iter() {
        let ExprKind::Block { stmts, tail } = &node.kind else { continue };
        for (number, statement) in stmts.iter().enumerate() {
            let Stmt::Let { pat, init: Some(init), .. } = statement else { continue };
            let Some(taken) = guard(tracer, At { body, expr: *init }, what) else { continue };
            let whole = *pat;
            let Some(pat) = named(tracer, body, whole) else { continue };
            let after = stmts.get(number + 1..).unwrap_or_default();
            if let Some(wait) = first_wait(tracer, body, pat, after.iter(), *tail) {
                let kept = Kept { body, pat, statement, taken, after, tail: *tail };
                // What is told of a guard is for edits of its whole value.
                let guard = kept::guard(tracer, &kept, wait).filter(|_| pat == whole).map(Box::new);
                found.push((taken, Held { wait: tracer.place(wait), guard }));
            }
        }
    }
    found
}

fn takes(tracer: &Tracer<'_>, at: At, what: Effect) -> bool {
    tracer.actions(at).contains(&Action::Effect(what))
}

/// The variable that holds the guard: of `guard`, and of `Some(guard)` and `Ok(guard)`.
fn named(tracer: &Tracer<'_>, body: BodyId, pat: PatId) -> Option<PatId> {
    match &tracer.body(body).body.pat(pat).kind {
        PatKind::Bind { sub: None, .. } => Some(pat),
        PatKind::TupleStruct(path, parts) if matches!(path.last(), "Some" | "Ok") => match parts.as_slice() {
            [inner] => named(tracer, body, *inner),
            _ => None,
        },
        _ => None,
    }
}

/// The first wait in what runs while a pattern holds the guard, or something behind it: a guard with a name may be given
/// back before.
fn wait_with(tracer: &Tracer<'_>, lock: At, value: At, pat: PatId, part: At) -> Option<At> {
    let is_guard = guard(tracer, value, Effect::Lock) == Some(lock);
    let name = named(tracer, lock.body, pat).filter(|_| is_guard);
    match name.and_then(|name| tracer.types_of(lock.body).of_pat.get(&name)) {
        Some(local) => wait_in(tracer, part, *local),
        None => any_wait(tracer, part),
    }
}

/// A guard that nobody names lives to the end of its statement: `self.client.lock().await.send(x).await`,
/// `if let Some(x) = map.lock().unwrap().get(k) { .. }`.
fn unnamed(tracer: &Tracer<'_>, lock: At) -> Option<At> {
    let here = |expr: ExprId| At { body: lock.body, expr };
    let is_own_wait = |at: At| matches!(tracer.kind(at), ExprKind::Await(inner) if *inner == lock.expr);
    if is_used_up(tracer, lock) {
        return None;
    }
    let mut inner = lock;
    while let Some(outer) = tracer.parent(inner) {
        match tracer.kind(outer) {
            ExprKind::Await(_) if !is_own_wait(outer) => return Some(outer),
            ExprKind::Let { pat, value } if *value == inner.expr => {
                let parts = match tracer.parent(outer).map(|p| tracer.kind(p)) {
                    Some(ExprKind::If { then, .. }) => *then,
                    Some(ExprKind::While { body, .. }) => *body,
                    _ => return None,
                };
                return wait_with(tracer, lock, inner, *pat, here(parts));
            }
            ExprKind::Match { scrutinee, arms } if *scrutinee == inner.expr => {
                let mut holding =
                    arms.iter().filter(|arm| inner != lock || !is_empty(tracer, lock.body, arm.pat));
                return holding.find_map(|arm| wait_with(tracer, lock, inner, arm.pat, here(arm.body)));
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

/// `map.get(k).map(|v| v.len())`: the guard in an option, or a result, ends with what takes it out.
fn is_used_up(tracer: &Tracer<'_>, lock: At) -> bool {
    let is_wrapped =
        matches!(tracer.ty(lock).lib_path(), Some("std::option::Option" | "std::result::Result"));
    let taken = |call: At| match tracer.kind(call) {
        ExprKind::MethodCall { method, .. } => !keeps(method) && !LOOKS_IN.contains(&method.as_str()),
        _ => false,
    };
    let caller = tracer.parent(lock).filter(|call| tracer.receiver(*call) == Some(lock));
    is_wrapped && caller.is_some_and(taken)
}

/// Whether a pattern stands for no guard: `None`, `Err(_)`.
fn is_empty(tracer: &Tracer<'_>, body: BodyId, pat: PatId) -> bool {
    match &tracer.body(body).body.pat(pat).kind {
        PatKind::Path(path) | PatKind::TupleStruct(path, _) => matches!(path.last(), "None" | "Err"),
        PatKind::Bind { name, .. } => name == "None",
        _ => false,
    }
}

/// Methods of options and results that give out the guard.
fn keeps(method: &str) -> bool {
    matches!(method, "unwrap" | "expect" | "map_err" | "ok" | "ok_or" | "ok_or_else" | "unwrap_or_else")
}

/// Methods of options and results that leave the guard where it is.
const LOOKS_IN: &[&str] =
    &["as_deref", "as_deref_mut", "as_mut", "as_ref", "is_err", "is_none", "is_ok", "is_some", "iter"];

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
fn guard(tracer: &Tracer<'_>, at: At, what: Effect) -> Option<At> {
    match tracer.kind(at) {
        ExprKind::Await(inner) | ExprKind::Try(inner) => {
            guard(tracer, At { body: at.body, expr: *inner }, what)
        }
        ExprKind::MethodCall { .. } if takes(tracer, at, what) => Some(at),
        ExprKind::MethodCall { receiver, method, .. } => {
            guard(tracer, At { body: at.body, expr: *receiver }, what).filter(|_| keeps(method))
        }
        _ => None,
    }
}

/// The first `.await` behind a statement in its block, before the guard is dropped or given away.
fn first_wait<'s>(
    tracer: &Tracer<'_>,
    body: BodyId,
    guard: PatId,
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

/// `drop(guard)`, or the guard given to something else; `guard.exit()`.
fn gives_away(tracer: &Tracer<'_>, at: At, guard: LocalId) -> bool {
    let types = tracer.types_of(at.body);
    let is_guard = |expr: &ExprId| matches!(types.targets.get(expr), Some(Target::Local(l)) if *l == guard);
    match tracer.kind(at) {
        ExprKind::Call { args, .. } => args.iter().any(is_guard),
        ExprKind::MethodCall { receiver, .. } => is_guard(receiver) && takes(tracer, at, Effect::LeaveSpan),
        _ => false,
    }
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
