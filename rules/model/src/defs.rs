//! Everything that has a name, and where: modules, types, traits, functions, constants.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use svclint_facts::rust as facts;
use svclint_facts::rust::{Body, ExprId, Item, ItemKind, UseLeaf};
use svclint_syntax::Span;

use crate::place::{FileId, Place};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),*) => {
        $($(#[$doc])* #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) struct $name(pub(crate) u32);
        impl $name { pub(crate) fn at(self) -> usize { self.0 as usize } })*
    };
}
ids!(ModId, AdtId, TraitId, AliasId, FnIdx, ConstId, ImplId);

/// What a name leads to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Res {
    Module(ModId),
    Adt(AdtId),
    Variant(AdtId, u32),
    Trait(TraitId),
    Alias(AliasId),
    Fn(FnIdx),
    Const(ConstId),
    /// Something of a library, by its canonical path.
    Lib(SmolStr),
    /// A type that a library's macro writes: the type entry that it is like, and for which table or service.
    Made(SmolStr, SmolStr),
    /// A primitive type.
    Prim(SmolStr),
}

/// A library or binary.
pub(crate) struct Krate {
    pub(crate) package: usize,
    pub(crate) root: ModId,
    pub(crate) bin: Option<String>,
}

/// A module, or the inside of a block that holds items.
pub(crate) struct Module {
    pub(crate) krate: usize,
    pub(crate) parent: Option<ModId>,
    pub(crate) path: String,
    pub(crate) is_block: bool,
    pub(crate) types: FxHashMap<SmolStr, Res>,
    pub(crate) values: FxHashMap<SmolStr, Res>,
    /// The `use` declarations.
    pub(crate) uses: Vec<Arc<Item>>,
    /// What `use x::*` leads to.
    pub(crate) globs: Vec<Res>,
    /// Its items are written by a program and are not here: the name by which they are included, if it is told.
    pub(crate) generated: Option<SmolStr>,
    /// The extension traits of libraries that are imported.
    pub(crate) traits: Vec<SmolStr>,
    /// Those that a glob may bring.
    pub(crate) glob_traits: Vec<SmolStr>,
}

impl Module {
    /// The names that its `use` declarations bring in.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = &UseLeaf> {
        self.uses
            .iter()
            .flat_map(|item| if let ItemKind::Use(leaves) = &item.kind { leaves.as_slice() } else { &[] })
    }
}

/// Where an item stands: its chunk's place turns its spans into places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Home {
    pub(crate) module: ModId,
    pub(crate) file: FileId,
    /// The chunk's number in its file.
    pub(crate) chunk: u32,
    /// Where the chunk begins.
    pub(crate) base: u32,
}

impl Home {
    pub(crate) fn place(self, span: Span) -> Place {
        Place { file: self.file, span: span.shift(self.base) }
    }
}

pub(crate) struct Adt {
    pub(crate) home: Home,
    pub(crate) item: Arc<Item>,
}

impl Adt {
    pub(crate) fn generics(&self) -> &facts::Generics {
        match &self.item.kind {
            ItemKind::Struct(generics, _) | ItemKind::Enum(generics, _) => generics,
            _ => &NO_GENERICS,
        }
    }

    /// One for a struct; an enum's variants otherwise.
    pub(crate) fn variants(&self) -> impl Iterator<Item = (&SmolStr, &facts::Fields)> {
        let (one, all) = match &self.item.kind {
            ItemKind::Struct(_, fields) => (Some((&self.item.name, fields)), &[][..]),
            ItemKind::Enum(_, variants) => (None, variants.as_slice()),
            _ => (None, &[][..]),
        };
        one.into_iter().chain(all.iter().map(|v| (&v.name, &v.fields)))
    }

    pub(crate) fn variant(&self, number: usize) -> Option<(&SmolStr, &facts::Fields)> {
        match &self.item.kind {
            ItemKind::Struct(_, fields) if number == 0 => Some((&self.item.name, fields)),
            ItemKind::Enum(_, variants) => variants.get(number).map(|v| (&v.name, &v.fields)),
            _ => None,
        }
    }

    pub(crate) fn is_enum(&self) -> bool {
        matches!(self.item.kind, ItemKind::Enum(..))
    }
}

pub(crate) struct TraitDef {
    pub(crate) home: Home,
    pub(crate) item: Arc<Item>,
    pub(crate) fns: FxHashMap<SmolStr, FnIdx>,
}

impl TraitDef {
    pub(crate) fn generics(&self) -> &facts::Generics {
        if let ItemKind::Trait(def) = &self.item.kind { &def.generics } else { &NO_GENERICS }
    }

    /// The traits that it asks for.
    pub(crate) fn bounds(&self) -> &[facts::Path] {
        if let ItemKind::Trait(def) = &self.item.kind { &def.bounds } else { &[] }
    }
}

pub(crate) struct Alias {
    pub(crate) home: Home,
    pub(crate) item: Arc<Item>,
}

impl Alias {
    pub(crate) fn generics(&self) -> &facts::Generics {
        if let ItemKind::TypeAlias(generics, _) = &self.item.kind { generics } else { &NO_GENERICS }
    }

    pub(crate) fn ty(&self) -> &facts::TypeRef {
        if let ItemKind::TypeAlias(_, Some(ty)) = &self.item.kind { ty } else { &facts::TypeRef::Opaque }
    }
}

pub(crate) struct ConstDef {
    pub(crate) home: Home,
    pub(crate) item: Arc<Item>,
}

impl ConstDef {
    pub(crate) fn ty(&self) -> &facts::TypeRef {
        if let ItemKind::Const { ty, .. } = &self.item.kind { ty } else { &facts::TypeRef::Opaque }
    }

    pub(crate) fn value(&self) -> Option<&Arc<Body>> {
        if let ItemKind::Const { value, .. } = &self.item.kind { value.as_ref() } else { None }
    }
}

pub(crate) struct ImplDef {
    pub(crate) home: Home,
    pub(crate) item: Arc<Item>,
    pub(crate) fns: FxHashMap<SmolStr, FnIdx>,
    /// Associated types: `type Target = X;`
    pub(crate) types: FxHashMap<SmolStr, Arc<Item>>,
    pub(crate) consts: FxHashMap<SmolStr, ConstId>,
}

impl ImplDef {
    pub(crate) fn generics(&self) -> &facts::Generics {
        if let ItemKind::Impl(def) = &self.item.kind { &def.generics } else { &NO_GENERICS }
    }

    pub(crate) fn trait_(&self) -> Option<&facts::Path> {
        if let ItemKind::Impl(def) = &self.item.kind { def.trait_.as_ref() } else { None }
    }

    pub(crate) fn self_ty(&self) -> &facts::TypeRef {
        if let ItemKind::Impl(def) = &self.item.kind { &def.self_ty } else { &facts::TypeRef::Opaque }
    }

    /// What an associated type stands for.
    pub(crate) fn associated(&self, name: &str) -> Option<&facts::TypeRef> {
        match &self.types.get(name)?.kind {
            ItemKind::TypeAlias(_, ty) => ty.as_ref(),
            _ => None,
        }
    }
}

/// What a function is a member of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    None,
    Impl(ImplId),
    Trait(TraitId),
}

pub(crate) struct FnDef {
    pub(crate) home: Home,
    pub(crate) item: Arc<Item>,
    pub(crate) owner: Owner,
}

impl FnDef {
    pub(crate) fn def(&self) -> &facts::Function {
        match &self.item.kind {
            ItemKind::Fn(def) | ItemKind::MacroRules(def) => def,
            _ => &NO_FUNCTION,
        }
    }

    /// The type parameters of the block around it.
    pub(crate) fn outer_generics<'d>(&self, defs: &'d Defs) -> Option<&'d facts::Generics> {
        match self.owner {
            Owner::Impl(id) => Some(defs.impls[id.at()].generics()),
            Owner::Trait(id) => Some(defs.traits[id.at()].generics()),
            Owner::None => None,
        }
    }
}

static NO_GENERICS: facts::Generics = facts::Generics { params: Vec::new(), predicates: Vec::new() };
static NO_FUNCTION: facts::Function = facts::Function {
    is_async: false,
    generics: facts::Generics { params: Vec::new(), predicates: Vec::new() },
    receiver: None,
    params: Vec::new(),
    params_span: Span { start: 0, end: 0 },
    ret: None,
    body: None,
};

/// A block that holds items: the module and chunk of its function, and where it begins there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct BlockKey(ModId, u32, u32);

impl BlockKey {
    pub(crate) fn of(home: Home, body: &Body, block: ExprId) -> BlockKey {
        BlockKey(home.module, home.chunk, body.expr(block).span.start)
    }
}

/// All definitions.
#[derive(Default)]
pub(crate) struct Defs {
    pub(crate) krates: Vec<Krate>,
    pub(crate) modules: Vec<Module>,
    pub(crate) adts: Vec<Adt>,
    pub(crate) traits: Vec<TraitDef>,
    pub(crate) aliases: Vec<Alias>,
    pub(crate) consts: Vec<ConstDef>,
    pub(crate) impls: Vec<ImplDef>,
    pub(crate) fns: Vec<FnDef>,
    /// The macros that are like functions, by crate and name.
    pub(crate) macros: FxHashMap<(usize, SmolStr), Option<FnIdx>>,
    /// The modules of blocks with items.
    pub(crate) blocks: FxHashMap<BlockKey, ModId>,
    /// The library crate of a package.
    pub(crate) libs: FxHashMap<usize, usize>,
}

impl Defs {
    /// The types and traits of all packages by name.
    pub(crate) fn type_names(&self) -> FxHashSet<(usize, &str)> {
        let adts = self.adts.iter().map(|a| (a.home.module, a.item.name.as_str()));
        let traits = self.traits.iter().map(|t| (t.home.module, t.item.name.as_str()));
        adts.chain(traits).map(|(module, name)| (self.package_of(module), name)).collect()
    }

    pub(crate) fn module(&self, id: ModId) -> &Module {
        &self.modules[id.at()]
    }

    pub(crate) fn package_of(&self, module: ModId) -> usize {
        self.krates[self.module(module).krate].package
    }
}
