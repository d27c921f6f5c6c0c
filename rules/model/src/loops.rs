//! Loops that try something again until it succeeds, written by hand: the same as a policy of a library, in many more words.

use std::collections::BTreeMap;

use svclint_facts::rust::{Arm, ExprId, ExprKind, PatId, PatKind, Stmt};
use svclint_knowledge::{Action, Effect, Limit};

use crate::bodies::{BodyId, children};
use crate::delays;
use crate::infer::{Callee, Target};
use crate::links::Origin;
use crate::place::{Place, Tri};
use crate::system::{Function, Policy, PolicyUse};
use crate::tracer::{At, Tracer};
use crate::ty::Ty;

/// A loop that tries again.
pub(crate) struct RetryLoop {
    pub(crate) policy: Policy,
    /// All of it.
    whole: Place,
    /// What happens in it after a success, and so only once.
    once: Vec<Place>,
}

/// What is tried in a loop.
struct Tried {
    /// The call whose result decides.
    call: At,
    /// What runs when it succeeds.
    success: Vec<At>,
}

/// The loops of a body that try something again.
pub(crate) fn retries(tracer: &Tracer<'_>, body: BodyId) -> Vec<RetryLoop> {
    let all = tracer.body(body).body.iter();
    let loops = all.filter(|(_, e)| is_loop(&e.kind));
    loops.filter_map(|(expr, _)| retry(tracer, At { body, expr })).collect()
}

/// What is done in such a loop is done again, but for what follows a success.
pub(crate) fn mark(loops: &[RetryLoop], function: &mut Function) {
    let is_again = |at: Place| {
        let holds = |outer: &Place| {
            outer.file == at.file && outer.span.start <= at.span.start && at.span.end <= outer.span.end
        };
        loops.iter().any(|l| holds(&l.whole) && !l.once.iter().any(holds))
    };
    function.calls.iter_mut().for_each(|call| call.when.retried |= is_again(call.at));
    function.does.iter_mut().for_each(|deed| deed.when.retried |= is_again(deed.at));
}

pub(crate) fn is_loop(kind: &ExprKind) -> bool {
    matches!(kind, ExprKind::Loop(_) | ExprKind::While { .. } | ExprKind::For { .. })
}

fn retry(tracer: &Tracer<'_>, at: At) -> Option<RetryLoop> {
    let here = |expr: ExprId| At { body: at.body, expr };
    let (block, cond) = match tracer.kind(at) {
        ExprKind::Loop(block) => (here(*block), None),
        ExprKind::While { cond, body } => (here(*body), Some(here(*cond))),
        ExprKind::For { body, .. } => (here(*body), None),
        _ => return None,
    };
    let tried = cond.and_then(|c| tried_while(tracer, c)).or_else(|| tried_in(tracer, block))?;
    let ends = exits(tracer, block).into_iter().any(|exit| !is_in(tracer, exit, &tried.success));
    let endless = !ends && is_endless(tracer, at);
    let attempts = match endless {
        true => Tri::Absent,
        false => counted(tracer, at),
    };
    let mut limits = BTreeMap::from([(Limit::Attempts, attempts)]);
    limits.insert(Limit::Elapsed, if endless { Tri::Absent } else { Tri::Unknown });
    let pause = delays::sleeps(tracer, block).into_iter().find(|s| !is_in(tracer, *s, &tried.success));
    match pause {
        Some(sleep) => {
            let delay = tracer.arg(sleep, 0);
            let text = delay.map_or_else(|| "set".to_owned(), |d| tracer.amount(d));
            limits.insert(Limit::Delay, Tri::Present(text));
            let jitter = delay.map_or(Tri::Unknown, |d| delays::varies(tracer, d));
            limits.insert(Limit::Jitter, jitter);
        }
        // Something that is waited for besides may pause too.
        None => {
            let waits = any(tracer, block, &|a| {
                matches!(tracer.kind(a), ExprKind::Await(_))
                    && !is_in(tracer, a, &tried.success)
                    && !tracer.ancestors(tried.call).any(|outer| outer == a)
            });
            limits.insert(Limit::Delay, if waits { Tri::Unknown } else { Tri::Absent });
        }
    }
    let place = |a: &At| tracer.place(*a);
    Some(RetryLoop {
        policy: Policy {
            library: String::new(),
            limits,
            in_fn: tracer.function_of(at.body),
            at: head(tracer, at, block),
            given: Some(PolicyUse { at: place(&tried.call), when: tracer.when(at), runs: true }),
            snippets: BTreeMap::new(),
            grows: None,
            pause: pause.map(|s| place(&s)),
            delay: pause.and_then(|s| tracer.arg(s, 0)).map(|d| place(&d)),
            block: Some(place(&block)),
        },
        whole: place(&at),
        once: tried.success.iter().map(place).collect(),
    })
}

/// A loop's words before its block.
fn head(tracer: &Tracer<'_>, at: At, block: At) -> Place {
    let (mut head, block) = (tracer.place(at), tracer.place(block));
    head.span.end = block.span.start.max(head.span.start);
    head
}

/// Whether something stands in one of several others.
fn is_in(tracer: &Tracer<'_>, at: At, outer: &[At]) -> bool {
    tracer.ancestors(at).any(|a| outer.contains(&a))
}

/// `loop`, `while true`, `while let Err(..) = try()`: nothing in its head ends it but success.
fn is_endless(tracer: &Tracer<'_>, at: At) -> bool {
    match tracer.kind(at) {
        ExprKind::Loop(_) => true,
        ExprKind::While { cond, .. } => match tracer.kind(At { body: at.body, expr: *cond }) {
            ExprKind::Lit(svclint_facts::rust::Lit::Bool(true)) => true,
            ExprKind::Let { pat, .. } => is_named(tracer, at.body, *pat, "Err"),
            _ => false,
        },
        _ => false,
    }
}

/// `for attempt in 0..5`
fn counted(tracer: &Tracer<'_>, at: At) -> Tri<String> {
    let ExprKind::For { iter, .. } = tracer.kind(at) else { return Tri::Unknown };
    match tracer.kind(At { body: at.body, expr: *iter }) {
        ExprKind::Range(_, Some(end)) => Tri::Present(tracer.amount(At { body: at.body, expr: *end })),
        _ => Tri::Unknown,
    }
}

/// `while let Err(error) = try().await { .. }`
fn tried_while(tracer: &Tracer<'_>, cond: At) -> Option<Tried> {
    let ExprKind::Let { pat, value } = tracer.kind(cond) else { return None };
    let call = tried_call(tracer, At { body: cond.body, expr: *value })?;
    is_named(tracer, cond.body, *pat, "Err").then_some(Tried { call, success: Vec::new() })
}

/// The first decision in a loop by which a success leaves it and a failure does not.
fn tried_in(tracer: &Tracer<'_>, block: At) -> Option<Tried> {
    let mut found = None;
    visit(tracer, block, &mut |at| {
        // What an inner loop tries is tried again by that one.
        let own = || !tracer.ancestors(at).take_while(|a| *a != block).any(|a| is_loop(tracer.kind(a)));
        if found.is_none() && own() {
            found = decision(tracer, at);
        }
    });
    found
}

fn decision(tracer: &Tracer<'_>, at: At) -> Option<Tried> {
    let here = |expr: ExprId| At { body: at.body, expr };
    match tracer.kind(at) {
        ExprKind::Match { scrutinee, arms } => {
            let call = tried_call(tracer, here(*scrutinee))?;
            let of = |name: &'static str| {
                let named = move |a: &&Arm| is_named(tracer, at.body, a.pat, name);
                arms.iter().filter(named).map(|a| here(a.body)).collect::<Vec<At>>()
            };
            let (success, failure) = (of("Ok"), of("Err"));
            // Where one success goes on and another does not, something is waited for: unless it is a failing status.
            let decides_on_status =
                arms.iter().filter_map(|a| a.guard).any(|g| finds_status(tracer, here(g)));
            let leaving = success.iter().filter(|arm| leaves(tracer, **arm)).count();
            let leaves = leaving > 0 && (leaving == success.len() || decides_on_status);
            let goes_on = failure.iter().any(|arm| goes_on(tracer, *arm));
            (leaves && goes_on).then_some(Tried { call, success })
        }
        ExprKind::If { cond, then, otherwise } => {
            let ExprKind::Let { pat, value } = tracer.kind(here(*cond)) else { return None };
            let call = tried_call(tracer, here(*value))?;
            let otherwise = otherwise.map(here);
            if is_named(tracer, at.body, *pat, "Ok") {
                let fails_on = otherwise.is_none_or(|o| goes_on(tracer, o));
                (leaves(tracer, here(*then)) && fails_on)
                    .then_some(Tried { call, success: vec![here(*then)] })
            } else {
                let success = otherwise.filter(|o| leaves(tracer, *o))?;
                let is_failure = is_named(tracer, at.body, *pat, "Err") && goes_on(tracer, here(*then));
                is_failure.then_some(Tried { call, success: vec![success] })
            }
        }
        _ => None,
    }
}

/// Whether an expression looks at the status of an answer.
fn finds_status(tracer: &Tracer<'_>, at: At) -> bool {
    any(tracer, at, &|a| tracer.actions(a).iter().any(|action| matches!(action, Action::ReadStatus)))
}

/// The call behind a value that decides: awaited at once, or before it was put into a variable.
fn tried_call(tracer: &Tracer<'_>, at: At) -> Option<At> {
    let mut at = at;
    for _ in 0..8 {
        let here = |expr: ExprId| At { body: at.body, expr };
        match tracer.kind(at) {
            ExprKind::Await(inner) | ExprKind::Try(inner) | ExprKind::Ref(inner) => at = here(*inner),
            ExprKind::Path(_) => {
                let Some(Target::Local(local)) = tracer.types_of(at.body).targets.get(&at.expr) else {
                    return None;
                };
                match tracer.origins(at.body, *local)? {
                    [Origin::Expr(value, parts)] if parts.is_empty() => at = *value,
                    _ => return None,
                }
            }
            ExprKind::Call { .. } | ExprKind::MethodCall { .. } => {
                let bounds = tracer.actions(at).iter().find_map(|a| match a {
                    Action::Bound { future: Some(n), .. } => tracer.arg(at, *n),
                    _ => None,
                });
                if let Some(inner) = bounds {
                    at = inner;
                } else if asks(tracer, at) {
                    return Some(at);
                } else {
                    at = tracer.receiver(at)?;
                }
            }
            _ => return None,
        }
    }
    None
}

/// Whether a call asks something outside of the process, or may: by a function of the workspace.
fn asks(tracer: &Tracer<'_>, at: At) -> bool {
    let sends = |a: &Action| {
        matches!(a, Action::Send | Action::Call(_) | Action::Execute { .. } | Action::Publish { .. })
    };
    match tracer.types_of(at.body).callees.get(&at.expr) {
        Some(Callee::Fns(fns)) => !fns.is_empty(),
        _ => tracer.actions(at).iter().any(sends),
    }
}

/// Whether a branch has an exit from the loop in it.
fn leaves(tracer: &Tracer<'_>, branch: At) -> bool {
    !exits(tracer, branch).is_empty()
}

/// Whether a branch may be left at its end, or for the next round.
fn goes_on(tracer: &Tracer<'_>, branch: At) -> bool {
    *tracer.ty(branch) != Ty::Never && !ends_with_exit(tracer, branch)
        || any(tracer, branch, &|a| matches!(tracer.kind(a), ExprKind::Continue))
}

/// `{ log(error); return Err(error); }`
fn ends_with_exit(tracer: &Tracer<'_>, branch: At) -> bool {
    let is_exit = |expr: ExprId| {
        matches!(tracer.kind(At { body: branch.body, expr }), ExprKind::Return(_) | ExprKind::Break(_))
    };
    match tracer.kind(branch) {
        ExprKind::Block { stmts, tail } => match (tail, stmts.last()) {
            (Some(tail), _) => is_exit(*tail),
            (None, Some(Stmt::Expr(last))) => is_exit(*last),
            _ => false,
        },
        _ => is_exit(branch.expr),
    }
}

fn is_named(tracer: &Tracer<'_>, body: BodyId, pat: PatId, name: &str) -> bool {
    match &tracer.body(body).body.pat(pat).kind {
        PatKind::TupleStruct(path, _) => path.last() == name,
        PatKind::Or(cases) => cases.iter().all(|case| is_named(tracer, body, *case, name)),
        _ => false,
    }
}

/// The expressions that leave the loop around a branch: `break`, `return`, `?`.
pub(crate) fn exits(tracer: &Tracer<'_>, branch: At) -> Vec<At> {
    let mut found = Vec::new();
    visit(tracer, branch, &mut |at| {
        let exits = match tracer.kind(at) {
            ExprKind::Return(_) | ExprKind::Try(_) => true,
            // A `break` of an inner loop leaves only that one.
            ExprKind::Break(_) => {
                !tracer.ancestors(at).take_while(|a| *a != branch).any(|a| is_loop(tracer.kind(a)))
            }
            _ => false,
        };
        if exits {
            found.push(at);
        }
    });
    found
}

fn any(tracer: &Tracer<'_>, at: At, is: &dyn Fn(At) -> bool) -> bool {
    let mut found = false;
    visit(tracer, at, &mut |a| found |= is(a));
    found
}

/// All expressions inside of one that run with it: not those of closures and tasks.
pub(crate) fn visit(tracer: &Tracer<'_>, at: At, seen: &mut dyn FnMut(At)) {
    let mut stack = vec![at];
    while let Some(at) = stack.pop() {
        seen(at);
        if matches!(tracer.kind(at), ExprKind::Closure { .. } | ExprKind::Async(_)) {
            continue;
        }
        let first = stack.len();
        children(tracer.kind(at), &mut |child| stack.push(At { body: at.body, expr: child }));
        // In the order in which they are written.
        stack[first..].reverse();
    }
}

/// Whether a call lets time pass.
pub(crate) fn sleeps(tracer: &Tracer<'_>, call: At) -> bool {
    let mut actions = tracer.actions(call).iter();
    actions.any(|a| matches!(a, Action::Effect(Effect::Sleep) | Action::Stall { instead: Some(_) }))
}
