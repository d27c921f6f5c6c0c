//! What the program's functions return, its fields hold and its pointers point to.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use svclint_facts::rust::{Fields, Path, TypeRef};
use svclint_knowledge::Callable;

use super::{DEREF_DEPTH, Program};
use crate::defs::{AdtId, FnIdx, ImplId, ModId, Owner, Res};
use crate::impls::Key;
use crate::names::Ns;
use crate::ty::{Args, Env, FUTURE, Filling, OPTION, RESULT, Ty};

impl<'a> Program<'a> {
    /// What calling a function gives.
    pub(crate) fn returned(
        self,
        function: FnIdx,
        given: &[Ty],
        self_ty: Option<&Ty>,
        turbofish: &[Ty],
    ) -> Ty {
        let def = &self.defs.fns[function.at()];
        let outer = def.outer_generics(self.defs);
        let owner_ty = self.impls.self_of(self.defs, function);
        let env = Env {
            module: def.home.module,
            generics: [Some(&def.def().generics), outer],
            self_ty: owner_ty.as_ref(),
            block: block_of(def.owner),
        };
        let mut map = FxHashMap::default();
        for (param, ty) in def.def().generics.params.iter().zip(turbofish) {
            map.insert(param.name.clone(), ty.clone());
        }
        if let (Some(owner), Some(actual)) = (&owner_ty, self_ty) {
            owner.learn(actual, &mut map);
        }
        for (param, actual) in def.def().params.iter().zip(given) {
            self.names.ty(&env, &param.ty).learn(actual, &mut map);
        }
        // `F: Fn() -> Fut, Fut: Future<Output = T>`: what was given for `F` tells `Fut`, and that tells `T`.
        for param in def.def().generics.params.iter().chain(&def.def().generics.params) {
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
        let ret =
            def.def().ret.as_ref().map_or_else(Ty::unit, |ret| self.names.ty(&env, ret)).substitute(&map);
        if def.def().is_async { Ty::lib(FUTURE, [ret]) } else { ret }
    }

    /// The types of a function's parameters, without the receiver.
    pub(crate) fn param_types(self, function: FnIdx) -> Vec<Ty> {
        let def = &self.defs.fns[function.at()];
        let owner_ty = self.impls.self_of(self.defs, function);
        let env = Env {
            module: def.home.module,
            generics: [Some(&def.def().generics), None],
            self_ty: owner_ty.as_ref(),
            block: block_of(def.owner),
        };
        def.def().params.iter().map(|p| self.names.ty(&env, &p.ty)).collect()
    }

    /// What a function gives to the closure that is its parameter with a number: `impl Fn(A, B)`, `F: Fn(A, B)`.
    pub(super) fn closure_inputs(self, function: FnIdx, number: usize) -> Vec<Ty> {
        let def = &self.defs.fns[function.at()];
        let owner_ty = self.impls.self_of(self.defs, function);
        let env = Env {
            module: def.home.module,
            generics: [Some(&def.def().generics), def.outer_generics(self.defs)],
            self_ty: owner_ty.as_ref(),
            block: block_of(def.owner),
        };
        let Some(param) = def.def().params.get(number) else { return Vec::new() };
        let bounds: &[Path] = match &param.ty {
            TypeRef::Impl(bounds) | TypeRef::Dyn(bounds) => bounds,
            TypeRef::Path(path) => path.as_name().and_then(|n| env.param(n)).map_or(&[], |p| &p.bounds),
            _ => &[],
        };
        let inputs = bounds.iter().filter_map(|bound| {
            let last = bound
                .segments
                .last()
                .filter(|s| s.name.starts_with("Fn") || s.name.starts_with("AsyncFn"))?;
            match last.args().first()? {
                TypeRef::Tuple(inputs) => Some(inputs.iter().map(|ty| self.names.ty(&env, ty)).collect()),
                _ => None,
            }
        });
        inputs.into_iter().next().unwrap_or_default()
    }

    /// The method of a name that a blanket implementation of this package, or of one that it uses, brings.
    pub(super) fn blanket(self, module: ModId, name: &str) -> Vec<FnIdx> {
        let packages = self.names.packages.needed_by(self.defs.package_of(module));
        self.impls.blanket(self.defs, packages, name)
    }

    /// What a callable value returns when it is given values of some types.
    pub(super) fn called(self, module: ModId, ty: &Ty, given: &[Ty]) -> Ty {
        match ty {
            Ty::Fn(f) => {
                let method = self.defs.fns[f.at()].def().receiver.is_some();
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
    pub(crate) fn library_function(self, module: ModId, path: &str) -> Option<&'a Arc<Callable>> {
        let view = self.names.view(module)?;
        let (owner, name) = path.rsplit_once("::").unwrap_or(("", path));
        view.function(path).or_else(|| view.method(owner, name))
    }

    /// What a library's function gives.
    pub(super) fn library_returns(self, module: ModId, call: &LibraryCall<'_>) -> Ty {
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
    pub(super) fn awaited(self, module: ModId, ty: &Ty) -> Ty {
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
    pub(super) fn field(self, adt: AdtId, variant: usize, name: &str, args: &Args) -> Option<Ty> {
        let def = &self.defs.adts[adt.at()];
        let fields = match def.variant(variant)?.1 {
            Fields::Named(fields) | Fields::Tuple(fields) => fields,
            Fields::Unit => return None,
        };
        let field = fields.iter().find(|f| f.name == name)?;
        let this = Ty::Adt(adt, args.clone());
        let env = Env {
            module: def.home.module,
            generics: [Some(def.generics()), None],
            self_ty: Some(&this),
            block: None,
        };
        let params = def.generics().params.iter().map(|p| p.name.clone());
        Some(self.names.ty(&env, &field.ty).substitute(&params.zip(args.iter().cloned()).collect()))
    }

    /// What is behind a pointer or extractor.
    pub(super) fn deref(self, module: ModId, ty: &Ty) -> Option<Ty> {
        match ty {
            Ty::Lib(path, _) => {
                let entry = self.names.view(module)?.type_entry(path)?;
                entry.derefs.as_ref().map(|t| Filling::of(ty, Some(entry)).fill(t))
            }
            Ty::Adt(id, args) => self.impls.deref(self.defs, &self.names, &Key::Adt(*id), args),
            _ => None,
        }
    }

    /// The macro of the workspace that a path names, if it is like a function.
    pub(crate) fn local_macro(self, module: ModId, path: &Path) -> Option<FnIdx> {
        let own = self.defs.module(module).krate;
        let krate = match path.segments.as_slice() {
            [_] => own,
            [first, _] if matches!(first.name.as_str(), "crate" | "$crate" | "self") => own,
            [first, .., _] => {
                match self.names.path(module, std::slice::from_ref(&first.name), path.global, Ns::Types)? {
                    Res::Module(root) => self.defs.module(root).krate,
                    _ => return None,
                }
            }
            [] => return None,
        };
        *self.defs.macros.get(&(krate, SmolStr::new(path.last())))?
    }

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

/// A call of a library's function.
pub(super) struct LibraryCall<'c> {
    pub(super) path: &'c str,
    /// The type that it belongs to, as far as it is known before the call.
    pub(super) self_ty: &'c Ty,
    pub(super) given: &'c [Ty],
    pub(super) turbofish: &'c [Ty],
    /// What it gives to closures.
    pub(super) closure: &'c [Ty],
}

pub(super) fn block_of(owner: Owner) -> Option<ImplId> {
    if let Owner::Impl(id) = owner { Some(id) } else { None }
}
