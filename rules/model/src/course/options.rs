//! The options that calls are given as values of a library's types: what they switch on.

use svclint_facts::rust::{ExprKind, Lit};
use svclint_knowledge::{SwitchField, TypeEntry};

use crate::infer::{Callee, Target};
use crate::links::Origin;
use crate::system::Options;
use crate::tracer::{At, Tracer};

/// The options among the arguments of a call.
pub(super) fn options(tracer: &Tracer<'_>, call: At) -> Option<Options> {
    let (ExprKind::Call { args, .. } | ExprKind::MethodCall { args, .. }) = tracer.kind(call) else {
        return None;
    };
    if !matches!(tracer.types_of(call.body).callees.get(&call.expr), Some(Callee::Lib(..))) {
        return None;
    }
    args.iter().find_map(|arg| {
        let arg = At { body: call.body, expr: *arg };
        let value = value_of(tracer, arg);
        let entry = switches(tracer, value).or_else(|| switches(tracer, arg))?;
        let mut options = Options {
            of: tracer.place(call),
            at: tracer.place(value),
            can: entry.switches.values().map(|field| field.does).collect(),
            on: Vec::new(),
            complete: is_default(tracer, value),
        };
        if let ExprKind::Struct { fields, rest, .. } = tracer.kind(value) {
            options.complete =
                rest.is_none_or(|rest| is_default(tracer, At { body: value.body, expr: rest }));
            for (name, written) in fields {
                let Some(field) = entry.switches.get(name) else { continue };
                let written = At { body: value.body, expr: *written };
                match is_on(tracer, written, field) {
                    Some(true) => options.on.push((field.does, tracer.place(written))),
                    Some(false) => {}
                    None => options.complete = false,
                }
            }
        }
        Some(options)
    })
}

fn switches<'a>(tracer: &Tracer<'a>, at: At) -> Option<&'a TypeEntry> {
    let view = tracer.program.names.view(tracer.module(at.body))?;
    view.type_entry(tracer.ty(at).lib_path()?).filter(|entry| !entry.switches.is_empty())
}

/// What a variable that is given its value once holds; what a reference points at.
fn value_of(tracer: &Tracer<'_>, at: At) -> At {
    match tracer.kind(at) {
        ExprKind::Ref(inner) => value_of(tracer, At { body: at.body, expr: *inner }),
        ExprKind::Path(_) => {
            let Some(Target::Local(local)) = tracer.types_of(at.body).targets.get(&at.expr) else {
                return at;
            };
            match tracer.origins(at.body, *local) {
                Some([Origin::Expr(value, parts)]) if parts.is_empty() => *value,
                _ => at,
            }
        }
        _ => at,
    }
}

/// `QueueDeclareOptions::default()`, `Default::default()`
fn is_default(tracer: &Tracer<'_>, at: At) -> bool {
    let ExprKind::Call { callee, args } = tracer.kind(at) else { return false };
    let called = tracer.kind(At { body: at.body, expr: *callee });
    args.is_empty() && matches!(called, ExprKind::Path(path) if path.last() == "default")
}

/// Whether a field's value switches it on.
fn is_on(tracer: &Tracer<'_>, written: At, field: &SwitchField) -> Option<bool> {
    match (tracer.kind(written), field.is.as_deref()) {
        (ExprKind::Lit(Lit::Bool(value)), None) => Some(*value),
        (ExprKind::Path(path), Some(word)) if path.segments.len() > 1 => Some(path.last() == word),
        _ => None,
    }
}
