//! Puts the model together.

use rayon::prelude::*;
use svclint_knowledge::Knowledge;

use crate::bodies::{Bodies, BodyId};
use crate::clients::Outbound;
use crate::defs::Defs;
use crate::functions::functions;
use crate::impls::Impls;
use crate::infer::{BodyTypes, Program};
use crate::names::Names;
use crate::packages::{FileIndex, Packages};
use crate::place::{FileFacts, SourceFile};
use crate::services::services;
use crate::system::{Coverage, Model, Package, Share};
use crate::trace::{Links, Tracer};

impl Model {
    /// Joins the facts of all files. Whatever is not in `files` does not exist.
    pub fn build(files: &[SourceFile], knowledge: &Knowledge) -> Model {
        let index = FileIndex::new(files);
        let packages = Packages::read(files, &index, knowledge);
        let mut defs = Defs::collect(files, &index, &packages);
        defs.resolve_uses(&packages);
        let names = Names { defs: &defs, packages: &packages };
        let impls = Impls::read(&defs, &names);
        let bodies = Bodies::collect(&defs);
        let program = Program { defs: &defs, names: &names, impls: &impls, bodies: &bodies };
        let types: Vec<BodyTypes<'_>> =
            (0..bodies.list.len()).into_par_iter().map(|n| program.infer(BodyId(n as u32))).collect();
        let links = Links::read(program, &types);
        let tracer = Tracer { program, types: &types, links: &links };
        let outbound = Outbound::read(&tracer);
        let functions = functions(&tracer, &outbound);
        let services = services(&tracer, &functions);
        let mut model = Model {
            files: files.iter().map(|f| f.path.clone()).collect(),
            generated: files
                .iter()
                .map(|f| matches!(&f.facts, FileFacts::Rust(rust) if rust.generated))
                .collect(),
            packages: packages
                .list
                .iter()
                .map(|p| Package { name: p.name.clone(), manifest: p.manifest })
                .collect(),
            functions,
            services,
            clients: outbound.clients,
            requests: outbound.requests,
            coverage: Coverage::default(),
        };
        model.coverage = coverage(&model, &types);
        model
    }
}

fn coverage(model: &Model, types: &[BodyTypes<'_>]) -> Coverage {
    let sum = |share: fn(&BodyTypes<'_>) -> Share| {
        let add = |a: Share, b: Share| Share { known: a.known + b.known, total: a.total + b.total };
        types.iter().map(share).fold(Share::default(), add)
    };
    let routes: Vec<_> = model.services.iter().flat_map(|s| &s.routes).collect();
    let known = |client: &&crate::Client| client.limits.values().all(|v| !v.is_unknown());
    Coverage {
        paths: sum(|t| t.paths),
        method_calls: sum(|t| t.method_calls),
        routes: Share {
            known: routes.iter().filter(|r| r.complete).count() as u64,
            total: routes.len() as u64,
        },
        clients: Share {
            known: model.clients.iter().filter(known).count() as u64,
            total: model.clients.len() as u64,
        },
    }
}
