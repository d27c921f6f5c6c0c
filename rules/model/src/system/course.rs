//! How a function goes: the branches in it, where it is left early, what its variables hold, what becomes of results.
//!
//! All of it is places. Within a body, what is evaluated earlier ends earlier, and what stands in a branch lies inside of
//! the branch's place: order and dominance are questions about places.

use super::Function;
use crate::place::Place;
use svclint_knowledge::Switch;

/// How a function goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// What may be left out or run again, and what is left by a `return` of its own; inner ones first.
    pub branches: Vec<Branch>,
    /// Where something is left before its end.
    pub exits: Vec<Exit>,
    /// The variables.
    pub variables: Vec<Variable>,
    /// What becomes of the results of calls.
    pub outcomes: Vec<Outcome>,
    /// The options that calls are given.
    pub options: Vec<Options>,
    /// Where pools of connections stand: each statement that is given one runs by itself.
    pub pools: Vec<Place>,
}

/// A part of a body that may be left out, is run again, or is left by a `return` of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// The part.
    pub at: Place,
    /// What it is.
    pub kind: BranchKind,
    /// What decides: a condition, or what is matched. For loops what they go through; for others the part itself.
    pub decided_by: Place,
    /// The last word of the pattern that leads into it: `Err`, `None`.
    pub pattern: Option<String>,
    /// Whether it is taken when what was asked for is there, or when it is not, as far as that is told: `Some`, `is_none()`,
    /// `count > 0`.
    pub finds: Option<bool>,
    /// Of a loop: whether it goes one by one through what there is, and how much that is the code does not tell.
    pub one_by_one: bool,
}

/// The kinds of parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BranchKind {
    /// What runs when the condition holds.
    Then,
    /// What runs when it does not; also of `let .. else`.
    Else,
    /// An arm of a `match`, or of a `select!`.
    Arm,
    /// A loop.
    Loop,
    /// A closure.
    Closure,
    /// An `async` block: run where it is awaited or spawned.
    Async,
}

/// A place where something is left before its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Exit {
    /// The expression that leaves: with `?`, what fails and the question mark.
    pub at: Place,
    /// How.
    pub kind: ExitKind,
    /// What is left: the function, a closure, an `async` block, a loop.
    pub leaves: Place,
    /// Whether it is a failure that leaves, as far as the expression itself tells: `?`, `return Err(..)`.
    pub fails: bool,
}

/// The ways to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitKind {
    /// `?`
    Try,
    /// `unwrap`, `panic!`
    Panic,
    /// `return`
    Return,
    /// `break`
    Break,
    /// `continue`
    Continue,
}

/// A variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it holds, where that matters.
    pub holds: Option<Holds>,
    /// Where it is named first.
    pub bound: Place,
    /// Where it lives.
    pub scope: Place,
    /// What it gets its values from.
    pub from: Vec<Place>,
    /// The variables of which its values are made; numbers in the list of variables.
    pub made_of: Vec<u32>,
    /// Where it is used, in the order of the text.
    pub uses: Vec<Use>,
}

/// What a variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// A message of a broker, or several; perhaps as a result.
    Message,
    /// A transaction.
    Transaction,
}

/// A use of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// Where.
    pub at: Place,
    /// Whether the variable's value is given away there, and not only lent or looked at.
    pub given: bool,
}

/// What becomes of the result of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The call.
    pub of: Place,
    /// The call with all that is made of its result at once: `.await`, `?`, `.ok()`.
    pub whole: Place,
    /// What becomes of a failure.
    pub failure: Failure,
    /// Whether it is what its function gives back.
    pub returned: bool,
    /// Whether nobody looks at what comes out.
    pub dropped: bool,
    /// Whether what comes out is certain to be a result, which may be a failure.
    pub fails: bool,
    /// Whether that is only the promise to tell later whether it was done.
    pub receipt: bool,
}

/// What becomes of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It goes where the result goes.
    Kept,
    /// It leaves the function, or ends the task.
    Leaves,
    /// It is thrown away: `.ok()`.
    Discarded,
    /// A branch takes it, does nothing about it but tell it to a log, and goes on.
    Told(Place),
    /// A branch takes it and does something.
    Handled(Place),
}

/// Options that a call is given as a value of a library's type.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The call.
    pub of: Place,
    /// The value.
    pub at: Place,
    /// What can be switched on.
    pub can: Vec<Switch>,
    /// What is switched on, and where.
    pub on: Vec<(Switch, Place)>,
    /// Whether everything else is known to be off.
    pub complete: bool,
}

impl Course {
    /// Whether something is evaluated whenever another thing, later in the same body, is.
    pub fn dominates(&self, first: Place, second: Place) -> bool {
        let leaves_out = |b: &&Branch| b.kind != BranchKind::Async && b.at.holds(first);
        first.span.end <= second.span.end
            && self
                .branches
                .iter()
                .filter(leaves_out)
                .all(|b| b.at.holds(second) || b.kind == BranchKind::Loop && b.decided_by.holds(first))
    }

    /// The branches around a place, inner ones first.
    pub fn around(&self, at: Place) -> impl Iterator<Item = &Branch> {
        let mut around: Vec<&Branch> = self.branches.iter().filter(|b| b.at.holds(at)).collect();
        around.sort_by_key(|b| b.at.span.len());
        around.into_iter()
    }

    /// The innermost loop around a place that is run by the same task.
    pub fn loop_around(&self, at: Place) -> Option<&Branch> {
        let apart = |b: &&Branch| !matches!(b.kind, BranchKind::Closure | BranchKind::Async);
        self.around(at).take_while(apart).find(|b| b.kind == BranchKind::Loop)
    }

    /// The variables that are made of one, by steps; itself among them.
    pub fn made_of(&self, variable: usize) -> Vec<usize> {
        let mut found = vec![variable];
        let mut next = 0;
        while let Some(of) = found.get(next).copied() {
            next += 1;
            for (number, other) in self.variables.iter().enumerate() {
                if other.made_of.contains(&(of as u32)) && !found.contains(&number) {
                    found.push(number);
                }
            }
        }
        found
    }

    /// Whether an expression mentions one of some variables.
    pub fn mentions(&self, at: Place, variables: &[usize]) -> bool {
        let uses = variables.iter().filter_map(|v| self.variables.get(*v)).flat_map(|v| &v.uses);
        uses.into_iter().any(|u| at.holds(u.at))
    }

    /// A call with its arguments, by the function's name in it; the name alone where it is not called.
    pub fn whole_call(&self, name: Place) -> Place {
        let calls = self.outcomes.iter().map(|o| o.of);
        let of_name = calls.filter(|c| c.span.start == name.span.start && c.holds(name));
        of_name.min_by_key(|c| c.span.len()).unwrap_or(name)
    }

    /// What becomes of the result of a call.
    pub fn outcome(&self, call: Place) -> Option<&Outcome> {
        self.outcomes.iter().find(|o| o.of == call)
    }

    /// The options that a call is given.
    pub fn options_of(&self, call: Place) -> Option<&Options> {
        self.options.iter().find(|o| o.of == call)
    }

    /// All its places.
    pub(crate) fn places(&mut self, visit: &mut dyn FnMut(&mut Place)) {
        for branch in &mut self.branches {
            visit(&mut branch.at);
            visit(&mut branch.decided_by);
        }
        for exit in &mut self.exits {
            visit(&mut exit.at);
            visit(&mut exit.leaves);
        }
        for variable in &mut self.variables {
            visit(&mut variable.bound);
            visit(&mut variable.scope);
            variable.from.iter_mut().for_each(&mut *visit);
            variable.uses.iter_mut().for_each(|u| visit(&mut u.at));
        }
        for outcome in &mut self.outcomes {
            visit(&mut outcome.of);
            visit(&mut outcome.whole);
            if let Failure::Told(at) | Failure::Handled(at) = &mut outcome.failure {
                visit(at);
            }
        }
        self.pools.iter_mut().for_each(&mut *visit);
        for options in &mut self.options {
            visit(&mut options.of);
            visit(&mut options.at);
            options.on.iter_mut().for_each(|(_, at)| visit(at));
        }
    }
}

impl Options {
    /// Where something is switched on.
    pub fn switched_on(&self, switch: Switch) -> Option<Place> {
        self.on.iter().find(|(s, _)| *s == switch).map(|(_, at)| *at)
    }
}

impl Function {
    /// The variables that hold something, with their numbers.
    pub fn holding(&self, what: Holds) -> impl Iterator<Item = (usize, &Variable)> {
        self.course.variables.iter().enumerate().filter(move |(_, v)| v.holds == Some(what))
    }
}
