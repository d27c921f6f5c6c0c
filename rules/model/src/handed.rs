//! What a program gives to a framework, which hands it to handlers.

use svclint_facts::rust::{ExprKind, Stmt};
use svclint_knowledge::{Action, Role};

use crate::infer::{Callee, Target};
use crate::tracer::{At, Tracer};

/// How far a value is followed on its way.
const HOPS: u32 = 12;

impl Tracer<'_> {
    /// Whether a value is handed over: `.with_state(client)`, `Data::new(client)`, or as a part of what is.
    pub(crate) fn is_handed_over(&self, value: At) -> bool {
        self.handed(value, HOPS)
    }

    fn handed(&self, at: At, left: u32) -> bool {
        let Some(outer) = self.parent(at).filter(|_| left > 0) else { return false };
        let goes_on = || self.handed(outer, left - 1);
        match self.kind(outer) {
            ExprKind::Try(_)
            | ExprKind::Await(_)
            | ExprKind::Ref(_)
            | ExprKind::Unary(..)
            | ExprKind::Cast(..)
            | ExprKind::Tuple(_)
            | ExprKind::Struct { .. } => goes_on(),
            ExprKind::MethodCall { .. } if self.receiver(outer) == Some(at) => {
                // Still the same client, or what holds it.
                self.role(outer.body, self.ty(outer)) == self.role(at.body, self.ty(at)) && goes_on()
            }
            ExprKind::MethodCall { .. } => {
                let gives =
                    |a: &Action| matches!(a, Action::Manage { value } if self.arg(outer, *value) == Some(at));
                self.actions(outer).iter().any(gives)
            }
            ExprKind::Call { .. } => {
                let by_library = matches!(
                    self.types_of(outer.body).callees.get(&outer.expr),
                    Some(Callee::Lib(..) | Callee::Ctor(_))
                );
                self.role(outer.body, self.ty(outer)) == Some(Role::State) || by_library && goes_on()
            }
            ExprKind::Block { stmts, .. } => {
                let is_init = |s: &Stmt| matches!(s, Stmt::Let { init: Some(init), .. } if *init == at.expr);
                stmts.iter().any(is_init) && self.is_used_so(at, left - 1)
            }
            _ => false,
        }
    }

    /// The same for the variable that holds a value.
    fn is_used_so(&self, at: At, left: u32) -> bool {
        let Some(local) = self.held_in(at) else { return false };
        let targets = self.types_of(at.body).targets.iter();
        let mut uses = targets.filter(|(_, target)| matches!(target, Target::Local(l) if *l == local));
        uses.any(|(expr, _)| self.handed(At { body: at.body, expr: *expr }, left))
    }
}
