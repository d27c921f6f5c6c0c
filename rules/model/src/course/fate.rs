//! What becomes of the results of calls that do something outside of the process.

use svclint_facts::rust::{ExprKind, PatKind, Stmt};
use svclint_knowledge::{Action, Effect, Role};

use super::visit;
use crate::bodies::BodyOwner;
use crate::infer::Callee;
use crate::system::{Failure, Outcome};
use crate::tracer::{At, Tracer};
use crate::ty::{RESULT, Ty};

/// What becomes of the result of a call.
pub(super) fn outcome(tracer: &Tracer<'_>, call: At) -> Option<Outcome> {
    if !matches!(tracer.kind(call), ExprKind::Call { .. } | ExprKind::MethodCall { .. })
        || !acts(tracer, call)
    {
        return None;
    }
    let mut failure = Failure::Kept;
    let mut dropped = false;
    let mut end = call;
    while let Some(outer) = tracer.parent(end) {
        match tracer.kind(outer) {
            ExprKind::Await(_) => {}
            ExprKind::Try(_) => failure = Failure::Leaves,
            ExprKind::MethodCall { receiver, method, .. } if *receiver == end.expr => match method.as_str() {
                "unwrap" | "expect" => failure = Failure::Leaves,
                "unwrap_or_else" if never_gives(tracer, outer) => failure = Failure::Leaves,
                "ok" | "unwrap_or_default" | "unwrap_or" | "is_ok" | "is_err" => failure = Failure::Discarded,
                "map_err" | "inspect_err" | "context" | "with_context" | "wrap_err" | "wrap_err_with"
                | "map" | "into_future" | "boxed" | "instrument" | "inspect" => {}
                _ => break,
            },
            ExprKind::Block { stmts, .. } => {
                dropped = stmts.iter().any(|s| is_dropped(tracer, end, s));
                break;
            }
            ExprKind::Let { pat, value } if *value == end.expr => {
                if failure == Failure::Kept && word(tracer, end, *pat) == Some("Err") {
                    failure = branch_of_error(tracer, outer).map_or(Failure::Kept, |at| taken(tracer, at));
                }
                break;
            }
            ExprKind::Match { scrutinee, arms } if *scrutinee == end.expr => {
                let arm = arms.iter().find(|arm| word(tracer, end, arm.pat) == Some("Err"));
                if let Some(arm) = arm.filter(|_| failure == Failure::Kept) {
                    failure = taken(tracer, At { body: end.body, expr: arm.body });
                }
                break;
            }
            _ => break,
        }
        end = outer;
    }
    let receipt = tracer.role(end.body, tracer.ty(end)) == Some(Role::Receipt);
    let fails = tracer.ty(end).lib_path().is_some_and(|path| path == RESULT);
    let (of, whole, returned) = (tracer.place(call), tracer.place(end), is_returned(tracer, end));
    Some(Outcome { of, whole, failure, returned, dropped, fails, receipt })
}

/// `return f()`, or the last expression of a function.
fn is_returned(tracer: &Tracer<'_>, value: At) -> bool {
    let mut inner = value;
    while let Some(outer) = tracer.parent(inner) {
        match tracer.kind(outer) {
            ExprKind::Return(_) => return true,
            ExprKind::Block { tail, .. } if *tail == Some(inner.expr) => inner = outer,
            _ => return false,
        }
    }
    matches!(tracer.body(inner.body).owner, BodyOwner::Fn(_))
}

/// Whether a call may do something outside of the process: one of a library that says so, or of the workspace.
fn acts(tracer: &Tracer<'_>, call: At) -> bool {
    match tracer.types_of(call.body).callees.get(&call.expr) {
        Some(Callee::Fns(_)) => true,
        Some(Callee::Lib(..)) => tracer.actions(call).iter().any(|action| {
            matches!(
                action,
                Action::Publish { .. }
                    | Action::Send
                    | Action::Execute { .. }
                    | Action::Acknowledge
                    | Action::WriteFile { .. }
                    | Action::Call(_)
                    | Action::Effect(Effect::Commit | Effect::Decode)
            )
        }),
        _ => false,
    }
}

/// `.unwrap_or_else(|error| panic!("{error}"))`
fn never_gives(tracer: &Tracer<'_>, call: At) -> bool {
    tracer.arg(call, 0).is_some_and(|at| match tracer.kind(at) {
        ExprKind::Closure { body, .. } => never_comes_back(tracer, At { body: at.body, expr: *body }),
        _ => false,
    })
}

/// Whether an expression ends the task or the program: `panic!`, `exit(1)`, a block that ends so.
pub(crate) fn never_comes_back(tracer: &Tracer<'_>, at: At) -> bool {
    let here = |expr| At { body: at.body, expr };
    let last = match tracer.kind(at) {
        ExprKind::Block { tail: Some(tail), .. } => Some(*tail),
        ExprKind::Block { stmts, tail: None } => match stmts.last() {
            Some(Stmt::Expr(last)) => Some(*last),
            _ => None,
        },
        _ => None,
    };
    *tracer.ty(at) == Ty::Never
        || macro_panics(tracer, at)
        || last.is_some_and(|last| never_comes_back(tracer, here(last)))
}

/// `f();`, `let _ = f();`
fn is_dropped(tracer: &Tracer<'_>, value: At, stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Expr(e) => *e == value.expr,
        Stmt::Let { pat, init: Some(init), .. } if *init == value.expr => {
            match &tracer.body(value.body).body.pat(*pat).kind {
                PatKind::Wild => true,
                PatKind::Bind { name, .. } => name.starts_with('_'),
                _ => false,
            }
        }
        _ => false,
    }
}

fn word<'a>(tracer: &Tracer<'a>, at: At, pat: svclint_facts::rust::PatId) -> Option<&'a str> {
    match &tracer.body(at.body).body.pat(pat).kind {
        PatKind::TupleStruct(path, _) => Some(path.last()),
        _ => None,
    }
}

/// The block of `if let Err(error) = f() { .. }`.
fn branch_of_error(tracer: &Tracer<'_>, condition: At) -> Option<At> {
    let outer = tracer.parent(condition)?;
    match tracer.kind(outer) {
        ExprKind::If { cond, then, .. } if *cond == condition.expr => {
            Some(At { body: outer.body, expr: *then })
        }
        _ => None,
    }
}

/// What a branch does about a failure.
fn taken(tracer: &Tracer<'_>, branch: At) -> Failure {
    let place = tracer.place(branch);
    let mut only_tells = true;
    visit(tracer, branch, &mut |at| {
        only_tells &= match tracer.kind(at) {
            ExprKind::Return(_)
            | ExprKind::Break(_)
            | ExprKind::Continue
            | ExprKind::Try(_)
            | ExprKind::Await(_)
            | ExprKind::Assign { .. }
            | ExprKind::Opaque => false,
            ExprKind::Macro(_) => !macro_panics(tracer, at) && !gives_value(tracer, at),
            ExprKind::Call { .. } | ExprKind::MethodCall { .. } => is_quiet(tracer, branch, at),
            _ => true,
        };
    });
    if only_tells && is_unit(tracer, branch) { Failure::Told(place) } else { Failure::Handled(place) }
}

/// Whether a call within what is told to a log, or counts something, changes nothing here.
fn is_quiet(tracer: &Tracer<'_>, branch: At, call: At) -> bool {
    let in_macro = tracer.ancestors(call).take_while(|a| *a != branch);
    let told = in_macro.into_iter().any(|a| matches!(tracer.kind(a), ExprKind::Macro(_)));
    let counts = |at: At| {
        let mut first = at;
        while let Some(inner) = tracer.receiver(first) {
            first = inner;
        }
        matches!(tracer.kind(first), ExprKind::Macro(_))
    };
    told || counts(call)
}

/// Whether nothing comes out of a block: no value takes the failure's place.
fn is_unit(tracer: &Tracer<'_>, at: At) -> bool {
    match tracer.kind(at) {
        ExprKind::Block { tail: None, .. } | ExprKind::Macro(_) => true,
        ExprKind::Block { tail: Some(tail), .. } => is_unit(tracer, At { body: at.body, expr: *tail }),
        ExprKind::Tuple(parts) => parts.is_empty(),
        ExprKind::If { then, otherwise, .. } => {
            let unit = |expr| is_unit(tracer, At { body: at.body, expr });
            unit(*then) && otherwise.is_none_or(unit)
        }
        _ => false,
    }
}

/// Whether a macro ends the task or leaves the function: `panic!`, `bail!`.
pub(super) fn macro_panics(tracer: &Tracer<'_>, at: At) -> bool {
    let ExprKind::Macro(call) = tracer.kind(at) else { return false };
    let module = tracer.module(at.body);
    let path = tracer.program.macro_path(module, &call.path);
    let entry = path.and_then(|p| tracer.program.names.view(module)?.macro_entry(&p));
    let does = entry.map_or(&[][..], |e| e.does.as_slice());
    does.iter().any(|a| matches!(a, Action::Effect(Effect::Panic)))
}

/// Whether a macro's value, or what it may do beside, is not known to be nothing: `bail!`, `vec![..]`, one of the workspace.
fn gives_value(tracer: &Tracer<'_>, at: At) -> bool {
    let ExprKind::Macro(call) = tracer.kind(at) else { return false };
    matches!(call.path.last(), "bail" | "ensure" | "vec" | "try" | "return")
        || matches!(tracer.types_of(at.body).callees.get(&at.expr), Some(Callee::Fns(_)))
}
