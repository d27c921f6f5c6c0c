//! Messages that are sent again when they could not be sent.

use svclint_model::{Branch, BranchKind, EffectKind, FnId, Function, Holds, Model, Outcome, Place, What};

use crate::rules::acts::{With, acts};

/// Whether what is sent is a second way out, behind a loop that tries again.
pub(super) fn tries_again(model: &Model, function: &Function, outcome: &Outcome) -> bool {
    let course = &function.course;
    let is_of_messages = |at: Place| function.holding(Holds::Message).any(|(_, v)| at.holds(v.bound));
    let retried = |at: Place| {
        course.loop_around(at).is_some_and(|of| !of.at.holds(outcome.of) && !is_of_messages(of.at))
    };
    let apart = |b: &&Branch| matches!(b.kind, BranchKind::Closure | BranchKind::Async);
    let task = |at: Place| course.around(at).find(apart).map(|b| b.at);
    let own = function.does.iter().filter(|d| matches!(d.what, What::Publish(_))).map(|d| d.at);
    let leads = |to: FnId| model.effects[to.0 as usize].witness(EffectKind::Publish).is_some();
    let mut publishes = own.chain(function.calls.iter().filter(|c| leads(c.to)).map(|c| c.at));
    publishes.any(|at| at.span.end < outcome.of.span.start && retried(at) && task(at) == task(outcome.of))
}

/// Whether what is written when the message was sent tells that it was: the others are sent again.
pub(super) fn is_sent_again(model: &Model, id: FnId, outcome: &Outcome) -> bool {
    let course = &model.function(id).course;
    let on_success = course.branches.iter().filter(|b| {
        b.decided_by.holds(outcome.whole) && b.pattern.as_deref() != Some("Err") && !b.at.holds(outcome.of)
    });
    let branches: Vec<Place> = on_success.map(|b| b.at).collect();
    let writes = |at: Place| branches.iter().any(|b| b.holds(at));
    !branches.is_empty()
        && acts(model, id).iter().any(|a| a.changes && a.with == With::Database && writes(a.at))
}
