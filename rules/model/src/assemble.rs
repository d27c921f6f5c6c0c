//! Puts the model together from what bodies, clients and programs say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use svclint_facts::proto::ProtoFile;
use svclint_facts::rust::ItemKind;

use svclint_facts::cargo::{CargoManifest, WorkspaceTable};

use crate::joined::Joined;
use crate::packages::{Dep, PackageInfo, Packages};
use crate::place::{FileFacts, FileId, SourceFile};
use crate::system::{Coverage, FileScope, Model, Package, Share, Table};

/// The packages, and which of them programs are built with.
pub(crate) fn packages(files: &[SourceFile], joined: &Joined) -> Vec<Package> {
    let paths: FxHashSet<&Path> = files.iter().map(|f| &*f.path).collect();
    let above = |p: &crate::packages::PackageInfo, names: &[&str]| {
        let manifest = files.get(p.manifest.0 as usize).map(|f| f.path.clone());
        let folders = manifest.iter().flat_map(|m| m.ancestors().skip(1));
        folders.flat_map(|f| names.iter().map(move |n| f.join(n))).any(|f| paths.contains(f.as_path()))
    };
    let programs = || joined.defs.krates.iter().filter(|k| k.bin.is_some()).map(|k| k.package);
    let built_into = |number: usize| {
        let all = programs().filter(|program| joined.packages.needed_by(*program).contains(&number));
        all.map(|program| program as u32).collect::<BTreeSet<u32>>().into_iter().collect()
    };
    let package = |(number, p): (usize, &crate::packages::PackageInfo)| Package {
        name: p.name.clone(),
        manifest: p.manifest,
        in_program: programs().any(|program| joined.packages.needed_by(program).contains(&number)),
        built_into: built_into(number),
        private: is_private(files, p),
        binaries: binaries(files, p),
        needs_compiler: needs_compiler(files, p),
        locked: above(p, &["Cargo.lock"]),
        pins_toolchain: above(p, &["rust-toolchain.toml", "rust-toolchain"]),
        linked: crate::linked::linked(files, joined, number),
        describes_routes: joined.packages.needed_by(number).iter().any(|n| describes(&joined.packages, *n)),
    };
    joined.packages.list.iter().enumerate().map(package).collect()
}

/// Whether a package depends on a library that writes the OpenAPI document from its routes.
fn describes(packages: &Packages, number: usize) -> bool {
    packages.list.get(number).is_some_and(|package| {
        let view = packages.views.get(package.view);
        let is_one = |dep: &Dep| matches!(dep, Dep::Library(name) if view.is_some_and(|v| v.describes(name)));
        package.deps.values().any(is_one)
    })
}

/// Found binaries, and those that are declared though their files are not here.
fn binaries(files: &[SourceFile], package: &PackageInfo) -> Vec<String> {
    let found = package.targets.iter().filter_map(|t| t.bin.clone());
    let declared = manifest(files, package).into_iter().flat_map(|m| &m.bins);
    let declared = declared.filter_map(|t| t.name.as_ref().map(ToString::to_string));
    found.chain(declared).collect::<BTreeSet<_>>().into_iter().collect()
}

fn manifest<'f>(files: &'f [SourceFile], package: &PackageInfo) -> Option<&'f CargoManifest> {
    match &files.get(package.manifest.0 as usize)?.facts {
        FileFacts::Manifest(manifest) => Some(manifest),
        _ => None,
    }
}

/// Whether nobody outside of the workspace gets a package.
fn is_private(files: &[SourceFile], package: &PackageInfo) -> bool {
    manifest(files, package).is_some_and(|own| {
        let inherits = || own.inherits_publish && workspace(files, package).is_some_and(|w| w.private);
        own.private || inherits()
    })
}

/// The table of the workspace that a package is a member of.
fn workspace<'f>(files: &'f [SourceFile], package: &PackageInfo) -> Option<&'f WorkspaceTable> {
    let folder = files.get(package.manifest.0 as usize)?.path.parent()?;
    let tables = files.iter().filter_map(|f| match &f.facts {
        FileFacts::Manifest(m) => Some((f.path.parent()?, m.workspace.as_ref()?)),
        _ => None,
    });
    let above = tables.filter(|(at, _)| folder.starts_with(at));
    above.max_by_key(|(at, _)| at.components().count()).map(|(_, table)| table)
}

fn needs_compiler(files: &[SourceFile], package: &PackageInfo) -> Option<String> {
    let own = manifest(files, package)?;
    let workspace = workspace(files, package);
    let version = own
        .rust_version
        .clone()
        .or_else(|| workspace.filter(|_| own.inherits_rust_version).and_then(|w| w.rust_version.clone()));
    let edition = own
        .edition
        .clone()
        .or_else(|| workspace.filter(|_| own.inherits_edition).and_then(|w| w.edition.clone()));
    version.or_else(|| {
        let since = match edition.as_deref()? {
            "2018" => "1.31",
            "2021" => "1.56",
            "2024" => "1.85",
            _ => return None,
        };
        Some(since.to_owned())
    })
}

/// The folder that holds all files.
pub(crate) fn root(files: &[SourceFile]) -> PathBuf {
    let mut folders = files.iter().filter_map(|f| f.path.parent());
    let Some(first) = folders.next() else { return PathBuf::new() };
    folders.fold(first.to_path_buf(), |root, folder| {
        root.components().zip(folder.components()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
    })
}

/// Whether a program wrote each file.
pub(crate) fn generated(files: &[SourceFile]) -> Vec<bool> {
    files.iter().map(|f| matches!(&f.facts, FileFacts::Rust(rust) if rust.generated)).collect()
}

/// The tables of all migrations: what one file adds to another's table is put together.
pub(crate) fn tables(files: &[SourceFile]) -> Vec<Table> {
    let mut tables: BTreeMap<&str, Table> = BTreeMap::new();
    for file in files {
        let FileFacts::Sql(made) = &file.facts else { continue };
        for one in made.iter() {
            let table = tables
                .entry(&one.name)
                .or_insert_with(|| Table { name: one.name.clone(), unique: Vec::new() });
            table.unique.extend(one.unique.iter().cloned());
        }
    }
    tables.into_values().collect()
}

/// The protobuf files.
pub(crate) fn protos(files: &[SourceFile]) -> Vec<(FileId, Arc<ProtoFile>)> {
    let proto = |(number, file): (usize, &SourceFile)| match &file.facts {
        FileFacts::Proto(proto) => Some((FileId(number as u32), proto.clone())),
        _ => None,
    };
    files.iter().enumerate().filter_map(proto).collect()
}

/// What a file brings in at its top level.
pub(crate) fn scope(file: &SourceFile) -> Arc<FileScope> {
    let mut scope = FileScope::default();
    let FileFacts::Rust(rust) = &file.facts else { return Arc::new(scope) };
    let mut first = None;
    let top = rust.chunks.iter().filter(|c| c.container.is_none());
    for (item, start) in top.flat_map(|c| c.facts.items.iter().map(move |i| (i, c.start))) {
        first = first.or(Some(item.span.start + start));
        if let ItemKind::Use(leaves) = &item.kind {
            let named = leaves.iter().filter(|l| !l.glob);
            scope.uses.extend(named.map(|l| {
                let name = l.rename.as_ref().or(l.path.last());
                (l.path.join("::"), name.map(ToString::to_string).unwrap_or_default())
            }));
            scope.insert_at = item.span.end + start;
            scope.after_use = true;
        } else if !item.name.is_empty() {
            scope.items.push(item.name.to_string());
        }
    }
    if !scope.after_use {
        scope.insert_at = first.unwrap_or(0);
    }
    Arc::new(scope)
}

/// What could be seen.
pub(crate) fn coverage(model: &Model, joined: &Joined) -> Coverage {
    let types = &joined.types;
    let sum = |share: fn(&crate::infer::BodyTypes) -> Share| {
        let add = |a: Share, b: Share| Share { known: a.known + b.known, total: a.total + b.total };
        types.iter().map(share).fold(Share::default(), add)
    };
    let routes: Vec<_> = model.services.iter().flat_map(|s| &s.routes).collect();
    // Routes that cannot be followed are not listed: a service that has some counts for one more.
    let unlisted = model.services.iter().filter(|s| !s.routes_complete).count();
    let known = |client: &&crate::Client| client.limits.values().all(|v| !v.is_unknown());
    Coverage {
        paths: sum(|t| t.paths),
        method_calls: sum(|t| t.method_calls),
        receivers: sum(|t| t.receivers),
        routes: Share {
            known: routes.iter().filter(|r| r.complete).count() as u64,
            total: (routes.len() + unlisted) as u64,
        },
        routes_behind_prefix: routes.iter().filter(|r| r.is_behind_prefix()).count() as u64,
        clients: Share {
            known: model.clients.iter().filter(known).count() as u64,
            total: model.clients.len() as u64,
        },
    }
}
