//! Collects what is defined, file by file, along `mod` declarations.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use svclint_facts::rust::{self as facts, Attr, AttrArg, Body, Item, ItemKind, Lit, RustFile};
use svclint_knowledge::{GENERATED, View};

use crate::defs::{
    Adt, AdtId, Alias, AliasId, BlockKey, ConstDef, ConstId, Defs, FnDef, FnIdx, Home, ImplDef, ImplId,
    Krate, ModId, Module, Owner, Res, TraitDef, TraitId,
};
use crate::packages::{FileIndex, Packages};
use crate::place::{FileFacts, FileId, SourceFile};

impl Defs {
    /// Everything that the packages' targets define.
    pub(crate) fn collect(files: &[SourceFile], index: &FileIndex<'_>, packages: &Packages) -> Self {
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
}

/// How deep module files may nest: a file that includes itself ends here.
const MAX_DEPTH: u32 = 64;

struct Collector<'f> {
    files: &'f [SourceFile],
    index: &'f FileIndex<'f>,
    packages: &'f Packages,
    defs: Defs,
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

impl<'f> Collector<'f> {
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
            glob_traits: Vec::new(),
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
            let home = Home { module, file: source.file, chunk: number as u32, base: chunk.start };
            if !chunk.is_container {
                self.items(home, &chunk.facts.items, source);
            } else if let Some(item) = chunk.facts.items.first()
                && !item.is_test()
            {
                self.cut_block(home, item, number as u32, source);
            }
        }
    }

    fn items(&mut self, home: Home, items: &[Arc<Item>], source: Source<'f, '_>) {
        for item in items {
            if !item.is_test() {
                self.item(home, item, source);
            }
        }
    }

    /// A block whose members are chunks of their own.
    fn cut_block(&mut self, home: Home, item: &Arc<Item>, number: u32, source: Source<'f, '_>) {
        let chunks =
            || source.rust.chunks.iter().enumerate().filter(move |(_, c)| c.container == Some(number));
        let at = |n: usize, chunk: &facts::FileChunk| Home { chunk: n as u32, base: chunk.start, ..home };
        match &item.kind {
            ItemKind::Mod { .. } => {
                let inner = self.child(home.module, &item.name);
                let dir = source.dir.join(item.name.as_str());
                self.chunks(inner, Source { dir: &dir, ..source }, Some(number));
            }
            ItemKind::Impl(_) => {
                let id = self.impl_(home, item);
                for (n, chunk) in chunks() {
                    self.members(at(n, chunk), &chunk.facts.items, Owner::Impl(id));
                }
            }
            ItemKind::Trait(_) => {
                let id = self.trait_(home, item);
                for (n, chunk) in chunks() {
                    self.members(at(n, chunk), &chunk.facts.items, Owner::Trait(id));
                }
            }
            _ => {}
        }
    }

    fn item(&mut self, home: Home, item: &Arc<Item>, source: Source<'f, '_>) {
        match &item.kind {
            ItemKind::Fn(_) => {
                let id = self.function(home, item, Owner::None);
                self.named_fn(home.module, item, id);
            }
            ItemKind::Struct(..) | ItemKind::Enum(..) => self.adt(home, item),
            ItemKind::Impl(def) => {
                let id = self.impl_(home, item);
                self.members(home, &def.members, Owner::Impl(id));
            }
            ItemKind::Trait(def) => {
                let id = self.trait_(home, item);
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
            ItemKind::Use(_) => self.defs.modules[home.module.at()].uses.push(item.clone()),
            ItemKind::Const { .. } => {
                let id = self.constant(home, item);
                self.value(home.module, &item.name, Res::Const(id));
            }
            ItemKind::TypeAlias(_, Some(_)) => {
                self.defs.aliases.push(Alias { home, item: item.clone() });
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
            ItemKind::MacroRules(_) => {
                let krate = self.defs.module(home.module).krate;
                let id = self.function(home, item, Owner::None);
                // Of several with one name none is certain.
                let known = self.defs.macros.entry((krate, item.name.clone()));
                known.and_modify(|m| *m = None).or_insert(Some(id));
            }
            ItemKind::TypeAlias(_, None) | ItemKind::Other => {}
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

    fn adt(&mut self, home: Home, item: &Arc<Item>) {
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
        self.defs.adts.push(Adt { home, item: item.clone() });
        self.ty(home.module, &item.name, Res::Adt(id));
        if is_value {
            self.value(home.module, &item.name, Res::Variant(id, 0));
        }
    }

    fn view(&self, module: ModId) -> Option<&'f View> {
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

    fn trait_(&mut self, home: Home, item: &Arc<Item>) -> TraitId {
        self.defs.traits.push(TraitDef { home, item: item.clone(), fns: FxHashMap::default() });
        let id = TraitId(self.defs.traits.len() as u32 - 1);
        self.ty(home.module, &item.name, Res::Trait(id));
        id
    }

    fn impl_(&mut self, home: Home, item: &Arc<Item>) -> ImplId {
        let (fns, types, consts) = (FxHashMap::default(), FxHashMap::default(), FxHashMap::default());
        self.defs.impls.push(ImplDef { home, item: item.clone(), fns, types, consts });
        ImplId(self.defs.impls.len() as u32 - 1)
    }

    fn constant(&mut self, home: Home, item: &Arc<Item>) -> ConstId {
        if let ItemKind::Const { value: Some(body), .. } = &item.kind {
            self.body_items(home, body);
        }
        self.defs.consts.push(ConstDef { home, item: item.clone() });
        ConstId(self.defs.consts.len() as u32 - 1)
    }

    fn members(&mut self, home: Home, members: &[Arc<Item>], owner: Owner) {
        for member in members.iter().filter(|m| !m.is_test()) {
            match (&member.kind, owner) {
                (ItemKind::Fn(_), _) => {
                    let id = self.function(home, member, owner);
                    match owner {
                        Owner::Impl(i) => self.defs.impls[i.at()].fns.insert(member.name.clone(), id),
                        Owner::Trait(t) => self.defs.traits[t.at()].fns.insert(member.name.clone(), id),
                        Owner::None => None,
                    };
                }
                (ItemKind::TypeAlias(_, Some(_)), Owner::Impl(i)) => {
                    self.defs.impls[i.at()].types.insert(member.name.clone(), member.clone());
                }
                (ItemKind::Const { .. }, Owner::Impl(i)) => {
                    let id = self.constant(home, member);
                    self.defs.impls[i.at()].consts.insert(member.name.clone(), id);
                }
                _ => {}
            }
        }
    }

    fn function(&mut self, home: Home, item: &Arc<Item>, owner: Owner) -> FnIdx {
        if let ItemKind::Fn(def) | ItemKind::MacroRules(def) = &item.kind
            && let Some(body) = &def.body
        {
            self.body_items(home, body);
        }
        self.defs.fns.push(FnDef { home, item: item.clone(), owner });
        FnIdx(self.defs.fns.len() as u32 - 1)
    }

    /// Items inside of blocks live in a module of their own that can see the one around it.
    fn body_items(&mut self, home: Home, body: &Body) {
        for (block, items) in body.blocks_with_items() {
            let (krate, path) =
                (self.defs.module(home.module).krate, self.defs.module(home.module).path.clone());
            let module = self.module(krate, Some(home.module), path, true);
            self.defs.blocks.insert(BlockKey::of(home, body, block), module);
            let files = self.files;
            let FileFacts::Rust(rust) = &files[home.file.0 as usize].facts else { continue };
            let source = Source { file: home.file, rust, dir: Path::new(""), depth: MAX_DEPTH };
            for item in items.into_iter().filter(|i| !i.is_test()) {
                self.item(Home { module, ..home }, item, source);
            }
        }
    }
}

/// `#[cfg(not(..))]`
fn is_exception(attrs: &[Attr]) -> bool {
    let cfg = attrs.iter().filter(|a| a.path.last() == "cfg").flat_map(|a| &a.args);
    cfg.into_iter().any(|arg| matches!(arg, AttrArg::Nested(path, _) if path.last() == "not"))
}
