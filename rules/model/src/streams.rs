//! Streams that begin again by themselves when they fail: what is done to one between the call that makes it and the call
//! that takes all that it gives.

use svclint_facts::rust::ExprKind;
use svclint_knowledge::{Action, Template};

use crate::infer::{Callee, LocalId, Target};
use crate::limits::{Limits, along, policy_of};
use crate::system::{Policy, PolicyUse};
use crate::trace::Step;
use crate::tracer::{At, Tracer};

/// A stream on its way.
struct Way {
    /// The calls that it passes through, the last one first.
    steps: Vec<Step>,
    /// The call that takes all that it gives.
    drain: At,
}

/// How many calls and variables a stream is followed through.
const LENGTH: usize = 24;

/// The policy by which a stream begins again, where all that is done to it can be seen.
pub(crate) fn policy(tracer: &Tracer<'_>, made: At) -> Option<Policy> {
    let defaults = policy_of(tracer.callable(made)?)?;
    let way = way(tracer, made)?;
    let Some(Callee::Lib(path, _)) = tracer.types_of(made.body).callees.get(&made.expr) else { return None };
    let view = tracer.program.names.view(tracer.module(made.body));
    let library = path.split("::").next().unwrap_or("");
    let limits: Limits = along(tracer, defaults, &way.steps, true);
    Some(Policy {
        snippets: view.map(|v| v.snippets(library)).unwrap_or_default(),
        library: library.replace('_', "-"),
        limits,
        in_fn: tracer.function_of(made.body),
        at: tracer.place(made),
        given: Some(PolicyUse { at: tracer.place(way.drain), when: tracer.when(way.drain), runs: true }),
        grows: None,
        pause: None,
        delay: None,
        block: None,
    })
}

fn way(tracer: &Tracer<'_>, made: At) -> Option<Way> {
    let mut steps = vec![step(made)];
    let mut at = made;
    for _ in 0..LENGTH {
        if let Some(local) = tracer.held_in(at) {
            at = only_use(tracer, at, local)?;
            continue;
        }
        let outer = tracer.parent(at)?;
        let callable = tracer.callable(outer)?;
        if tracer.receiver(outer) == Some(at) {
            if callable.does.as_slice().contains(&Action::Drain) {
                return Some(Way { steps, drain: outer });
            }
            steps.insert(0, step(outer));
        } else {
            // `reflector(store, stream)` gives the stream back.
            let Some(Template::Arg(number)) = callable.gives else { return None };
            (tracer.arg(outer, number) == Some(at)).then_some(())?;
        }
        at = outer;
    }
    None
}

fn step(at: At) -> Step {
    Step { at, always: true, calls: Default::default() }
}

/// Where a variable is named, if that is at one place.
fn only_use(tracer: &Tracer<'_>, at: At, local: LocalId) -> Option<At> {
    let types = tracer.types_of(at.body);
    let all = tracer.body(at.body).body.iter().filter(|(expr, node)| {
        matches!(node.kind, ExprKind::Path(_))
            && matches!(types.targets.get(expr), Some(Target::Local(l)) if *l == local)
    });
    let mut all = all.map(|(expr, _)| At { body: at.body, expr });
    all.next().filter(|_| all.next().is_none())
}
