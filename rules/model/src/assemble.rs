//! Puts the model together from what bodies, clients and programs say.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use svclint_facts::proto::ProtoFile;
use svclint_facts::rust::ItemKind;

use crate::joined::Joined;
use crate::place::{FileFacts, FileId, SourceFile};
use crate::system::{Coverage, FileScope, Model, Package, Share, Table};

/// The packages, and which of them programs are built with.
pub(crate) fn packages(joined: &Joined) -> Vec<Package> {
    let programs = joined.defs.krates.iter().filter(|k| k.bin.is_some());
    let in_programs: FxHashSet<usize> =
        programs.flat_map(|k| joined.packages.needed_by(k.package)).copied().collect();
    let package = |(number, p): (usize, &crate::packages::PackageInfo)| Package {
        name: p.name.clone(),
        manifest: p.manifest,
        in_program: in_programs.contains(&number),
    };
    joined.packages.list.iter().enumerate().map(package).collect()
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
