//! gRPC services: from what a server adds back to the functions that answer.

use rustc_hash::FxHashSet;
use svclint_knowledge::{Action, Callable, GENERATED, Role};

use super::RouteReader;
use crate::defs::{AdtId, FnIdx, ImplId, Res};
use crate::infer::Callee;
use crate::names::Ns;
use crate::place::Tri;
use crate::system::{FnId, Route};
use crate::trace::At;
use crate::ty::Ty;

impl RouteReader<'_, '_, '_> {
    /// `add_service(GreeterServer::new(greeter))`
    pub(super) fn grpc_service(&mut self, at: At) {
        let makes = |c: &Callable| c.does.as_slice().iter().any(|a| matches!(a, Action::GrpcService { .. }));
        let trace = self.tracer.trace(at, &makes);
        if !trace.is_complete() {
            self.routes.incomplete = true;
        }
        for source in trace.sources {
            for action in self.tracer.actions(source) {
                let Action::GrpcService { name, implementation } = action else { continue };
                match (name, implementation.and_then(|n| self.tracer.arg(source, n))) {
                    (Some(name), _) => self.library_service(name, source),
                    (None, Some(served)) => self.implemented(served, &self.service_name(source)),
                    (None, None) => self.routes.incomplete = true,
                }
            }
        }
    }

    fn library_service(&mut self, name: &str, at: At) {
        let method = if name.ends_with("Health") { "Check" } else { "*" };
        self.routes.list.push(Route {
            method: "RPC".into(),
            path: format!("/{name}/{method}"),
            complete: true,
            handler: None,
            handler_text: "(library)".into(),
            at: self.tracer.place(at),
            path_at: None,
            json: Tri::Absent,
            layers: Vec::new(),
        });
    }

    /// The full name of the service that `shop.v1::greeter_server::GreeterServer::new` makes: `shop.v1.Greeter`.
    fn service_name(&self, made: At) -> String {
        let path = match self.tracer.ty(made) {
            Ty::Lib(path, _) => path.to_string(),
            _ => match self.tracer.types_of(made.body).callees.get(&made.expr) {
                Some(Callee::Lib(path, _)) => {
                    path.rsplit_once("::").map_or_else(String::new, |(o, _)| o.into())
                }
                _ => String::new(),
            },
        };
        full_name(&path)
    }

    fn implemented(&mut self, served: At, service: &str) {
        let Some(adt) = self.served_type(self.tracer.ty(served)) else {
            self.routes.incomplete = true;
            return;
        };
        let trait_ = service.rsplit('.').next().unwrap_or(service);
        let program = self.tracer.program;
        let before = self.routes.list.len();
        for (number, block) in program.defs.impls.iter().enumerate() {
            let of_type = matches!(program.impls.self_ty.get(number), Some(Ty::Adt(id, _)) if *id == adt);
            let of_trait = block.def.trait_.as_ref().is_some_and(|t| t.last() == trait_);
            if of_type && of_trait {
                self.rpcs(ImplId(number as u32), service);
            }
        }
        self.routes.incomplete |= self.routes.list.len() == before;
    }

    /// The type that answers, behind pointers.
    fn served_type(&self, ty: &Ty) -> Option<AdtId> {
        let mut ty = ty;
        for _ in 0..8 {
            match ty {
                Ty::Adt(id, _) => return Some(*id),
                Ty::Lib(_, args) => ty = args.first()?,
                _ => return None,
            }
        }
        None
    }

    fn rpcs(&mut self, block: ImplId, service: &str) {
        let defs = self.tracer.program.defs;
        let mut fns: Vec<FnIdx> = defs.impls[block.at()].fns.values().copied().collect();
        fns.sort_unstable();
        for id in fns {
            let def = &defs.fns[id.at()];
            if !def.def.is_async || !self.takes_request(id) {
                continue;
            }
            self.routes.rpcs.push(FnId(id.0));
            self.routes.list.push(Route {
                method: "RPC".into(),
                path: format!("/{service}/{}", camel(&def.item.name)),
                complete: !service.is_empty() && !service.contains(crate::fold::HOLE),
                handler: Some(FnId(id.0)),
                handler_text: def.item.name.to_string(),
                at: def.home.place(def.item.name_span),
                path_at: None,
                json: Tri::Absent,
                layers: Vec::new(),
            });
        }
    }

    fn takes_request(&self, id: FnIdx) -> bool {
        let program = self.tracer.program;
        let view = program.names.view(program.defs.fns[id.at()].home.module);
        let is_request =
            |ty: &Ty| ty.lib_path().and_then(|p| view?.type_entry(p)?.is) == Some(Role::GrpcRequest);
        program.param_types(id).first().is_some_and(is_request)
    }

    /// The gRPC services that some functions make, where what is added to the server could not be followed.
    pub(crate) fn all_grpc(&mut self, running: &FxHashSet<FnId>) {
        let program = self.tracer.program;
        let mut made: FxHashSet<AdtId> = FxHashSet::default();
        for function in running {
            if let Some(body) = program.bodies.of_fn.get(&FnIdx(function.0)) {
                let types = &self.tracer.types_of(*body).types;
                made.extend(types.iter().filter_map(|ty| self.served_type(ty)));
            }
        }
        for (number, block) in program.defs.impls.iter().enumerate() {
            let Some(Ty::Adt(adt, _)) = program.impls.self_ty.get(number) else { continue };
            let Some(trait_) = block.def.trait_.as_ref().filter(|_| made.contains(adt)) else { continue };
            let name = match program.names.written(block.home.module, trait_, Ns::Types) {
                Some((Res::Lib(path), _)) => full_name(&path),
                _ => format!("{}.{}", crate::fold::HOLE, trait_.last()),
            };
            self.rpcs(ImplId(number as u32), &name);
        }
    }
}

/// `generated::shop.v1::greeter_server::GreeterServer` → `shop.v1.Greeter`. In a library of generated code the modules need
/// not be named like the package.
fn full_name(path: &str) -> String {
    let words: Vec<&str> = path.trim_start_matches(GENERATED).split("::").collect();
    let [.., server] = words.as_slice() else { return String::new() };
    let name = server.strip_suffix("Server").unwrap_or(server);
    match words.as_slice() {
        [package, .., _, _] if path.starts_with(GENERATED) && !package.is_empty() => {
            format!("{package}.{name}")
        }
        [_, _] if path.starts_with(GENERATED) => name.to_owned(),
        _ => format!("{}.{name}", crate::fold::HOLE),
    }
}

fn camel(name: &str) -> String {
    let word = |w: &str| {
        let mut chars = w.chars();
        chars.next().map(|c| c.to_uppercase().chain(chars).collect::<String>()).unwrap_or_default()
    };
    name.split('_').map(word).collect()
}
