//! Paths: what a name stands for.

use std::sync::Arc;

use smol_str::SmolStr;
use svclint_facts::rust::{ExprId, ItemKind, Path, TypeRef};

use super::{Infer, Target, adt_of};
use crate::defs::Res;
use crate::impls::Key;
use crate::names::Ns;
use crate::ty::{Args, Bound, Env, OPTION, Ty};

impl Infer<'_> {
    pub(super) fn path(&mut self, id: ExprId, path: &Path) -> Ty {
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
        if self.env().param(&first.name).is_some() && path.segments.len() >= 2 {
            let ty = self.program.names.param_bounds(&self.env(), &first.name);
            let found = self.associated(&ty, path.last());
            // Something of a type parameter: what it is, is known only where the type is.
            let open = || {
                let path = SmolStr::new(format!("{}::{}", first.name, path.last()));
                (Target::Res(Res::Lib(path)), Ty::Unknown)
            };
            return Some(found.unwrap_or_else(open));
        }
        let (res, used) = self.program.names.written(self.module, path, Ns::Values)?;
        let rest = path.segments.get(used..)?;
        match rest {
            [] => {
                if let Some(found) = self.implemented_for_library(&res) {
                    return Some(found);
                }
                let args = path.segments.iter().flat_map(|s| s.args()).map(|a| self.written_ty(a)).collect();
                Some((Target::Res(res.clone()), self.value_ty(&res, args)))
            }
            [name] => {
                let args: Args =
                    path.segments.get(used - 1)?.args().iter().map(|a| self.written_ty(a)).collect();
                let ty = match res {
                    Res::Adt(id) => Ty::Adt(id, args),
                    Res::Prim(name) => Ty::Prim(name),
                    Res::Made(like, of) => Ty::Lib(like, Arc::from([Ty::Prim(of)])),
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

    /// `Router::from`, where the package implements `From<Config> for Router`.
    fn implemented_for_library(&self, res: &Res) -> Option<(Target, Ty)> {
        let Res::Lib(path) = res else { return None };
        let (owner, name) = path.rsplit_once("::")?;
        let defs = self.program.defs;
        let mut fns = self.program.impls.method(defs, &Key::Lib(SmolStr::new(owner)), name);
        let package = defs.package_of(self.module);
        fns.retain(|f| defs.package_of(defs.fns[f.at()].home.module) == package);
        let first = *fns.first()?;
        // The library's own function goes before a trait's, but for conversions: these are many.
        let by_library = name != "from" && self.program.library_function(self.module, path).is_some();
        (!by_library).then_some((Target::Fns(fns), Ty::Fn(first)))
    }

    /// `Type::name`
    fn associated(&self, ty: &Ty, name: &str) -> Option<(Target, Ty)> {
        let program = self.program;
        if let Ty::Adt(id, _) = ty
            && let Some(number) = program.defs.adts[id.at()].variants().position(|(n, _)| *n == name)
            && matches!(program.defs.adts[id.at()].item.kind, ItemKind::Enum(..))
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
        if let Ty::Adt(adt, _) = ty
            && let Some(path) = program.names.with_declared_methods(self.module, *adt)
            && program.names.view(self.module).is_some_and(|v| v.method(&path, name).is_some())
        {
            let path = SmolStr::new(format!("{path}::{name}"));
            return Some((Target::Res(Res::Lib(path.clone())), Ty::LibFn(path, Arc::new(ty.clone()))));
        }
        let mut fns = program.impls.method(program.defs, &key, name);
        if fns.is_empty() && ty.lib_path().is_none() {
            fns = program.blanket(self.module, name);
        }
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
        // A function of the library's type itself, or of a trait that the type derives or implements.
        let view = program.names.view(self.module);
        let mut implemented = program.impls.library_traits(&key).iter();
        let own = if let Ty::Lib(path, _) | Ty::Prim(path) = ty { Some(path.clone()) } else { None };
        let owner = implemented.find(|t| view.is_some_and(|v| v.method(t, name).is_some())).cloned();
        let path = SmolStr::new(format!("{}::{name}", own.or(owner)?));
        Some((Target::Res(Res::Lib(path.clone())), Ty::LibFn(path, Arc::new(ty.clone()))))
    }

    fn value_ty(&self, res: &Res, args: Args) -> Ty {
        match res {
            Res::Fn(f) => Ty::Fn(*f),
            Res::Made(like, of) => Ty::Lib(like.clone(), Arc::from([Ty::Prim(of.clone())])),
            Res::Adt(id) | Res::Variant(id, _) => Ty::Adt(*id, args),
            Res::Const(id) => {
                let def = &self.program.defs.consts[id.at()];
                self.program.names.ty(
                    &Env { module: def.home.module, generics: [None, None], self_ty: None, block: None },
                    def.ty(),
                )
            }
            Res::Lib(path) if path == "std::option::Option::None" => Ty::lib(OPTION, []),
            Res::Lib(path) => {
                let view = self.program.names.view(self.module);
                let is_type = view.is_some_and(|v| v.type_entry(path).is_some_and(|e| !e.fields.is_empty()));
                let is_ctor = matches!(path.rsplit("::").next(), Some("Some" | "Ok" | "Err"));
                if is_type || is_ctor || self.program.library_function(self.module, path).is_some() {
                    Ty::LibFn(path.clone(), Arc::new(Ty::Unknown))
                } else {
                    Ty::Unknown
                }
            }
            _ => Ty::Unknown,
        }
    }
}
