//! The variables that hold guards: what else happens while they live.

use rustc_hash::FxHashSet;
use svclint_facts::rust::{ExprId, ExprKind, PatId, PatKind, Stmt};

use crate::bodies::{BodyId, children};
use crate::infer::{LocalId, Target};
use crate::system::Guard;
use crate::tracer::{At, Tracer};

/// A variable in its block.
pub(crate) struct Kept<'s> {
    pub(crate) body: BodyId,
    pub(crate) pat: PatId,
    /// The statement that gives it its value, with the call that takes the guard.
    pub(crate) statement: &'s Stmt,
    pub(crate) taken: At,
    /// What follows in the block.
    pub(crate) after: &'s [Stmt],
    pub(crate) tail: Option<ExprId>,
}

/// What is known of a guard's variable; `wait` is the first wait during which it lives.
pub(crate) fn guard(tracer: &Tracer<'_>, kept: &Kept<'_>, wait: At) -> Option<Guard> {
    let def = tracer.body(kept.body);
    let PatKind::Bind { name, .. } = &def.body.pat(kept.pat).kind else { return None };
    let local = *tracer.types_of(kept.body).of_pat.get(&kept.pat)?;
    let Stmt::Let { init: Some(init), span, .. } = kept.statement else { return None };
    let here = |expr: ExprId| At { body: kept.body, expr };
    let is_first = |part: ExprId| tracer.ancestors(wait).any(|a| a == here(part));
    let parts: Vec<(ExprId, Option<&Stmt>)> =
        kept.after.iter().filter_map(|s| Some((part(s)?, Some(s)))).collect();
    let parts = parts.into_iter().chain(kept.tail.map(|t| (t, None)));
    let (mut waiting, mut waits) = (None, Vec::new());
    let (mut named, mut needed, mut dereferenced) = (false, false, false);
    // The variables that may borrow from it.
    let mut lent: FxHashSet<LocalId> = FxHashSet::default();
    for (expr, stmt) in parts {
        if waiting.is_none() && is_first(expr) {
            waiting = Some(match stmt {
                Some(Stmt::Let { span, .. }) => def.home.place(*span),
                _ => tracer.place(here(expr)),
            });
        }
        let uses = uses(tracer, here(expr), local);
        named |= uses.any;
        dereferenced |= uses.dereferenced;
        if waiting.is_some() {
            futures(tracer, here(expr), &mut waits);
            needed |= uses.any || lent.iter().any(|l| self::uses(tracer, here(expr), *l).any);
        } else if let Some(Stmt::Let { pat, .. }) = stmt
            && (uses.any || lent.iter().any(|l| self::uses(tracer, here(expr), *l).any))
        {
            lent.extend(bound(tracer, kept.body, *pat));
        }
    }
    Some(Guard {
        name: name.to_string(),
        statement: def.home.place(*span),
        value: tracer.place(here(*init)),
        of: tracer.place(tracer.receiver(kept.taken)?),
        waiting: waiting?,
        waits: waits.into_iter().map(|at| tracer.place(at)).collect(),
        named,
        needed,
        dereferenced,
    })
}

fn part(stmt: &Stmt) -> Option<ExprId> {
    match stmt {
        Stmt::Let { init, .. } => *init,
        Stmt::Expr(expr) => Some(*expr),
        Stmt::Item(_) => None,
    }
}

/// The variables of a pattern.
fn bound(tracer: &Tracer<'_>, body: BodyId, pat: PatId) -> Vec<LocalId> {
    let types = tracer.types_of(body);
    let mut found: Vec<LocalId> = types.of_pat.get(&pat).copied().into_iter().collect();
    if let PatKind::Tuple(parts) | PatKind::TupleStruct(_, parts) = &tracer.body(body).body.pat(pat).kind {
        found.extend(parts.iter().flat_map(|part| bound(tracer, body, *part)));
    }
    found
}

#[derive(Default)]
struct Uses {
    any: bool,
    dereferenced: bool,
}

/// How a variable is named in an expression, closures and tasks included.
fn uses(tracer: &Tracer<'_>, at: At, local: LocalId) -> Uses {
    let types = tracer.types_of(at.body);
    let is_it = |expr: ExprId| matches!(types.targets.get(&expr), Some(Target::Local(l)) if *l == local);
    let mut uses = Uses::default();
    let mut stack = vec![at.expr];
    while let Some(expr) = stack.pop() {
        let kind = tracer.kind(At { body: at.body, expr });
        uses.any |= is_it(expr);
        uses.dereferenced |= matches!(kind, ExprKind::Unary(_, inner) if is_it(*inner));
        children(kind, &mut |child| stack.push(child));
    }
    uses
}

/// The futures that an expression waits for, not those of closures and tasks in it.
fn futures(tracer: &Tracer<'_>, at: At, found: &mut Vec<At>) {
    let kind = tracer.kind(at);
    match kind {
        ExprKind::Closure { .. } | ExprKind::Async(_) => return,
        ExprKind::Await(inner) => found.push(At { body: at.body, expr: *inner }),
        _ => {}
    }
    children(kind, &mut |child| futures(tracer, At { body: at.body, expr: child }, found));
}
