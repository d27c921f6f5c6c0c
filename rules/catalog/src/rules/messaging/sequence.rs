//! What comes after what in a body, and has to do with it.

use svclint_model::{Branch, BranchKind, Course, Place};

/// Whether what is sent has to do with what was changed: it mentions what the change does, or what came out of it.
pub(super) fn tells_of(course: &Course, sent: Place, change: Place) -> bool {
    let variables = course.variables.iter().enumerate();
    let of_change = variables.filter(|(_, v)| {
        v.uses.iter().any(|u| change.holds(u.at)) || v.from.iter().any(|from| from.holds(change))
    });
    of_change.flat_map(|(number, _)| course.made_of(number)).any(|v| course.mentions(sent, &[v]))
}

/// Whether one place is passed before the other in the same run, at least sometimes: they do not exclude each other.
pub(super) fn leads_to(course: &Course, first: Place, second: Place) -> bool {
    let arms = |at: Place| course.around(at).filter(|b| is_choice(b)).collect::<Vec<_>>();
    let (of_first, of_second) = (arms(first), arms(second));
    let excludes = |b: &&Branch| {
        !b.at.holds(second)
            && of_second.iter().any(|other| other.decided_by == b.decided_by && !other.at.holds(first))
    };
    // A closure is run for each of what was read: what is sent there was kept before.
    let is_for_each = |b: &Branch| b.kind == BranchKind::Closure && !b.at.holds(first);
    first.span.end <= second.span.start
        && !of_first.iter().any(excludes)
        && !course.around(second).any(is_for_each)
}

/// Whether what stands in a future is not part of the same future as something else.
pub(super) fn is_apart(course: &Course, first: Place, second: Place) -> bool {
    course.around(first).any(|b| b.kind == BranchKind::Async && !b.at.holds(second))
}

fn is_choice(branch: &Branch) -> bool {
    matches!(branch.kind, BranchKind::Then | BranchKind::Else | BranchKind::Arm)
}
