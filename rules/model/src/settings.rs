//! What is read from the environment, and what is taken where it is not set.

mod derived;
mod fields;

use svclint_facts::rust::ExprKind;
use svclint_knowledge::Action;

pub(crate) use derived::derived;

use crate::bodies::BodyOwner;
use crate::fold::Depth;
use crate::place::Tri;
use crate::system::Setting;
use crate::tracer::{At, Calls, Tracer};

/// What a call reads: with a name that its function is given, one setting for each of the function's calls.
pub(crate) fn all(tracer: &Tracer<'_>, at: At) -> Vec<Setting> {
    let Some(own) = read(tracer, at, Depth::of(&Depth::budget())) else { return Vec::new() };
    if own.prefixed
        && let Tri::Present(prefix) = &own.name
        && let Some(joint) = joint(tracer, at)
    {
        let fields = fields::read(tracer, at, prefix, joint);
        return std::iter::once(own).chain(fields).collect();
    }
    let BodyOwner::Fn(function) = tracer.body(at.body).owner else { return vec![own] };
    if !own.name.is_unknown() {
        return vec![own];
    }
    let for_call = |call: &At| {
        let there = tracer.through(&Calls::from([(at.body, *call)]));
        let setting = read(&there, at, Depth::of(&Depth::budget()))?;
        Some(Setting { at: tracer.place(*call), ..setting }).filter(|s| !s.name.is_unknown())
    };
    let calls = tracer.calls_of(function);
    let found: Vec<Setting> = calls.iter().filter_map(for_call).collect();
    if calls.is_empty() || found.len() < calls.len() {
        std::iter::once(own).chain(found).collect()
    } else {
        found
    }
}

/// What stands between a prefix and the names of fields, where a call reads by them.
fn joint<'a>(tracer: &Tracer<'a>, at: At) -> Option<&'a str> {
    tracer.actions(at).iter().find_map(|action| match action {
        Action::ReadEnvPrefix { joint, .. } => joint.as_deref(),
        _ => None,
    })
}

/// What a call reads. `depth` is how deep the question for a text has come: a default may be another text.
pub(crate) fn read(tracer: &Tracer<'_>, at: At, depth: Depth<'_>) -> Option<Setting> {
    tracer.actions(at).iter().find_map(|action| {
        let (name, prefixed) = match action {
            Action::ReadEnv { name } => (tracer.arg(at, *name), false),
            Action::ReadEnvPrefix { prefix, .. } => (prefix.and_then(|n| tracer.arg(at, n)), true),
            _ => return None,
        };
        let text = name.map(|n| tracer.text(n)).filter(|t| t.complete).map(|t| t.text);
        let none = prefixed && name.is_none();
        let name = if none { Tri::Present(String::new()) } else { text.map_or(Tri::Unknown, Tri::Present) };
        let default = if prefixed { Tri::Unknown } else { default(tracer, at, depth) };
        let required = default.is_absent() && !is_gated(tracer, at) && is_needed(tracer, at);
        let demand = tracer.demanded(at).filter(|_| required);
        let panics = demand.as_ref().is_some_and(|demand| demand.panics);
        let handed_on = demand.is_some_and(|demand| !demand.panics);
        let fallback_at = fallback_call(tracer, at).map(|call| tracer.call_place(call));
        let at = tracer.place(at);
        Some(Setting {
            name,
            prefixed,
            default,
            fallback_at,
            required,
            panics,
            handed_on,
            argument: false,
            at,
        })
    })
}

/// Whether the program fails where a variable is not set: it is read whichever way the code goes, and what is missing is no
/// answer that the function may give.
fn is_needed(tracer: &Tracer<'_>, at: At) -> bool {
    let on_some_ways = tracer.ancestors(at).any(|outer| {
        matches!(tracer.kind(outer), ExprKind::If { .. } | ExprKind::Match { .. } | ExprKind::Closure { .. })
    });
    let BodyOwner::Fn(function) = tracer.body(at.body).owner else { return !on_some_ways };
    let returned = tracer.program.returned(function, &[], None, &[]);
    !on_some_ways && returned.lib_path() != Some(crate::ty::OPTION)
}

/// Whether the code around a read is built with some feature only.
fn is_gated(tracer: &Tracer<'_>, at: At) -> bool {
    let BodyOwner::Fn(function) = tracer.body(at.body).owner else { return false };
    let attrs = &tracer.program.defs.fns[function.at()].item.attrs;
    attrs.iter().any(|a| a.path.last() == "cfg")
}

/// `env::var("X").unwrap_or("y".into())`
fn default(tracer: &Tracer<'_>, read: At, depth: Depth<'_>) -> Tri<String> {
    let mut inner = read;
    while let Some(outer) = tracer.parent(inner) {
        match tracer.kind(outer) {
            ExprKind::MethodCall { method, .. } if tracer.receiver(outer) == Some(inner) => {
                match method.as_str() {
                    "unwrap_or" | "unwrap_or_else" | "map_or" => {
                        return tracer.arg(outer, 0).map_or(Tri::Unknown, |a| fallback(tracer, a, depth));
                    }
                    "unwrap_or_default" => return Tri::Present(String::new()),
                    "unwrap" | "expect" => return Tri::Absent,
                    "ok" | "map" | "map_err" | "as_deref" | "as_ref" | "context" | "with_context"
                    | "ok_or" | "ok_or_else" | "and_then" | "parse" | "filter" | "into_string"
                    | "to_string" | "trim" => inner = outer,
                    _ => return Tri::Unknown,
                }
            }
            ExprKind::Try(_) => return Tri::Absent,
            ExprKind::Ref(_) | ExprKind::Await(_) => inner = outer,
            _ => return Tri::Unknown,
        }
    }
    Tri::Unknown
}

/// `.unwrap_or("x")` right behind a read, or behind `.ok()`: `.expect("y")` may stand there as well.
fn fallback_call(tracer: &Tracer<'_>, read: At) -> Option<At> {
    let mut inner = read;
    loop {
        let outer = tracer.parent(inner).filter(|o| tracer.receiver(*o) == Some(inner))?;
        let ExprKind::MethodCall { method, .. } = tracer.kind(outer) else { return None };
        match method.as_str() {
            "unwrap_or" | "unwrap_or_else" | "unwrap_or_default" => return Some(outer),
            "ok" => inner = outer,
            _ => return None,
        }
    }
}

fn fallback(tracer: &Tracer<'_>, at: At, depth: Depth<'_>) -> Tri<String> {
    let value = match tracer.kind(at) {
        ExprKind::Closure { body, .. } => At { body: at.body, expr: *body },
        _ => at,
    };
    if crate::course::never_comes_back(tracer, value) {
        return Tri::Absent;
    }
    let text = tracer.text_at(value, depth + 1);
    if text.complete { Tri::Present(text.text) } else { Tri::Unknown }
}
