//! The transactions that a function begins, and what happens while they are open.

use svclint_model::{BranchKind, Deed, Effect, Function, Holds, Place, Variable, What};

use crate::rules::acts::{Act, With};

/// A transaction that a function begins.
pub(super) struct Transaction<'m> {
    function: &'m Function,
    /// Where it begins.
    pub(super) begun: Place,
    /// The variable that holds it, with its number; none where a closure is its whole life.
    pub(super) held: Option<(usize, &'m Variable)>,
    /// Where it can be open.
    within: Place,
}

impl<'m> Transaction<'m> {
    /// All that a function begins.
    pub(super) fn all(function: &'m Function) -> Vec<Transaction<'m>> {
        let begins = function.does.iter().filter(|d| d.what == What::Effect(Effect::Begin));
        begins.filter_map(|begin| Transaction::begun_at(function, begin)).collect()
    }

    fn begun_at(function: &'m Function, begin: &Deed) -> Option<Transaction<'m>> {
        let from = |v: &Variable| v.from.iter().any(|from| from.holds(begin.at));
        let held = function.holding(Holds::Transaction).find(|(_, v)| from(v));
        if let Some((number, variable)) = held {
            let within = variable.scope;
            return Some(Transaction { function, begun: begin.at, held: Some((number, variable)), within });
        }
        // `connection.transaction(|tx| ..)`
        let in_call = |place: Place| begin.at.holds(place);
        let closure =
            function.course.branches.iter().filter(|b| b.kind == BranchKind::Closure && in_call(b.at));
        let within = closure.max_by_key(|b| b.at.span.len())?.at;
        Some(Transaction { function, begun: begin.at, held: None, within })
    }

    /// Whether it is open, for certain, when something is done.
    pub(super) fn is_open_at(&self, at: Place) -> bool {
        if !self.within.holds(at) {
            return false;
        }
        let Some((_, variable)) = self.held else { return true };
        let course = &self.function.course;
        let is_after = self.begun.span.end <= at.span.start && course.dominates(self.begun, at);
        let is_over =
            self.ends().into_iter().any(|end| end.span.end <= at.span.start && course.dominates(end, at));
        let goes_on = variable.uses.iter().any(|u| u.at.span.start >= at.span.end);
        is_after && !is_over && goes_on
    }

    /// Where it is ended, or given to something else.
    pub(super) fn ends(&self) -> Vec<Place> {
        let Some((_, variable)) = self.held else { return Vec::new() };
        let given = variable.uses.iter().filter(|u| u.given).map(|u| u.at);
        let ended = self.function.does.iter().filter(|d| is_end(d) && self.is_in(d.at)).map(|d| d.at);
        given.chain(ended).collect()
    }

    /// Its variable, and those that may hold it too; what a statement gave back does not. `acts` are those of the function.
    pub(super) fn handles(&self, acts: &[Act<'_>]) -> Vec<usize> {
        let variables = &self.function.course.variables;
        let asked = |v: &Variable| {
            let gives = |from: &Place| acts.iter().any(|a| a.with == With::Database && from.holds(a.at));
            v.from.iter().any(gives)
        };
        let mut found: Vec<usize> = self.held.iter().map(|(number, _)| *number).collect();
        let mut next = 0;
        while let Some(of) = found.get(next).copied() {
            next += 1;
            let made =
                variables.iter().enumerate().filter(|(_, v)| v.made_of.contains(&(of as u32)) && !asked(v));
            let made: Vec<usize> = made.map(|(number, _)| number).filter(|n| !found.contains(n)).collect();
            found.extend(made);
        }
        found
    }

    /// Whether something is done with it.
    pub(super) fn is_in(&self, at: Place) -> bool {
        self.held.is_some_and(|(number, _)| {
            self.function.course.mentions(at, &self.function.course.made_of(number))
        })
    }
}

fn is_end(deed: &Deed) -> bool {
    matches!(deed.what, What::Effect(Effect::Commit | Effect::Rollback))
}
