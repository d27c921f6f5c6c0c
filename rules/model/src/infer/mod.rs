//! What each expression of a body is, and what each call calls.

mod call;
mod expr;
mod path;
mod pattern;
mod program;
mod types;

use program::block_of;
use std::sync::Arc;
use types::ExprTypes;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use svclint_facts::rust::{Body, ExprId, ExprKind, ItemKind, PatId, TypeRef};
use svclint_knowledge::Callable;

use crate::bodies::{BodyDef, BodyOwner};
use crate::defs::{AdtId, Defs, FnIdx, ImplId, ModId, Res};
use crate::impls::Impls;
use crate::names::Names;
use crate::protos::Protos;
use crate::system::Share;
use crate::ty::{Env, FUTURE, RESULT, Ty};

/// Index of a local variable in [`BodyTypes::locals`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct LocalId(pub(crate) u32);

/// What a path expression names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    Local(LocalId),
    /// `self`
    This,
    Res(Res),
    /// Functions behind `Type::name`.
    Fns(Vec<FnIdx>),
}

/// What a call calls.
#[derive(Clone, Debug)]
pub(crate) enum Callee {
    /// Functions of the workspace: several where a trait decides at run time.
    Fns(Vec<FnIdx>),
    /// A function or method of a library; the entry, if there is one.
    Lib(SmolStr, Option<Arc<Callable>>),
    /// A tuple struct or variant.
    Ctor(Res),
    /// A closure or function pointer held in a variable.
    Value,
    Unknown,
}

/// What is known of a body.
#[derive(Default)]
pub(crate) struct BodyTypes {
    pub(crate) types: ExprTypes,
    pub(crate) callees: FxHashMap<ExprId, Callee>,
    pub(crate) targets: FxHashMap<ExprId, Target>,
    pub(crate) locals: Vec<Local>,
    pub(crate) of_pat: FxHashMap<PatId, LocalId>,
    pub(crate) paths: Share,
    pub(crate) method_calls: Share,
    pub(crate) receivers: Share,
}

impl BodyTypes {
    pub(crate) fn ty(&self, id: ExprId) -> &Ty {
        self.types.get(id)
    }
}

/// A variable.
pub(crate) struct Local {
    pub(crate) ty: Ty,
}

/// Everything that inference reads.
#[derive(Clone, Copy)]
pub(crate) struct Program<'a> {
    pub(crate) defs: &'a Defs,
    pub(crate) names: Names<'a>,
    pub(crate) impls: &'a Impls,
    pub(crate) protos: &'a Protos,
}

/// Types of more parts are not followed.
const MAX_PARTS: u32 = 200;

/// How deep `Arc<State<X>>` is seen through.
const DEREF_DEPTH: u32 = 8;

impl<'a> Program<'a> {
    pub(crate) fn infer(self, def: &BodyDef) -> BodyTypes {
        let self_ty = match def.owner {
            BodyOwner::Fn(f) => self.impls.self_of(self.defs, f),
            BodyOwner::Const(_) => None,
        };
        let infer = |hints: FxHashMap<PatId, Ty>| Infer {
            program: self,
            def,
            body: &def.body,
            module: def.home.module,
            self_ty: self_ty.as_ref(),
            block: match def.owner {
                BodyOwner::Fn(f) => block_of(self.defs.fns[f.at()].owner),
                BodyOwner::Const(_) => None,
            },
            types: vec![Ty::Unknown; def.body.exprs.len()],
            out: BodyTypes::default(),
            expected: FxHashMap::default(),
            hints,
            learned: FxHashMap::default(),
            scope: Vec::new(),
        };
        let mut first = infer(FxHashMap::default());
        first.run();
        if first.learned.is_empty() {
            return first.counted(def);
        }
        // What later uses tell of variables is known from the beginning.
        let of_pat = first.out.of_pat.iter();
        let hints = of_pat.filter_map(|(pat, local)| Some((*pat, first.learned.get(local)?.clone())));
        let mut second = infer(hints.collect());
        second.run();
        second.counted(def)
    }
}

struct Infer<'a> {
    program: Program<'a>,
    def: &'a BodyDef,
    body: &'a Body,
    module: ModId,
    self_ty: Option<&'a Ty>,
    block: Option<ImplId>,
    /// What the place of an expression asks for, where that is written: `let x: T = ..`.
    expected: FxHashMap<ExprId, Ty>,
    /// The types of variables that an earlier look at the body learned from their uses.
    hints: FxHashMap<PatId, Ty>,
    /// The same, learned now.
    learned: FxHashMap<LocalId, Ty>,
    /// By expression, so far.
    types: Vec<Ty>,
    out: BodyTypes,
    scope: Vec<(SmolStr, LocalId)>,
}

impl<'a> Infer<'a> {
    /// What was found. A macro's names mean something where it is called: how many are known here says nothing.
    fn counted(self, def: &BodyDef) -> BodyTypes {
        let is_macro = match def.owner {
            BodyOwner::Fn(f) => matches!(self.program.defs.fns[f.at()].item.kind, ItemKind::MacroRules(_)),
            BodyOwner::Const(_) => false,
        };
        let mut out = BodyTypes { types: ExprTypes::new(self.types), ..self.out };
        out.callees.shrink_to_fit();
        out.targets.shrink_to_fit();
        if is_macro {
            (out.paths, out.method_calls, out.receivers) = Default::default();
        }
        out
    }

    fn env(&self) -> Env<'a> {
        Env {
            module: self.module,
            generics: self.def.generics(self.program.defs),
            self_ty: self.self_ty,
            block: self.block,
        }
    }

    fn written_ty(&self, ty: &TypeRef) -> Ty {
        self.program.names.ty(&self.env(), ty)
    }

    fn run(&mut self) {
        if let BodyOwner::Fn(f) = self.def.owner {
            let params = &self.program.defs.fns[f.at()].def().params;
            for (pat, param) in self.body.params.iter().zip(params) {
                let ty = self.written_ty(&param.ty);
                self.bind(*pat, &ty);
            }
        }
        if let Some(root) = self.body.root {
            let declared = match self.def.owner {
                BodyOwner::Fn(f) => {
                    self.program.defs.fns[f.at()].def().ret.as_ref().map(|r| self.written_ty(r))
                }
                BodyOwner::Const(c) => Some(self.written_ty(self.program.defs.consts[c.at()].ty())),
            };
            self.ask_for(root, declared.unwrap_or(Ty::Unknown));
            self.expr(root);
        }
    }

    /// Notes what the place of an expression asks for.
    fn ask_for(&mut self, id: ExprId, ty: Ty) {
        if ty.is_known() {
            self.expected.insert(id, ty);
        }
    }

    /// A variable of which nothing is known is given where a type is asked for.
    fn learn_from(&mut self, given: ExprId, asked: &Ty) {
        let telling = matches!(asked, Ty::Lib(..) | Ty::Adt(..));
        if let Some(Target::Local(local)) = self.out.targets.get(&given).filter(|_| telling)
            && !self.out.locals[local.0 as usize].ty.is_known()
        {
            self.learned.insert(*local, asked.clone());
        }
    }

    /// Hands on to its parts what is expected of an expression.
    fn expect_parts(&mut self, id: ExprId) {
        let Some(ty) = self.expected.get(&id).cloned() else { return };
        let body = self.body;
        match &body.expr(id).kind {
            ExprKind::Try(inner) => self.ask_for(*inner, Ty::lib(RESULT, [ty])),
            ExprKind::Await(inner) => self.ask_for(*inner, Ty::lib(FUTURE, [ty])),
            ExprKind::MethodCall { receiver, method, .. } if unwraps(method) => {
                self.ask_for(*receiver, Ty::lib(RESULT, [ty]));
            }
            ExprKind::MethodCall { receiver, method, .. } if keeps_ok(method) => self.ask_for(*receiver, ty),
            ExprKind::Call { args, .. } if args.len() == 1 => {
                // `Ok(value)`, `Arc::new(value)`
                if let Ty::Lib(_, inner) = &ty
                    && let Some(inner) = inner.first()
                {
                    self.ask_for(args[0], inner.clone());
                }
            }
            ExprKind::Block { tail: Some(tail), .. } => self.ask_for(*tail, ty),
            ExprKind::If { then, otherwise, .. } => {
                self.ask_for(*then, ty.clone());
                otherwise.iter().for_each(|e| self.ask_for(*e, ty.clone()));
            }
            ExprKind::Match { arms, .. } => arms.iter().for_each(|a| self.ask_for(a.body, ty.clone())),
            _ => {}
        }
    }
}

/// The workspace type that a type is.
pub(crate) fn adt_of(ty: &Ty) -> Option<AdtId> {
    if let Ty::Adt(id, _) = ty { Some(*id) } else { None }
}

fn unwraps(method: &str) -> bool {
    matches!(method, "unwrap" | "expect" | "unwrap_or_else" | "unwrap_or_default")
}

fn keeps_ok(method: &str) -> bool {
    matches!(method, "map_err" | "context" | "with_context" | "wrap_err" | "wrap_err_with" | "or_else")
}
