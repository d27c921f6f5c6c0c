//! Everything that has a name, and where: modules, types, traits, functions, constants.

use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use svclint_facts::rust as facts;
use svclint_facts::rust::{
    Attr, AttrArg, Body, ExprId, ExprKind, Item, ItemKind, Lit, RustFile, Stmt, UseLeaf,
};
use svclint_knowledge::{GENERATED, View};
use svclint_syntax::Span;

use crate::packages::{FileIndex, Packages};
use crate::place::{FileFacts, FileId, Place, SourceFile};

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
pub(crate) struct Module<'f> {
    pub(crate) krate: usize,
    pub(crate) parent: Option<ModId>,
    pub(crate) path: String,
    pub(crate) is_block: bool,
    pub(crate) types: FxHashMap<SmolStr, Res>,
    pub(crate) values: FxHashMap<SmolStr, Res>,
    pub(crate) uses: Vec<&'f UseLeaf>,
    /// What `use x::*` leads to.
    pub(crate) globs: Vec<Res>,
    /// Its items are written by a program and are not here: the name by which they are included, if it is told.
    pub(crate) generated: Option<SmolStr>,
    /// The extension traits of libraries that are imported.
    pub(crate) traits: Vec<SmolStr>,
}

/// Where an item stands: its chunk's place turns its spans into places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Home {
    pub(crate) module: ModId,
    pub(crate) file: FileId,
    pub(crate) base: u32,
}

impl Home {
    pub(crate) fn place(self, span: Span) -> Place {
        Place { file: self.file, span: span.shift(self.base) }
    }
}

pub(crate) struct Adt<'f> {
    pub(crate) home: Home,
    pub(crate) item: &'f Item,
    pub(crate) generics: &'f facts::Generics,
    /// One for a struct; an enum's variants otherwise.
    pub(crate) variants: Vec<(&'f SmolStr, &'f facts::Fields)>,
}

pub(crate) struct TraitDef<'f> {
    pub(crate) home: Home,
    pub(crate) name: &'f SmolStr,
    pub(crate) def: &'f facts::Trait,
    pub(crate) fns: FxHashMap<&'f str, FnIdx>,
}

pub(crate) struct Alias<'f> {
    pub(crate) home: Home,
    pub(crate) generics: &'f facts::Generics,
    pub(crate) ty: &'f facts::TypeRef,
}

pub(crate) struct ConstDef<'f> {
    pub(crate) home: Home,
    pub(crate) ty: &'f facts::TypeRef,
    pub(crate) value: Option<&'f Body>,
}

pub(crate) struct ImplDef<'f> {
    pub(crate) home: Home,
    pub(crate) def: &'f facts::Impl,
    pub(crate) fns: FxHashMap<&'f str, FnIdx>,
    /// Associated types: `type Target = X;`
    pub(crate) types: FxHashMap<&'f str, &'f facts::TypeRef>,
    pub(crate) consts: FxHashMap<&'f str, ConstId>,
}

/// What a function is a member of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    None,
    Impl(ImplId),
    Trait(TraitId),
}

pub(crate) struct FnDef<'f> {
    pub(crate) home: Home,
    pub(crate) item: &'f Item,
    pub(crate) def: &'f facts::Function,
    pub(crate) owner: Owner,
}

/// All definitions.
#[derive(Default)]
pub(crate) struct Defs<'f> {
    pub(crate) krates: Vec<Krate>,
    pub(crate) modules: Vec<Module<'f>>,
    pub(crate) adts: Vec<Adt<'f>>,
    pub(crate) traits: Vec<TraitDef<'f>>,
    pub(crate) aliases: Vec<Alias<'f>>,
    pub(crate) consts: Vec<ConstDef<'f>>,
    pub(crate) impls: Vec<ImplDef<'f>>,
    pub(crate) fns: Vec<FnDef<'f>>,
    /// The modules of blocks with items, by body and block.
    pub(crate) blocks: FxHashMap<(usize, ExprId), ModId>,
    /// The library crate of a package.
    pub(crate) libs: FxHashMap<usize, usize>,
}

impl<'f> Defs<'f> {
    pub(crate) fn collect(files: &'f [SourceFile], index: &FileIndex<'f>, packages: &Packages<'_>) -> Self {
        let mut collector = Collector { files, index, packages, defs: Defs::default() };
        for (number, package) in packages.list.iter().enumerate() {
            for target in &package.targets {
                let krate = collector.defs.krates.len();
                let root = collector.module(krate, None, target.code_name.to_string(), false);
                if target.bin.is_none() {
                    collector.defs.libs.insert(number, krate);
                }
                collector.defs.krates.push(Krate { package: number, root, bin: target.bin.clone() });
                let dir = files[target.root.0 as usize].path.parent().unwrap_or(Path::new("")).to_owned();
                collector.file(root, target.root, &dir, 0);
            }
        }
        collector.defs
    }

    /// The types and traits of all packages by name.
    pub(crate) fn type_names(&self) -> FxHashSet<(usize, &'f str)> {
        let adts = self.adts.iter().map(|a| (a.home.module, a.item.name.as_str()));
        let traits = self.traits.iter().map(|t| (t.home.module, t.name.as_str()));
        adts.chain(traits).map(|(module, name)| (self.package_of(module), name)).collect()
    }

    pub(crate) fn module(&self, id: ModId) -> &Module<'f> {
        &self.modules[id.at()]
    }

    pub(crate) fn package_of(&self, module: ModId) -> usize {
        self.krates[self.module(module).krate].package
    }
}

/// How deep module files may nest: a file that includes itself ends here.
const MAX_DEPTH: u32 = 64;

struct Collector<'f, 'i, 'k> {
    files: &'f [SourceFile],
    index: &'i FileIndex<'f>,
    packages: &'i Packages<'k>,
    defs: Defs<'f>,
}

/// The part of a file that a module's items come from.
#[derive(Clone, Copy)]
struct Source<'f, 'p> {
    file: FileId,
    rust: &'f RustFile,
    /// Where `mod x;` looks for `x.rs`.
    dir: &'p Path,
    depth: u32,
}

impl<'f, 'i, 'k> Collector<'f, 'i, 'k> {
    fn module(&mut self, krate: usize, parent: Option<ModId>, path: String, is_block: bool) -> ModId {
        let (types, values) = (FxHashMap::default(), FxHashMap::default());
        self.defs.modules.push(Module {
            krate,
            parent,
            path,
            is_block,
            types,
            values,
            uses: Vec::new(),
            globs: Vec::new(),
            generated: None,
            traits: Vec::new(),
        });
        ModId(self.defs.modules.len() as u32 - 1)
    }

    fn child(&mut self, parent: ModId, name: &str) -> ModId {
        // Two declarations under different `cfg`s are one module here.
        if let Some(Res::Module(known)) = self.defs.module(parent).types.get(name) {
            return *known;
        }
        let (krate, path) =
            (self.defs.module(parent).krate, format!("{}::{name}", self.defs.module(parent).path));
        let id = self.module(krate, Some(parent), path, false);
        self.defs.modules[parent.at()].types.insert(SmolStr::new(name), Res::Module(id));
        id
    }

    fn file(&mut self, module: ModId, file: FileId, dir: &Path, depth: u32) {
        let files = self.files;
        let FileFacts::Rust(rust) = &files[file.0 as usize].facts else { return };
        if depth < MAX_DEPTH {
            self.chunks(module, Source { file, rust, dir, depth }, None);
        }
    }

    /// The items of all chunks with a container.
    fn chunks(&mut self, module: ModId, source: Source<'f, '_>, container: Option<u32>) {
        for (number, chunk) in source.rust.chunks.iter().enumerate().filter(|(_, c)| c.container == container)
        {
            let home = Home { module, file: source.file, base: chunk.start };
            if !chunk.is_container {
                self.items(home, &chunk.facts.items, source);
            } else if let Some(item) = chunk.facts.items.first()
                && !is_test(&item.attrs)
            {
                self.cut_block(home, item, number as u32, source);
            }
        }
    }

    fn items(&mut self, home: Home, items: &'f [Item], source: Source<'f, '_>) {
        for item in items {
            if !is_test(&item.attrs) {
                self.item(home, item, source);
            }
        }
    }

    /// A block whose members are chunks of their own.
    fn cut_block(&mut self, home: Home, item: &'f Item, number: u32, source: Source<'f, '_>) {
        let chunks = || source.rust.chunks.iter().filter(move |c| c.container == Some(number));
        match &item.kind {
            ItemKind::Mod { .. } => {
                let inner = self.child(home.module, &item.name);
                let dir = source.dir.join(item.name.as_str());
                self.chunks(inner, Source { dir: &dir, ..source }, Some(number));
            }
            ItemKind::Impl(def) => {
                let id = self.impl_(home, def);
                for chunk in chunks() {
                    self.members(Home { base: chunk.start, ..home }, &chunk.facts.items, Owner::Impl(id));
                }
            }
            ItemKind::Trait(def) => {
                let id = self.trait_(home, item, def);
                for chunk in chunks() {
                    self.members(Home { base: chunk.start, ..home }, &chunk.facts.items, Owner::Trait(id));
                }
            }
            _ => {}
        }
    }

    fn item(&mut self, home: Home, item: &'f Item, source: Source<'f, '_>) {
        match &item.kind {
            ItemKind::Fn(def) => {
                let id = self.function(home, item, def, Owner::None);
                self.named_fn(home.module, item, id);
            }
            ItemKind::Struct(generics, fields) => {
                self.adt(home, item, generics, vec![(&item.name, fields)]);
            }
            ItemKind::Enum(generics, variants) => {
                self.adt(home, item, generics, variants.iter().map(|v| (&v.name, &v.fields)).collect());
            }
            ItemKind::Impl(def) => {
                let id = self.impl_(home, def);
                self.members(home, &def.members, Owner::Impl(id));
            }
            ItemKind::Trait(def) => {
                let id = self.trait_(home, item, def);
                self.members(home, &def.members, Owner::Trait(id));
            }
            ItemKind::Mod { items } => {
                let inner = self.child(home.module, &item.name);
                match items {
                    Some(items) => {
                        let dir = source.dir.join(item.name.as_str());
                        self.items(Home { module: inner, ..home }, items, Source { dir: &dir, ..source });
                    }
                    None => self.mod_file(inner, item, source),
                }
            }
            ItemKind::Use(leaves) => {
                self.defs.modules[home.module.at()].uses.extend(leaves);
            }
            ItemKind::Const { ty, value, .. } => {
                let id = self.constant(home, ty, value.as_deref());
                self.value(home.module, &item.name, Res::Const(id));
            }
            ItemKind::TypeAlias(generics, Some(ty)) => {
                self.defs.aliases.push(Alias { home, generics, ty });
                let id = AliasId(self.defs.aliases.len() as u32 - 1);
                self.ty(home.module, &item.name, Res::Alias(id));
            }
            ItemKind::Macro { path, items, strings } => {
                if matches!(path.last(), "include_proto" | "include") {
                    let name = strings.last().map_or("", |(text, _)| text.as_str());
                    let name = name.trim_start_matches('/').trim_end_matches(".rs");
                    self.defs.modules[home.module.at()].generated = Some(SmolStr::new(name));
                }
                self.items(home, items, source);
            }
            ItemKind::TypeAlias(_, None) | ItemKind::ExternCrate | ItemKind::Other => {}
        }
    }

    fn mod_file(&mut self, module: ModId, item: &Item, source: Source<'f, '_>) {
        let here = self.files[source.file.0 as usize].path.parent().unwrap_or(Path::new("")).to_owned();
        let written =
            item.attrs.iter().find(|a| a.path.as_name().is_some_and(|n| n == "path")).and_then(|a| {
                match a.args.as_slice() {
                    [AttrArg::Pair(_, Lit::Str(path), _)] => Some(here.join(path)),
                    _ => None,
                }
            });
        let name = item.name.as_str();
        let candidates: Vec<(PathBuf, PathBuf)> = match written {
            Some(path) => vec![(path.clone(), path.parent().unwrap_or(Path::new("")).to_owned())],
            None => vec![
                (source.dir.join(format!("{name}.rs")), source.dir.join(name)),
                (source.dir.join(name).join("mod.rs"), source.dir.join(name)),
            ],
        };
        let found = candidates.into_iter().find_map(|(file, dir)| Some((self.index.get(&file)?, dir)));
        match found {
            Some((file, dir)) => self.file(module, file, &dir, source.depth + 1),
            None => self.defs.modules[module.at()].generated = Some(SmolStr::new(name)),
        }
    }

    fn ty(&mut self, module: ModId, name: &SmolStr, res: Res) {
        self.defs.modules[module.at()].types.insert(name.clone(), res);
    }

    fn value(&mut self, module: ModId, name: &SmolStr, res: Res) {
        self.defs.modules[module.at()].values.insert(name.clone(), res);
    }

    /// A function; of twins under different `cfg`s, the one that is built in most cases.
    fn named_fn(&mut self, module: ModId, item: &Item, id: FnIdx) {
        let values = &mut self.defs.modules[module.at()].values;
        if !values.contains_key(&item.name) || !is_exception(&item.attrs) {
            values.insert(item.name.clone(), Res::Fn(id));
        }
    }

    fn adt(
        &mut self,
        home: Home,
        item: &'f Item,
        generics: &'f facts::Generics,
        variants: Vec<(&'f SmolStr, &'f facts::Fields)>,
    ) {
        let id = AdtId(self.defs.adts.len() as u32);
        self.derived(home, item);
        let view = self.view(home.module);
        let module_name = self.defs.module(home.module).path.rsplit("::").next().unwrap_or("");
        let of_program = matches!(&self.files[home.file.0 as usize].facts, FileFacts::Rust(f) if f.generated);
        if of_program && view.is_some_and(|v| v.is_generated(module_name, &item.name)) {
            let path = format!("{GENERATED}{}::{}", self.defs.module(home.module).path, item.name);
            return self.ty(home.module, &item.name, Res::Lib(SmolStr::new(path)));
        }
        let is_value =
            matches!(&item.kind, ItemKind::Struct(_, facts::Fields::Tuple(_) | facts::Fields::Unit));
        self.defs.adts.push(Adt { home, item, generics, variants });
        self.ty(home.module, &item.name, Res::Adt(id));
        if is_value {
            self.value(home.module, &item.name, Res::Variant(id, 0));
        }
    }

    fn view(&self, module: ModId) -> Option<&'i View<'k>> {
        let package = self.packages.list.get(self.defs.package_of(module))?;
        self.packages.views.get(package.view)
    }

    /// What the derives of a type write beside it.
    fn derived(&mut self, home: Home, item: &Item) {
        let Some(view) = self.view(home.module) else { return };
        let derives = item.attrs.iter().filter(|a| a.path.last() == "derive").flat_map(|a| &a.args);
        for derive in derives {
            let AttrArg::Nested(path, _) = derive else { continue };
            for (name, like) in view.generates(path.last()).into_iter().flatten() {
                let table = item.attrs.iter().flat_map(|a| &a.args).find_map(|arg| match arg {
                    AttrArg::Pair(key, Lit::Str(table), _) if key == "table_name" => Some(table.as_str()),
                    _ => None,
                });
                let module = self.defs.module(home.module).path.rsplit("::").next().unwrap_or("");
                let of = SmolStr::new(table.unwrap_or(module));
                self.ty(home.module, name, Res::Made(like.clone(), of));
            }
        }
    }

    fn trait_(&mut self, home: Home, item: &'f Item, def: &'f facts::Trait) -> TraitId {
        self.defs.traits.push(TraitDef { home, name: &item.name, def, fns: FxHashMap::default() });
        let id = TraitId(self.defs.traits.len() as u32 - 1);
        self.ty(home.module, &item.name, Res::Trait(id));
        id
    }

    fn impl_(&mut self, home: Home, def: &'f facts::Impl) -> ImplId {
        let (fns, types, consts) = (FxHashMap::default(), FxHashMap::default(), FxHashMap::default());
        self.defs.impls.push(ImplDef { home, def, fns, types, consts });
        ImplId(self.defs.impls.len() as u32 - 1)
    }

    fn constant(&mut self, home: Home, ty: &'f facts::TypeRef, value: Option<&'f Body>) -> ConstId {
        if let Some(body) = value {
            self.body_items(home, body);
        }
        self.defs.consts.push(ConstDef { home, ty, value });
        ConstId(self.defs.consts.len() as u32 - 1)
    }

    fn members(&mut self, home: Home, members: &'f [Item], owner: Owner) {
        for member in members.iter().filter(|m| !is_test(&m.attrs)) {
            match (&member.kind, owner) {
                (ItemKind::Fn(def), _) => {
                    let id = self.function(home, member, def, owner);
                    match owner {
                        Owner::Impl(i) => self.defs.impls[i.at()].fns.insert(&member.name, id),
                        Owner::Trait(t) => self.defs.traits[t.at()].fns.insert(&member.name, id),
                        Owner::None => None,
                    };
                }
                (ItemKind::TypeAlias(_, Some(ty)), Owner::Impl(i)) => {
                    self.defs.impls[i.at()].types.insert(&member.name, ty);
                }
                (ItemKind::Const { ty, value, .. }, Owner::Impl(i)) => {
                    let id = self.constant(home, ty, value.as_deref());
                    self.defs.impls[i.at()].consts.insert(&member.name, id);
                }
                _ => {}
            }
        }
    }

    fn function(&mut self, home: Home, item: &'f Item, def: &'f facts::Function, owner: Owner) -> FnIdx {
        if let Some(body) = &def.body {
            self.body_items(home, body);
        }
        self.defs.fns.push(FnDef { home, item, def, owner });
        FnIdx(self.defs.fns.len() as u32 - 1)
    }

    /// Items inside of blocks live in a module of their own that can see the one around it.
    fn body_items(&mut self, home: Home, body: &'f Body) {
        for (id, expr) in body.iter() {
            let ExprKind::Block { stmts, .. } = &expr.kind else { continue };
            if !stmts.iter().any(|s| matches!(s, Stmt::Item(_))) {
                continue;
            }
            let (krate, path) =
                (self.defs.module(home.module).krate, self.defs.module(home.module).path.clone());
            let module = self.module(krate, Some(home.module), path, true);
            self.defs.blocks.insert((address(body), id), module);
            let files = self.files;
            let FileFacts::Rust(rust) = &files[home.file.0 as usize].facts else { continue };
            let source = Source { file: home.file, rust, dir: Path::new(""), depth: MAX_DEPTH };
            for stmt in stmts {
                if let Stmt::Item(item) = stmt
                    && !is_test(&item.attrs)
                {
                    self.item(Home { module, ..home }, item, source);
                }
            }
        }
    }
}

/// `#[cfg(not(..))]`
fn is_exception(attrs: &[Attr]) -> bool {
    let cfg = attrs.iter().filter(|a| a.path.last() == "cfg").flat_map(|a| &a.args);
    cfg.into_iter().any(|arg| matches!(arg, AttrArg::Nested(path, _) if path.last() == "not"))
}

/// Whether an item is compiled for tests only.
pub(crate) fn is_test(attrs: &[Attr]) -> bool {
    attrs.iter().any(|a| match a.path.last() {
        "test" => true,
        "cfg" => a.args.iter().any(wants_test),
        _ => false,
    })
}

/// `test`, `all(test, ..)`; not `any(test, ..)` and not `not(test)`.
fn wants_test(arg: &AttrArg) -> bool {
    match arg {
        AttrArg::Nested(path, args) if args.is_empty() => path.last() == "test",
        AttrArg::Nested(path, args) => path.last() == "all" && args.iter().any(wants_test),
        _ => false,
    }
}

/// Facts do not move while a model is built, so a body's address names it.
pub(crate) fn address(body: &Body) -> usize {
    std::ptr::from_ref(body).addr()
}
