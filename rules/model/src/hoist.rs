//! Values of a loop that could be made before it.

use svclint_facts::rust::{ExprId, ExprKind, PatKind, Stmt};

use crate::bodies::children;
use crate::infer::{LocalId, Target};
use crate::loops::is_loop;
use crate::system::Hoist;
use crate::tracer::{At, Tracer};

/// How a value could be made before the loop around it: by moving the statement that makes `fresh`, or by a variable for the
/// value itself.
pub(crate) fn hoist(tracer: &Tracer<'_>, value: At, fresh: At) -> Option<Hoist> {
    let around = loop_around(tracer, fresh)?;
    let is_inline = tracer.ancestors(fresh).any(|at| at == value);
    let (made, statement) = match is_inline {
        true => (value, None),
        false => {
            let (init, span) = statement(tracer, fresh)?;
            (init, Some(tracer.body(fresh.body).home.place(span)))
        }
    };
    let is_free = locals(tracer, made).is_empty();
    is_free.then(|| Hoist { value: tracer.place(made), statement, before: tracer.place(around) })
}

/// The loop around an expression, where it is a statement and no closure or task lies between.
fn loop_around(tracer: &Tracer<'_>, at: At) -> Option<At> {
    let mut outer = tracer.ancestors(at).skip(1);
    let found = outer.find(|a| {
        let kind = tracer.kind(*a);
        is_loop(kind) || matches!(kind, ExprKind::Closure { .. } | ExprKind::Async(_))
    })?;
    let in_block = tracer.parent(found).is_some_and(|p| matches!(tracer.kind(p), ExprKind::Block { .. }));
    (is_loop(tracer.kind(found)) && in_block).then_some(found)
}

/// The `let` of one variable that an expression has a part in, and the value there; only where the variable is looked at and
/// never given away, since the next round needs it too.
fn statement(tracer: &Tracer<'_>, fresh: At) -> Option<(At, svclint_syntax::Span)> {
    let block = tracer.ancestors(fresh).find(|a| matches!(tracer.kind(*a), ExprKind::Block { .. }))?;
    let ExprKind::Block { stmts, .. } = tracer.kind(block) else { return None };
    let holds = |expr: ExprId| tracer.ancestors(fresh).any(|a| a == At { body: block.body, expr });
    stmts.iter().find_map(|stmt| {
        let Stmt::Let { pat, init: Some(init), otherwise: None, span, .. } = stmt else { return None };
        let is_plain = matches!(
            tracer.body(block.body).body.pat(*pat).kind,
            PatKind::Bind { mutable: false, sub: None, .. }
        );
        let local = *tracer.types_of(block.body).of_pat.get(pat)?;
        (holds(*init) && is_plain && is_only_looked_at(tracer, block, local))
            .then_some((At { body: block.body, expr: *init }, *span))
    })
}

fn is_only_looked_at(tracer: &Tracer<'_>, block: At, local: LocalId) -> bool {
    let types = tracer.types_of(block.body);
    let mut uses = tracer
        .body(block.body)
        .body
        .iter()
        .filter(|(expr, _)| matches!(types.targets.get(expr), Some(Target::Local(l)) if *l == local));
    uses.all(|(expr, _)| {
        let at = At { body: block.body, expr };
        let Some(outer) = tracer.parent(at) else { return false };
        match tracer.kind(outer) {
            ExprKind::MethodCall { method, .. } => {
                tracer.receiver(outer) == Some(at) && !method.starts_with("into")
            }
            kind => matches!(kind, ExprKind::Ref(_) | ExprKind::Macro(_)),
        }
    })
}

/// The variables that have a part in an expression.
fn locals(tracer: &Tracer<'_>, at: At) -> Vec<LocalId> {
    let types = tracer.types_of(at.body);
    let (mut found, mut stack) = (Vec::new(), vec![at.expr]);
    while let Some(expr) = stack.pop() {
        if let Some(Target::Local(local)) = types.targets.get(&expr) {
            found.push(*local);
        }
        children(tracer.kind(At { body: at.body, expr }), &mut |child| stack.push(child));
    }
    found
}
