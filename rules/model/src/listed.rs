//! Lists: those that the code writes out itself, and those whose length it does not tell.

use svclint_facts::rust::ExprKind;

use crate::infer::Target;
use crate::tracer::{At, Tracer};

/// Whether a chain of methods begins with a variable or a field: what is written out or constant holds nothing of others.
pub(crate) fn begins_with_variable(tracer: &Tracer<'_>, at: At) -> bool {
    let root = root(tracer, at);
    match tracer.kind(root) {
        ExprKind::Field { .. } => true,
        ExprKind::Path(_) => {
            let is_written = match tracer.single_origin(root).map(|value| tracer.kind(value)) {
                Some(ExprKind::Array(_) | ExprKind::Range(..)) => true,
                Some(ExprKind::Macro(call)) => !call.args.is_empty(),
                _ => false,
            };
            let target = tracer.types_of(root.body).targets.get(&root.expr);
            matches!(target, Some(Target::Local(_) | Target::This)) && !is_written
        }
        _ => false,
    }
}

/// Whether a loop goes one by one through what there is, and how much that is the code does not tell.
pub(crate) fn goes_one_by_one(tracer: &Tracer<'_>, iterated: At) -> bool {
    let mut chain = vec![iterated];
    // `let chunks = items.chunks(100);`
    let behind = |at: At| inner(tracer, at).or_else(|| tracer.single_origin(at));
    while let Some(next) = chain.last().and_then(|at| behind(*at)).filter(|_| chain.len() < STEPS) {
        chain.push(next);
    }
    let limits = |at: &At| match tracer.kind(*at) {
        ExprKind::MethodCall { method, .. } => LIMITS.contains(&method.as_str()),
        _ => false,
    };
    let is_asked_for = || chain.iter().any(|at| matches!(tracer.kind(*at), ExprKind::Await(_)));
    !chain.iter().any(limits) && (begins_with_variable(tracer, iterated) || is_asked_for())
}

const STEPS: usize = 32;

/// Methods that give several at once, or only some.
const LIMITS: &[&str] = &[
    "array_chunks",
    "chunk_by",
    "chunks",
    "chunks_exact",
    "chunks_mut",
    "rchunks",
    "take",
    "tuples",
    "windows",
];

fn root(tracer: &Tracer<'_>, at: At) -> At {
    let mut at = at;
    while let Some(inner) = inner(tracer, at) {
        at = inner;
    }
    at
}

/// What a method is called on, or what stands behind a sign.
fn inner(tracer: &Tracer<'_>, at: At) -> Option<At> {
    match tracer.kind(at) {
        ExprKind::MethodCall { receiver: inner, .. }
        | ExprKind::Ref(inner)
        | ExprKind::Unary(_, inner)
        | ExprKind::Await(inner)
        | ExprKind::Try(inner) => Some(At { body: at.body, expr: *inner }),
        _ => None,
    }
}
