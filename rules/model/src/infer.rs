//! What each expression of a body is, and what each call calls.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use svclint_facts::rust::{
    Body, ExprId, ExprKind, Fields, Generics, Lit, PatId, PatKind, Path, Stmt, TypeRef, UnOp,
};
use svclint_knowledge::Callable;

use crate::bodies::{Bodies, BodyDef, BodyId, BodyOwner};
use crate::defs::{AdtId, Defs, FnIdx, ModId, Owner, Res, address};
use crate::impls::{Impls, Key};
use crate::names::{Names, Ns};
use crate::system::Share;
use crate::ty::{Args, Bound, Env, FUTURE, Filling, OPTION, RESULT, Ty};

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
}

/// How deep `Arc<State<X>>` is seen through.
const DEREF_DEPTH: u32 = 8;

impl<'a, 'f, 'k> Program<'a, 'f, 'k> {
    pub(crate) fn infer(self, id: BodyId) -> BodyTypes<'k> {
        let def = self.bodies.get(id);
        let self_ty = match def.owner {
            BodyOwner::Fn(f) => self.impls.self_of(self.defs, f),
            BodyOwner::Const(_) => None,
        };
        let mut infer = Infer {
            program: self,
            def,
            body: def.body,
            module: def.home.module,
            self_ty: self_ty.as_ref(),
            out: BodyTypes { types: vec![Ty::Unknown; def.body.exprs.len()], ..BodyTypes::default() },
            scope: Vec::new(),
        };
        infer.run();
        infer.out
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
        };
        def.def.params.iter().map(|p| self.names.ty(&env, &p.ty)).collect()
    }

    /// What a callable value returns.
    fn called(self, ty: &Ty) -> Ty {
        match ty {
            Ty::Fn(f) => self.returned(*f, &[], None, &[]),
            Ty::Closure(ret) => (**ret).clone(),
            _ => Ty::Unknown,
        }
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
        let env = Env { module: def.home.module, generics: [Some(def.generics), None], self_ty: Some(&this) };
        let params = def.generics.params.iter().map(|p| p.name.clone());
        Some(self.names.ty(&env, &field.ty).substitute(&params.zip(args.iter().cloned()).collect()))
    }

    /// What is behind a pointer or extractor.
    fn deref(self, module: ModId, ty: &Ty) -> Option<Ty> {
        match ty {
            Ty::Lib(path, _) => {
                let entry = self.names.view(module)?.type_entry(path)?;
                let filling =
                    Filling { self_ty: ty, entry: Some(entry), args: &[], returns: &|_| Ty::Unknown };
                entry.derefs.as_ref().map(|t| filling.fill(t))
            }
            Ty::Adt(id, args) => self.impls.deref(self.defs, self.names, &Key::Adt(*id), args),
            _ => None,
        }
    }
}

struct Infer<'a, 'f, 'k> {
    program: Program<'a, 'f, 'k>,
    def: &'a BodyDef<'f>,
    body: &'f Body,
    module: ModId,
    self_ty: Option<&'a Ty>,
    out: BodyTypes<'k>,
    scope: Vec<(SmolStr, LocalId)>,
}

impl<'a, 'f, 'k> Infer<'a, 'f, 'k> {
    fn env(&self) -> Env<'a> {
        Env { module: self.module, generics: self.def.generics, self_ty: self.self_ty }
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
            self.expr(root);
        }
    }

    fn expr(&mut self, id: ExprId) -> Ty {
        let ty = self.kind(id);
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
                self.awaited(ty)
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
            ExprKind::Binary { left, right, .. } => {
                let ty = self.expr(*left);
                self.expr(*right);
                ty
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
                a.iter().chain(b).for_each(|e| {
                    self.expr(*e);
                });
                Ty::Unknown
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
                        let awaited = self.awaited(future);
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
                    let actual = init.map_or(Ty::Unknown, |e| self.expr(e));
                    let written = ty.as_ref().map_or(Ty::Unknown, |t| self.written_ty(t));
                    if let Some(otherwise) = otherwise {
                        self.expr(*otherwise);
                    }
                    self.bind(*pat, if written.is_known() { &written } else { &actual });
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

    fn awaited(&self, ty: Ty) -> Ty {
        let mut ty = ty;
        for _ in 0..DEREF_DEPTH {
            match &ty {
                Ty::Lib(path, args) if path == FUTURE => return args.first().cloned().unwrap_or(Ty::Unknown),
                _ => match self.program.deref(self.module, &ty) {
                    Some(inner) => ty = inner,
                    None => break,
                },
            }
        }
        Ty::Unknown
    }

    /// What a loop over a value yields.
    fn element(&self, ty: &Ty) -> Ty {
        match ty {
            Ty::Lib(path, args) if path.contains("Map") => Ty::Tuple(args.clone()),
            Ty::Lib(_, args) => args.first().cloned().unwrap_or(Ty::Unknown),
            _ => Ty::Unknown,
        }
    }

    fn path(&mut self, id: ExprId, path: &Path) -> Ty {
        self.out.paths.total += 1;
        let Some((target, ty)) = self.target(path) else { return Ty::Unknown };
        self.out.paths.known += 1;
        self.out.targets.insert(id, target);
        ty
    }

    fn target(&self, path: &Path) -> Option<(Target, Ty)> {
        if let Some(name) = path.as_name() {
            if let Some((_, local)) = self.scope.iter().rev().find(|(n, _)| n == name) {
                return Some((Target::Local(*local), self.out.locals[local.0 as usize].ty.clone()));
            }
            if name == "self" {
                return Some((Target::This, self.self_ty.cloned().unwrap_or(Ty::Unknown)));
            }
        }
        if let Some(qself) = &path.qself {
            let ty = self.written_ty(qself);
            return self.associated(&ty, path.last());
        }
        let first = path.segments.first()?;
        if let (Some(this), "Self") = (self.self_ty, first.name.as_str()) {
            return match path.segments.as_slice() {
                [_] => Some((Target::Res(Res::Variant(adt_of(this)?, 0)), this.clone())),
                [_, name] => self.associated(this, &name.name),
                _ => None,
            };
        }
        if self.env().param(&first.name).is_some() && path.segments.len() == 2 {
            let ty = self.program.names.param_bounds(&self.env(), &first.name);
            return self.associated(&ty, path.last());
        }
        let (res, used) = self.program.names.written(self.module, path, Ns::Values)?;
        let rest = path.segments.get(used..)?;
        match rest {
            [] => {
                let args = path.segments.iter().flat_map(|s| &s.args).map(|a| self.written_ty(a)).collect();
                Some((Target::Res(res.clone()), self.value_ty(&res, args)))
            }
            [name] => {
                let args: Args =
                    path.segments.get(used - 1)?.args.iter().map(|a| self.written_ty(a)).collect();
                let ty = match res {
                    Res::Adt(id) => Ty::Adt(id, args),
                    Res::Prim(name) => Ty::Prim(name),
                    Res::Trait(id) => Ty::Dyn(Arc::from([Bound::Trait(id)])),
                    Res::Alias(_) => {
                        let segments = path.segments.get(..used)?.to_vec();
                        self.written_ty(&TypeRef::Path(Path { segments, ..path.clone() }))
                    }
                    _ => return None,
                };
                self.associated(&ty, &name.name)
            }
            _ => None,
        }
    }

    /// `Type::name`
    fn associated(&self, ty: &Ty, name: &str) -> Option<(Target, Ty)> {
        let program = self.program;
        if let Ty::Adt(id, _) = ty
            && let Some(number) = program.defs.adts[id.at()].variants.iter().position(|(n, _)| *n == name)
            && matches!(program.defs.adts[id.at()].item.kind, svclint_facts::rust::ItemKind::Enum(..))
        {
            return Some((Target::Res(Res::Variant(*id, number as u32)), ty.clone()));
        }
        if let Ty::Dyn(bounds) = ty {
            let (trait_, declared) = program.impls.declared(program.defs, bounds, name)?;
            let mut fns = program.impls.dispatch(program.defs, trait_, name);
            if fns.is_empty() {
                fns.push(declared);
            }
            return Some((Target::Fns(fns), Ty::Fn(declared)));
        }
        let key = Key::of(ty)?;
        let fns = program.impls.method(program.defs, &key, name);
        if let Some(first) = fns.first() {
            return Some((Target::Fns(fns.clone()), Ty::Fn(*first)));
        }
        let constant = program.impls.constant(&key, name);
        if let Some(constant) = constant {
            return Some((
                Target::Res(Res::Const(constant)),
                self.value_ty(&Res::Const(constant), Args::default()),
            ));
        }
        let path = ty.lib_path()?;
        Some((Target::Res(Res::Lib(SmolStr::new(format!("{path}::{name}")))), Ty::Unknown))
    }

    fn value_ty(&self, res: &Res, args: Args) -> Ty {
        match res {
            Res::Fn(f) => Ty::Fn(*f),
            Res::Adt(id) | Res::Variant(id, _) => Ty::Adt(*id, args),
            Res::Const(id) => {
                let def = &self.program.defs.consts[id.at()];
                self.program
                    .names
                    .ty(&Env { module: def.home.module, generics: [None, None], self_ty: None }, def.ty)
            }
            Res::Lib(path) if path == "std::option::Option::None" => Ty::lib(OPTION, []),
            _ => Ty::Unknown,
        }
    }

    fn call(&mut self, id: ExprId, callee: ExprId, args: &[ExprId]) -> Ty {
        let callee_ty = self.expr(callee);
        let target = self.out.targets.get(&callee).cloned();
        let turbofish: Vec<Ty> = match &self.body.expr(callee).kind {
            ExprKind::Path(path) => {
                path.segments.iter().flat_map(|s| &s.args).map(|a| self.written_ty(a)).collect()
            }
            _ => Vec::new(),
        };
        let (callee, ty) = match target {
            Some(Target::Fns(fns)) => {
                let given = self.all(args);
                let ty = match (fns.first(), &callee_ty) {
                    (_, Ty::Fn(declared)) => self.program.returned(*declared, &given, None, &turbofish),
                    (Some(first), _) => self.program.returned(*first, &given, None, &turbofish),
                    (None, _) => Ty::Unknown,
                };
                (Callee::Fns(fns), ty)
            }
            Some(Target::Res(Res::Fn(f))) => {
                let given = self.all(args);
                (Callee::Fns(vec![f]), self.program.returned(f, &given, None, &turbofish))
            }
            Some(Target::Res(res @ (Res::Adt(_) | Res::Variant(..)))) => {
                let given = self.all(args);
                (Callee::Ctor(res.clone()), self.constructed(&res, &callee_ty, &given))
            }
            Some(Target::Res(Res::Lib(path))) => self.library_call(&path, args, &turbofish),
            _ => {
                self.all(args);
                let ty = self.program.called(&callee_ty);
                (if matches!(callee_ty, Ty::Closure(_)) { Callee::Value } else { Callee::Unknown }, ty)
            }
        };
        self.out.callees.insert(id, callee);
        ty
    }

    /// A tuple struct or variant: its fields tell its type parameters.
    fn constructed(&self, res: &Res, written: &Ty, given: &[Ty]) -> Ty {
        let (Res::Adt(id) | Res::Variant(id, _)) = res else { return Ty::Unknown };
        let def = &self.program.defs.adts[id.at()];
        if def.generics.params.is_empty() || matches!(written, Ty::Adt(_, args) if !args.is_empty()) {
            return written.clone();
        }
        let number = if let Res::Variant(_, n) = res { *n as usize } else { 0 };
        let params: Args = def.generics.params.iter().map(|p| Ty::Param(p.name.clone())).collect();
        let mut map = FxHashMap::default();
        for (n, given) in given.iter().enumerate() {
            if let Some(field) = self.program.field(*id, number, &n.to_string(), &params) {
                field.learn(given, &mut map);
            }
        }
        Ty::Adt(*id, params).substitute(&map)
    }

    fn library_call(&mut self, path: &SmolStr, args: &[ExprId], turbofish: &[Ty]) -> (Callee<'k>, Ty) {
        let view = self.program.names.view(self.module);
        let (owner, name) = path.rsplit_once("::").unwrap_or(("", path));
        let method = view.and_then(|v| v.method(owner, name));
        let callable = view.and_then(|v| v.function(path)).or(method);
        let given = self.arguments(args, callable, &Ty::Unknown, None);
        let ty = match path.as_str() {
            "std::option::Option::Some" => Ty::lib(OPTION, given.first().cloned()),
            "std::result::Result::Ok" => Ty::lib(RESULT, given.first().cloned()),
            "std::result::Result::Err" => Ty::lib(RESULT, [Ty::Unknown]),
            _ => match callable.and_then(|c| c.gives.as_ref()) {
                Some(template) => {
                    let self_ty = Ty::lib(owner, turbofish.iter().cloned());
                    let entry = view.and_then(|v| v.type_entry(owner));
                    Filling { self_ty: &self_ty, entry, args: &given, returns: &|t| self.program.called(t) }
                        .fill(template)
                }
                None if method.is_none() && matches!(name, "new" | "default") => {
                    Ty::lib(owner, given.into_iter().take(1))
                }
                None => Ty::Unknown,
            },
        };
        (Callee::Lib(path.clone(), callable), ty)
    }

    /// Arguments, closures last: what they are given may be known from the callee.
    fn arguments(
        &mut self,
        args: &[ExprId],
        callable: Option<&Callable>,
        self_ty: &Ty,
        entry: Option<&svclint_knowledge::TypeEntry>,
    ) -> Vec<Ty> {
        let params: Vec<Ty> = match callable {
            Some(c) if !c.closure.is_empty() => {
                let filling = Filling { self_ty, entry, args: &[], returns: &|_| Ty::Unknown };
                c.closure.iter().map(|t| filling.fill(t)).collect()
            }
            _ => Vec::new(),
        };
        args.iter()
            .map(|arg| {
                if !matches!(self.body.expr(*arg).kind, ExprKind::Closure { .. }) {
                    return self.expr(*arg);
                }
                let ty = self.closure(*arg, &params);
                self.out.types[arg.0 as usize] = ty.clone();
                ty
            })
            .collect()
    }

    fn closure(&mut self, id: ExprId, expected: &[Ty]) -> Ty {
        let body = self.body;
        let ExprKind::Closure { is_async, params, ret, body: inner } = &body.expr(id).kind else {
            return Ty::Unknown;
        };
        let depth = self.scope.len();
        for (n, (pat, ty)) in params.iter().enumerate() {
            let written = ty.as_ref().map_or(Ty::Unknown, |t| self.written_ty(t));
            let ty =
                if written.is_known() { written } else { expected.get(n).cloned().unwrap_or(Ty::Unknown) };
            self.bind(*pat, &ty);
        }
        let actual = self.expr(*inner);
        self.scope.truncate(depth);
        let value = ret.as_ref().map_or(actual, |r| self.written_ty(r));
        Ty::Closure(Arc::new(if *is_async { Ty::lib(FUTURE, [value]) } else { value }))
    }

    fn method_call(
        &mut self,
        id: ExprId,
        receiver: ExprId,
        name: &str,
        turbofish: &[Ty],
        args: &[ExprId],
    ) -> Ty {
        let mut ty = self.expr(receiver);
        self.out.method_calls.total += 1;
        if ty.is_known() {
            self.out.method_calls.known += 1;
        }
        let receiver_ty = ty.clone();
        for _ in 0..DEREF_DEPTH {
            if let Some((callee, given)) = self.method_of(&ty, name, turbofish, args) {
                self.out.callees.insert(id, callee);
                return given;
            }
            match self.program.deref(self.module, &ty) {
                Some(inner) => ty = inner,
                None => break,
            }
        }
        self.all(args);
        self.out.callees.insert(id, Callee::Unknown);
        // What every type may have, and what gives the same value again.
        match name {
            "clone" | "to_owned" | "as_ref" | "as_mut" | "borrow" | "borrow_mut" | "by_ref" => receiver_ty,
            _ => Ty::Unknown,
        }
    }

    fn method_of(
        &mut self,
        ty: &Ty,
        name: &str,
        turbofish: &[Ty],
        args: &[ExprId],
    ) -> Option<(Callee<'k>, Ty)> {
        let program = self.program;
        match ty {
            Ty::Param(param) => {
                let bounds = program.names.param_bounds(&self.env(), param);
                self.method_of(&bounds, name, turbofish, args)
            }
            Ty::Dyn(bounds) => {
                let (trait_, declared) = program.impls.declared(program.defs, bounds, name)?;
                let fns = program.impls.dispatch(program.defs, trait_, name);
                let given = self.all(args);
                Some((Callee::Fns(fns), program.returned(declared, &given, None, turbofish)))
            }
            Ty::Adt(..) | Ty::Prim(_) | Ty::Lib(..) => {
                let fns = program.impls.method(program.defs, &Key::of(ty)?, name);
                if let Some(first) = fns.first() {
                    let given = self.all(args);
                    let given = program.returned(*first, &given, Some(ty), turbofish);
                    return Some((Callee::Fns(fns), given));
                }
                self.library_method(ty, name, args)
            }
            _ => None,
        }
    }

    fn library_method(&mut self, ty: &Ty, name: &str, args: &[ExprId]) -> Option<(Callee<'k>, Ty)> {
        let path = ty.lib_path()?;
        let view = self.program.names.view(self.module)?;
        let entry = view.type_entry(path)?;
        let callable = view.method(path, name);
        if callable.is_none() && !entry.chains {
            return None;
        }
        let given = self.arguments(args, callable, ty, Some(entry));
        let returned = match callable {
            None => ty.clone(),
            Some(callable) => callable.gives.as_ref().map_or(Ty::Unknown, |template| {
                Filling {
                    self_ty: ty,
                    entry: Some(entry),
                    args: &given,
                    returns: &|t| self.program.called(t),
                }
                .fill(template)
            }),
        };
        Some((Callee::Lib(SmolStr::new(format!("{path}::{name}")), callable), returned))
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
        let filling = Filling { self_ty: ty, entry: Some(entry), args: &[], returns: &|_| Ty::Unknown };
        template.map(|t| filling.fill(t))
    }

    fn struct_(&mut self, path: &Path, fields: &[(SmolStr, ExprId)], rest: Option<ExprId>) -> Ty {
        for (_, value) in fields {
            self.expr(*value);
        }
        if let Some(rest) = rest {
            self.expr(rest);
        }
        self.pattern_adt(path).map_or(Ty::Unknown, |(id, _)| {
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
        let filling =
            Filling { self_ty: &Ty::Unknown, entry: None, args, returns: &|t| self.program.called(t) };
        entry.gives.as_ref().map_or(Ty::Unknown, |template| filling.fill(template))
    }

    /// The struct or variant that a pattern or literal names.
    fn pattern_adt(&self, path: &Path) -> Option<(AdtId, usize)> {
        let first = path.segments.first()?;
        if first.name == "Self" {
            let id = adt_of(self.self_ty?)?;
            let number = path.segments.get(1).map_or(Some(0), |s| {
                self.program.defs.adts[id.at()].variants.iter().position(|(n, _)| **n == s.name)
            })?;
            return Some((id, number));
        }
        let (res, used) = self.program.names.written(self.module, path, Ns::Types)?;
        match res {
            Res::Adt(id) if used == path.segments.len() => Some((id, 0)),
            Res::Variant(id, number) => Some((id, number as usize)),
            Res::Alias(_) => match self.written_ty(&TypeRef::Path(path.clone())) {
                Ty::Adt(id, _) => Some((id, 0)),
                _ => None,
            },
            _ => None,
        }
    }

    fn bind(&mut self, pat: PatId, ty: &Ty) {
        let body = self.body;
        match &body.pat(pat).kind {
            PatKind::Bind { name, sub, .. } => {
                if sub.is_none() && self.is_constant(name) {
                    return;
                }
                let local = LocalId(self.out.locals.len() as u32);
                self.out.locals.push(Local { ty: ty.clone() });
                self.out.of_pat.insert(pat, local);
                self.scope.push((name.clone(), local));
                if let Some(sub) = sub {
                    self.bind(*sub, ty);
                }
            }
            PatKind::TupleStruct(path, subs) => self.bind_tuple_struct(path, subs, ty),
            PatKind::Struct(path, fields) => {
                let adt = self.pattern_adt(path);
                let args = if let Ty::Adt(_, args) = ty { args.clone() } else { Args::default() };
                for (name, sub) in fields {
                    let field = match adt {
                        Some((id, variant)) => {
                            self.program.field(id, variant, name, &args).unwrap_or(Ty::Unknown)
                        }
                        None => self.field(ty, name),
                    };
                    self.bind(*sub, &field);
                }
            }
            PatKind::Tuple(subs) => {
                for (n, sub) in subs.iter().enumerate() {
                    self.bind(*sub, &ty.arg(n));
                }
            }
            PatKind::Slice(subs) => {
                let element = self.element(ty);
                subs.iter().for_each(|sub| self.bind(*sub, &element));
            }
            PatKind::Ref(sub) => self.bind(*sub, ty),
            PatKind::Or(cases) => cases.iter().for_each(|case| self.bind(*case, ty)),
            PatKind::Path(_) | PatKind::Lit(_) | PatKind::Rest | PatKind::Wild | PatKind::Opaque => {}
        }
    }

    /// `None`, `MAX`: a lone word in a pattern that names something is no variable.
    fn is_constant(&self, name: &SmolStr) -> bool {
        let capital = name.chars().next().is_some_and(char::is_uppercase);
        capital
            && self.program.names.path(self.module, std::slice::from_ref(name), false, Ns::Values).is_some()
    }

    fn bind_tuple_struct(&mut self, path: &Path, subs: &[PatId], ty: &Ty) {
        let adt = self.pattern_adt(path);
        let library = match self.program.names.written(self.module, path, Ns::Values) {
            Some((Res::Lib(path), _)) => Some(path),
            _ => None,
        };
        for (n, sub) in subs.iter().enumerate() {
            let field = match (&library, adt) {
                (Some(variant), _) => self.library_pattern(variant, ty, n),
                (None, Some((id, variant))) => {
                    let args = if let Ty::Adt(_, args) = ty { args.clone() } else { Args::default() };
                    self.program.field(id, variant, &n.to_string(), &args).unwrap_or(Ty::Unknown)
                }
                (None, None) => Ty::Unknown,
            };
            self.bind(*sub, &field);
        }
    }

    /// `Some(x)`, `Ok(x)`, `Json(x)`.
    fn library_pattern(&self, path: &str, ty: &Ty, number: usize) -> Ty {
        match path {
            "std::option::Option::Some" | "std::result::Result::Ok" => ty.arg(0),
            "std::result::Result::Err" => ty.arg(1),
            _ => {
                let at = if ty.lib_path() == Some(path) { ty.clone() } else { Ty::lib(path, []) };
                self.library_field(&at, path, &number.to_string()).unwrap_or(Ty::Unknown)
            }
        }
    }
}

impl Program<'_, '_, '_> {
    /// A macro's canonical path. One that no `use` brings is the standard library's, or comes through `#[macro_use]`.
    pub(crate) fn macro_path(self, module: ModId, path: &Path) -> Option<SmolStr> {
        match self.names.written(module, path, Ns::Values) {
            Some((Res::Lib(path), used)) if used > 0 => Some(path),
            _ => path.as_name().map(|name| SmolStr::new(format!("std::{name}"))),
        }
    }
}

fn adt_of(ty: &Ty) -> Option<AdtId> {
    if let Ty::Adt(id, _) = ty { Some(*id) } else { None }
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

fn literal(lit: &Lit) -> Ty {
    match lit {
        Lit::Str(_) => Ty::Prim("str".into()),
        Lit::Bool(_) => Ty::Prim("bool".into()),
        Lit::Char(_) => Ty::Prim("char".into()),
        _ => Ty::Unknown,
    }
}
