//! Calls: what is called, and what that gives.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use svclint_facts::rust::{ExprId, ExprKind};
use svclint_knowledge::{Callable, TypeEntry};

use super::{Callee, DEREF_DEPTH, Infer, Target};
use crate::defs::Res;
use crate::impls::Key;
use crate::ty::{Args, FUTURE, Filling, OPTION, RESULT, Ty};

impl<'k> Infer<'_, '_, 'k> {
    pub(super) fn call(&mut self, id: ExprId, callee: ExprId, args: &[ExprId]) -> Ty {
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
        entry: Option<&TypeEntry>,
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

    pub(super) fn closure(&mut self, id: ExprId, expected: &[Ty]) -> Ty {
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

    pub(super) fn method_call(
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
}
