//! What a program writes into logs, spans and metrics.

use svclint_facts::rust::{AttrArg, ExprKind, Lit, UnOp};
use svclint_knowledge::{Action, Role};

use crate::bodies::BodyOwner;
use crate::defs::FnIdx;
use crate::infer::Target;
use crate::links::Origin;
use crate::system::{LabelSource, Noted, TraceSpan};
use crate::tracer::{At, Tracer};
use crate::ty::Ty;

/// The span that an attribute puts around a function.
pub(crate) fn span(tracer: &Tracer<'_>, id: FnIdx) -> Option<TraceSpan> {
    let def = &tracer.program.defs.fns[id.at()];
    def.item.attrs.iter().find_map(|attr| {
        let carry = tracer.program.names.attribute(def.home.module, &attr.path)?.span.as_ref()?;
        let at = def.home.place(attr.span);
        let types = tracer.program.param_types(id);
        let noted = def.def().params.iter().zip(&types).filter_map(|(param, ty)| {
            let name = param.name.as_ref().filter(|n| !skips(&attr.args, n))?;
            Some(Noted { name: name.to_string(), at, ty: type_word(tracer, ty) })
        });
        Some(TraceSpan { at, carry: carry.to_string(), notes: noted.collect() })
    })
}

/// Whether an attribute leaves an argument out: `skip(name)`, `skip_all`.
fn skips(args: &[AttrArg], name: &str) -> bool {
    let is_named = |arg: &AttrArg| matches!(arg, AttrArg::Nested(path, _) if path.last() == name);
    args.iter().any(|arg| match arg {
        AttrArg::Nested(path, inner) => match path.last() {
            "skip_all" => true,
            "skip" => inner.iter().any(is_named),
            _ => false,
        },
        _ => false,
    })
}

/// The last word of a type.
fn type_word(tracer: &Tracer<'_>, ty: &Ty) -> String {
    match ty {
        Ty::Prim(name) => name.to_string(),
        Ty::Lib(path, _) => path.rsplit("::").next().unwrap_or(path).to_owned(),
        Ty::Adt(id, _) => tracer.program.defs.adts[id.at()].item.name.to_string(),
        _ => String::new(),
    }
}

/// The values that a macro writes down.
pub(crate) fn noted(tracer: &Tracer<'_>, at: At) -> Vec<Noted> {
    let ExprKind::Macro(call) = tracer.kind(at) else { return Vec::new() };
    call.args.iter().filter_map(|expr| note(tracer, At { body: at.body, expr: *expr })).collect()
}

/// What an argument names: the variable or field, seen through what only shows it.
fn note(tracer: &Tracer<'_>, at: At) -> Option<Noted> {
    let here = |expr| At { body: at.body, expr };
    let named = |name: &str| {
        Some(Noted { name: name.to_owned(), at: tracer.place(at), ty: type_word(tracer, tracer.ty(at)) })
    };
    match tracer.kind(at) {
        ExprKind::Ref(inner) | ExprKind::Unary(UnOp::Deref, inner) => note(tracer, here(*inner)),
        ExprKind::Path(path) => match tracer.types_of(at.body).targets.get(&at.expr) {
            Some(Target::Local(_)) => named(path.last()),
            _ => None,
        },
        ExprKind::Field { name, .. } => named(name),
        ExprKind::MethodCall { receiver, method, .. } if SHOWS.contains(&method.as_str()) => {
            note(tracer, here(*receiver))
        }
        _ => None,
    }
}

/// Methods whose value shows all of what they are called on.
const SHOWS: &[&str] = &[
    "as_deref",
    "as_ref",
    "as_str",
    "borrow",
    "clone",
    "expose_secret",
    "to_owned",
    "to_string",
    "unwrap",
    "unwrap_or_default",
];

/// The values of labels whose number nothing bounds.
pub(crate) fn unbounded_labels(tracer: &Tracer<'_>, at: At, values: Option<u8>) -> Vec<(At, LabelSource)> {
    let mut found = Vec::new();
    match (tracer.kind(at), values) {
        (ExprKind::Macro(call), None) => {
            for expr in call.args.iter().skip(1) {
                label(tracer, At { body: at.body, expr: *expr }, &mut found);
            }
        }
        (_, Some(number)) => {
            if let Some(list) = tracer.arg(at, number) {
                label(tracer, list, &mut found);
            }
        }
        _ => {}
    }
    found
}

fn label(tracer: &Tracer<'_>, at: At, found: &mut Vec<(At, LabelSource)>) {
    match tracer.kind(at) {
        ExprKind::Lit(Lit::Str(_)) => {}
        ExprKind::Ref(inner) => label(tracer, At { body: at.body, expr: *inner }, found),
        ExprKind::Array(all) => {
            all.iter().for_each(|e| label(tracer, At { body: at.body, expr: *e }, found));
        }
        _ => found.extend(source(tracer, at).map(|source| (at, source))),
    }
}

/// Where a value comes from, if all of it comes from something that callers choose.
fn source(tracer: &Tracer<'_>, at: At) -> Option<LabelSource> {
    let trace = tracer.trace(at, &|_| false);
    let reads_path = |at: At| tracer.actions(at).iter().any(|a| matches!(a, Action::ReadPath));
    if trace.steps.iter().any(|step| step.always && reads_path(step.at)) {
        return Some(LabelSource::RequestPath);
    }
    path_parameter(tracer, at).then_some(LabelSource::PathParameter)
}

/// Whether a value is a parameter of the path that the function takes.
fn path_parameter(tracer: &Tracer<'_>, at: At) -> bool {
    let here = |expr| At { body: at.body, expr };
    match tracer.kind(at) {
        ExprKind::Ref(inner) | ExprKind::Unary(UnOp::Deref, inner) => path_parameter(tracer, here(*inner)),
        ExprKind::MethodCall { receiver, method, .. } if SHOWS.contains(&method.as_str()) => {
            path_parameter(tracer, here(*receiver))
        }
        ExprKind::Path(_) => {
            let Some(Target::Local(local)) = tracer.types_of(at.body).targets.get(&at.expr) else {
                return false;
            };
            let Some([Origin::Param(number)]) = tracer.origins(at.body, *local) else { return false };
            let BodyOwner::Fn(function) = tracer.body(at.body).owner else { return false };
            let types = tracer.program.param_types(function);
            types.get(*number).is_some_and(|ty| tracer.role(at.body, ty) == Some(Role::PathParams))
        }
        _ => false,
    }
}
