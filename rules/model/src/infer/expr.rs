//! Expressions: what each kind of them is.

use smol_str::SmolStr;
use svclint_facts::rust::{BinOp, ExprId, ExprKind, Lit, Path, Stmt, TypeRef, UnOp};

use super::{Callee, DEREF_DEPTH, Infer, MAX_PARTS, Target};
use crate::defs::BlockKey;
use crate::ty::{Args, FUTURE, Filling, OPTION, RESULT, Ty};

impl<'a> Infer<'a> {
    pub(super) fn expr(&mut self, id: ExprId) -> Ty {
        self.expect_parts(id);
        let mut ty = self.kind(id);
        if ty.exceeds(MAX_PARTS) {
            ty = Ty::Unknown;
        }
        self.types[id.0 as usize] = ty.clone();
        ty
    }

    pub(super) fn all(&mut self, ids: &[ExprId]) -> Vec<Ty> {
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
                let mut base = base;
                while let Some(inner) =
                    self.program.deref(self.module, &base).filter(|i| matches!(i, Ty::Lib(..)))
                {
                    base = inner;
                }
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
                match self.program.local_macro(self.module, &call.path) {
                    Some(function) if call.complete => {
                        self.out.callees.insert(id, Callee::Fns(vec![function]));
                        Ty::Unknown
                    }
                    _ => self.macro_ty(&call.path, &args),
                }
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

    fn block(&mut self, id: ExprId, stmts: &'a [Stmt], tail: Option<ExprId>) -> Ty {
        let (depth, module) = (self.scope.len(), self.module);
        if let Some(inner) = self.program.defs.blocks.get(&BlockKey::of(self.def.home, self.body, id)) {
            self.module = *inner;
        }
        for stmt in stmts {
            match stmt {
                Stmt::Let { pat, ty, init, otherwise, .. } => {
                    let written = ty.as_ref().map_or(Ty::Unknown, |t| self.written_ty(t));
                    if let Some(init) = init {
                        let hint = self.hints.get(pat).filter(|_| !written.is_known()).cloned();
                        self.ask_for(*init, hint.unwrap_or_else(|| written.clone()));
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
    pub(super) fn element(&self, ty: &Ty) -> Ty {
        match ty {
            Ty::Lib(path, args) if path.contains("Map") => Ty::Tuple(args.clone()),
            Ty::Lib(_, args) => args.first().cloned().unwrap_or(Ty::Unknown),
            _ => Ty::Unknown,
        }
    }

    pub(super) fn field(&self, base: &Ty, name: &str) -> Ty {
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

    pub(super) fn library_field(&self, ty: &Ty, path: &str, name: &str) -> Option<Ty> {
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
                self.ask_for(*value, field.clone());
                self.expr(*value);
                self.learn_from(*value, &field);
            } else {
                self.expr(*value);
            }
        }
        if let Some(rest) = rest {
            self.expr(rest);
        }
        let written = self.written_ty(&TypeRef::Path(path.clone()));
        // `user::ActiveModel { .. }`: a type that a macro writes, or a library's.
        let other = if matches!(written, Ty::Lib(..)) { written.clone() } else { Ty::Unknown };
        adt.map_or(other, |(id, _)| {
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
