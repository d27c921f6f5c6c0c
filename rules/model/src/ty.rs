//! Types, as far as linting needs them. References are seen through; what is not known stays unknown.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use svclint_facts::rust::{GenericParam, Generics, Path, TypeRef};
use svclint_knowledge::{Template, TypeEntry};

use crate::defs::{AdtId, FnIdx, ImplId, ModId, Res, TraitId};
use crate::names::{Names, Ns};

pub(crate) type Args = Arc<[Ty]>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ty {
    Unknown,
    Never,
    Prim(SmolStr),
    Tuple(Args),
    Adt(AdtId, Args),
    /// A library's type by canonical path.
    Lib(SmolStr, Args),
    /// A function of the workspace as a value.
    Fn(FnIdx),
    /// A function of a library as a value, and the type that it belongs to.
    LibFn(SmolStr, Arc<Ty>),
    /// A closure or function pointer, by what it returns.
    Closure(Arc<Ty>),
    /// A type parameter.
    Param(SmolStr),
    /// Anything that implements these traits.
    Dyn(Arc<[Bound]>),
}

/// A trait that a type is known by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Bound {
    Trait(TraitId),
    Lib(SmolStr),
}

pub(crate) const FUTURE: &str = "std::future::Future";
pub(crate) const RESULT: &str = "std::result::Result";
pub(crate) const OPTION: &str = "std::option::Option";

impl Ty {
    pub(crate) fn lib(path: &str, args: impl IntoIterator<Item = Ty>) -> Ty {
        Ty::Lib(SmolStr::new(path), args.into_iter().collect())
    }

    pub(crate) fn unit() -> Ty {
        Ty::Tuple(Arc::from([]))
    }

    pub(crate) fn has_no_args(&self) -> bool {
        match self {
            Ty::Lib(_, args) | Ty::Adt(_, args) => args.iter().all(|a| !a.is_known()),
            _ => true,
        }
    }

    pub(crate) fn is_known(&self) -> bool {
        !matches!(self, Ty::Unknown)
    }

    /// Whether a type has more than some number of parts: code can build types that double with each line.
    pub(crate) fn exceeds(&self, parts: u32) -> bool {
        fn left(ty: &Ty, parts: u32) -> Option<u32> {
            let parts = parts.checked_sub(1)?;
            match ty {
                Ty::Tuple(args) | Ty::Adt(_, args) | Ty::Lib(_, args) => {
                    args.iter().try_fold(parts, |parts, arg| left(arg, parts))
                }
                Ty::Closure(inner) | Ty::LibFn(_, inner) => left(inner, parts),
                _ => Some(parts),
            }
        }
        left(self, parts).is_none()
    }

    /// The canonical path of a library's type.
    pub(crate) fn lib_path(&self) -> Option<&str> {
        if let Ty::Lib(path, _) = self { Some(path) } else { None }
    }

    pub(crate) fn arg(&self, number: usize) -> Ty {
        match self {
            Ty::Lib(_, args) | Ty::Adt(_, args) | Ty::Tuple(args) => {
                args.get(number).cloned().unwrap_or(Ty::Unknown)
            }
            _ => Ty::Unknown,
        }
    }

    /// With type parameters replaced.
    pub(crate) fn substitute(&self, map: &FxHashMap<SmolStr, Ty>) -> Ty {
        if map.is_empty() {
            return self.clone();
        }
        let all = |args: &Args| -> Args { args.iter().map(|a| a.substitute(map)).collect() };
        match self {
            Ty::Param(name) => map.get(name).cloned().unwrap_or_else(|| self.clone()),
            Ty::Tuple(args) => Ty::Tuple(all(args)),
            Ty::Adt(id, args) => Ty::Adt(*id, all(args)),
            Ty::Lib(path, args) => Ty::Lib(path.clone(), all(args)),
            Ty::Closure(ret) => Ty::Closure(Arc::new(ret.substitute(map))),
            Ty::LibFn(path, owner) => Ty::LibFn(path.clone(), Arc::new(owner.substitute(map))),
            other => other.clone(),
        }
    }

    /// Learns what this type's parameters stand for from a type that it was given.
    pub(crate) fn learn(&self, actual: &Ty, map: &mut FxHashMap<SmolStr, Ty>) {
        match (self, actual) {
            (Ty::Param(name), actual) if actual.is_known() => {
                map.entry(name.clone()).or_insert_with(|| actual.clone());
            }
            (Ty::Tuple(a), Ty::Tuple(b)) => learn_all(a, b, map),
            (Ty::Adt(x, a), Ty::Adt(y, b)) if x == y => learn_all(a, b, map),
            (Ty::Lib(x, a), Ty::Lib(y, b)) if x == y => learn_all(a, b, map),
            (Ty::Closure(a), Ty::Closure(b)) => a.learn(b, map),
            _ => {}
        }
    }
}

fn learn_all(wanted: &Args, given: &Args, map: &mut FxHashMap<SmolStr, Ty>) {
    for (wanted, given) in wanted.iter().zip(given.iter()) {
        wanted.learn(given, map);
    }
}

/// Where a type is written: what its names mean there.
#[derive(Clone, Copy)]
pub(crate) struct Env<'a> {
    pub(crate) module: ModId,
    /// The type parameters in scope: of the function, and of the block around it.
    pub(crate) generics: [Option<&'a Generics>; 2],
    /// What `Self` means.
    pub(crate) self_ty: Option<&'a Ty>,
    /// The block whose associated types `Self::X` names.
    pub(crate) block: Option<ImplId>,
}

impl<'a> Env<'a> {
    pub(crate) fn param(&self, name: &str) -> Option<&'a GenericParam> {
        self.generics.iter().flatten().flat_map(|g| &g.params).find(|p| p.name == name)
    }
}

/// How many aliases are followed from one to the next.
const ALIAS_DEPTH: u32 = 8;

impl Names<'_> {
    /// The type that is written.
    pub(crate) fn ty(&self, env: &Env<'_>, ty: &TypeRef) -> Ty {
        self.ty_at(env, ty, 0)
    }

    fn ty_at(&self, env: &Env<'_>, ty: &TypeRef, depth: u32) -> Ty {
        match ty {
            TypeRef::Path(path) => self.path_ty(env, path, depth),
            TypeRef::Ref(inner) => self.ty_at(env, inner, depth),
            TypeRef::Tuple(all) => Ty::Tuple(all.iter().map(|t| self.ty_at(env, t, depth)).collect()),
            TypeRef::Slice(inner) => Ty::lib("std::vec::Vec", [self.ty_at(env, inner, depth)]),
            TypeRef::Fn(_, ret) => {
                Ty::Closure(Arc::new(ret.as_ref().map_or_else(Ty::unit, |r| self.ty_at(env, r, depth))))
            }
            TypeRef::Impl(bounds) | TypeRef::Dyn(bounds) => self.bounds_ty(env, bounds, depth),
            TypeRef::Never => Ty::Never,
            TypeRef::Infer | TypeRef::Opaque => Ty::Unknown,
        }
    }

    fn path_ty(&self, env: &Env<'_>, path: &Path, depth: u32) -> Ty {
        if let Some(name) = path.as_name() {
            if name == "Self" {
                return env.self_ty.cloned().unwrap_or(Ty::Unknown);
            }
            if env.param(name).is_some() {
                return Ty::Param(name.clone());
            }
        }
        if path.qself.is_some() {
            return Ty::Unknown;
        }
        if let [this, name] = path.segments.as_slice()
            && this.name == "Self"
            && depth < ALIAS_DEPTH
        {
            let block = env.block.map(|id| &self.defs.impls[id.at()]);
            let written = block.and_then(|b| b.associated(&name.name));
            return written.map_or(Ty::Unknown, |ty| self.ty_at(env, ty, depth + 1));
        }
        let Some((res, used)) = self.written(env.module, path, Ns::Types) else { return Ty::Unknown };
        if used != path.segments.len() {
            return Ty::Unknown;
        }
        let args: Args = path
            .segments
            .last()
            .map(|s| s.args().iter().map(|a| self.ty_at(env, a, depth)).collect())
            .unwrap_or_default();
        match res {
            Res::Adt(id) | Res::Variant(id, _) => Ty::Adt(id, args),
            Res::Prim(name) => Ty::Prim(name),
            Res::Lib(path) => library_ty(path, args),
            Res::Made(like, of) => Ty::Lib(like, Arc::from([Ty::Prim(of)])),
            Res::Trait(id) => Ty::Dyn(Arc::from([Bound::Trait(id)])),
            Res::Alias(id) if depth < ALIAS_DEPTH => {
                let alias = &self.defs.aliases[id.at()];
                let inner = Env {
                    module: alias.home.module,
                    generics: [Some(alias.generics()), None],
                    self_ty: None,
                    block: None,
                };
                let params = alias.generics().params.iter().map(|p| p.name.clone());
                self.ty_at(&inner, alias.ty(), depth + 1)
                    .substitute(&params.zip(args.iter().cloned()).collect())
            }
            _ => Ty::Unknown,
        }
    }

    fn bounds_ty(&self, env: &Env<'_>, bounds: &[Path], depth: u32) -> Ty {
        let mut all = Vec::new();
        let mut library = None;
        for bound in bounds {
            match self.written(env.module, bound, Ns::Types) {
                Some((Res::Lib(path), _)) => {
                    let last = bound.segments.last();
                    if path.starts_with("std::ops::Fn") || path.starts_with("std::ops::AsyncFn") {
                        let ret = last
                            .and_then(|s| s.args().get(1))
                            .map_or_else(Ty::unit, |ret| self.ty_at(env, ret, depth));
                        let is_async = path.contains("Async");
                        return Ty::Closure(Arc::new(if is_async { Ty::lib(FUTURE, [ret]) } else { ret }));
                    }
                    // `impl Future<Output = T>`, `dyn Stream<Item = T>`: like a type with parameters.
                    let is_entry = path == FUTURE
                        || self.view(env.module).is_some_and(|v| v.type_entry(&path).is_some());
                    if is_entry && library.is_none() {
                        let args = last
                            .iter()
                            .flat_map(|s| s.args().iter().chain(s.bindings().iter().map(|(_, ty)| ty)));
                        let args: Args = args.map(|ty| self.ty_at(env, ty, depth)).collect();
                        library = Some(Ty::Lib(path.clone(), args));
                    }
                    all.push(Bound::Lib(path));
                }
                Some((Res::Trait(id), _)) => all.push(Bound::Trait(id)),
                _ => {}
            }
        }
        let own = all.iter().any(|b| matches!(b, Bound::Trait(_)));
        match library {
            Some(ty) if !own => ty,
            _ if all.is_empty() => Ty::Unknown,
            _ => Ty::Dyn(all.into()),
        }
    }

    /// What a type parameter is known by.
    pub(crate) fn param_bounds(&self, env: &Env<'_>, name: &str) -> Ty {
        env.param(name).map_or(Ty::Unknown, |p| self.bounds_ty(env, &p.bounds, 0))
    }
}

/// `anyhow::Result<T>`, `io::Result<T>`, `acme::StdResult<T>` and their kin are results too.
fn library_ty(path: SmolStr, args: Args) -> Ty {
    let word = path.rsplit("::").next().unwrap_or("");
    let is_result = word.ends_with("Result") && matches!(args.len(), 1 | 2);
    if is_result { Ty::Lib(SmolStr::new_static(RESULT), args) } else { Ty::Lib(path, args) }
}

/// What fills a template's holes.
pub(crate) struct Filling<'a> {
    pub(crate) self_ty: &'a Ty,
    pub(crate) entry: Option<&'a TypeEntry>,
    pub(crate) args: &'a [Ty],
    /// The type arguments written at the call.
    pub(crate) turbofish: &'a [Ty],
    /// What a callable type returns when it is given values of some types.
    pub(crate) returns: &'a dyn Fn(&Ty, &[Ty]) -> Ty,
    /// What awaiting a type gives.
    pub(crate) awaited: &'a dyn Fn(&Ty) -> Ty,
    /// What the callee gives to a closure.
    pub(crate) closure: &'a [Ty],
}

/// `Vec<_>` collected from an iterator over some type: what is not written is known from there.
fn collected(written: Ty, item: &Ty) -> Ty {
    let Ty::Lib(path, args) = &written else { return written };
    let open = |n: usize| args.get(n).is_some_and(|a| !a.is_known());
    match (path.as_str(), item) {
        (RESULT | OPTION, Ty::Lib(inner, given)) if inner == path => {
            let first = collected(written.arg(0), given.first().unwrap_or(&Ty::Unknown));
            Ty::Lib(path.clone(), std::iter::once(first).chain(given.iter().skip(1).cloned()).collect())
        }
        (_, Ty::Tuple(pair)) if args.len() == 2 && open(0) && open(1) => Ty::Lib(path.clone(), pair.clone()),
        _ if args.len() == 1 && open(0) => Ty::Lib(path.clone(), Arc::from([item.clone()])),
        _ => written,
    }
}

impl<'a> Filling<'a> {
    /// Only the receiver is known.
    pub(crate) fn of(self_ty: &'a Ty, entry: Option<&'a TypeEntry>) -> Self {
        Filling {
            self_ty,
            entry,
            args: &[],
            turbofish: &[],
            returns: &|_, _| Ty::Unknown,
            awaited: &|_| Ty::Unknown,
            closure: &[],
        }
    }

    pub(crate) fn fill(&self, template: &Template) -> Ty {
        let arg = |n: &u8| self.args.get(*n as usize).cloned().unwrap_or(Ty::Unknown);
        match template {
            Template::Unknown => Ty::Unknown,
            Template::SelfType => self.self_ty.clone(),
            Template::Param(name) => {
                let number = self.entry.and_then(|e| e.params.iter().position(|p| p == name));
                number.map_or(Ty::Unknown, |n| self.self_ty.arg(n))
            }
            Template::Arg(n) => arg(n),
            Template::ArgReturn(n) => (self.returns)(&arg(n), self.closure),
            Template::Turbofish(n) => {
                let written = self.turbofish.get(*n as usize).cloned().unwrap_or(Ty::Unknown);
                collected(written, &self.self_ty.arg(0))
            }
            Template::Awaited(inner) => (self.awaited)(&self.fill(inner)),
            Template::Inner(inner) => self.fill(inner).arg(0),
            Template::Tuple(all) => Ty::Tuple(all.iter().map(|t| self.fill(t)).collect()),
            Template::Path(path, args) => Ty::Lib(path.clone(), args.iter().map(|t| self.fill(t)).collect()),
        }
    }
}
