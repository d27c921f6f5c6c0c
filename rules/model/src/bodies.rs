//! The bodies: of functions, and of constants and statics.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use svclint_facts::rust::{Body, ExprId, ExprKind, Generics, Stmt};

use crate::defs::{ConstId, Defs, FnIdx, Home};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct BodyId(pub(crate) u32);

impl BodyId {
    pub(crate) fn at(self) -> usize {
        self.0 as usize
    }
}

/// An expression of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) body: BodyId,
    pub(crate) expr: ExprId,
}

/// Whose body it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyOwner {
    Fn(FnIdx),
    Const(ConstId),
}

pub(crate) struct BodyDef {
    pub(crate) owner: BodyOwner,
    pub(crate) home: Home,
    pub(crate) body: Arc<Body>,
    /// The expression that holds each expression.
    pub(crate) parents: Vec<Option<ExprId>>,
}

impl BodyDef {
    pub(crate) fn new(owner: BodyOwner, home: Home, body: &Arc<Body>) -> Self {
        BodyDef { owner, home, body: body.clone(), parents: parents(body) }
    }

    /// The type parameters in scope: of the function, and of the block around it.
    pub(crate) fn generics<'d>(&self, defs: &'d Defs) -> [Option<&'d Generics>; 2] {
        let BodyOwner::Fn(function) = self.owner else { return [None, None] };
        let function = &defs.fns[function.at()];
        [Some(&function.def().generics), function.outer_generics(defs)]
    }
}

/// All bodies, and whose they are.
#[derive(Default)]
pub(crate) struct Bodies {
    pub(crate) list: Vec<BodyDef>,
    pub(crate) of_fn: FxHashMap<FnIdx, BodyId>,
    pub(crate) of_const: FxHashMap<ConstId, BodyId>,
}

impl Bodies {
    pub(crate) fn collect(defs: &Defs) -> Self {
        let mut bodies = Bodies::default();
        for (number, function) in defs.fns.iter().enumerate() {
            let Some(body) = &function.def().body else { continue };
            let id = FnIdx(number as u32);
            bodies.of_fn.insert(id, BodyId(bodies.list.len() as u32));
            bodies.list.push(BodyDef::new(BodyOwner::Fn(id), function.home, body));
        }
        for (number, constant) in defs.consts.iter().enumerate() {
            let Some(body) = constant.value() else { continue };
            let id = ConstId(number as u32);
            bodies.of_const.insert(id, BodyId(bodies.list.len() as u32));
            bodies.list.push(BodyDef::new(BodyOwner::Const(id), constant.home, body));
        }
        bodies
    }

    pub(crate) fn get(&self, id: BodyId) -> &BodyDef {
        &self.list[id.at()]
    }
}

fn parents(body: &Body) -> Vec<Option<ExprId>> {
    let mut parents = vec![None; body.exprs.len()];
    for (id, expr) in body.iter() {
        children(&expr.kind, &mut |child| parents[child.0 as usize] = Some(id));
    }
    parents
}

/// Calls `visit` for each expression directly inside.
pub(crate) fn children(kind: &ExprKind, visit: &mut dyn FnMut(ExprId)) {
    match kind {
        ExprKind::Path(_) | ExprKind::Lit(_) | ExprKind::Continue | ExprKind::Opaque => {}
        ExprKind::Call { callee, args } => {
            visit(*callee);
            args.iter().for_each(|a| visit(*a));
        }
        ExprKind::MethodCall { receiver, args, .. } => {
            visit(*receiver);
            args.iter().for_each(|a| visit(*a));
        }
        ExprKind::Field { base: one, .. }
        | ExprKind::Await(one)
        | ExprKind::Try(one)
        | ExprKind::Closure { body: one, .. }
        | ExprKind::Async(one)
        | ExprKind::Let { value: one, .. }
        | ExprKind::Loop(one)
        | ExprKind::Unary(_, one)
        | ExprKind::Ref(one)
        | ExprKind::Cast(one, _) => visit(*one),
        ExprKind::Block { stmts, tail } => {
            for stmt in stmts {
                match stmt {
                    Stmt::Let { init, otherwise, .. } => init.iter().chain(otherwise).for_each(|e| visit(*e)),
                    Stmt::Expr(e) => visit(*e),
                    Stmt::Item(_) => {}
                }
            }
            tail.iter().for_each(|e| visit(*e));
        }
        ExprKind::If { cond, then, otherwise } => {
            visit(*cond);
            visit(*then);
            otherwise.iter().for_each(|e| visit(*e));
        }
        ExprKind::Match { scrutinee, arms } => {
            visit(*scrutinee);
            for arm in arms {
                arm.guard.iter().for_each(|e| visit(*e));
                visit(arm.body);
            }
        }
        ExprKind::While { cond, body } => {
            visit(*cond);
            visit(*body);
        }
        ExprKind::For { iter, body, .. } => {
            visit(*iter);
            visit(*body);
        }
        ExprKind::Assign { left, right, .. } | ExprKind::Binary { left, right, .. } => {
            visit(*left);
            visit(*right);
        }
        ExprKind::Struct { fields, rest, .. } => {
            fields.iter().for_each(|(_, e)| visit(*e));
            rest.iter().for_each(|e| visit(*e));
        }
        ExprKind::Tuple(all) | ExprKind::Array(all) => all.iter().for_each(|e| visit(*e)),
        ExprKind::Repeat(a, b) | ExprKind::Index(a, b) => {
            visit(*a);
            visit(*b);
        }
        ExprKind::Range(a, b) => a.iter().chain(b).for_each(|e| visit(*e)),
        ExprKind::Return(e) | ExprKind::Break(e) => e.iter().for_each(|e| visit(*e)),
        ExprKind::Macro(call) => call.args.iter().for_each(|e| visit(*e)),
        ExprKind::Select { branches, .. } => {
            for branch in branches {
                branch.future.iter().chain(&branch.guard).for_each(|e| visit(*e));
                visit(branch.handler);
            }
        }
    }
}
