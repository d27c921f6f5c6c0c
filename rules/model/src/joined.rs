//! What is declared, what everything is, and what links bodies: the ground that all else is read from.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use svclint_facts::rust::{Body, Item, ItemKind, RustFile};
use svclint_knowledge::Knowledge;

use crate::bodies::{Bodies, BodyDef, BodyId, BodyOwner};
use crate::defs::{BlockKey, Defs, Home, ModId};
use crate::impls::Impls;
use crate::infer::{BodyTypes, Program};
use crate::links::Links;
use crate::names::Names;
use crate::packages::{FileIndex, Packages};
use crate::place::{FileFacts, FileId, SourceFile};
use crate::protos::Protos;
use crate::reads::{Changed, Key, Recorder};
use crate::tracer::Tracer;

/// Names are resolved, types inferred and values linked.
pub(crate) struct Joined {
    pub(crate) packages: Packages,
    pub(crate) defs: Defs,
    impls: Impls,
    protos: Protos,
    pub(crate) bodies: Bodies,
    pub(crate) types: Vec<BodyTypes>,
    links: Links,
}

impl Joined {
    pub(crate) fn new(files: &[SourceFile], knowledge: &Arc<Knowledge>) -> Joined {
        let index = FileIndex::new(files);
        let mut packages = Packages::read(files, &index, knowledge);
        let mut defs = Defs::collect(files, &index, &packages);
        let names = defs.type_names();
        packages.use_pages(|package, name| names.contains(&(package, name)));
        packages.settle();
        defs.resolve_uses(&packages);
        let names = Names { defs: &defs, packages: &packages };
        let impls = Impls::read(&defs, &names);
        let bodies = Bodies::collect(&defs);
        let protos = Protos::read(files);
        let program = Program { defs: &defs, names, impls: &impls, protos: &protos };
        let types: Vec<BodyTypes> = bodies.list.par_iter().map(|def| program.infer(def)).collect();
        let links = Links::read(program, &bodies, &types);
        Joined { packages, defs, impls, protos, bodies, types, links }
    }

    pub(crate) fn program(&self) -> Program<'_> {
        let names = Names { defs: &self.defs, packages: &self.packages };
        Program { defs: &self.defs, names, impls: &self.impls, protos: &self.protos }
    }

    pub(crate) fn tracer<'a>(&'a self, recorder: &'a Recorder) -> Tracer<'a> {
        Tracer::new(self.program(), &self.bodies, &self.types, &self.links, recorder)
    }

    /// Takes on files in which only bodies differ, and tells what is no longer as it was.
    pub(crate) fn replace(&mut self, edited: &[EditedFile]) -> Changed {
        let mut changed = Changed::default();
        let mut stale = Vec::new();
        let mut blocks = Vec::new();
        for edit in edited {
            self.defs.replace(edit);
            for chunk in &edit.changed {
                changed.key(&Key::Chunk(edit.file, *chunk));
            }
            for (number, body) in self.bodies.list.iter_mut().enumerate() {
                if body.home.file != edit.file {
                    continue;
                }
                let (home, new) = match body.owner {
                    BodyOwner::Fn(f) => {
                        let def = &self.defs.fns[f.at()];
                        (def.home, def.def().body.clone())
                    }
                    BodyOwner::Const(c) => {
                        let def = &self.defs.consts[c.at()];
                        (def.home, def.value().cloned())
                    }
                };
                body.home = home;
                if let Some(new) = new.filter(|_| edit.changed.contains(&home.chunk)) {
                    blocks.push((home, new.clone(), self.defs.take_blocks(home, &body.body)));
                    *body = BodyDef::new(body.owner, home, &new);
                    stale.push(BodyId(number as u32));
                }
            }
        }
        for (home, body, modules) in blocks {
            self.defs.put_blocks(home, &body, modules);
        }
        let names = Names { defs: &self.defs, packages: &self.packages };
        let program = Program { defs: &self.defs, names, impls: &self.impls, protos: &self.protos };
        for id in stale {
            let def = self.bodies.get(id);
            let types = program.infer(def);
            self.links.replace(program, id, def, &types, &mut changed);
            self.types[id.at()] = types;
            changed.body(id);
        }
        changed
    }
}

/// A file in which only bodies, comments and places differ.
pub(crate) struct EditedFile {
    pub(crate) file: FileId,
    old: Arc<RustFile>,
    new: Arc<RustFile>,
    /// The chunks that say something else.
    pub(crate) changed: Vec<u32>,
}

impl EditedFile {
    /// Compares two states of all files. `None` where more than bodies differs.
    pub(crate) fn all(old: &[SourceFile], new: &[SourceFile]) -> Option<Vec<EditedFile>> {
        if old.len() != new.len() {
            return None;
        }
        let mut found = Vec::new();
        for (number, (old, new)) in old.iter().zip(new).enumerate() {
            if old.path != new.path {
                return None;
            }
            match (&old.facts, &new.facts) {
                (FileFacts::Rust(a), FileFacts::Rust(b)) if Arc::ptr_eq(a, b) => {}
                (FileFacts::Rust(a), FileFacts::Rust(b)) => {
                    found.push(EditedFile::read(FileId(number as u32), a, b)?);
                }
                (a, b) if a.is_same(b) || a.is_manifest() && b.is_manifest() => {}
                _ => return None,
            }
        }
        Some(found)
    }

    fn read(file: FileId, old: &Arc<RustFile>, new: &Arc<RustFile>) -> Option<EditedFile> {
        if old.generated != new.generated || old.chunks.len() != new.chunks.len() {
            return None;
        }
        let mut changed = Vec::new();
        for (number, (a, b)) in old.chunks.iter().zip(&new.chunks).enumerate() {
            if a.container != b.container || a.is_container != b.is_container {
                return None;
            }
            // The places in facts of an earlier text may lie outside of the chunk as it is: they are found anew.
            let is_stale = a.stale || b.stale;
            if !is_stale && (Arc::ptr_eq(&a.facts, &b.facts) || a.facts == b.facts) {
                continue;
            }
            if a.facts.signature != b.facts.signature {
                return None;
            }
            changed.push(number as u32);
        }
        Some(EditedFile { file, old: old.clone(), new: new.clone(), changed })
    }

    /// Where something stands now that stood at a byte before.
    pub(crate) fn moved(&self, at: u32) -> u32 {
        let number = self.old.chunks.partition_point(|c| c.start <= at).saturating_sub(1);
        match (self.old.chunks.get(number), self.new.chunks.get(number)) {
            (Some(old), Some(new)) => at.saturating_sub(old.start) + new.start,
            _ => at,
        }
    }

    /// The new state of each item of the chunks that changed, by chunk and old item.
    fn items(&self) -> FxHashMap<(u32, *const Item), Arc<Item>> {
        let mut found = FxHashMap::default();
        for number in &self.changed {
            let of = |file: &'_ Arc<RustFile>| file.chunks.get(*number as usize).map(|c| c.facts.clone());
            if let (Some(old), Some(new)) = (of(&self.old), of(&self.new)) {
                pair(&old.items, &new.items, &mut |old, new| {
                    found.insert((*number, Arc::as_ptr(old)), new.clone());
                });
            }
        }
        found
    }
}

/// Visits two lists of items of the same signature side by side.
fn pair(old: &[Arc<Item>], new: &[Arc<Item>], visit: &mut dyn FnMut(&Arc<Item>, &Arc<Item>)) {
    let real = |list: &[Arc<Item>]| list.iter().filter(|i| !i.is_test()).cloned().collect::<Vec<_>>();
    for (old, new) in real(old).iter().zip(&real(new)) {
        visit(old, new);
        match (&old.kind, &new.kind) {
            (ItemKind::Fn(a), ItemKind::Fn(b)) | (ItemKind::MacroRules(a), ItemKind::MacroRules(b)) => {
                pair_bodies(a.body.as_ref(), b.body.as_ref(), visit)
            }
            (ItemKind::Const { value: a, .. }, ItemKind::Const { value: b, .. }) => {
                pair_bodies(a.as_ref(), b.as_ref(), visit);
            }
            (ItemKind::Impl(a), ItemKind::Impl(b)) => pair(&a.members, &b.members, visit),
            (ItemKind::Trait(a), ItemKind::Trait(b)) => pair(&a.members, &b.members, visit),
            (ItemKind::Mod { items: Some(a) }, ItemKind::Mod { items: Some(b) })
            | (ItemKind::Macro { items: a, .. }, ItemKind::Macro { items: b, .. }) => pair(a, b, visit),
            _ => {}
        }
    }
}

fn pair_bodies(
    old: Option<&Arc<Body>>,
    new: Option<&Arc<Body>>,
    visit: &mut dyn FnMut(&Arc<Item>, &Arc<Item>),
) {
    let (Some(old), Some(new)) = (old, new) else { return };
    for ((_, old), (_, new)) in old.blocks_with_items().zip(new.blocks_with_items()) {
        let all = |list: Vec<&Arc<Item>>| list.into_iter().cloned().collect::<Vec<_>>();
        pair(&all(old), &all(new), visit);
    }
}

impl Defs {
    /// Puts new places and new items into what an edited file defines.
    fn replace(&mut self, edit: &EditedFile) {
        let items = edit.items();
        let put = |home: &mut Home, item: &mut Arc<Item>| {
            if home.file != edit.file {
                return;
            }
            home.base = edit.new.chunks.get(home.chunk as usize).map_or(home.base, |c| c.start);
            if let Some(new) = items.get(&(home.chunk, Arc::as_ptr(item))) {
                *item = new.clone();
            }
        };
        self.fns.iter_mut().for_each(|d| put(&mut d.home, &mut d.item));
        self.adts.iter_mut().for_each(|d| put(&mut d.home, &mut d.item));
        self.consts.iter_mut().for_each(|d| put(&mut d.home, &mut d.item));
        self.traits.iter_mut().for_each(|d| put(&mut d.home, &mut d.item));
        self.impls.iter_mut().for_each(|d| put(&mut d.home, &mut d.item));
        self.aliases.iter_mut().for_each(|d| put(&mut d.home, &mut d.item));
    }

    /// The modules of the blocks with items of a body that is no more.
    fn take_blocks(&mut self, home: Home, body: &Body) -> Vec<Option<ModId>> {
        let keys = body.blocks_with_items().map(|(block, _)| BlockKey::of(home, body, block));
        keys.map(|key| self.blocks.remove(&key)).collect()
    }

    /// The blocks of the body in its place have the same modules.
    fn put_blocks(&mut self, home: Home, body: &Body, modules: Vec<Option<ModId>>) {
        let keys = body.blocks_with_items().map(|(block, _)| BlockKey::of(home, body, block));
        self.blocks.extend(keys.zip(modules).filter_map(|(key, module)| Some((key, module?))));
    }
}
