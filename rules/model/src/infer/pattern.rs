//! Patterns: the variables that they bind.

use smol_str::SmolStr;
use svclint_facts::rust::{PatId, PatKind, Path, TypeRef};

use super::{Infer, Local, LocalId, adt_of};
use crate::defs::{AdtId, Res};
use crate::names::Ns;
use crate::ty::{Args, Ty};

impl Infer<'_> {
    /// The struct or variant that a pattern or literal names.
    pub(super) fn pattern_adt(&self, path: &Path) -> Option<(AdtId, usize)> {
        let first = path.segments.first()?;
        if first.name == "Self" {
            let id = adt_of(self.self_ty?)?;
            let number = path.segments.get(1).map_or(Some(0), |s| {
                self.program.defs.adts[id.at()].variants().position(|(n, _)| **n == s.name)
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

    pub(super) fn bind(&mut self, pat: PatId, ty: &Ty) {
        let body = self.body;
        match &body.pat(pat).kind {
            PatKind::Bind { name, sub, .. } => {
                if sub.is_none() && self.is_constant(name) {
                    return;
                }
                let local = LocalId(self.out.locals.len() as u32);
                let hint = self.hints.get(&pat).filter(|_| !ty.is_known());
                self.out.locals.push(Local { ty: hint.unwrap_or(ty).clone() });
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
    pub(super) fn library_pattern(&self, path: &str, ty: &Ty, number: usize) -> Ty {
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
