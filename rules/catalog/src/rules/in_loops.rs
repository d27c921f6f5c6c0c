//! What a handler does again for each element of a collection.

use rustc_hash::FxHashSet;
use svclint_model::{Branch, Course, Exit, ExitKind, Function, Model, Place, Variable, What};

use crate::finding::Related;
use crate::rules::acts::{Act, acts};
use crate::rules::running::{How, Run};

/// Something that is done for each element of a collection while a request waits.
pub(super) struct Repeated<'m> {
    pub(super) act: Act<'m>,
    /// The function with the loop.
    pub(super) function: &'m Function,
    /// What the loop goes through.
    pub(super) over: Place,
    pub(super) service: String,
    /// Who waits, for messages.
    pub(super) who: String,
    /// The calls that lead to the function.
    pub(super) evidence: Vec<Related>,
}

/// What handlers do for each element, by itself or through calls: where the element decides what is done. Of each loop the
/// first thing that counts; what only looks for one of the elements
/// is left out, and so is what a function that is called may go without: it may have it in memory.
pub(super) fn repeated<'m>(model: &'m Model, counts: impl Fn(&What) -> bool) -> Vec<Repeated<'m>> {
    let mut seen = FxHashSet::default();
    let mut found = Vec::new();
    for run in Run::all(model) {
        for id in &run.service.functions {
            let function = model.function(*id);
            let course = &function.course;
            if !course.branches.iter().any(|b| b.one_by_one) {
                continue;
            }
            for act in acts(model, *id) {
                let Some(around) = course.loop_around(act.at).filter(|b| b.one_by_one) else { continue };
                // A future that is kept is waited for elsewhere, with others.
                let is_kept = course.outcome(act.at).is_some_and(|o| o.whole == o.of);
                if is_kept || seen.contains(&around.at) || is_search(course, around, act.at) {
                    continue;
                }
                let own = !act.when.spawned && !act.by_name && !act.may_be_spared && counts(&act.deed.what);
                let serves = || run.how_at_all(*id, act.when) == Some(How::Serving);
                if own && serves() && concerns_element(course, around, act.at) && seen.insert(around.at) {
                    found.push(Repeated {
                        function,
                        over: around.decided_by,
                        service: run.service.name.clone(),
                        who: run.who(model, *id, How::Serving),
                        evidence: run.evidence(model, *id),
                        act,
                    });
                }
            }
        }
    }
    found
}

/// Whether what is done in a loop has to do with the element that it is at.
fn concerns_element(course: &Course, around: &Branch, at: Place) -> bool {
    let of_loop = |v: &Variable| around.at.holds(v.bound) && v.from.contains(&around.decided_by);
    let mut variables = course.variables.iter().enumerate().filter(|(_, v)| of_loop(v));
    variables.any(|(number, _)| course.mentions(at, &course.made_of(number)))
}

/// Whether a loop ends as soon as it has found something.
fn is_search(course: &Course, around: &Branch, at: Place) -> bool {
    let ends = |e: &&Exit| match e.kind {
        ExitKind::Return => !e.fails && around.at.holds(e.at),
        ExitKind::Break => e.leaves == around.at,
        _ => false,
    };
    course.exits.iter().filter(ends).any(|e| e.at.span.start >= at.span.start)
}
