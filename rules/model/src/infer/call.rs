//! Calls: what is called, and what that gives.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use svclint_facts::rust::{ExprId, ExprKind};
use svclint_knowledge::{Callable, Template, TypeEntry};

use super::program::LibraryCall;
use super::{Callee, DEREF_DEPTH, Infer, Target};
use crate::defs::{FnIdx, Res};
use crate::impls::Key;
use crate::ty::{Args, FUTURE, Filling, Ty};

impl Infer<'_> {
    pub(super) fn call(&mut self, id: ExprId, callee: ExprId, args: &[ExprId]) -> Ty {
        let callee_ty = self.expr(callee);
        let target = self.out.targets.get(&callee).cloned();
        let turbofish: Vec<Ty> = match &self.body.expr(callee).kind {
            ExprKind::Path(path) => {
                path.segments.iter().flat_map(|s| s.args()).map(|a| self.written_ty(a)).collect()
            }
            _ => Vec::new(),
        };
        let (callee, ty) = match target {
            Some(Target::Fns(fns)) => {
                let has_receiver = |f: &FnIdx| self.program.defs.fns[f.at()].def().receiver.is_some();
                let given = match fns.as_slice() {
                    [only] if !has_receiver(only) => self.given_to(*only, args),
                    _ => self.all(args),
                };
                let ty = match (fns.first(), &callee_ty) {
                    (_, Ty::Fn(declared)) => self.program.returned(*declared, &given, None, &turbofish),
                    (Some(first), _) => self.program.returned(*first, &given, None, &turbofish),
                    (None, _) => Ty::Unknown,
                };
                (Callee::Fns(fns), ty)
            }
            Some(Target::Res(Res::Fn(f))) => {
                let given = self.given_to(f, args);
                for (arg, asked) in args.iter().zip(self.program.param_types(f)) {
                    self.learn_from(*arg, &asked);
                }
                (Callee::Fns(vec![f]), self.program.returned(f, &given, None, &turbofish))
            }
            Some(Target::Res(res @ (Res::Adt(_) | Res::Variant(..)))) => {
                let given = self.all(args);
                (Callee::Ctor(res.clone()), self.constructed(&res, &callee_ty, &given))
            }
            Some(Target::Res(Res::Lib(path))) => self.library_call(&path, &callee_ty, args, &turbofish),
            _ => {
                let given = self.all(args);
                // `F: FnOnce(Builder) -> Builder`
                let callee_ty = match callee_ty {
                    Ty::Param(name) => self.program.names.param_bounds(&self.env(), &name),
                    other => other,
                };
                let ty = self.program.called(self.module, &callee_ty, &given);
                let callee = match callee_ty {
                    Ty::Fn(f) => Callee::Fns(vec![f]),
                    Ty::LibFn(path, _) => {
                        let callable = self.program.library_function(self.module, &path);
                        Callee::Lib(path, callable.cloned())
                    }
                    Ty::Closure(_) => Callee::Value,
                    _ => Callee::Unknown,
                };
                (callee, ty)
            }
        };
        self.out.callees.insert(id, callee);
        ty
    }

    /// The types of what a function is given: closures among it get what their parameters' bounds say.
    fn given_to(&mut self, function: FnIdx, args: &[ExprId]) -> Vec<Ty> {
        let mut given = Vec::with_capacity(args.len());
        for (number, arg) in args.iter().enumerate() {
            let inputs = match &self.body.expr(*arg).kind {
                ExprKind::Closure { .. } => self.program.closure_inputs(function, number),
                _ => Vec::new(),
            };
            let ty = if inputs.is_empty() { self.expr(*arg) } else { self.closure(*arg, &inputs) };
            self.types[arg.0 as usize] = ty.clone();
            given.push(ty);
        }
        given
    }

    /// A tuple struct or variant: its fields tell its type parameters.
    fn constructed(&self, res: &Res, written: &Ty, given: &[Ty]) -> Ty {
        let (Res::Adt(id) | Res::Variant(id, _)) = res else { return Ty::Unknown };
        let def = &self.program.defs.adts[id.at()];
        if def.generics().params.is_empty() || matches!(written, Ty::Adt(_, args) if !args.is_empty()) {
            return written.clone();
        }
        let number = if let Res::Variant(_, n) = res { *n as usize } else { 0 };
        let params: Args = def.generics().params.iter().map(|p| Ty::Param(p.name.clone())).collect();
        let mut map = FxHashMap::default();
        for (n, given) in given.iter().enumerate() {
            if let Some(field) = self.program.field(*id, number, &n.to_string(), &params) {
                field.learn(given, &mut map);
            }
        }
        Ty::Adt(*id, params).substitute(&map)
    }

    fn library_call(
        &mut self,
        path: &SmolStr,
        callee: &Ty,
        args: &[ExprId],
        turbofish: &[Ty],
    ) -> (Callee, Ty) {
        let program = self.program;
        let view = program.names.view(self.module);
        let owner = path.rsplit_once("::").map_or("", |(owner, _)| owner);
        let callable = program.library_function(self.module, path);
        let written = Ty::lib(owner, turbofish.iter().cloned());
        let self_ty = if let Ty::LibFn(_, owner) = callee { owner } else { &written };
        let self_ty = if self_ty.is_known() { self_ty } else { &written };
        let (given, closure) =
            self.arguments(args, callable, self_ty, view.and_then(|v| v.type_entry(owner)));
        let call = LibraryCall { path, self_ty, given: &given, turbofish, closure: &closure };
        (Callee::Lib(path.clone(), callable.cloned()), program.library_returns(self.module, &call))
    }

    /// The types of the arguments, and of what the callee gives to closures among them.
    fn arguments(
        &mut self,
        args: &[ExprId],
        callable: Option<&Arc<Callable>>,
        self_ty: &Ty,
        entry: Option<&TypeEntry>,
    ) -> (Vec<Ty>, Vec<Ty>) {
        let is_closure = |body: &svclint_facts::rust::Body, arg: &ExprId| {
            matches!(body.expr(*arg).kind, ExprKind::Closure { .. })
        };
        // Closures come last: what they are given may be told by the other arguments.
        let mut given = vec![Ty::Unknown; args.len()];
        for (n, arg) in args.iter().enumerate().filter(|(_, a)| !is_closure(self.body, a)) {
            given[n] = self.expr(*arg);
        }
        let filling = Filling { args: &given, ..Filling::of(self_ty, entry) };
        let params: Vec<Ty> =
            callable.map_or(&[][..], |c| &c.closure).iter().map(|t| filling.fill(t)).collect();
        for (n, arg) in args.iter().enumerate().filter(|(_, a)| is_closure(self.body, a)) {
            let ty = self.closure(*arg, &params);
            self.types[arg.0 as usize] = ty.clone();
            given[n] = ty;
        }
        (given, params)
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
        let ty = self.expr(receiver);
        let known = ty.is_known();
        self.out.method_calls.add(known);
        let given = self.resolved_call(id, ty, name, turbofish, args);
        // Receivers that matter: those of calls that do something, and those that may be.
        let does = match self.out.callees.get(&id) {
            Some(Callee::Lib(_, Some(callable))) => !callable.does.as_slice().is_empty(),
            _ => false,
        };
        let view = self.program.names.view(self.module);
        if does || !known && view.is_some_and(|v| v.matters(name)) {
            self.out.receivers.add(does);
        }
        given
    }

    fn resolved_call(&mut self, id: ExprId, ty: Ty, name: &str, turbofish: &[Ty], args: &[ExprId]) -> Ty {
        let mut ty = ty;
        let receiver_ty = ty.clone();
        for _ in 0..DEREF_DEPTH {
            if let Some((callee, given)) = self.method_of(id, &ty, name, turbofish, args) {
                self.out.callees.insert(id, callee);
                return given;
            }
            match self.program.deref(self.module, &ty) {
                Some(inner) => ty = inner,
                None => break,
            }
        }
        if let Some((callee, given)) = self.trait_in_scope(id, &receiver_ty, name, turbofish, args) {
            self.out.callees.insert(id, callee);
            return given;
        }
        // What values of every type may have. For a library's type that is known a method of this name may be its own.
        if let Some((callee, given)) = self.library_method(id, "*", &receiver_ty, name, turbofish, args) {
            let callee = if receiver_ty.is_known() { callee } else { Callee::Unknown };
            self.out.callees.insert(id, callee);
            return given;
        }
        self.all(args);
        self.out.callees.insert(id, Callee::Unknown);
        Ty::Unknown
    }

    /// A method of an extension trait that is imported where the call stands.
    fn trait_in_scope(
        &mut self,
        id: ExprId,
        receiver: &Ty,
        name: &str,
        turbofish: &[Ty],
        args: &[ExprId],
    ) -> Option<(Callee, Ty)> {
        let program = self.program;
        let view = program.names.view(self.module)?;
        // On a value of which nothing is known, a common word proves nothing.
        if !receiver.is_known() && view.is_common(name) {
            return None;
        }
        let around = std::iter::successors(Some(self.module), |inside| {
            let def = program.defs.module(*inside);
            def.parent.filter(|_| def.is_block)
        });
        let defs: Vec<_> = around.map(|inside| program.defs.module(inside)).collect();
        // What is named anywhere around goes before what a glob may bring.
        let named = defs.iter().flat_map(|def| &def.traits);
        let mut traits = named.chain(defs.iter().flat_map(|def| &def.glob_traits));
        if let Some(path) = traits.find(|t| view.method(t, name).is_some()) {
            return self.library_method(id, path, receiver, name, turbofish, args);
        }
        let fns = program.blanket(self.module, name);
        let first = fns.first()?;
        let given = self.all(args);
        Some((Callee::Fns(fns.clone()), program.returned(*first, &given, Some(receiver), turbofish)))
    }

    fn method_of(
        &mut self,
        id: ExprId,
        ty: &Ty,
        name: &str,
        turbofish: &[Ty],
        args: &[ExprId],
    ) -> Option<(Callee, Ty)> {
        let program = self.program;
        match ty {
            Ty::Param(param) => {
                let bounds = program.names.param_bounds(&self.env(), param);
                self.method_of(id, &bounds, name, turbofish, args)
            }
            Ty::Dyn(bounds) => {
                let (trait_, declared) = program.impls.declared(program.defs, bounds, name)?;
                let fns = program.impls.dispatch(program.defs, trait_, name);
                let given = self.all(args);
                Some((Callee::Fns(fns), program.returned(declared, &given, None, turbofish)))
            }
            Ty::Adt(..) | Ty::Prim(_) | Ty::Lib(..) => {
                let key = Key::of(ty)?;
                // A library's type: its own methods go before those of this workspace's traits, and these must be near.
                let view = program.names.view(self.module)?;
                if let Ty::Lib(path, _) | Ty::Prim(path) = ty
                    && view.type_entry(path).is_some_and(|e| e.methods.contains_key(name))
                    && let Some(found) = self.library_method(id, path, ty, name, turbofish, args)
                {
                    return Some(found);
                }
                if let Ty::Adt(adt, _) = ty
                    && let Some(path) = program.names.with_declared_methods(self.module, *adt)
                    && let Some(found) = self.library_method(id, &path, ty, name, turbofish, args)
                {
                    return Some(found);
                }
                let mut fns = program.impls.method(program.defs, &key, name);
                if !matches!(ty, Ty::Adt(..)) {
                    let near = program.names.packages.needed_by(program.defs.package_of(self.module));
                    let package = |f: &FnIdx| program.defs.package_of(program.defs.fns[f.at()].home.module);
                    fns.retain(|f| near.contains(&package(f)));
                }
                if let Some(first) = fns.first() {
                    let given = self.all(args);
                    let given = program.returned(*first, &given, Some(ty), turbofish);
                    return Some((Callee::Fns(fns), given));
                }
                if let Ty::Lib(path, _) | Ty::Prim(path) = ty
                    && let Some(found) = self.library_method(id, path, ty, name, turbofish, args)
                {
                    return Some(found);
                }
                // What a library's trait brings to a type that implements or derives it.
                let implemented = program.impls.library_traits(&key);
                let path = implemented.iter().find(|t| view.method(t, name).is_some())?;
                self.library_method(id, path, ty, name, turbofish, args)
            }
            _ => None,
        }
    }

    /// The type arguments of a call: as written, or else told by what its place asks for.
    fn solved(&self, id: ExprId, template: &Template, turbofish: &[Ty]) -> Vec<Ty> {
        let mut solved = turbofish.to_vec();
        if solved.iter().all(|t| !t.is_known())
            && let Some(expected) = self.expected.get(&id)
        {
            solve(template, expected, &mut solved);
        }
        solved
    }

    /// A method that a page lists under a type or trait.
    fn library_method(
        &mut self,
        id: ExprId,
        owner: &str,
        ty: &Ty,
        name: &str,
        turbofish: &[Ty],
        args: &[ExprId],
    ) -> Option<(Callee, Ty)> {
        let (program, module) = (self.program, self.module);
        let view = program.names.view(module)?;
        let entry = view.type_entry(owner)?;
        let others = entry.others.as_ref().filter(|_| view.method("*", name).is_none());
        let callable = view.method(owner, name).or(others);
        if callable.is_none() && !entry.chains {
            return None;
        }
        let (given, closure) = self.arguments(args, callable, ty, Some(entry));
        let returned = match callable {
            None => ty.clone(),
            Some(callable) => callable.gives.as_ref().map_or(Ty::Unknown, |template| {
                let solved = self.solved(id, template, turbofish);
                Filling {
                    self_ty: ty,
                    entry: Some(entry),
                    args: &given,
                    turbofish: &solved,
                    returns: &|t, given| program.called(module, t, given),
                    awaited: &|t| program.awaited(module, t),
                    closure: &closure,
                }
                .fill(template)
            }),
        };
        Some((Callee::Lib(SmolStr::new(format!("{owner}::{name}")), callable.cloned()), returned))
    }
}

/// Learns the type arguments of a call from the type that its place asks for.
fn solve(template: &Template, expected: &Ty, solved: &mut Vec<Ty>) {
    match (template, expected) {
        (Template::Turbofish(n), ty) => {
            let number = *n as usize;
            if solved.len() <= number {
                solved.resize(number + 1, Ty::Unknown);
            }
            solved[number] = ty.clone();
        }
        (Template::Path(path, templates), Ty::Lib(other, args)) if path == other => {
            for (template, ty) in templates.iter().zip(args.iter()) {
                solve(template, ty, solved);
            }
        }
        (Template::Tuple(templates), Ty::Tuple(args)) => {
            for (template, ty) in templates.iter().zip(args.iter()) {
                solve(template, ty, solved);
            }
        }
        _ => {}
    }
}
