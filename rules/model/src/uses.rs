//! Where values end within a body: what it returns, what is called on a variable, where that is passed on.

use svclint_facts::rust::{Body, ExprId, ExprKind};

use crate::bodies::BodyId;
use crate::infer::{Callee, LocalId, Target};
use crate::tracer::{At, Tracer};

impl Tracer<'_> {
    /// The values that a body returns.
    pub(crate) fn returned(&self, body: BodyId) -> Vec<At> {
        let def = self.body(body);
        let mut values = Vec::new();
        if let Some(root) = def.body.root {
            match &def.body.expr(root).kind {
                ExprKind::Block { tail, .. } => values.extend(*tail),
                _ => values.push(root),
            }
        }
        let returns = def.body.iter().filter(|(id, _)| !in_closure(&def.parents, &def.body, *id));
        values.extend(
            returns.filter_map(|(_, e)| if let ExprKind::Return(value) = &e.kind { *value } else { None }),
        );
        values.retain(|v| !is_error(&def.body, *v));
        values.into_iter().map(|expr| At { body, expr }).collect()
    }

    /// The method calls that begin at a variable: `cfg.route(..).service(..)`, as statements too.
    pub(crate) fn calls_on(&self, body: BodyId, local: LocalId) -> Vec<At> {
        let types = self.types_of(body);
        let all = self.body(body).body.iter();
        let calls = all.filter(|(id, e)| {
            matches!(e.kind, ExprKind::MethodCall { .. }) && types.callees.contains_key(id)
        });
        calls.map(|(expr, _)| At { body, expr }).filter(|at| self.root_local(*at) == Some(local)).collect()
    }

    /// Whether a variable is given to a function that is not here.
    pub(crate) fn is_lost_with(&self, body: BodyId, local: LocalId) -> bool {
        let types = self.types_of(body);
        self.body(body).body.iter().any(|(expr, node)| {
            let (ExprKind::Call { args, .. } | ExprKind::MethodCall { args, .. }) = &node.kind else {
                return false;
            };
            let is_it = |arg: &ExprId| {
                let arg =
                    if let ExprKind::Ref(inner) = self.kind(At { body, expr: *arg }) { inner } else { arg };
                matches!(types.targets.get(arg), Some(Target::Local(l)) if *l == local)
            };
            let is_unknown = matches!(types.callees.get(&expr), Some(Callee::Unknown | Callee::Lib(_, None)));
            is_unknown && args.iter().any(is_it)
        })
    }

    /// The calls that get a variable as an argument, and which one.
    pub(crate) fn passed_on(&self, body: BodyId, local: LocalId) -> Vec<(At, usize)> {
        let types = self.types_of(body);
        let mut found = Vec::new();
        for (expr, node) in self.body(body).body.iter() {
            let (ExprKind::Call { args, .. } | ExprKind::MethodCall { args, .. }) = &node.kind else {
                continue;
            };
            if !matches!(types.callees.get(&expr), Some(Callee::Fns(_))) {
                continue;
            }
            for (n, arg) in args.iter().enumerate() {
                let mut arg = *arg;
                while let ExprKind::Ref(inner) | ExprKind::Unary(_, inner) = self.kind(At { body, expr: arg })
                {
                    arg = *inner;
                }
                if matches!(types.targets.get(&arg), Some(Target::Local(l)) if *l == local) {
                    found.push((At { body, expr }, n));
                }
            }
        }
        found
    }

    /// The variable at the beginning of a method chain.
    fn root_local(&self, at: At) -> Option<LocalId> {
        let mut expr = at.expr;
        loop {
            match self.kind(At { body: at.body, expr }) {
                ExprKind::MethodCall { receiver, .. } => expr = *receiver,
                ExprKind::Ref(inner) | ExprKind::Unary(_, inner) => expr = *inner,
                ExprKind::Path(_) => {
                    return match self.types_of(at.body).targets.get(&expr) {
                        Some(Target::Local(local)) => Some(*local),
                        _ => None,
                    };
                }
                _ => return None,
            }
        }
    }
}

fn in_closure(parents: &[Option<ExprId>], body: &Body, id: ExprId) -> bool {
    let mut current = parents[id.0 as usize];
    while let Some(parent) = current {
        if matches!(body.expr(parent).kind, ExprKind::Closure { .. } | ExprKind::Async(_)) {
            return true;
        }
        current = parents[parent.0 as usize];
    }
    false
}

/// `Err(..)` and `None` carry no value worth following.
pub(crate) fn is_error(body: &Body, id: ExprId) -> bool {
    let callee = match &body.expr(id).kind {
        ExprKind::Call { callee, .. } => *callee,
        ExprKind::Path(_) => id,
        _ => return false,
    };
    matches!(&body.expr(callee).kind, ExprKind::Path(p) if matches!(p.last(), "Err" | "None"))
}
