//! Who calls a function, for what is tried again.

use svclint_model::{CallSite, FnId, Model};

/// How far from a request what tries it again may be.
const HOPS: usize = 3;

/// The calls of a function, and of the functions that these stand in.
pub(super) fn calls_of(model: &Model, function: FnId) -> impl Iterator<Item = &CallSite> {
    let mut targets = vec![function];
    let mut found = Vec::new();
    for _ in 0..HOPS {
        let mut next = Vec::new();
        for (number, caller) in model.functions.iter().enumerate() {
            for call in caller.calls.iter().filter(|c| targets.contains(&c.to)) {
                found.push(call);
                next.push(FnId(number as u32));
            }
        }
        targets = next;
    }
    found.into_iter()
}
