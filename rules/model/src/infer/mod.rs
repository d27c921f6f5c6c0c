//! What each expression of a body is, and what each call calls.

mod call;
mod path;
mod pattern;

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use svclint_facts::rust::{
    BinOp, Body, ExprId, ExprKind, Fields, Generics, Lit, PatId, Path, Stmt, TypeRef, UnOp,
};
use svclint_knowledge::Callable;

use crate::bodies::{Bodies, BodyDef, BodyId, BodyOwner};
use crate::defs::{AdtId, Defs, FnIdx, ImplId, ModId, Owner, Res, address};
use crate::impls::{Impls, Key};
use crate::names::{Names, Ns};
use crate::protos::Protos;
use crate::system::Share;
use crate::ty::{Args, Env, FUTURE, Filling, OPTION, RESULT, Ty};

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
pub(crate) enum Callee<'k> {
    /// Functions of the workspace: several where a trait decides at run time.
    Fns(Vec<FnIdx>),
    /// A function or method of a library; the entry, if there is one.
    Lib(SmolStr, Option<&'k Callable>),
    /// A tuple struct or variant.
    Ctor(Res),
    /// A closure or function pointer held in a variable.
    Value,
    Unknown,
}

/// What is known of a body.
#[derive(Default)]
pub(crate) struct BodyTypes<'k> {
    pub(crate) types: Vec<Ty>,
    pub(crate) callees: FxHashMap<ExprId, Callee<'k>>,
    pub(crate) targets: FxHashMap<ExprId, Target>,
    pub(crate) locals: Vec<Local>,
    pub(crate) of_pat: FxHashMap<PatId, LocalId>,
    pub(crate) paths: Share,
    pub(crate) method_calls: Share,
    pub(crate) receivers: Share,
}

impl BodyTypes<'_> {
    pub(crate) fn ty(&self, id: ExprId) -> &Ty {
        self.types.get(id.0 as usize).unwrap_or(&Ty::Unknown)
    }
}

/// A variable.
pub(crate) struct Local {
    pub(crate) ty: Ty,
}

/// Everything that inference reads.
#[derive(Clone, Copy)]
pub(crate) struct Program<'a, 'f, 'k> {
    pub(crate) defs: &'a Defs<'f>,
    pub(crate) names: &'a Names<'a, 'f, 'k>,
    pub(crate) impls: &'a Impls<'f>,
    pub(crate) bodies: &'a Bodies<'f>,
    pub(crate) protos: &'a Protos,
}

/// Types of more parts are not followed.
const MAX_PARTS: u32 = 200;

/// How deep `Arc<State<X>>` is seen through.
const DEREF_DEPTH: u32 = 8;

impl<'a, 'f, 'k> Program<'a, 'f, 'k> {
    pub(crate) fn infer(self, id: BodyId) -> BodyTypes<'k> {
        let def = self.bodies.get(id);
        let self_ty = match def.owner {
            BodyOwner::Fn(f) => self.impls.self_of(self.defs, f),
            BodyOwner::Const(_) => None,
        };
        let infer = |hints: FxHashMap<PatId, Ty>| Infer {
            program: self,
            def,
            body: def.body,
            module: def.home.module,
            self_ty: self_ty.as_ref(),
            block: match def.owner {
                BodyOwner::Fn(f) => block_of(self.defs.fns[f.at()].owner),
                BodyOwner::Const(_) => None,
            },
            out: BodyTypes { types: vec![Ty::Unknown; def.body.exprs.len()], ..BodyTypes::default() },
            expected: FxHashMap::default(),
            hints,
            learned: FxHashMap::default(),
            scope: Vec::new(),
        };
        let mut first = infer(FxHashMap::default());
        first.run();
        if first.learned.is_empty() {
            return first.out;
        }
        // What later uses tell of variables is known from the beginning.
        let of_pat = first.out.of_pat.iter();
        let hints = of_pat.filter_map(|(pat, local)| Some((*pat, first.learned.get(local)?.clone())));
        let mut second = infer(hints.collect());
        second.run();
        second.out
    }

    /// What calling a function gives.
    pub(crate) fn returned(
        self,
        function: FnIdx,
        given: &[Ty],
        self_ty: Option<&Ty>,
        turbofish: &[Ty],
    ) -> Ty {
        let def = &self.defs.fns[function.at()];
        let outer: Option<&Generics> = match def.owner {
            Owner::Impl(id) => Some(&self.defs.impls[id.at()].def.generics),
            Owner::Trait(id) => Some(&self.defs.traits[id.at()].def.generics),
            Owner::None => None,
        };
        let owner_ty = self.impls.self_of(self.defs, function);
        let env = Env {
            module: def.home.module,
            generics: [Some(&def.def.generics), outer],
            self_ty: owner_ty.as_ref(),
            block: block_of(def.owner),
        };
        let mut map = FxHashMap::default();
        for (param, ty) in def.def.generics.params.iter().zip(turbofish) {
            map.insert(param.name.clone(), ty.clone());
        }
        if let (Some(owner), Some(actual)) = (&owner_ty, self_ty) {
            owner.learn(actual, &mut map);
        }
        for (param, actual) in def.def.params.iter().zip(given) {
            self.names.ty(&env, &param.ty).learn(actual, &mut map);
        }
        // `F: Fn() -> Fut, Fut: Future<Output = T>`: what was given for `F` tells `Fut`, and that tells `T`.
        for param in def.def.generics.params.iter().chain(&def.def.generics.params) {
            if let Some(actual) = map.get(&param.name).cloned() {
                let actual = match &actual {
                    Ty::Fn(_) | Ty::LibFn(..) => {
                        Ty::Closure(Arc::new(self.called(def.home.module, &actual, &[])))
                    }
                    _ => actual,
                };
                self.names.param_bounds(&env, &param.name).learn(&actual, &mut map);
            }
        }
        let ret = def.def.ret.as_ref().map_or_else(Ty::unit, |ret| self.names.ty(&env, ret)).substitute(&map);
        if def.def.is_async { Ty::lib(FUTURE, [ret]) } else { ret }
    }

    /// The types of a function's parameters, without the receiver.
    pub(crate) fn param_types(self, function: FnIdx) -> Vec<Ty> {
        let def = &self.defs.fns[function.at()];
        let owner_ty = self.impls.self_of(self.defs, function);
        let env = Env {
            module: def.home.module,
            generics: [Some(&def.def.generics), None],
            self_ty: owner_ty.as_ref(),
            block: block_of(def.owner),
        };
        def.def.params.iter().map(|p| self.names.ty(&env, &p.ty)).collect()
    }

    /// The method of a name that a blanket implementation of this package, or of one that it uses, brings.
    fn blanket(self, module: ModId, name: &str) -> Vec<FnIdx> {
        let packages = self.names.packages.needed_by(self.defs.package_of(module));
        self.impls.blanket(self.defs, packages, name)
    }

    /// What a callable value returns when it is given values of some types.
    fn called(self, module: ModId, ty: &Ty, given: &[Ty]) -> Ty {
        match ty {
            Ty::Fn(f) => {
                let method = self.defs.fns[f.at()].def.receiver.is_some();
                match given {
                    [this, rest @ ..] if method => self.returned(*f, rest, Some(this), &[]),
                    _ => self.returned(*f, given, None, &[]),
                }
            }
            Ty::Closure(ret) => (**ret).clone(),
            // A tuple struct or variant as a function.
            Ty::Adt(..) => ty.clone(),
            Ty::LibFn(path, self_ty) => {
                let call = LibraryCall { path, self_ty, given, turbofish: &[], closure: &[] };
                self.library_returns(module, &call)
            }
            _ => Ty::Unknown,
        }
    }

    /// A library's function by canonical path: free, or of a type.
    pub(crate) fn library_function(self, module: ModId, path: &str) -> Option<&'k Callable> {
        let view = self.names.view(module)?;
        let (owner, name) = path.rsplit_once("::").unwrap_or(("", path));
        view.function(path).or_else(|| view.method(owner, name))
    }

    /// What a library's function gives.
    fn library_returns(self, module: ModId, call: &LibraryCall<'_>) -> Ty {
        let first = call.given.first().cloned();
        let (owner, name) = call.path.rsplit_once("::").unwrap_or(("", call.path));
        match call.path {
            "std::option::Option::Some" => return Ty::lib(OPTION, first),
            "std::result::Result::Ok" => return Ty::lib(RESULT, first),
            "std::result::Result::Err" => {
                return Ty::lib(RESULT, std::iter::once(Ty::Unknown).chain(first));
            }
            _ => {}
        }
        let view = self.names.view(module);
        // `Json(value)`
        if let Some(entry) = view.and_then(|v| v.type_entry(call.path)).filter(|e| !e.fields.is_empty()) {
            let given = call.given.iter().take(entry.params.len()).cloned();
            return Ty::lib(call.path, given);
        }
        let entry = view.and_then(|v| v.type_entry(owner));
        // `Arc::clone(&x)`: a method whose receiver is written as an argument.
        let this = first.as_ref().filter(|t| t.lib_path() == Some(owner) && call.self_ty.has_no_args());
        let args = if this.is_some() { call.given.get(1..).unwrap_or_default() } else { call.given };
        match self.library_function(module, call.path).map(|c| &c.gives) {
            Some(Some(template)) => Filling {
                self_ty: this.unwrap_or(call.self_ty),
                entry,
                args,
                turbofish: call.turbofish,
                returns: &|t, given| self.called(module, t, given),
                awaited: &|t| self.awaited(module, t),
                closure: call.closure,
            }
            .fill(template),
            Some(None) => Ty::Unknown,
            None if entry.is_some() && matches!(name, "new" | "default") => {
                if call.self_ty.has_no_args() {
                    Ty::lib(owner, first.into_iter().take(entry.map_or(0, |e| e.params.len())))
                } else {
                    call.self_ty.clone()
                }
            }
            None => Ty::Unknown,
        }
    }

    /// What awaiting a value gives.
    fn awaited(self, module: ModId, ty: &Ty) -> Ty {
        let mut ty = ty.clone();
        for _ in 0..DEREF_DEPTH {
            match &ty {
                Ty::Lib(path, args) if path == FUTURE => return args.first().cloned().unwrap_or(Ty::Unknown),
                Ty::Lib(path, _) => {
                    // What is awaited without being a future itself: `IntoFuture`.
                    let view = self.names.view(module);
                    let into = view.and_then(|v| Some((v.type_entry(path)?, v.method(path, "into_future")?)));
                    if let Some((entry, Some(template))) = into.map(|(e, c)| (e, c.gives.as_ref())) {
                        ty = Filling::of(&ty, Some(entry)).fill(template);
                        continue;
                    }
                }
                _ => {}
            }
            match self.deref(module, &ty) {
                Some(inner) => ty = inner,
                None => break,
            }
        }
        Ty::Unknown
    }

    /// A field's type.
    fn field(self, adt: AdtId, variant: usize, name: &str, args: &Args) -> Option<Ty> {
        let def = &self.defs.adts[adt.at()];
        let fields = match def.variants.get(variant)?.1 {
            Fields::Named(fields) | Fields::Tuple(fields) => fields,
            Fields::Unit => return None,
        };
        let field = fields.iter().find(|f| f.name == name)?;
        let this = Ty::Adt(adt, args.clone());
        let env = Env {
            module: def.home.module,
            generics: [Some(def.generics), None],
            self_ty: Some(&this),
            block: None,
        };
        let params = def.generics.params.iter().map(|p| p.name.clone());
        Some(self.names.ty(&env, &field.ty).substitute(&params.zip(args.iter().cloned()).collect()))
    }

    /// What is behind a pointer or extractor.
    fn deref(self, module: ModId, ty: &Ty) -> Option<Ty> {
        match ty {
            Ty::Lib(path, _) => {
                let entry = self.names.view(module)?.type_entry(path)?;
                entry.derefs.as_ref().map(|t| Filling::of(ty, Some(entry)).fill(t))
            }
            Ty::Adt(id, args) => self.impls.deref(self.defs, self.names, &Key::Adt(*id), args),
            _ => None,
        }
    }
}

/// A call of a library's function.
struct LibraryCall<'c> {
    path: &'c str,
    /// The type that it belongs to, as far as it is known before the call.
    self_ty: &'c Ty,
    given: &'c [Ty],
    turbofish: &'c [Ty],
    /// What it gives to closures.
    closure: &'c [Ty],
}

fn block_of(owner: Owner) -> Option<ImplId> {
    if let Owner::Impl(id) = owner { Some(id) } else { None }
}

struct Infer<'a, 'f, 'k> {
    program: Program<'a, 'f, 'k>,
    def: &'a BodyDef<'f>,
    body: &'f Body,
    module: ModId,
    self_ty: Option<&'a Ty>,
    block: Option<ImplId>,
    /// What the place of an expression asks for, where that is written: `let x: T = ..`.
    expected: FxHashMap<ExprId, Ty>,
    /// The types of variables that an earlier look at the body learned from their uses.
    hints: FxHashMap<PatId, Ty>,
    /// The same, learned now.
    learned: FxHashMap<LocalId, Ty>,
    out: BodyTypes<'k>,
    scope: Vec<(SmolStr, LocalId)>,
}

impl<'a, 'f, 'k> Infer<'a, 'f, 'k> {
    fn env(&self) -> Env<'a> {
        Env { module: self.module, generics: self.def.generics, self_ty: self.self_ty, block: self.block }
    }

    fn written_ty(&self, ty: &TypeRef) -> Ty {
        self.program.names.ty(&self.env(), ty)
    }

    fn run(&mut self) {
        if let BodyOwner::Fn(f) = self.def.owner {
            let params = &self.program.defs.fns[f.at()].def.params;
            for (pat, param) in self.body.params.iter().zip(params) {
                let ty = self.written_ty(&param.ty);
                self.bind(*pat, &ty);
            }
        }
        if let Some(root) = self.body.root {
            let declared = match self.def.owner {
                BodyOwner::Fn(f) => {
                    self.program.defs.fns[f.at()].def.ret.as_ref().map(|r| self.written_ty(r))
                }
                BodyOwner::Const(c) => Some(self.written_ty(self.program.defs.consts[c.at()].ty)),
            };
            self.expect(root, declared.unwrap_or(Ty::Unknown));
            self.expr(root);
        }
    }

    /// Notes what the place of an expression asks for.
    fn expect(&mut self, id: ExprId, ty: Ty) {
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
            ExprKind::Try(inner) => self.expect(*inner, Ty::lib(RESULT, [ty])),
            ExprKind::Await(inner) => self.expect(*inner, Ty::lib(FUTURE, [ty])),
            ExprKind::MethodCall { receiver, method, .. } if unwraps(method) => {
                self.expect(*receiver, Ty::lib(RESULT, [ty]));
            }
            ExprKind::MethodCall { receiver, method, .. } if keeps_ok(method) => self.expect(*receiver, ty),
            ExprKind::Call { args, .. } if args.len() == 1 => {
                // `Ok(value)`, `Arc::new(value)`
                if let Ty::Lib(_, inner) = &ty
                    && let Some(inner) = inner.first()
                {
                    self.expect(args[0], inner.clone());
                }
            }
            ExprKind::Block { tail: Some(tail), .. } => self.expect(*tail, ty),
            ExprKind::If { then, otherwise, .. } => {
                self.expect(*then, ty.clone());
                otherwise.iter().for_each(|e| self.expect(*e, ty.clone()));
            }
            ExprKind::Match { arms, .. } => arms.iter().for_each(|a| self.expect(a.body, ty.clone())),
            _ => {}
        }
    }

    fn expr(&mut self, id: ExprId) -> Ty {
        self.expect_parts(id);
        let mut ty = self.kind(id);
        if ty.exceeds(MAX_PARTS) {
            ty = Ty::Unknown;
        }
        self.out.types[id.0 as usize] = ty.clone();
        ty
    }

    fn all(&mut self, ids: &[ExprId]) -> Vec<Ty> {
        ids.iter().map(|id| self.expr(*id)).collect()
    }

    fn kind(&mut self, id: ExprId) -> Ty {
        let body = self.body;
        match &body.expr(id).kind {
            ExprKind::Path(path) => self.path(id, path),
            ExprKind::Lit(lit) => literal(lit),
            ExprKind::Call { callee, args } => self.call(id, *callee, args),
            ExprKind::MethodCall { receiver, method, generics, args, .. } => {
                let turbofish: Vec<Ty> = generics.iter().map(|g| self.written_ty(g)).collect();
                self.method_call(id, *receiver, method, &turbofish, args)
            }
            ExprKind::Field { base, name } => {
                let base = self.expr(*base);
                self.field(&base, name)
            }
            ExprKind::Await(inner) => {
                let ty = self.expr(*inner);
                self.program.awaited(self.module, &ty)
            }
            ExprKind::Try(inner) => match self.expr(*inner) {
                Ty::Lib(path, args) if path == RESULT || path == OPTION => {
                    args.first().cloned().unwrap_or(Ty::Unknown)
                }
                _ => Ty::Unknown,
            },
            ExprKind::Closure { .. } => self.closure(id, &[]),
            ExprKind::Async(block) => {
                let ty = self.expr(*block);
                Ty::lib(FUTURE, [ty])
            }
            ExprKind::Block { stmts, tail } => self.block(id, stmts, *tail),
            ExprKind::If { cond, then, otherwise } => {
                let depth = self.scope.len();
                self.expr(*cond);
                let then = self.expr(*then);
                self.scope.truncate(depth);
                let otherwise = otherwise.map_or(Ty::Unknown, |e| self.expr(e));
                better(then, otherwise)
            }
            ExprKind::Let { pat, value } => {
                let ty = self.expr(*value);
                self.bind(*pat, &ty);
                Ty::Prim("bool".into())
            }
            ExprKind::Match { scrutinee, arms } => {
                let matched = self.expr(*scrutinee);
                let mut ty = Ty::Unknown;
                for arm in arms {
                    let depth = self.scope.len();
                    self.bind(arm.pat, &matched);
                    if let Some(guard) = arm.guard {
                        self.expr(guard);
                    }
                    ty = better(ty, self.expr(arm.body));
                    self.scope.truncate(depth);
                }
                ty
            }
            ExprKind::Loop(inner) => {
                self.expr(*inner);
                Ty::Unknown
            }
            ExprKind::While { cond, body } => {
                let depth = self.scope.len();
                self.expr(*cond);
                self.expr(*body);
                self.scope.truncate(depth);
                Ty::unit()
            }
            ExprKind::For { pat, iter, body } => {
                let iter = self.expr(*iter);
                let depth = self.scope.len();
                let element = self.element(&iter);
                self.bind(*pat, &element);
                self.expr(*body);
                self.scope.truncate(depth);
                Ty::unit()
            }
            ExprKind::Assign { left, right, .. } => {
                let ty = self.expr(*right);
                self.expr(*left);
                // `let x; x = value;` tells the type late.
                if let Some(Target::Local(local)) = self.out.targets.get(left) {
                    let local = &mut self.out.locals[local.0 as usize];
                    if !local.ty.is_known() {
                        local.ty = ty;
                    }
                }
                Ty::unit()
            }
            ExprKind::Binary { op, left, right } => {
                let ty = self.expr(*left);
                self.expr(*right);
                if compares(*op) { Ty::Prim("bool".into()) } else { ty }
            }
            ExprKind::Unary(UnOp::Deref, inner) => {
                let ty = self.expr(*inner);
                self.program.deref(self.module, &ty).unwrap_or(ty)
            }
            ExprKind::Unary(_, inner) | ExprKind::Ref(inner) => self.expr(*inner),
            ExprKind::Struct { path, fields, rest } => self.struct_(path, fields, *rest),
            ExprKind::Tuple(all) => Ty::Tuple(self.all(all).into()),
            ExprKind::Array(all) => {
                let all = self.all(all);
                Ty::lib("std::vec::Vec", [all.into_iter().find(Ty::is_known).unwrap_or(Ty::Unknown)])
            }
            ExprKind::Repeat(value, len) => {
                let ty = self.expr(*value);
                self.expr(*len);
                Ty::lib("std::vec::Vec", [ty])
            }
            ExprKind::Index(base, index) => {
                let base = self.expr(*base);
                self.expr(*index);
                match &base {
                    Ty::Lib(_, args) => args.last().cloned().unwrap_or(Ty::Unknown),
                    _ => Ty::Unknown,
                }
            }
            ExprKind::Range(a, b) => {
                let ends: Vec<Ty> = a.iter().chain(b).map(|e| self.expr(*e)).collect();
                Ty::lib("std::ops::Range", ends.into_iter().next())
            }
            ExprKind::Cast(value, ty) => {
                self.expr(*value);
                self.written_ty(ty)
            }
            ExprKind::Return(value) | ExprKind::Break(value) => {
                value.iter().for_each(|e| {
                    self.expr(*e);
                });
                Ty::Never
            }
            ExprKind::Continue => Ty::Never,
            ExprKind::Macro(call) => {
                let args = self.all(&call.args);
                for pat in &call.pats {
                    self.bind(*pat, &Ty::Unknown);
                }
                self.macro_ty(&call.path, &args)
            }
            ExprKind::Select { branches, .. } => {
                let mut ty = Ty::Unknown;
                for branch in branches {
                    let future = branch.future.map_or(Ty::Unknown, |f| self.expr(f));
                    let depth = self.scope.len();
                    if let Some(pat) = branch.pat {
                        let awaited = self.program.awaited(self.module, &future);
                        self.bind(pat, &awaited);
                    }
                    if let Some(guard) = branch.guard {
                        self.expr(guard);
                    }
                    ty = better(ty, self.expr(branch.handler));
                    self.scope.truncate(depth);
                }
                ty
            }
            ExprKind::Opaque => Ty::Unknown,
        }
    }

    fn block(&mut self, id: ExprId, stmts: &'f [Stmt], tail: Option<ExprId>) -> Ty {
        let (depth, module) = (self.scope.len(), self.module);
        if let Some(inner) = self.program.defs.blocks.get(&(address(self.body), id)) {
            self.module = *inner;
        }
        for stmt in stmts {
            match stmt {
                Stmt::Let { pat, ty, init, otherwise, .. } => {
                    let written = ty.as_ref().map_or(Ty::Unknown, |t| self.written_ty(t));
                    if let Some(init) = init {
                        let hint = self.hints.get(pat).filter(|_| !written.is_known()).cloned();
                        self.expect(*init, hint.unwrap_or_else(|| written.clone()));
                    }
                    let actual = init.map_or(Ty::Unknown, |e| self.expr(e));
                    if let Some(otherwise) = otherwise {
                        self.expr(*otherwise);
                    }
                    self.bind(*pat, &merged(written, actual));
                }
                Stmt::Expr(e) => {
                    self.expr(*e);
                }
                Stmt::Item(_) => {}
            }
        }
        let ty = tail.map_or_else(Ty::unit, |e| self.expr(e));
        self.scope.truncate(depth);
        self.module = module;
        ty
    }

    /// What a loop over a value yields.
    fn element(&self, ty: &Ty) -> Ty {
        match ty {
            Ty::Lib(path, args) if path.contains("Map") => Ty::Tuple(args.clone()),
            Ty::Lib(_, args) => args.first().cloned().unwrap_or(Ty::Unknown),
            _ => Ty::Unknown,
        }
    }

    fn field(&self, base: &Ty, name: &str) -> Ty {
        let mut ty = base.clone();
        for _ in 0..DEREF_DEPTH {
            let found = match &ty {
                Ty::Adt(id, args) => self.program.field(*id, 0, name, args),
                Ty::Tuple(all) => name.parse::<usize>().ok().and_then(|n| all.get(n).cloned()),
                Ty::Lib(path, _) => self.library_field(&ty, path, name),
                _ => None,
            };
            match found {
                Some(found) => return found,
                None => match self.program.deref(self.module, &ty) {
                    Some(inner) => ty = inner,
                    None => break,
                },
            }
        }
        Ty::Unknown
    }

    fn library_field(&self, ty: &Ty, path: &str, name: &str) -> Option<Ty> {
        let entry = self.program.names.view(self.module)?.type_entry(path)?;
        let template = match name.parse::<usize>() {
            Ok(number) => entry.fields.get(number),
            Err(_) => entry.named.get(name),
        };
        template.map(|t| Filling::of(ty, Some(entry)).fill(t))
    }

    fn struct_(&mut self, path: &Path, fields: &[(SmolStr, ExprId)], rest: Option<ExprId>) -> Ty {
        let adt = self.pattern_adt(path);
        for (name, value) in fields {
            if let Some((id, variant)) = adt {
                let field = self.program.field(id, variant, name, &Args::default()).unwrap_or(Ty::Unknown);
                self.expect(*value, field.clone());
                self.expr(*value);
                self.learn_from(*value, &field);
            } else {
                self.expr(*value);
            }
        }
        if let Some(rest) = rest {
            self.expr(rest);
        }
        adt.map_or(Ty::Unknown, |(id, _)| {
            let written = self.written_ty(&TypeRef::Path(path.clone()));
            if matches!(&written, Ty::Adt(other, _) if *other == id) {
                written
            } else {
                Ty::Adt(id, Args::default())
            }
        })
    }

    fn macro_ty(&mut self, path: &Path, args: &[Ty]) -> Ty {
        let Some(path) = self.program.macro_path(self.module, path) else { return Ty::Unknown };
        let Some(entry) = self.program.names.view(self.module).and_then(|v| v.macro_entry(&path)) else {
            return Ty::Unknown;
        };
        let (program, module) = (self.program, self.module);
        let filling = Filling {
            args,
            returns: &|t, given| program.called(module, t, given),
            awaited: &|t| program.awaited(module, t),
            ..Filling::of(&Ty::Unknown, None)
        };
        entry.gives.as_ref().map_or(Ty::Unknown, |template| filling.fill(template))
    }
}

impl Program<'_, '_, '_> {
    /// A macro's canonical path. One that no `use` brings is the standard library's, or comes through `#[macro_use]`.
    pub(crate) fn macro_path(self, module: ModId, path: &Path) -> Option<SmolStr> {
        match self.names.written(module, path, Ns::Values) {
            Some((Res::Lib(path), used)) if used > 0 => Some(path),
            _ => {
                let name = path.as_name()?;
                let view = self.names.view(module);
                let of = |library: &str| SmolStr::new(format!("{library}::{name}"));
                let known = |path: &SmolStr| view.is_some_and(|v| v.macro_entry(path).is_some());
                let std = of("std");
                if known(&std) {
                    return Some(std);
                }
                Some(self.names.libraries(module).map(|l| of(l)).find(known).unwrap_or(std))
            }
        }
    }
}

fn adt_of(ty: &Ty) -> Option<AdtId> {
    if let Ty::Adt(id, _) = ty { Some(*id) } else { None }
}

/// What is written, and where that leaves something open (`Vec<_>`), what is there.
fn merged(written: Ty, actual: Ty) -> Ty {
    match (&written, &actual) {
        (Ty::Unknown, _) => actual,
        (Ty::Lib(a, open), Ty::Lib(b, given)) if a == b && open.iter().any(|t| !t.is_known()) => {
            let all = open.iter().zip(given.iter().chain(std::iter::repeat(&Ty::Unknown)));
            Ty::Lib(a.clone(), all.map(|(o, g)| merged(o.clone(), g.clone())).collect())
        }
        _ => written,
    }
}

fn unwraps(method: &str) -> bool {
    matches!(method, "unwrap" | "expect" | "unwrap_or_else" | "unwrap_or_default")
}

fn keeps_ok(method: &str) -> bool {
    matches!(method, "map_err" | "context" | "with_context" | "wrap_err" | "wrap_err_with" | "or_else")
}

/// The more telling of two branches' types.
fn better(a: Ty, b: Ty) -> Ty {
    match (&a, &b) {
        (Ty::Unknown | Ty::Never, _) => b,
        (Ty::Lib(x, old), Ty::Lib(y, new))
            if x == y && old.iter().all(|t| !t.is_known()) && new.iter().any(Ty::is_known) =>
        {
            b
        }
        _ => a,
    }
}

fn compares(op: BinOp) -> bool {
    use BinOp::{And, Eq, Ge, Gt, Le, Lt, Ne, Or};
    matches!(op, And | Or | Eq | Ne | Lt | Le | Gt | Ge)
}

fn literal(lit: &Lit) -> Ty {
    match lit {
        Lit::Str(_) => Ty::Prim("str".into()),
        Lit::Bool(_) => Ty::Prim("bool".into()),
        Lit::Char(_) => Ty::Prim("char".into()),
        Lit::Int(_) => Ty::Prim("i32".into()),
        Lit::Float(_) => Ty::Prim("f64".into()),
        Lit::Bytes => Ty::lib("std::vec::Vec", [Ty::Prim("u8".into())]),
    }
}
