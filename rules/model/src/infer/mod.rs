//! What each expression of a body is, and what each call calls.

mod call;
mod path;
mod pattern;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use svclint_facts::rust::{Body, ExprId, ExprKind, Fields, Generics, Lit, PatId, Path, Stmt, TypeRef, UnOp};
use svclint_knowledge::Callable;

use crate::bodies::{Bodies, BodyDef, BodyId, BodyOwner};
use crate::defs::{AdtId, Defs, FnIdx, ModId, Owner, Res, address};
use crate::impls::{Impls, Key};
use crate::names::{Names, Ns};
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
