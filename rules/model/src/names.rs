//! From a written path to what it names.

use smol_str::SmolStr;
use svclint_facts::rust::{Path, UseLeaf};
use svclint_knowledge::{Attribute, GENERATED, View};

use crate::defs::{AdtId, Defs, ModId, Res};
use crate::packages::{Dep, Packages};

/// The two name spaces that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ns {
    Types,
    Values,
}

/// Imports that lead to imports settle in a few rounds; more are a cycle.
const ROUNDS: usize = 12;
/// How many globs are followed from one to the next.
const GLOB_DEPTH: u32 = 6;

const PRIMITIVES: &[&str] = &[
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
    "isize", "f32", "f64",
];

/// The names that Rust brings into every module, with the standard library's path.
const PRELUDE: &[(&str, &str)] = &[
    ("Option", "std::option::Option"),
    ("Some", "std::option::Option::Some"),
    ("None", "std::option::Option::None"),
    ("Result", "std::result::Result"),
    ("Ok", "std::result::Result::Ok"),
    ("Err", "std::result::Result::Err"),
    ("Vec", "std::vec::Vec"),
    ("String", "std::string::String"),
    ("Box", "std::boxed::Box"),
    ("Default", "std::default::Default"),
    ("Into", "std::convert::Into"),
    ("From", "std::convert::From"),
    ("TryFrom", "std::convert::TryFrom"),
    ("TryInto", "std::convert::TryInto"),
    ("AsRef", "std::convert::AsRef"),
    ("AsMut", "std::convert::AsMut"),
    ("ToOwned", "std::borrow::ToOwned"),
    ("FromIterator", "std::iter::FromIterator"),
    ("Extend", "std::iter::Extend"),
    ("DoubleEndedIterator", "std::iter::DoubleEndedIterator"),
    ("ExactSizeIterator", "std::iter::ExactSizeIterator"),
    ("AsyncFn", "std::ops::AsyncFn"),
    ("AsyncFnMut", "std::ops::AsyncFnMut"),
    ("AsyncFnOnce", "std::ops::AsyncFnOnce"),
    ("Drop", "std::ops::Drop"),
    ("Copy", "std::marker::Copy"),
    ("PartialEq", "std::cmp::PartialEq"),
    ("Eq", "std::cmp::Eq"),
    ("PartialOrd", "std::cmp::PartialOrd"),
    ("Ord", "std::cmp::Ord"),
    ("Debug", "std::fmt::Debug"),
    ("Hash", "std::hash::Hash"),
    ("Fn", "std::ops::Fn"),
    ("FnMut", "std::ops::FnMut"),
    ("FnOnce", "std::ops::FnOnce"),
    ("Iterator", "std::iter::Iterator"),
    ("IntoIterator", "std::iter::IntoIterator"),
    ("Future", "std::future::Future"),
    ("Send", "std::marker::Send"),
    ("Sync", "std::marker::Sync"),
    ("Clone", "std::clone::Clone"),
    ("ToString", "std::string::ToString"),
    ("drop", "std::mem::drop"),
];

/// Looks names up.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a> {
    pub(crate) defs: &'a Defs,
    pub(crate) packages: &'a Packages,
}

impl Defs {
    /// Follows all `use` declarations.
    pub(crate) fn resolve_uses(&mut self, packages: &Packages) {
        let mut pending: Vec<(ModId, UseLeaf)> = Vec::new();
        for (number, module) in self.modules.iter().enumerate() {
            pending.extend(module.leaves().map(|leaf| (ModId(number as u32), leaf.clone())));
        }
        for _ in 0..ROUNDS {
            let before = pending.len();
            let mut found = Vec::new();
            pending.retain(|(module, leaf)| {
                let names = Names { defs: self, packages };
                let types = names.path(*module, &leaf.path, leaf.global, Ns::Types);
                let values = names.path(*module, &leaf.path, leaf.global, Ns::Values);
                let any = types.is_some() || values.is_some();
                if any {
                    found.push((*module, leaf.clone(), types, values));
                }
                !any
            });
            for (module, leaf, types, values) in found {
                let number = self.package_of(module);
                let view = packages.list.get(number).and_then(|p| packages.views.get(p.view));
                if let (Some(Res::Lib(path)), Some(view)) = (&types, view) {
                    let known = &mut self.modules[module.at()];
                    if leaf.glob {
                        known.glob_traits.extend(view.traits_below(path).into_iter().map(SmolStr::new));
                    } else {
                        known.traits.extend(view.extending(path).iter().map(SmolStr::new));
                    }
                }
                self.import(module, &leaf, types, values);
            }
            if pending.is_empty() || pending.len() == before {
                break;
            }
        }
        self.complete_imports(packages);
    }

    /// A name may stand for a type and for a value; the second may have come to light after the first was imported.
    fn complete_imports(&mut self, packages: &Packages) {
        for _ in 0..2 {
            let mut found = Vec::new();
            for (number, module) in self.modules.iter().enumerate() {
                for leaf in module.leaves().filter(|l| !l.glob) {
                    let Some(name) = leaf.rename.as_ref().or(leaf.path.last()) else { continue };
                    let (types, values) = (module.types.contains_key(name), module.values.contains_key(name));
                    if types == values {
                        continue;
                    }
                    let id = ModId(number as u32);
                    let missing = if types { Ns::Values } else { Ns::Types };
                    let names = Names { defs: self, packages };
                    if let Some(res) = names.path(id, &leaf.path, leaf.global, missing) {
                        found.push((id, name.clone(), missing, res));
                    }
                }
            }
            for (module, name, ns, res) in found {
                let module = &mut self.modules[module.at()];
                let map = if ns == Ns::Types { &mut module.types } else { &mut module.values };
                map.entry(name).or_insert(res);
            }
        }
    }

    fn import(&mut self, module: ModId, leaf: &UseLeaf, types: Option<Res>, values: Option<Res>) {
        let module = &mut self.modules[module.at()];
        if leaf.glob {
            module.globs.extend(types);
            return;
        }
        let Some(name) = leaf.rename.as_ref().or(leaf.path.last()) else { return };
        if let Some(res) = types {
            module.types.entry(name.clone()).or_insert(res);
        }
        if let Some(res) = values {
            module.values.entry(name.clone()).or_insert(res);
        }
    }
}

impl<'a> Names<'a> {
    /// The library entries that hold for a module's package.
    pub(crate) fn view(&self, module: ModId) -> Option<&'a View> {
        let package = self.packages.list.get(self.defs.package_of(module))?;
        self.packages.views.get(package.view)
    }

    /// A path of plain words.
    pub(crate) fn path(&self, module: ModId, words: &[SmolStr], global: bool, ns: Ns) -> Option<Res> {
        let (res, used) = self.prefix(module, words, global, ns)?;
        (used == words.len()).then(|| self.declared(module, res))
    }

    /// A path as written in code.
    pub(crate) fn written(&self, module: ModId, path: &Path, ns: Ns) -> Option<(Res, usize)> {
        let words: Vec<SmolStr> = path.segments.iter().map(|s| s.name.clone()).collect();
        let (res, used) = self.prefix(module, &words, path.global, ns)?;
        Some((self.declared(module, res), used))
    }

    /// What people declared of their own code goes before the code.
    fn declared(&self, module: ModId, res: Res) -> Res {
        let Some(knowledge) = self.view(module).map(View::knowledge).filter(|k| k.has_declarations()) else {
            return res;
        };
        let defs = self.defs;
        let (home, name) = match &res {
            Res::Fn(id) => (defs.fns[id.at()].home.module, &defs.fns[id.at()].item.name),
            Res::Adt(id) => (defs.adts[id.at()].home.module, &defs.adts[id.at()].item.name),
            Res::Trait(id) => (defs.traits[id.at()].home.module, &defs.traits[id.at()].item.name),
            _ => return res,
        };
        let path = format!("{}::{name}", defs.module(home).path);
        // A type of which only methods are declared keeps what can be read of it.
        let entry = self.view(module).and_then(|v| v.type_entry(&path));
        let keeps = matches!(res, Res::Adt(_)) && entry.is_some_and(|e| e.is.is_none());
        if knowledge.declares(&path) && !keeps { Res::Lib(SmolStr::new(path)) } else { res }
    }

    /// What the code does not show, since a macro makes it, and people declared.
    fn made_by_macro(&self, module: ModId, name: &str) -> Option<Res> {
        let knowledge = self.view(module).map(View::knowledge).filter(|k| k.has_declarations())?;
        let path = format!("{}::{name}", self.defs.module(module).path);
        knowledge.declares(&path).then(|| Res::Lib(SmolStr::new(path)))
    }

    /// The path of a type of the workspace of which people declared methods.
    pub(crate) fn with_declared_methods(&self, module: ModId, adt: AdtId) -> Option<String> {
        let knowledge = self.view(module).map(View::knowledge).filter(|k| k.has_declarations())?;
        let def = &self.defs.adts[adt.at()];
        let path = format!("{}::{}", self.defs.module(def.home.module).path, def.item.name);
        knowledge.declares(&path).then_some(path)
    }

    /// As many words as lead somewhere: `Type::method` stops at the type. With the number of words used.
    pub(crate) fn prefix(
        &self,
        module: ModId,
        words: &[SmolStr],
        global: bool,
        ns: Ns,
    ) -> Option<(Res, usize)> {
        let first = words.first()?;
        let only = words.len() == 1;
        let first_ns = if only { ns } else { Ns::Types };
        let mut res = match first.as_str() {
            "crate" | "$crate" => Res::Module(self.defs.krates[self.defs.module(module).krate].root),
            "self" => Res::Module(self.out_of_block(module)),
            "super" => Res::Module(self.defs.module(self.out_of_block(module)).parent?),
            _ if global => self.krate(module, first)?,
            _ => self
                .scope(module, first, first_ns)
                .or_else(|| self.krate(module, first))
                .or_else(|| prelude(first, first_ns))
                .or_else(|| self.made_by_macro(self.out_of_block(module), first))
                .or_else(|| self.generated_glob(module, first))
                .or_else(|| self.only_library_glob(module, first))?,
        };
        let mut used = 1;
        while let Some(word) = words.get(used) {
            let last = used + 1 == words.len();
            let ns = if last { ns } else { Ns::Types };
            let next = match &res {
                Res::Module(inner) if word == "super" => self.defs.module(*inner).parent.map(Res::Module),
                Res::Module(inner) => {
                    let here = self.member(*inner, word, ns, 0).or_else(|| self.generated(*inner, word));
                    here.or_else(|| self.made_by_macro(*inner, word))
                }
                Res::Prim(name) if last => Some(Res::Lib(SmolStr::new(format!("{name}::{word}")))),
                Res::Lib(path) => Some(Res::Lib(self.canonical(module, &format!("{path}::{word}")))),
                Res::Adt(adt) => self.variant(*adt, word),
                _ => None,
            };
            match next {
                Some(next) => res = next,
                None if matches!(res, Res::Module(_)) => return None,
                None => break,
            }
            used += 1;
        }
        Some((res, used))
    }

    /// What is known of an attribute. One that no `use` brings comes through `#[macro_use]` from some dependency.
    pub(crate) fn attribute(&self, module: ModId, path: &Path) -> Option<&'a Attribute> {
        let view = self.view(module)?;
        let named = self.written(module, path, Ns::Values).or_else(|| self.written(module, path, Ns::Types));
        match named {
            Some((Res::Lib(path), _)) => view.attribute(&path).map(|a| &**a),
            Some(_) => None,
            None => self
                .libraries(module)
                .find_map(|l| view.attribute(&format!("{l}::{}", path.as_name()?)))
                .map(|a| &**a),
        }
    }

    /// The libraries that a module's package depends on.
    pub(crate) fn libraries(&self, module: ModId) -> impl Iterator<Item = &'a SmolStr> + use<'a> {
        let package = self.packages.list.get(self.defs.package_of(module));
        let mut libraries: Vec<&SmolStr> = package
            .into_iter()
            .flat_map(|p| p.deps.values())
            .filter_map(|d| if let Dep::Library(name) = d { Some(name) } else { None })
            .collect();
        libraries.sort_unstable();
        libraries.into_iter()
    }

    /// A name of a module whose items a program writes.
    fn generated(&self, module: ModId, name: &str) -> Option<Res> {
        self.generated_at(module, name, 0)
    }

    fn generated_at(&self, module: ModId, name: &str, depth: u32) -> Option<Res> {
        let def = self.defs.module(module);
        if let Some(included) = &def.generated {
            return Some(Res::Lib(SmolStr::new(format!("{GENERATED}{included}::{name}"))));
        }
        // `pub use pb::*;`
        let mut globs = def.globs.iter().filter(|_| depth < GLOB_DEPTH);
        globs.find_map(|glob| match glob {
            Res::Module(inner) => self.generated_at(*inner, name, depth + 1),
            _ => None,
        })
    }

    /// A type that only a glob of generated code can bring.
    fn generated_glob(&self, module: ModId, name: &str) -> Option<Res> {
        let capital = name.chars().next().is_some_and(char::is_uppercase);
        let own = self.generated(module, name).filter(|_| capital);
        let globs = self.defs.module(self.out_of_block(module)).globs.iter();
        own.or_else(|| {
            globs.filter(|_| capital).find_map(|glob| match glob {
                Res::Module(inner) => self.generated(*inner, name),
                _ => None,
            })
        })
    }

    /// A name that nothing here defines while one library's `use library::*` is in scope: only that can bring it.
    fn only_library_glob(&self, mut module: ModId, name: &str) -> Option<Res> {
        let mut globs: Vec<&SmolStr> = Vec::new();
        loop {
            let def = self.defs.module(module);
            globs.extend(
                def.globs.iter().filter_map(|g| if let Res::Lib(path) = g { Some(path) } else { None }),
            );
            match def.parent.filter(|_| def.is_block) {
                Some(parent) => module = parent,
                None => break,
            }
        }
        let capital = name.chars().next().is_some_and(char::is_uppercase);
        match globs.as_slice() {
            [only] if capital => Some(Res::Lib(SmolStr::new(format!("{only}::{name}")))),
            _ => None,
        }
    }

    /// A name inside a library path.
    pub(crate) fn canonical(&self, module: ModId, path: &str) -> SmolStr {
        self.view(module).map_or_else(|| SmolStr::new(path), |view| view.canonical(path))
    }

    fn variant(&self, adt: AdtId, name: &str) -> Option<Res> {
        let def = &self.defs.adts[adt.at()];
        let number = def.variants().position(|(n, _)| *n == name).filter(|_| def.is_enum())?;
        Some(Res::Variant(adt, number as u32))
    }

    fn out_of_block(&self, mut module: ModId) -> ModId {
        while self.defs.module(module).is_block {
            match self.defs.module(module).parent {
                Some(parent) => module = parent,
                None => break,
            }
        }
        module
    }

    /// A name as seen from inside a module: its own, and for blocks what is around them.
    fn scope(&self, mut module: ModId, name: &str, ns: Ns) -> Option<Res> {
        loop {
            if let Some(res) = self.member(module, name, ns, 0) {
                return Some(res);
            }
            let current = self.defs.module(module);
            module = current.parent.filter(|_| current.is_block)?;
        }
    }

    /// A name of a module, imports and globs included.
    fn member(&self, module: ModId, name: &str, ns: Ns, depth: u32) -> Option<Res> {
        let def = self.defs.module(module);
        let own = match ns {
            Ns::Types => def.types.get(name),
            Ns::Values => def.values.get(name),
        };
        if own.is_some() || depth > GLOB_DEPTH {
            return own.cloned();
        }
        def.globs.iter().find_map(|glob| match glob {
            Res::Module(inner) => self.member(*inner, name, ns, depth + 1),
            Res::Adt(adt) => self.variant(*adt, name),
            Res::Lib(path) => self.known_in_library(module, path, name),
            _ => None,
        })
    }

    /// What `use library::*` brings is only known where a page names it.
    fn known_in_library(&self, module: ModId, library: &str, name: &str) -> Option<Res> {
        let view = self.view(module)?;
        // A page may name the whole prelude as the library itself, and single items of it elsewhere.
        let written = format!("{library}::{name}");
        let path = view.canonical(&written);
        if path != written || view.knows(&path) {
            return Some(Res::Lib(path));
        }
        let path = view.canonical(&format!("{library}::prelude::{name}"));
        view.knows(&path).then_some(Res::Lib(path))
    }

    /// A crate by the name that the package gives it.
    fn krate(&self, module: ModId, name: &str) -> Option<Res> {
        let number = self.defs.package_of(module);
        let package = self.packages.list.get(number)?;
        if let Some(lib) = self.defs.libs.get(&number)
            && package.targets.iter().any(|t| t.bin.is_none() && t.code_name == name)
        {
            return Some(Res::Module(self.defs.krates[*lib].root));
        }
        match package.deps.get(name) {
            Some(Dep::Workspace(other)) => {
                self.defs.libs.get(other).map(|lib| Res::Module(self.defs.krates[*lib].root))
            }
            Some(Dep::Library(library)) => Some(Res::Lib(self.canonical(module, library))),
            None if matches!(name, "std" | "core" | "alloc") => Some(Res::Lib(SmolStr::new_static("std"))),
            None => None,
        }
    }
}

fn prelude(name: &str, ns: Ns) -> Option<Res> {
    if ns == Ns::Types
        && let Some(primitive) = PRIMITIVES.iter().find(|p| **p == name)
    {
        return Some(Res::Prim(SmolStr::new_static(primitive)));
    }
    PRELUDE.iter().find(|(n, _)| *n == name).map(|(_, path)| Res::Lib(SmolStr::new_static(path)))
}
