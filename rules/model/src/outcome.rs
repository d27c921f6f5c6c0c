//! What becomes of a value that may be missing: whether the code goes on without it.

use svclint_facts::rust::{ExprKind, Stmt};

use crate::place::Place;
use crate::tracer::{At, Tracer};

/// How a value is asked for that must be there.
pub(crate) struct Demand {
    /// What asks for it: `.unwrap()`, `?` with all before it.
    pub(crate) by: At,
    /// It panics where there is none; otherwise the function returns the error.
    pub(crate) panics: bool,
}

impl Tracer<'_> {
    /// What asks for the value of a call, where it must be there: `f().unwrap()`, `f().context("x")?`.
    pub(crate) fn demanded(&self, call: At) -> Option<Demand> {
        let mut inner = call;
        while let Some(outer) = self.parent(inner) {
            match self.kind(outer) {
                ExprKind::MethodCall { method, .. } if self.receiver(outer) == Some(inner) => {
                    match method.as_str() {
                        "unwrap" | "expect" => return Some(Demand { by: outer, panics: true }),
                        "map" | "map_err" | "context" | "with_context" | "as_ref" | "as_deref"
                        | "and_then" | "wrap_err" | "wrap_err_with" | "change_context" | "ok_or"
                        | "ok_or_else" | "parse" => {
                            inner = outer;
                        }
                        _ => return None,
                    }
                }
                ExprKind::Try(_) => return Some(Demand { by: outer, panics: false }),
                ExprKind::Await(_) | ExprKind::Block { tail: Some(_), .. }
                    if self.is_value_of(inner, outer) =>
                {
                    inner = outer;
                }
                _ => return None,
            }
        }
        None
    }

    /// Whether one expression is what another one gives: `unsafe { f() }`.
    fn is_value_of(&self, inner: At, outer: At) -> bool {
        match self.kind(outer) {
            ExprKind::Await(waited) => *waited == inner.expr,
            ExprKind::Block { stmts, tail } => stmts.is_empty() && *tail == Some(inner.expr),
            _ => false,
        }
    }

    /// From the end of a call to the end of what asks for its value, where nobody takes that: `f().unwrap();`
    pub(crate) fn dropped_demand(&self, call: At, demand: &Demand) -> Option<Place> {
        let dropped = match self.kind(self.parent(demand.by)?) {
            ExprKind::Block { stmts, .. } => {
                stmts.iter().any(|s| matches!(s, Stmt::Expr(e) if *e == demand.by.expr))
            }
            _ => false,
        };
        let (call, by) = (self.place(call), self.place(demand.by));
        let span = svclint_syntax::Span::new(call.span.end, by.span.end);
        dropped.then_some(Place { file: call.file, span })
    }
}
