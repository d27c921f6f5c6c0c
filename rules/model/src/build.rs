//! Puts the model together.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use svclint_facts::rust::ItemKind;
use svclint_knowledge::Knowledge;

use crate::bodies::{Bodies, BodyId};
use crate::clients::Outbound;
use crate::defs::Defs;
use crate::effects::summaries;
use crate::functions::{Known, functions};
use crate::impls::Impls;
use crate::infer::{BodyTypes, Program};
use crate::links::Links;
use crate::names::Names;
use crate::packages::{FileIndex, Packages};
use crate::place::{FileFacts, SourceFile};
use crate::protos::Protos;
use crate::services::services;
use crate::system::{Coverage, FileScope, Model, Package, Share, Table};
use crate::trace::Tracer;

impl Model {
    /// Joins the facts of all files. Whatever is not in `files` does not exist.
    pub fn build(files: &[SourceFile], knowledge: &Arc<Knowledge>) -> Model {
        joined(files, knowledge, |tracer| {
            let program = tracer.program;
            let outbound = Outbound::read(tracer);
            let (mut settings, mut by_call) = (Vec::new(), FxHashMap::default());
            for (call, setting) in crate::settings::settings(tracer) {
                by_call.extend(call.map(|at| (at, settings.len() as u32)));
                settings.push(setting);
            }
            let functions = functions(tracer, &Known { outbound: &outbound, settings: &by_call });
            let effects = summaries(&functions, &outbound.requests, &outbound.clients);
            let services = services(tracer, &functions);
            let packages = &program.names.packages.list;
            let programs = program.defs.krates.iter().filter(|k| k.bin.is_some());
            let in_programs: FxHashSet<usize> =
                programs.flat_map(|k| program.names.packages.needed_by(k.package)).copied().collect();
            let mut model = Model {
                files: files.iter().map(|f| f.path.clone()).collect(),
                generated: files
                    .iter()
                    .map(|f| matches!(&f.facts, FileFacts::Rust(rust) if rust.generated))
                    .collect(),
                packages: packages
                    .iter()
                    .enumerate()
                    .map(|(number, p)| Package {
                        name: p.name.clone(),
                        manifest: p.manifest,
                        in_program: in_programs.contains(&number),
                    })
                    .collect(),
                functions,
                services,
                clients: outbound.clients,
                requests: outbound.requests,
                scopes: files.iter().map(scope).collect(),
                tables: tables(files),
                policies: crate::limits::policies(tracer),
                channels: crate::limits::channels(tracer),
                settings,
                effects,
                coverage: Coverage::default(),
            };
            model.coverage = coverage(&model, tracer.types);
            model
        })
    }
}

/// Resolves names, infers types and links values: what everything else is read from.
pub(crate) fn joined<R>(
    files: &[SourceFile],
    knowledge: &Arc<Knowledge>,
    read: impl FnOnce(&Tracer<'_>) -> R,
) -> R {
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
    let program = Program { defs: &defs, names: &names, impls: &impls, bodies: &bodies, protos: &protos };
    let types: Vec<BodyTypes> =
        (0..bodies.list.len()).into_par_iter().map(|n| program.infer(BodyId(n as u32))).collect();
    let links = Links::read(program, &types);
    read(&Tracer { program, types: &types, links: &links, scope: None, calls: Default::default() })
}

/// The tables of all migrations: what one file adds to another's table is put together.
fn tables(files: &[SourceFile]) -> Vec<Table> {
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

/// What a file brings in at its top level.
fn scope(file: &SourceFile) -> FileScope {
    let mut scope = FileScope::default();
    let FileFacts::Rust(rust) = &file.facts else { return scope };
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
    scope
}

fn coverage(model: &Model, types: &[BodyTypes]) -> Coverage {
    let sum = |share: fn(&BodyTypes) -> Share| {
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
        clients: Share {
            known: model.clients.iter().filter(known).count() as u64,
            total: model.clients.len() as u64,
        },
    }
}
