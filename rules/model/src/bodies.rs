//! The bodies: of functions, and of constants and statics.

use rustc_hash::FxHashMap;
use svclint_facts::rust::{Body, ExprId, ExprKind, Generics, Stmt};

use crate::defs::{ConstId, Defs, FnIdx, Home, Owner};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct BodyId(pub(crate) u32);

impl BodyId {
    pub(crate) fn at(self) -> usize {
        self.0 as usize
    }
}

/// Whose body it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyOwner {
    Fn(FnIdx),
    Const(ConstId),
}

pub(crate) struct BodyDef<'f> {
    pub(crate) owner: BodyOwner,
    pub(crate) home: Home,
    pub(crate) body: &'f Body,
    pub(crate) generics: [Option<&'f Generics>; 2],
    /// The expression that holds each expression.
    pub(crate) parents: Vec<Option<ExprId>>,
}

/// All bodies, and whose they are.
#[derive(Default)]
pub(crate) struct Bodies<'f> {
    pub(crate) list: Vec<BodyDef<'f>>,
    pub(crate) of_fn: FxHashMap<FnIdx, BodyId>,
    pub(crate) of_const: FxHashMap<ConstId, BodyId>,
}

impl<'f> Bodies<'f> {
    pub(crate) fn collect(defs: &Defs<'f>) -> Self {
        let mut bodies = Bodies::default();
        for (number, function) in defs.fns.iter().enumerate() {
            let Some(body) = function.def.body.as_deref() else { continue };
            let outer = match function.owner {
                Owner::Impl(id) => Some(&defs.impls[id.at()].def.generics),
                Owner::Trait(id) => Some(&defs.traits[id.at()].def.generics),
                Owner::None => None,
            };
            let id = FnIdx(number as u32);
            bodies.of_fn.insert(id, BodyId(bodies.list.len() as u32));
            let generics = [Some(&function.def.generics), outer];
            bodies.list.push(BodyDef {
                owner: BodyOwner::Fn(id),
                home: function.home,
                body,
                generics,
                parents: parents(body),
            });
        }
        for (number, constant) in defs.consts.iter().enumerate() {
            let Some(body) = constant.value else { continue };
            let id = ConstId(number as u32);
            bodies.of_const.insert(id, BodyId(bodies.list.len() as u32));
            let generics = [None, None];
            bodies.list.push(BodyDef {
                owner: BodyOwner::Const(id),
                home: constant.home,
                body,
                generics,
                parents: parents(body),
            });
        }
        bodies
    }

    pub(crate) fn get(&self, id: BodyId) -> &BodyDef<'f> {
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
