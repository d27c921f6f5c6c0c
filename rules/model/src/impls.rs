//! Which type has which methods.

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use svclint_facts::rust::AttrArg;
use svclint_knowledge::GENERATED;

use crate::defs::{Adt, AdtId, ConstId, Defs, FnIdx, ImplId, Owner, Res, TraitId};
use crate::names::{Names, Ns};
use crate::state::{StatePart, StateParts};
use crate::ty::{Args, Bound, Env, Ty};

/// The part of a type that methods hang on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Adt(AdtId),
    Lib(SmolStr),
    Prim(SmolStr),
}

impl Key {
    pub(crate) fn of(ty: &Ty) -> Option<Key> {
        match ty {
            Ty::Adt(id, _) => Some(Key::Adt(*id)),
            Ty::Lib(path, _) => Some(Key::Lib(path.clone())),
            Ty::Prim(name) => Some(Key::Prim(name.clone())),
            _ => None,
        }
    }
}

/// All `impl` blocks by what they are for.
#[derive(Default)]
pub(crate) struct Impls {
    /// The `Self` type of each block.
    pub(crate) self_ty: Vec<Ty>,
    /// The trait of each block.
    pub(crate) trait_: Vec<Option<Res>>,
    /// The functions that a type has of its own.
    own: FxHashMap<(Key, SmolStr), Vec<FnIdx>>,
    /// Those that it has of traits, where it writes them itself.
    of_traits: FxHashMap<(Key, SmolStr), Vec<FnIdx>>,
    consts: FxHashMap<(Key, SmolStr), ConstId>,
    /// The traits implemented for a type.
    traits_of: FxHashMap<Key, Vec<TraitId>>,
    /// The library traits that a type implements or derives.
    library_traits: FxHashMap<Key, Vec<SmolStr>>,
    /// The methods of `impl<T> Trait for T`.
    blanket: FxHashMap<SmolStr, Vec<FnIdx>>,
    /// The blocks that implement a trait.
    by_trait: FxHashMap<TraitId, Vec<ImplId>>,
    /// `impl Deref for X { type Target = Y; }`
    derefs: FxHashMap<Key, ImplId>,
    state: StateParts,
}

/// The library traits that a type derives.
pub(crate) fn derived<'a>(adt: &'a Adt, names: &'a Names<'_>) -> impl Iterator<Item = SmolStr> + 'a {
    let derives = adt.item.attrs.iter().filter(|a| a.path.last() == "derive").flat_map(|a| &a.args);
    derives.filter_map(|derive| {
        let AttrArg::Nested(path, _) = derive else { return None };
        match names.written(adt.home.module, path, Ns::Types)? {
            (Res::Lib(path), _) => Some(path),
            _ => None,
        }
    })
}

impl Impls {
    pub(crate) fn read(defs: &Defs, names: &Names<'_>) -> Self {
        let mut impls = Impls::default();
        for (number, def) in defs.impls.iter().enumerate() {
            let id = ImplId(number as u32);
            let env = Env {
                module: def.home.module,
                generics: [Some(def.generics()), None],
                self_ty: None,
                block: None,
            };
            let mut self_ty = names.ty(&env, def.self_ty());
            // What a generator wrote is known from the pages, not from its own code.
            if self_ty.lib_path().is_some_and(|p| p.starts_with(GENERATED)) {
                self_ty = Ty::Unknown;
            }
            let trait_ =
                def.trait_().and_then(|path| names.written(def.home.module, path, Ns::Types)).map(|(r, _)| r);
            if let Some(key) = Key::of(&self_ty) {
                let of_trait = def.trait_().is_some();
                let functions = if of_trait { &mut impls.of_traits } else { &mut impls.own };
                for (name, function) in &def.fns {
                    functions.entry((key.clone(), name.clone())).or_default().push(*function);
                }
                for (name, constant) in &def.consts {
                    impls.consts.insert((key.clone(), name.clone()), *constant);
                }
                match &trait_ {
                    Some(Res::Trait(trait_)) => impls.traits_of.entry(key.clone()).or_default().push(*trait_),
                    Some(Res::Lib(path)) => {
                        impls.library_traits.entry(key.clone()).or_default().push(path.clone())
                    }
                    _ => {}
                }
                let is_deref = def.trait_().is_some_and(|t| t.last() == "Deref");
                if is_deref && def.types.contains_key("Target") {
                    impls.derefs.insert(key, id);
                }
            }
            if matches!(self_ty, Ty::Param(_)) && trait_.is_some() {
                for (name, function) in &def.fns {
                    impls.blanket.entry(name.clone()).or_default().push(*function);
                }
                if let Some(Res::Trait(trait_)) = &trait_ {
                    let provided = defs.traits[trait_.at()].fns.iter();
                    for (name, function) in provided.filter(|(name, _)| !def.fns.contains_key(name.as_str()))
                    {
                        impls.blanket.entry(name.clone()).or_default().push(*function);
                    }
                }
            }
            if let Some(Res::Trait(trait_)) = &trait_ {
                impls.by_trait.entry(*trait_).or_default().push(id);
            }
            impls.self_ty.push(self_ty);
            impls.trait_.push(trait_);
        }
        for (number, adt) in defs.adts.iter().enumerate() {
            let key = Key::Adt(AdtId(number as u32));
            for path in derived(adt, names) {
                impls.library_traits.entry(key.clone()).or_default().push(path);
            }
        }
        impls.state = StateParts::read(defs, names, &impls);
        impls
    }

    /// How values of a library type come out of the state that a framework holds.
    pub(crate) fn state_parts(&self, path: &str) -> &[StatePart] {
        self.state.of(path)
    }

    /// The library traits that a type implements or derives.
    pub(crate) fn library_traits(&self, key: &Key) -> &[SmolStr] {
        self.library_traits.get(key).map_or(&[], Vec::as_slice)
    }

    /// The method of a name that a blanket implementation in one of some packages brings, where there is but one.
    pub(crate) fn blanket(&self, defs: &Defs, packages: &FxHashSet<usize>, name: &str) -> Vec<FnIdx> {
        let all = self.blanket.get(name).map_or(&[][..], Vec::as_slice);
        let near = |f: &&FnIdx| packages.contains(&defs.package_of(defs.fns[f.at()].home.module));
        let found: Vec<FnIdx> = all.iter().filter(near).copied().collect();
        if found.len() == 1 { found } else { Vec::new() }
    }

    /// The methods and associated functions that a call by name means: those of the type's own go before those of traits.
    pub(crate) fn method(&self, defs: &Defs, key: &Key, name: &str) -> Vec<FnIdx> {
        match self.own.get(&(key.clone(), SmolStr::new(name))) {
            Some(found) => found.clone(),
            None => self.implemented(defs, key, name),
        }
    }

    /// The functions of a name that a type has of traits, and the defaults of these.
    pub(crate) fn implemented(&self, defs: &Defs, key: &Key, name: &str) -> Vec<FnIdx> {
        if let Some(found) = self.of_traits.get(&(key.clone(), SmolStr::new(name))) {
            return found.clone();
        }
        let implemented = self.traits_of.get(key).map_or(&[][..], Vec::as_slice);
        implemented.iter().filter_map(|t| defs.traits[t.at()].fns.get(name).copied()).collect()
    }

    /// An associated constant of a type.
    pub(crate) fn constant(&self, key: &Key, name: &str) -> Option<ConstId> {
        self.consts.get(&(key.clone(), SmolStr::new(name))).copied()
    }

    /// The functions that a call of a trait's method may run.
    pub(crate) fn dispatch(&self, defs: &Defs, trait_: TraitId, name: &str) -> Vec<FnIdx> {
        let impls = self.by_trait.get(&trait_).map_or(&[][..], Vec::as_slice);
        let mut found: Vec<FnIdx> =
            impls.iter().filter_map(|i| defs.impls[i.at()].fns.get(name).copied()).collect();
        let default = defs.traits[trait_.at()].fns.get(name).copied();
        // A default body runs for the implementations that have none of their own.
        let has_body = default.is_some_and(|f| defs.fns[f.at()].def().body.is_some());
        if has_body && found.len() < impls.len() || found.is_empty() {
            found.extend(default);
        }
        found
    }

    /// The traits' declaration of a method: for its signature.
    pub(crate) fn declared(&self, defs: &Defs, bounds: &[Bound], name: &str) -> Option<(TraitId, FnIdx)> {
        bounds.iter().find_map(|b| match b {
            Bound::Trait(t) => self.in_trait(defs, *t, name, 0),
            Bound::Lib(_) => None,
        })
    }

    fn in_trait(&self, defs: &Defs, trait_: TraitId, name: &str, depth: u32) -> Option<(TraitId, FnIdx)> {
        let def = &defs.traits[trait_.at()];
        if let Some(function) = def.fns.get(name) {
            return Some((trait_, *function));
        }
        let scope = &defs.modules[def.home.module.at()];
        let supers = def.bounds().iter().filter_map(|p| p.as_name()).filter_map(|n| scope.types.get(n));
        supers.filter(|_| depth < 4).find_map(|res| match res {
            Res::Trait(t) => self.in_trait(defs, *t, name, depth + 1),
            _ => None,
        })
    }

    /// What `*value` is, for types of the workspace that say so.
    pub(crate) fn deref(&self, defs: &Defs, names: &Names<'_>, key: &Key, args: &Args) -> Option<Ty> {
        let id = self.derefs.get(key)?;
        let def = &defs.impls[id.at()];
        let target = def.associated("Target")?;
        let env = Env {
            module: def.home.module,
            generics: [Some(def.generics()), None],
            self_ty: Some(&self.self_ty[id.at()]),
            block: Some(*id),
        };
        let params = def.generics().params.iter().map(|p| p.name.clone());
        Some(names.ty(&env, target).substitute(&params.zip(args.iter().cloned()).collect()))
    }

    /// What `Self` means in a function.
    pub(crate) fn self_of(&self, defs: &Defs, function: FnIdx) -> Option<Ty> {
        match defs.fns[function.at()].owner {
            Owner::Impl(id) => Some(self.self_ty[id.at()].clone()),
            Owner::Trait(id) => Some(Ty::Dyn(std::sync::Arc::from([Bound::Trait(id)]))),
            Owner::None => None,
        }
    }
}
