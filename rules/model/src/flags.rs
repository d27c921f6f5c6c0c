//! What a function does only if a parameter of its is `true`, or `false`, and the calls that say which.

use svclint_facts::rust::{BinOp, ExprKind, Lit, UnOp};

use crate::defs::FnIdx;
use crate::infer::Target;
use crate::links::Origin;
use crate::system::{Flag, Told};
use crate::tracer::{At, Tracer};

impl Tracer<'_> {
    /// What a parameter must be for a part of an `if` to run.
    pub(crate) fn flag_of(&self, part: At, condition: At) -> Option<Flag> {
        let ExprKind::If { cond, then, .. } = self.kind(condition) else { return None };
        let cond = At { body: part.body, expr: *cond };
        match part.expr {
            expr if expr == *then => self.any_flag(cond),
            expr if expr == cond.expr => None,
            _ => self.flag(cond).map(|flag| Flag { is: !flag.is, ..flag }),
        }
    }

    /// One that must hold for a chain to hold: `validate && let Some(store) = store`.
    fn any_flag(&self, at: At) -> Option<Flag> {
        match self.kind(at) {
            ExprKind::Binary { op: BinOp::And, left, right } => {
                let side = |expr| self.any_flag(At { body: at.body, expr });
                side(*left).or_else(|| side(*right))
            }
            _ => self.flag(at),
        }
    }

    fn flag(&self, at: At) -> Option<Flag> {
        match self.kind(at) {
            ExprKind::Unary(UnOp::Not, inner) => {
                self.flag(At { body: at.body, expr: *inner }).map(|flag| Flag { is: !flag.is, ..flag })
            }
            ExprKind::Path(_) => {
                let Some(Target::Local(local)) = self.types_of(at.body).targets.get(&at.expr) else {
                    return None;
                };
                match self.origins(at.body, *local) {
                    Some([Origin::Param(number)]) => {
                        Some(Flag { param: u8::try_from(*number).ok()?, is: true })
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The parameters that are given `true` or `false`, written out, where a function or method is called.
    pub(crate) fn told(&self, at: At, function: FnIdx) -> Told {
        let outer = self
            .parent(at)
            .filter(|outer| matches!(self.kind(*outer), ExprKind::Call { callee, .. } if *callee == at.expr));
        let call = outer.unwrap_or(at);
        let (ExprKind::Call { args, .. } | ExprKind::MethodCall { args, .. }) = self.kind(call) else {
            return Told::default();
        };
        let written =
            |at: At| if let ExprKind::Lit(Lit::Bool(is)) = self.kind(at) { Some(*is) } else { None };
        if !args.iter().any(|expr| written(At { body: call.body, expr: *expr }).is_some()) {
            return Told::default();
        }
        let given = (0..args.len()).filter_map(|number| {
            let is = written(self.argument(call, function, number)?)?;
            Some(Flag { param: u8::try_from(number).ok()?, is })
        });
        given.collect()
    }
}
