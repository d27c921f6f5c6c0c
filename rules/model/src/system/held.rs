//! What is held while something is waited for.

use crate::place::Place;

/// A lock, or a span, that is held during a wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The wait.
    pub wait: Place,
    /// The variable that holds it, if one does.
    pub guard: Option<Box<Guard>>,
}

/// The variable that holds a guard: what a fix needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// Its name.
    pub name: String,
    /// Its statement, from `let` to `;`.
    pub statement: Place,
    /// What it is given: `stock.lock().unwrap()`.
    pub value: Place,
    /// What the lock, or the span, is taken on: `stock`.
    pub of: Place,
    /// The statement that waits first, or the value at the end of the block that does.
    pub waiting: Place,
    /// The futures that are waited for while it lives.
    pub waits: Vec<Place>,
    /// It is named somewhere behind its statement.
    pub named: bool,
    /// It is named from the waiting statement on, or may be borrowed by something that is.
    pub needed: bool,
    /// It is seen through by hand: `*guard`.
    pub dereferenced: bool,
}

impl Held {
    /// All places in it.
    pub(crate) fn places(&mut self, seen: &mut dyn FnMut(&mut Place)) {
        seen(&mut self.wait);
        if let Some(guard) = &mut self.guard {
            let Guard { statement, value, of, waiting, waits, .. } = &mut **guard;
            [statement, value, of, waiting].into_iter().for_each(&mut *seen);
            waits.iter_mut().for_each(seen);
        }
    }
}
