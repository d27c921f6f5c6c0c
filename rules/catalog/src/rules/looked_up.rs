//! What is done only because of what a look at the database found.

use rustc_hash::FxHashMap;
use svclint_model::{
    Branch, BranchKind, CallPath, Course, Deed, Exit, ExitKind, FnId, Function, Model, Place, SqlKind, What,
};

/// Whether an insert is made because a look at the table found nothing: it stands in the branch of that, or the branch of a row that
/// was found leaves before it.
pub(super) fn decides(course: &Course, look: Place, insert: Place) -> bool {
    let of_look = |b: &&Branch| {
        let given =
            course.variables.iter().enumerate().filter(|(_, v)| v.from.iter().any(|from| from.holds(look)));
        let made: Vec<usize> = given.flat_map(|(number, _)| course.made_of(number)).collect();
        b.finds.is_some() && (b.decided_by.holds(look) || course.mentions(b.decided_by, &made))
    };
    let leaves = |b: &Branch| {
        let returns = |e: &Exit| b.at.holds(e.at) && matches!(e.kind, ExitKind::Return | ExitKind::Continue);
        course.exits.iter().any(returns) && b.at.span.end < insert.span.start
    };
    let mut branches = course.branches.iter().filter(of_look);
    look.span.end <= insert.span.start
        && branches.any(|b| match b.finds {
            Some(true) => leaves(b),
            _ => b.at.holds(insert) && !b.at.holds(look),
        })
}

/// The way to a deed: the functions from a handler on, each with the place in it that leads further.
pub(super) fn steps(
    ways: &FxHashMap<FnId, CallPath>,
    root: FnId,
    in_fn: FnId,
    deed: &Deed,
) -> Vec<(FnId, Place)> {
    let way = ways.get(&in_fn).map_or(&[][..], Vec::as_slice);
    let functions = std::iter::once(root).chain(way.iter().map(|call| call.to));
    functions.zip(way.iter().map(|call| call.at).chain([deed.at])).collect()
}

/// Whether a row is inserted only where a look at its table found none.
pub(super) fn only_if_missing(model: &Model, steps: &[(FnId, Place)], table: &str) -> bool {
    steps.iter().any(|(id, at)| {
        let function = model.function(*id);
        let at = function.course.whole_call(*at);
        looks(model, function, &|t| t == table).iter().any(|look| decides(&function.course, *look, at))
    })
}

/// Whether what is stored may decide whether something is done at all, beyond being there: it differs from what is asked for, or has
/// another state. In a function that a handler calls, what it is given may be what was stored.
pub(super) fn only_in_some_state(model: &Model, steps: &[(FnId, Place)]) -> bool {
    steps.iter().enumerate().any(|(number, (id, at))| {
        let function = model.function(*id);
        let course = &function.course;
        let found = looks(model, function, &|_| true);
        let reads = |from: &Place| found.iter().any(|look| from.holds(*look));
        let read = course.variables.iter().enumerate().filter(|(_, v)| v.from.iter().any(reads));
        let read: Vec<usize> = read.map(|(number, _)| number).collect();
        let stored: Vec<usize> = read.iter().flat_map(|n| course.made_of(*n)).collect();
        let any: Vec<usize> = (0..course.variables.len()).collect();
        let given = if number == 0 { &stored } else { &any };
        let is_presence = |b: &Branch| {
            let named = matches!(b.pattern.as_deref(), Some("Some" | "None" | "Ok" | "Err"));
            let variable = course.variables.iter().position(|v| v.uses.iter().any(|u| u.at == b.decided_by));
            named || b.finds.is_some() && variable.is_none_or(|v| read.contains(&v))
        };
        let told = |b: &Branch| match b.at.holds(*at) {
            true => course.mentions(b.decided_by, given),
            false => {
                b.at.span.end <= at.span.start && leaves(course, b) && course.mentions(b.decided_by, &stored)
            }
        };
        let decides = |b: &&Branch| matches!(b.kind, BranchKind::Then | BranchKind::Else | BranchKind::Arm);
        course.branches.iter().filter(decides).any(|b| !is_presence(b) && told(b))
    })
}

/// Whether a branch leaves its function.
fn leaves(course: &Course, branch: &Branch) -> bool {
    course.exits.iter().any(|e| e.kind == ExitKind::Return && branch.at.holds(e.at))
}

/// Where a function reads tables, itself or through what it calls.
fn looks(model: &Model, function: &Function, of: &dyn Fn(&str) -> bool) -> Vec<Place> {
    let reads =
        |deed: &Deed| matches!(&deed.what, What::Sql(sql) if sql.kind == SqlKind::Select && of(&sql.table));
    let own = function.does.iter().filter(|d| reads(d)).map(|d| d.at);
    let called = function.calls.iter().filter(|call| {
        let reached = model.ways(&[call.to], |_| true);
        reached.keys().any(|id| model.function(*id).does.iter().any(reads))
    });
    own.chain(called.map(|call| function.course.whole_call(call.at))).collect()
}
