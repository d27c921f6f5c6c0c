//! What implementations and derives take out of the state that a framework holds: `FromRef`.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::defs::{AdtId, Defs, FnIdx, ModId, Res};
use crate::impls::{Impls, derived};
use crate::links::inner_lib;
use crate::names::Names;
use crate::ty::{Env, Ty};

/// How a value of some type comes out of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StatePart {
    /// A function returns it.
    Returned(FnIdx),
    /// It is a field.
    Field(AdtId, SmolStr),
}

/// The ways to each library type that handlers may ask for.
#[derive(Default)]
pub(crate) struct StateParts(FxHashMap<SmolStr, Vec<StatePart>>);

impl StateParts {
    pub(crate) fn read(defs: &Defs, names: &Names<'_>, impls: &Impls) -> Self {
        let mut parts = StateParts::default();
        for (number, block) in defs.impls.iter().enumerate() {
            let Some(Some(Res::Lib(path))) = impls.trait_.get(number) else { continue };
            let takes = takes_part(names, block.home.module, path);
            let function = takes.and_then(|name| block.fns.get(name)).copied();
            let made = impls.self_ty.get(number).and_then(|ty| lib(names, block.home.module, ty));
            if let (Some(function), Some(made)) = (function, made) {
                parts.add(made, StatePart::Returned(function));
            }
        }
        for (number, adt) in defs.adts.iter().enumerate() {
            let module = adt.home.module;
            if !derived(adt, names).any(|path| takes_part(names, module, &path).is_some()) {
                continue;
            }
            let env = Env { module, generics: [Some(adt.generics()), None], self_ty: None, block: None };
            for (_, fields) in adt.variants() {
                for field in fields.list() {
                    if let Some(made) = lib(names, module, &names.ty(&env, &field.ty)) {
                        parts.add(made, StatePart::Field(AdtId(number as u32), field.name.clone()));
                    }
                }
            }
        }
        parts
    }

    fn add(&mut self, made: SmolStr, part: StatePart) {
        self.0.entry(made).or_default().push(part);
    }

    /// How values of a library type come out of the state.
    pub(crate) fn of(&self, path: &str) -> &[StatePart] {
        self.0.get(path).map_or(&[], Vec::as_slice)
    }
}

/// The function of a trait that takes a part out of the state.
fn takes_part<'a>(names: &Names<'a>, module: ModId, path: &str) -> Option<&'a SmolStr> {
    names.view(module)?.type_entry(path)?.takes_part.as_ref()
}

/// The library type behind pointers.
fn lib(names: &Names<'_>, module: ModId, ty: &Ty) -> Option<SmolStr> {
    let view = names.view(module)?;
    inner_lib(ty, &|path| view.type_entry(path).and_then(|entry| entry.is))
}
