//! What a program does whenever it starts, and what it does not start without.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use svclint_model::{Effect, ExitKind, Failure, FnId, Function, Model, Place, Service, Setting, What, When};

/// The functions that run whenever a program starts.
pub(super) struct Start<'m> {
    model: &'m Model,
    service: &'m Service,
    /// Each with whether the program ends, or does not come to serve, when it gives an error back.
    runs: BTreeMap<FnId, bool>,
}

impl<'m> Start<'m> {
    pub(super) fn of(model: &'m Model, service: &'m Service) -> Self {
        let mut start = Start { model, service, runs: BTreeMap::from([(service.main, true)]) };
        let serving = serving(model, service);
        let mut queue = VecDeque::from([service.main]);
        while let Some(id) = queue.pop_front() {
            let Some(function) = model.functions.get(id.0 as usize) else { continue };
            for call in function.calls.iter().filter(|c| !c.named && is_sure(function, c.at, c.when)) {
                let ends = serving.contains(&call.to) || start.bears_no_failure(id, function, call.at);
                // What one call puts up with, another may not.
                let known = start.runs.get(&call.to).copied();
                if known.is_none() || known == Some(false) && ends {
                    start.runs.insert(call.to, ends);
                    queue.push_back(call.to);
                }
            }
        }
        start
    }

    /// Whether the program ends as it starts where a variable is not set.
    pub(super) fn ends_without(&self, setting: &Setting) -> bool {
        let function = |id: &FnId| self.model.functions.get(id.0 as usize);
        let ids = self.service.functions.iter().copied();
        let around = ids.filter(|id| function(id).is_some_and(|f| f.whole.holds(setting.at)));
        // What stands in no function is declared by a type that is parsed as a whole.
        let innermost = around.min_by_key(|id| function(id).map_or(0, |f| f.whole.span.len()));
        let Some(id) = innermost else { return true };
        let Some(function) = function(&id).filter(|_| self.runs.contains_key(&id)) else { return false };
        let deeds = function.does.iter().filter(|d| d.at == setting.at);
        let mut deeds = deeds.map(|d| d.when).peekable();
        if deeds.peek().is_some() {
            let ends = !setting.handed_on || self.runs.get(&id) == Some(&true);
            return ends && deeds.all(|when| is_sure(function, setting.at, when));
        }
        // A function is given the name here and reads it.
        let is_call = |at: Place| at == setting.at || function.course.whole_call(at) == setting.at;
        let call = function.calls.iter().find(|c| is_call(c.at));
        call.is_some_and(|call| {
            let ends = !setting.handed_on || self.bears_no_failure(id, function, call.at);
            ends && is_sure(function, call.at, call.when)
        })
    }

    /// Whether the program ends when a call fails that `function` makes.
    fn bears_no_failure(&self, id: FnId, function: &Function, call: Place) -> bool {
        let leaving_ends = self.runs.get(&id) == Some(&true);
        let course = &function.course;
        let Some(outcome) = course.outcome(course.whole_call(call)) else { return false };
        match outcome.failure {
            Failure::Leaves => leaving_ends,
            Failure::Kept => outcome.returned && leaving_ends,
            Failure::Told(branch) | Failure::Handled(branch) => {
                let exits = function.does.iter().filter(|d| d.what == What::Effect(Effect::Exit));
                let mut exits = exits.filter(|d| branch.holds(d.at));
                exits.any(|d| is_sure_in(function, branch, d.at))
            }
            Failure::Discarded => false,
        }
    }
}

/// The functions that lead to where the program begins to serve: who leaves one of them before does not come there.
fn serving(model: &Model, service: &Service) -> BTreeSet<FnId> {
    let function = |id: FnId| model.functions.get(id.0 as usize);
    let holds = |id: &FnId| {
        let body = function(*id).map(|f| f.whole);
        body.is_some_and(|whole| service.listeners.iter().any(|l| whole.holds(l.at)))
    };
    let mut found: BTreeSet<FnId> = service.functions.iter().copied().filter(holds).collect();
    loop {
        let leads = |id: &FnId| {
            let mut calls = function(*id).map_or(&[][..], |f| &f.calls).iter();
            calls.any(|c| !c.when.is_steady() && found.contains(&c.to))
        };
        let ids = service.functions.iter().copied().filter(|id| !found.contains(id));
        let more: Vec<FnId> = ids.filter(leads).collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// Whether something is done whenever its function runs: in no branch, no task of its own, and behind no early end.
fn is_sure(function: &Function, at: Place, when: When) -> bool {
    let is_before = |place: Place| place.file == at.file && place.span.end <= at.span.start;
    let returns = function.course.exits.iter().filter(|e| e.kind == ExitKind::Return && e.leaves.holds(at));
    let exits = function.does.iter().filter(|d| d.what == What::Effect(Effect::Exit));
    let mut left = returns.map(|e| e.at).chain(exits.map(|d| d.at)).filter(|end| is_before(*end));
    !when.sometimes && !when.is_steady() && left.all(|end| gives_up(function, end))
}

/// Whether something is done whenever a branch is taken.
fn is_sure_in(function: &Function, branch: Place, at: Place) -> bool {
    let mut inner = function.course.branches.iter().filter(|b| b.at != branch && branch.holds(b.at));
    !inner.any(|b| b.at.holds(at))
}

/// Whether an early end is for want of something that failed: nothing else is done there but to tell so.
fn gives_up(function: &Function, end: Place) -> bool {
    let Some(branch) = function.course.around(end).next() else { return false };
    let tells = |what: &What| matches!(what, What::Log(_) | What::Effect(Effect::Exit));
    branch.pattern.as_deref() == Some("Err")
        && !function.calls.iter().any(|c| branch.at.holds(c.at))
        && function.does.iter().filter(|d| branch.at.holds(d.at)).all(|d| tells(&d.what))
}
