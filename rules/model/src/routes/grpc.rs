//! gRPC services: from what a server adds back to the functions that answer.

use rustc_hash::FxHashSet;
use svclint_knowledge::{Action, Callable, GENERATED, Role};

use super::RouteReader;
use crate::defs::{AdtId, FnIdx, ImplId, Res};
use crate::fold::HOLE;
use crate::infer::{Callee, Target};
use crate::names::Ns;
use crate::place::Tri;
use crate::system::{FnId, Route};
use crate::trace::Step;
use crate::tracer::{At, Tracer};
use crate::ty::Ty;

impl RouteReader<'_> {
    /// `add_service(GreeterServer::new(greeter))`
    pub(super) fn grpc_service(&mut self, at: At) {
        let makes = |c: &Callable| c.does.as_slice().iter().any(|a| matches!(a, Action::GrpcService { .. }));
        let trace = self.tracer.trace(at, &makes);
        if trace.sources.is_empty() && self.mapped_service(&trace.steps) {
            return;
        }
        let inner = if trace.sources.is_empty() { self.services_in(&trace) } else { Vec::new() };
        if !trace.is_complete() && inner.is_empty() {
            self.routes.incomplete = true;
        }
        inner.into_iter().for_each(|value| self.grpc_service(value));
        for source in trace.sources {
            let before = self.routes.list.len();
            for action in self.tracer.actions(source) {
                let Action::GrpcService { name, implementation } = action else { continue };
                match (name, implementation.and_then(|n| self.tracer.arg(source, n))) {
                    (Some(name), _) => self.library_service(name, source),
                    (None, Some(served)) => self.implemented(served, &self.made_service(source)),
                    (None, None) => self.routes.incomplete = true,
                }
            }
            // `with_interceptor(service, function)`
            for action in self.tracer.actions(source) {
                if let Action::Layer { value, .. } = action
                    && let Some(layer) = self.tracer.arg(source, *value)
                {
                    let layers = self.layers_of(layer);
                    for route in self.routes.list.iter_mut().skip(before) {
                        route.layers.splice(0..0, layers.iter().cloned());
                    }
                }
            }
        }
    }

    /// `greeter.map(GreeterServer::new)`: the constructor as a value.
    fn mapped_service(&mut self, steps: &[Step]) -> bool {
        for step in steps {
            let Some(constructor) = self.tracer.arg(step.at, 0) else { continue };
            let Some(Target::Res(Res::Lib(path))) =
                self.tracer.types_of(step.at.body).targets.get(&constructor.expr)
            else {
                continue;
            };
            let view = self.tracer.program.names.view(self.tracer.module(step.at.body));
            let (owner, function) = path.rsplit_once("::").unwrap_or(("", path));
            let callable = view.and_then(|v| v.method(owner, function));
            let serves = callable
                .is_some_and(|c| c.does.as_slice().iter().any(|a| matches!(a, Action::GrpcService { .. })));
            if let Some(served) = self.tracer.receiver(step.at).filter(|_| serves) {
                let name = self.grpc_name(owner);
                self.implemented(served, &name);
                return true;
            }
        }
        false
    }

    fn library_service(&mut self, name: &str, at: At) {
        let method = if name.ends_with("Health") { "Check" } else { "*" };
        self.routes.list.push(Route {
            method: "RPC".into(),
            path: format!("/{name}/{method}"),
            complete: true,
            first_takes_all: false,
            catch_all: false,
            turns_away: false,
            certain: true,
            handler: None,
            handler_text: "(library)".into(),
            at: self.tracer.place(at),
            path_at: None,
            json: Tri::Absent,
            layers: Vec::new(),
        });
    }

    /// The service that `shop.v1::greeter_server::GreeterServer::new` makes.
    fn made_service(&self, made: At) -> GrpcName {
        let path = match self.tracer.ty(made) {
            Ty::Lib(path, _) => path.to_string(),
            _ => match self.tracer.types_of(made.body).callees.get(&made.expr) {
                Some(Callee::Lib(path, _)) => {
                    path.rsplit_once("::").map_or_else(String::new, |(o, _)| o.into())
                }
                _ => String::new(),
            },
        };
        self.grpc_name(&path)
    }

    /// `generated::shop.v1::greeter_server::GreeterServer` → `shop.v1.Greeter`, as the protobuf files spell it.
    fn grpc_name(&self, path: &str) -> GrpcName {
        let words: Vec<&str> = path.trim_start_matches(GENERATED).split("::").collect();
        let server = words.last().copied().unwrap_or("");
        let service = server.strip_suffix("Server").unwrap_or(server).to_owned();
        let package = words.get(..words.len().saturating_sub(2)).unwrap_or_default().join(".");
        if let Some(full) = self.tracer.program.protos.full_name(&package, &service) {
            return GrpcName { service, full, certain: true };
        }
        // Without its file, only a package that is named to `include_proto!` is told.
        let told = path.starts_with(GENERATED) && words.len() == 3 && !package.is_empty();
        let full = format!("{}.{service}", if told { &package } else { HOLE });
        GrpcName { service, full, certain: told }
    }

    fn implemented(&mut self, served: At, name: &GrpcName) {
        let Some(adt) = self.served_adt(served) else {
            self.routes.incomplete = true;
            return;
        };
        let program = self.tracer.program;
        let before = self.routes.list.len();
        for (number, block) in program.defs.impls.iter().enumerate() {
            let of_type = matches!(program.impls.self_ty.get(number), Some(Ty::Adt(id, _)) if *id == adt);
            let Some(trait_) = block.trait_().filter(|_| of_type) else { continue };
            // The trait may have another name where it is implemented.
            let implemented = match program.names.written(block.home.module, trait_, Ns::Types) {
                Some((Res::Lib(path), _)) => self.grpc_name(&path).service,
                _ => trait_.last().to_owned(),
            };
            if implemented == name.service {
                self.rpcs(ImplId(number as u32), name);
            }
        }
        self.routes.incomplete |= self.routes.list.len() == before;
    }

    /// The type that answers: of the value itself, or of what was given for a type parameter.
    fn served_adt(&self, at: At) -> Option<AdtId> {
        let own = served_type(self.tracer.ty(at));
        own.or_else(|| {
            let (value, there) = self.tracer.given(at)?;
            served_type(there.ty(value))
        })
        .or_else(|| {
            let trace = self.tracer.trace(at, &|_| false);
            let ends = trace.lost.iter().chain(trace.steps.iter().map(|s| &s.at));
            ends.filter_map(|end| served_type(self.tracer.ty(*end))).next()
        })
    }

    fn rpcs(&mut self, block: ImplId, name: &GrpcName) {
        let defs = self.tracer.program.defs;
        let mut fns: Vec<FnIdx> = defs.impls[block.at()].fns.values().copied().collect();
        fns.sort_unstable();
        for id in fns {
            let def = &defs.fns[id.at()];
            if !def.def().is_async || !takes_request(&self.tracer, id) {
                continue;
            }
            self.routes.rpcs.push(FnId(id.0));
            self.routes.list.push(Route {
                method: "RPC".into(),
                path: format!("/{}/{}", name.full, camel(&def.item.name)),
                complete: name.certain,
                first_takes_all: false,
                catch_all: false,
                turns_away: false,
                certain: true,
                handler: Some(FnId(id.0)),
                handler_text: def.item.name.to_string(),
                at: self.tracer.item_place(def.home, def.item.name_span),
                path_at: None,
                json: Tri::Absent,
                layers: Vec::new(),
            });
        }
    }

    /// The gRPC services that some functions make, where what is added to the server could not be followed.
    pub(crate) fn all_grpc(&mut self, running: &FxHashSet<FnId>) {
        let program = self.tracer.program;
        let mut made: FxHashSet<AdtId> = FxHashSet::default();
        for function in running {
            if let Some(body) = self.tracer.body_of(FnIdx(function.0)) {
                let types = &self.tracer.types_of(body).types;
                made.extend(types.distinct().iter().filter_map(served_type));
            }
        }
        for (number, block) in program.defs.impls.iter().enumerate() {
            let Some(Ty::Adt(adt, _)) = program.impls.self_ty.get(number) else { continue };
            let Some(trait_) = block.trait_().filter(|_| made.contains(adt)) else { continue };
            let name = match program.names.written(block.home.module, trait_, Ns::Types) {
                Some((Res::Lib(path), _)) => self.grpc_name(&path),
                _ => self.grpc_name(trait_.last()),
            };
            self.rpcs(ImplId(number as u32), &name);
        }
    }
}

/// Whether a function's first parameter is a gRPC request.
pub(crate) fn takes_request(tracer: &Tracer<'_>, id: FnIdx) -> bool {
    let program = tracer.program;
    let view = program.names.view(program.defs.fns[id.at()].home.module);
    let is_request = |ty: &Ty| ty.lib_path().and_then(|p| view?.type_entry(p)?.is) == Some(Role::GrpcRequest);
    program.param_types(id).first().is_some_and(is_request)
}

/// The type that answers, behind pointers.
pub(super) fn served_type(ty: &Ty) -> Option<AdtId> {
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

/// A gRPC service's name.
struct GrpcName {
    /// Its last word.
    service: String,
    /// With its package, as on the wire.
    full: String,
    /// Whether that is certain.
    certain: bool,
}

fn camel(name: &str) -> String {
    let word = |w: &str| {
        let mut chars = w.chars();
        chars.next().map(|c| c.to_uppercase().chain(chars).collect::<String>()).unwrap_or_default()
    };
    name.split('_').map(word).collect()
}
