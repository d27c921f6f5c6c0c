//! What a handler answers, as far as its code alone tells.

use svclint_facts::rust::{ExprKind, ItemKind};
use svclint_knowledge::Role;

use crate::defs::{FnIdx, Res};
use crate::infer::{Callee, Target};
use crate::links::Origin;
use crate::system::Reply;
use crate::tracer::{At, Tracer};
use crate::ty::{FUTURE, Ty};

/// What a function answers.
pub(crate) fn reply(tracer: &Tracer<'_>, id: FnIdx) -> Reply {
    let Some(body) = tracer.body_of(id) else { return Reply::Unknown };
    let exprs = tracer.body(body).body.iter().map(|(expr, _)| At { body, expr });
    if exprs.into_iter().all(|at| is_fixed(tracer, at)) {
        return Reply::Fixed;
    }
    if always_succeeds(tracer, id) { Reply::Success } else { Reply::Unknown }
}

/// Whether an expression has one value for ever: it decides nothing, waits for nothing, and reads nothing that changes.
fn is_fixed(tracer: &Tracer<'_>, at: At) -> bool {
    let types = tracer.types_of(at.body);
    match tracer.kind(at) {
        ExprKind::Lit(_)
        | ExprKind::Tuple(_)
        | ExprKind::Array(_)
        | ExprKind::Struct { .. }
        | ExprKind::Ref(_)
        | ExprKind::Block { .. }
        | ExprKind::Return(_) => true,
        ExprKind::Call { .. } | ExprKind::MethodCall { .. } => {
            matches!(types.callees.get(&at.expr), Some(Callee::Lib(..) | Callee::Ctor(_)))
        }
        ExprKind::Macro(call) => call.complete && !types.callees.contains_key(&at.expr),
        ExprKind::Path(_) => match types.targets.get(&at.expr) {
            Some(Target::Res(Res::Const(id))) => {
                let item = tracer.program.defs.consts.get(id.at()).map(|c| &c.item.kind);
                matches!(item, Some(ItemKind::Const { is_static: false, .. }))
            }
            Some(Target::Res(_)) => true,
            Some(Target::Local(local)) => {
                let origins = tracer.origins(at.body, *local).unwrap_or_default();
                !origins.is_empty() && origins.iter().all(|o| matches!(o, Origin::Expr(..)))
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether what a function returns is an answer of success by its type: a body and no status.
fn always_succeeds(tracer: &Tracer<'_>, id: FnIdx) -> bool {
    let returned = tracer.program.returned(id, &[], None, &[]);
    let ready = match &returned {
        Ty::Lib(path, args) if path == FUTURE => args.first(),
        other => Some(other),
    };
    match ready.unwrap_or(&Ty::Unknown) {
        Ty::Prim(name) => name == "str",
        Ty::Lib(path, _) => {
            let module = tracer.program.defs.fns[id.at()].home.module;
            let view = tracer.program.names.view(module);
            let role = view.and_then(|v| v.type_entry(path)?.is);
            matches!(role, Some(Role::Json | Role::Html)) || path == "String"
        }
        _ => false,
    }
}
