//! What patterns take out of values.

use svclint_facts::rust::{ExprId, ExprKind};

use super::{Trace, Walk, is_same_value};
use crate::defs::FnIdx;
use crate::infer::Callee;
use crate::links::Part;
use crate::state::StatePart;
use crate::tracer::{At, Tracer};

/// Through how many expressions a tuple is looked for.
const ELEMENT_DEPTH: u32 = 16;

impl Tracer<'_> {
    /// What a pattern takes out of a value.
    pub(super) fn walk_part(&self, at: At, parts: &[Part], walk: &mut Walk<'_>, depth: u32) -> Trace {
        match parts {
            [] => self.walk(at, walk, depth),
            [.., Part::Field(adt, name)] => self.walk_writes(at, *adt, name, walk, depth),
            [Part::Element(n), rest @ ..] => match self.element(at, *n, 0) {
                Some(element) => self.walk_part(element, rest, walk, depth),
                // A pair that a library gives: its parts come from the call.
                None if self.is_library_call(at) => self.walk(at, walk, depth),
                None => Self::lost(at),
            },
            [Part::Field(..), ..] => Self::lost(at),
        }
    }

    /// What implementations of `FromRef` take out of the state for a handler.
    pub(super) fn walk_parts(&self, at: At, parts: &[StatePart], walk: &mut Walk<'_>, depth: u32) -> Trace {
        let calls = std::mem::take(&mut walk.calls);
        let near = |part: &&StatePart| match part {
            StatePart::Returned(function) => self.body_of(*function).is_some_and(|b| self.in_scope(b)),
            // A field of another program's state has no value in this one.
            StatePart::Field(adt, name) => {
                self.writes(*adt, name).is_some_and(|all| all.iter().any(|at| self.in_scope(at.body)))
            }
        };
        let ways = parts.iter().filter(near).map(|part| match part {
            StatePart::Returned(function) => self.returns(at, &[*function], walk, depth),
            StatePart::Field(adt, name) => self.walk_writes(at, *adt, name, walk, depth),
        });
        let ways: Vec<Trace> = ways.collect();
        walk.calls = calls;
        if ways.is_empty() { Self::lost(at) } else { Trace::either(ways) }
    }

    fn is_library_call(&self, at: At) -> bool {
        match self.kind(at) {
            ExprKind::Await(inner) | ExprKind::Try(inner) => {
                self.is_library_call(At { body: at.body, expr: *inner })
            }
            ExprKind::Call { .. } | ExprKind::MethodCall { .. } => {
                matches!(self.types_of(at.body).callees.get(&at.expr), Some(Callee::Lib(..)))
            }
            _ => false,
        }
    }

    /// An element of a tuple that is written out, here or in the function that returns it.
    fn element(&self, at: At, number: usize, depth: u32) -> Option<At> {
        let here = |expr: ExprId| At { body: at.body, expr };
        let inside = |at: At| self.element(at, number, depth + 1);
        if depth > ELEMENT_DEPTH {
            return None;
        }
        let callee = || self.types_of(at.body).callees.get(&at.expr);
        match self.kind(at) {
            ExprKind::Tuple(all) => all.get(number).map(|e| here(*e)),
            ExprKind::Try(e)
            | ExprKind::Await(e)
            | ExprKind::Ref(e)
            | ExprKind::Async(e)
            | ExprKind::Block { tail: Some(e), .. } => inside(here(*e)),
            ExprKind::Path(_) => inside(self.single_origin(at)?),
            ExprKind::Call { args, .. } => match callee()? {
                // `Ok((a, b))`
                Callee::Lib(..) => inside(here(*args.first()?)),
                Callee::Fns(fns) => inside(self.root_of(fns)?),
                _ => None,
            },
            ExprKind::MethodCall { receiver, method, .. } => match callee()? {
                Callee::Lib(..) if is_same_value(method) => inside(here(*receiver)),
                Callee::Fns(fns) => inside(self.root_of(fns)?),
                _ => None,
            },
            _ => None,
        }
    }

    /// The body of the first of some functions.
    fn root_of(&self, fns: &[FnIdx]) -> Option<At> {
        let body = self.body_of(*fns.first()?)?;
        Some(At { body, expr: self.body(body).body.root? })
    }
}
