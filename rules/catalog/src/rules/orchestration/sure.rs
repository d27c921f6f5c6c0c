//! What a service is sure to do.

use std::collections::{BTreeSet, VecDeque};

use svclint_model::{Deed, ExitKind, Failure, FnId, Function, Model, Outcome, Place, Service};

/// What a service does whenever it starts or is asked, and cannot go on without.
pub(super) fn sure_deeds<'m>(model: &'m Model, service: &Service) -> Vec<&'m Deed> {
    let handlers = service.routes.iter().filter_map(|r| r.handler);
    let mut queue: VecDeque<FnId> = std::iter::once(service.main).chain(handlers).collect();
    let mut seen = BTreeSet::new();
    let mut deeds = Vec::new();
    while let Some(id) = queue.pop_front() {
        let Some(function) = model.functions.get(id.0 as usize).filter(|_| seen.insert(id)) else { continue };
        let calls = function.calls.iter().filter(|c| !c.when.sometimes && !is_left_out(function, c.at));
        queue.extend(calls.map(|c| c.to));
        deeds.extend(function.does.iter().filter(|d| !d.when.sometimes && !is_left_out(function, d.at)));
    }
    deeds
}

/// Whether something stands behind an early return, or may fail without harm: nobody looks at the result, or something is
/// done about it.
fn is_left_out(function: &Function, at: Place) -> bool {
    let course = &function.course;
    let is_before = |place: Place| place.file == at.file && place.span.end <= at.span.start;
    let returns = course.exits.iter().any(|e| e.kind == ExitKind::Return && is_before(e.at));
    let mut around = course.outcomes.iter().filter(|o| o.of == at || o.whole.holds(at));
    let is_borne = |o: &Outcome| match o.failure {
        Failure::Discarded | Failure::Told(_) | Failure::Handled(_) => true,
        // A call that cannot fail has nothing to look at; a write always can.
        Failure::Kept => o.dropped && (o.fails || function.does.iter().any(|d| d.at == o.of)),
        Failure::Leaves => false,
    };
    returns || around.any(is_borne)
}
