//! Limits: what a library sets by itself, and what the code sets on the way from a constructor to a value's use.

use std::collections::BTreeMap;

use svclint_facts::rust::{ExprKind, Stmt};
use svclint_knowledge::{Action, Callable, Effect, Limit, LimitDefault, Role};

use crate::infer::{Callee, Target};
use crate::place::Tri;
use crate::streams;
use crate::system::{Channel, Growth, KeyStore, Policy, PolicyUse};
use crate::trace::Step;
use crate::tracer::{At, Tracer};

/// Limits by kind, as text for people.
pub(crate) type Limits = BTreeMap<Limit, Tri<String>>;

/// What a library sets by itself.
pub(crate) fn defaults(made: &BTreeMap<Limit, LimitDefault>) -> Limits {
    let tri = |default: &LimitDefault| match default {
        LimitDefault::None => Tri::Absent,
        LimitDefault::Some(text) => Tri::Present(text.clone()),
    };
    made.iter().map(|(limit, default)| (*limit, tri(default))).collect()
}

/// The limits after some calls, the last one first. Where not all calls could be seen, an absent limit is not known.
pub(crate) fn along(
    tracer: &Tracer<'_>,
    made: &BTreeMap<Limit, LimitDefault>,
    steps: &[Step],
    complete: bool,
) -> Limits {
    let mut limits = defaults(made);
    for step in steps.iter().rev() {
        let there = tracer.through(&step.calls);
        set(&there, step, tracer.actions(step.at), &mut limits);
        configure(tracer, step, &mut limits);
    }
    if !complete {
        limits.values_mut().filter(|v| v.is_absent()).for_each(|v| *v = Tri::Unknown);
    }
    limits
}

fn set(tracer: &Tracer<'_>, step: &Step, actions: &[Action], limits: &mut Limits) {
    for action in actions {
        let (limit, value) = match action {
            Action::SetLimit { limit, value, unit } => {
                let given = value.and_then(|n| tracer.arg(step.at, n));
                // `timeout(None)`
                if given.is_some_and(|v| tracer.is_none(v)) {
                    (limit, Tri::Absent)
                } else {
                    let mut text = given.map_or_else(|| "set".into(), |v| tracer.amount(v));
                    if let Some(unit) = unit
                        && (text.bytes().all(|b| b.is_ascii_digit()) || text.starts_with("${"))
                    {
                        text = format!("{text} {unit}");
                    }
                    (limit, Tri::Present(text))
                }
            }
            Action::DropLimit { limit } => (limit, Tri::Absent),
            Action::MayLimit { limit } => (limit, Tri::Unknown),
            _ => continue,
        };
        let known = step.always || limits.get(limit) == Some(&value);
        limits.insert(*limit, if known { value } else { Tri::Unknown });
    }
}

/// `.map(|e| e.timeout(t))` and `.configure(|b| b.timeout(t))`: a closure that gets the builder may set anything; what it
/// sets on its parameter is read, and the rest is open unless the parameter is all that it gives back.
fn configure(tracer: &Tracer<'_>, step: &Step, limits: &mut Limits) {
    let does_something = tracer.callable(step.at).is_some_and(|c| !c.does.as_slice().is_empty());
    let receiver = tracer.receiver(step.at);
    let on_builder = receiver.is_some_and(|r| {
        matches!(
            tracer.role(step.at.body, tracer.ty(r)),
            Some(Role::ClientBuilder | Role::Server | Role::Policy)
        )
    });
    let closure = tracer
        .arg(step.at, 0)
        .filter(|a| matches!(tracer.kind(*a), ExprKind::Closure { params, .. } if !params.is_empty()));
    let Some(closure) = closure.filter(|_| on_builder && !does_something) else { return };
    let ExprKind::Closure { params, body, .. } = tracer.kind(closure) else { return };
    let inside = At { body: closure.body, expr: *body };
    let end = match tracer.kind(inside) {
        ExprKind::Block { stmts, tail: Some(tail) } if !has_let(stmts) => {
            At { body: inside.body, expr: *tail }
        }
        _ => inside,
    };
    let local = params.first().and_then(|(pat, _)| tracer.types_of(closure.body).of_pat.get(pat));
    let calls = local.map(|l| tracer.calls_on(closure.body, *l)).unwrap_or_default();
    let whole = calls.contains(&end);
    for call in calls {
        let inner = Step { at: call, always: step.always, calls: step.calls.clone() };
        set(tracer, &inner, tracer.actions(call), limits);
    }
    if !whole {
        limits.values_mut().filter(|v| v.is_absent()).for_each(|v| *v = Tri::Unknown);
    }
}

fn has_let(stmts: &[Stmt]) -> bool {
    stmts.iter().any(|s| matches!(s, Stmt::Let { .. }))
}

pub(crate) fn policy_of(callable: &Callable) -> Option<&BTreeMap<Limit, LimitDefault>> {
    callable.does.as_slice().iter().find_map(|a| match a {
        Action::MakePolicy { limits } => Some(limits),
        _ => None,
    })
}

/// The retry policy that a call makes, with what is set between its construction and its end.
pub(crate) fn policy(tracer: &Tracer<'_>, made: At) -> Option<Policy> {
    let limits = policy_of(tracer.callable(made)?)?;
    // What asks by itself needs nothing to run it again.
    if tracer.actions(made).iter().any(|a| matches!(a, Action::Call(_))) {
        return streams::policy(tracer, made);
    }
    // The calls on it that follow at once; what happens to it elsewhere is open.
    let (mut end, mut steps) = (made, Vec::new());
    while let Some(outer) = tracer.parent(end).filter(|o| tracer.receiver(*o) == Some(end)) {
        steps.insert(0, Step { at: outer, always: true, calls: Default::default() });
        end = outer;
    }
    steps.push(Step { at: made, always: true, calls: Default::default() });
    // Held in a variable it is done, unless more is called on it there.
    let more = tracer.held_in(end).is_some_and(|local| !tracer.calls_on(end.body, local).is_empty());
    let is_done = !more;
    let path = match tracer.types_of(made.body).callees.get(&made.expr) {
        Some(Callee::Lib(path, _)) => path,
        _ => return None,
    };
    let view = tracer.program.names.view(tracer.module(made.body));
    let library = path.split("::").next().unwrap_or("");
    Some(Policy {
        snippets: view.map(|v| v.snippets(library)).unwrap_or_default(),
        library: library.replace('_', "-"),
        limits: along(tracer, limits, &steps, is_done),
        in_fn: tracer.function_of(made.body),
        at: tracer.place(end),
        given: given(tracer, end),
        grows: growth(tracer, &steps).filter(|_| is_done),
        pause: None,
        delay: None,
        block: None,
    })
}

/// By what each delay is multiplied, where that is written out.
fn growth(tracer: &Tracer<'_>, steps: &[Step]) -> Option<Growth> {
    let number = |at: At| tracer.text(at).told().present()?.parse::<u64>().ok();
    let mut growth: Option<Growth> = None;
    for step in steps.iter().rev() {
        for action in tracer.actions(step.at) {
            match action {
                Action::SetBase { value } => {
                    let base = tracer.arg(step.at, *value)?;
                    let base_at = tracer.place(base);
                    growth = Some(Growth { base: number(base)?, base_at, factor: Some(1) });
                }
                Action::SetFactor { value } => {
                    let factor = tracer.arg(step.at, *value).and_then(number);
                    growth.iter_mut().for_each(|g| g.factor = factor);
                }
                _ => {}
            }
        }
    }
    growth
}

/// What a policy is given to: at once, or by the variable that holds it.
fn given(tracer: &Tracer<'_>, policy: At) -> Option<PolicyUse> {
    let local = tracer.held_in(policy);
    let is_it = |arg: At| match local {
        None => arg == policy,
        Some(local) => {
            matches!(tracer.types_of(arg.body).targets.get(&arg.expr), Some(Target::Local(l)) if *l == local)
        }
    };
    tracer.calls(policy.body).find_map(|call| {
        tracer.actions(call).iter().find_map(|action| match action {
            Action::Retry { policy: Some(n), task } if tracer.arg(call, *n).is_some_and(is_it) => {
                let runs = task.is_some() || tracer.receiver(call).is_some();
                Some(PolicyUse { at: tracer.place(call), when: tracer.when(call), runs })
            }
            _ => None,
        })
    })
}

/// The channel that a call makes.
pub(crate) fn channel(tracer: &Tracer<'_>, at: At) -> Option<Channel> {
    let capacity = tracer
        .actions(at)
        .iter()
        .find_map(|a| if let Action::MakeChannel { capacity } = a { Some(capacity) } else { None })?;
    let capacity = match capacity {
        None => Tri::Absent,
        Some(n) => {
            let text = tracer.arg(at, *n).map(|a| tracer.text(a)).filter(|t| t.complete);
            text.map_or(Tri::Unknown, |t| Tri::Present(t.text))
        }
    };
    Some(Channel { capacity, in_fn: tracer.function_of(at.body), at: tracer.place(at) })
}

/// The store in memory that a call makes, and that gains keys.
pub(crate) fn key_store(tracer: &Tracer<'_>, at: At) -> Option<KeyStore> {
    let gains = tracer.actions(at).contains(&Action::Effect(Effect::GainKeys));
    let package = tracer.program.defs.package_of(tracer.body(at.body).home.module) as u32;
    gains.then(|| KeyStore { in_fn: tracer.function_of(at.body), package, at: tracer.place(at) })
}
