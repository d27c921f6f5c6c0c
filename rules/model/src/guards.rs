//! What code says of whom it trusts: tokens whose proof it does not ask for, and the pages that browsers let call.

use svclint_facts::rust::{ExprKind, Lit};
use svclint_knowledge::{Action, Effect};

use crate::system::{Deed, OpenOrigins, What};
use crate::tracer::{At, Tracer};

/// What a call says of the origins that may call.
pub(crate) fn origins(tracer: &Tracer<'_>, call: At, action: &Action) -> Option<Deed> {
    let Action::AllowOrigin { value, is } = action else { return None };
    if !is_given(tracer, call, *value, is) {
        return None;
    }
    // The chain around it, before and after.
    let before = std::iter::successors(Some(call), |at| tracer.receiver(*at));
    let after =
        std::iter::successors(tracer.parent(call).filter(|p| tracer.receiver(*p) == Some(call)), |at| {
            tracer.parent(*at).filter(|p| tracer.receiver(*p) == Some(*at))
        });
    let with_credentials = |at: At| {
        tracer.actions(at).iter().any(|a| match a {
            Action::AllowCredentials { value } => is_given(tracer, at, *value, &["true".to_owned()]),
            _ => false,
        })
    };
    let everything = value.is_none() && tracer.receiver(call).is_none();
    let chosen = tracer
        .ancestors(call)
        .any(|outer| matches!(tracer.kind(outer), ExprKind::If { .. } | ExprKind::Match { .. }));
    let credentials = before.chain(after).any(with_credentials);
    let open = OpenOrigins { credentials, everything, chosen };
    Some(Deed { what: What::OpenOrigins(open), at: tracer.call_place(call), when: tracer.when(call) })
}

/// Whether an argument is one of some words; true where there is none to look at.
fn is_given(tracer: &Tracer<'_>, call: At, value: Option<u8>, is: &[String]) -> bool {
    let Some(number) = value else { return true };
    let Some(arg) = tracer.arg(call, number) else { return false };
    let word = match tracer.kind(arg) {
        ExprKind::Lit(Lit::Bool(true)) => "true",
        ExprKind::Path(path) => path.last(),
        ExprKind::Call { callee, .. } => match tracer.kind(At { body: arg.body, expr: *callee }) {
            ExprKind::Path(path) => path.last(),
            _ => return false,
        },
        _ => return false,
    };
    is.iter().any(|known| known == word)
}

/// The effect of giving a field of a library's type a value: `validation.validate_exp = false`.
pub(crate) fn written(tracer: &Tracer<'_>, at: At) -> Vec<Deed> {
    let here = |expr| At { body: at.body, expr };
    let writes: Vec<(At, &str, At)> = match tracer.kind(at) {
        ExprKind::Assign { op: None, left, right } => match tracer.kind(here(*left)) {
            ExprKind::Field { base, name } => vec![(here(*base), name.as_str(), here(*right))],
            _ => Vec::new(),
        },
        ExprKind::Struct { fields, .. } => {
            fields.iter().map(|(name, value)| (at, name.as_str(), here(*value))).collect()
        }
        _ => Vec::new(),
    };
    let view = tracer.program.names.view(tracer.module(at.body));
    let effect = |(of, name, value): &(At, &str, At)| -> Option<Effect> {
        let write = view?.type_entry(tracer.ty(*of).lib_path()?)?.writes.get(*name)?;
        let written = matches!(tracer.kind(*value), ExprKind::Lit(Lit::Bool(given)) if *given == write.is);
        written.then_some(write.effect)
    };
    let effects = writes.iter().filter_map(effect);
    effects.map(|e| Deed { what: What::Effect(e), at: tracer.place(at), when: tracer.when(at) }).collect()
}
