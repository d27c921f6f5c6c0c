//! Routes: from the router that is served back to every path and handler.

mod attributes;
mod catch_all;
mod configure;
mod dispatch;
mod filters;
mod grpc;
mod json;
mod layers;
mod methods;
mod mount;
pub(crate) mod order;
mod path;
mod roots;
mod site;

use rustc_hash::FxHashSet;
use svclint_facts::rust::{ExprId, ExprKind, Lit};
use svclint_knowledge::{Action, Callable, Role};

use crate::defs::{AdtId, FnIdx};
use crate::fold::Text;
use crate::impls::Key;
use crate::place::Tri;
use crate::system::{FnId, Route, RouteLayer, RouterSite};
use crate::trace::{Step, Trace};
use crate::tracer::{At, Tracer};
use crate::ty::Ty;

pub(crate) use grpc::takes_request;
use layers::Collected;
use path::join;
pub(crate) use path::normal;

/// The routes of one server.
#[derive(Default)]
pub(crate) struct Routes {
    pub(crate) list: Vec<Route>,
    /// Something was mounted that could not be followed.
    pub(crate) incomplete: bool,
    /// The way to what is served was lost somewhere.
    pub(crate) lost: bool,
    /// All layers, wherever they stand.
    pub(crate) layers: Vec<RouteLayer>,
    /// The functions that implement gRPC and other services: code of libraries calls them.
    pub(crate) rpcs: Vec<FnId>,
    /// Where the outermost router is made.
    pub(crate) site: Option<RouterSite>,
}

impl Routes {
    /// The paths, where all are known.
    pub(crate) fn paths(&self) -> Tri<Vec<String>> {
        // The package of an RPC says nothing of what it is for.
        let is_told =
            |r: &Route| r.complete || r.path.strip_prefix("/{?}.").is_some_and(|rest| !rest.contains("{?}"));
        let known = !self.incomplete && !self.lost && self.list.iter().all(is_told);
        let answered = self.list.iter().filter(|r| !r.turns_away).map(|r| r.path.clone());
        if known { Tri::Present(answered.collect()) } else { Tri::Unknown }
    }
}

/// What a handler without a name is called.
const CLOSURE: &str = "(closure)";
/// What a handler is called that a library brings.
const LIBRARY: &str = "(library)";
/// What a handler is called that could not be followed.
const UNKNOWN: &str = "(unknown)";
/// What something is called that answers without a handler: files, another server.
const SERVICE: &str = "(service)";
/// How deep routers nest.
const DEPTH: u32 = 24;

pub(crate) struct RouteReader<'a> {
    pub(crate) tracer: Tracer<'a>,
    pub(crate) routes: Routes,
    /// The routers being read, with their prefix: one inside itself ends here.
    open: FxHashSet<At>,
}

impl<'a> RouteReader<'a> {
    pub(crate) fn new(tracer: &Tracer<'a>) -> Self {
        RouteReader { tracer: tracer.clone(), routes: Routes::default(), open: FxHashSet::default() }
    }

    /// Reads the router that is served.
    pub(crate) fn read(tracer: &Tracer<'a>, served: At) -> Routes {
        let mut reader = RouteReader::new(tracer);
        reader.served(served);
        reader.routes
    }

    /// Reads a router that is served too.
    pub(crate) fn served(&mut self, served: At) {
        self.router(served, &Text::known(""), 0);
    }

    fn router(&mut self, at: At, prefix: &Text, depth: u32) {
        if self.tracer.role(at.body, self.tracer.ty(at)) == Some(Role::Filter) {
            return self.filter_routes(at, prefix, depth);
        }
        if depth > DEPTH || !self.open.insert(at) {
            return;
        }
        let makes = |c: &Callable| c.does.as_slice().iter().any(|a| matches!(a, Action::MakeRouter { .. }));
        let trace = self.tracer.trace(at, &makes);
        let dispatches =
            |s: &Step| self.tracer.actions(s.at).iter().any(|a| matches!(a, Action::ServiceFn { .. }));
        let inner = if trace.sources.is_empty() { self.services_in(&trace) } else { Vec::new() };
        if !trace.is_complete() && !trace.steps.iter().any(dispatches) && inner.is_empty() {
            self.routes.incomplete = true;
        }
        let services = trace.lost.iter().filter_map(|lost| self.own_service(*lost));
        self.routes.rpcs.extend(services.flat_map(|adt| self.service_calls(adt)).collect::<Vec<_>>());
        inner.into_iter().for_each(|value| self.router(value, prefix, depth + 1));
        if depth == 0 {
            self.routes.site = self.site(&trace.sources);
        }
        let own = match trace.sources.as_slice() {
            [one] => self.own_paths(*one),
            _ => vec![Text::known("")],
        };
        for path in own {
            self.steps(&trace.steps, &join(prefix, &path), depth);
        }
        self.open.remove(&at);
    }

    /// A service of the workspace's own that stands around another one: the values of its fields that routers or servers
    /// made.
    pub(crate) fn services_in(&self, trace: &Trace) -> Vec<At> {
        let mut found = Vec::new();
        for lost in trace.lost.iter().filter(|lost| self.own_service(**lost).is_some()) {
            let here = |expr: &ExprId| At { body: lost.body, expr: *expr };
            let values: Vec<At> = match self.tracer.kind(*lost) {
                ExprKind::Struct { fields, .. } => fields.iter().map(|(_, value)| here(value)).collect(),
                ExprKind::Call { args, .. } => args.iter().map(here).collect(),
                _ => continue,
            };
            let serves = |c: &Callable| {
                let makes = |a: &Action| matches!(a, Action::MakeRouter { .. } | Action::GrpcService { .. });
                c.does.as_slice().iter().any(makes)
            };
            found.extend(values.into_iter().filter(|v| !self.tracer.trace(*v, &serves).sources.is_empty()));
        }
        found
    }

    /// The type of the workspace's own, where a value is a service of that type.
    fn own_service(&self, at: At) -> Option<AdtId> {
        let Ty::Adt(id, _) = self.tracer.ty(at) else { return None };
        let traits = self.tracer.program.impls.library_traits(&Key::Adt(*id));
        traits.iter().any(|t| t.rsplit("::").next() == Some("Service")).then_some(*id)
    }

    /// What the server calls of such a type for each request.
    fn service_calls(&self, adt: AdtId) -> Vec<FnId> {
        let program = self.tracer.program;
        let all = program.impls.implemented(program.defs, &Key::Adt(adt), "call");
        all.into_iter().map(|f| FnId(f.0)).collect()
    }

    /// The paths that `scope("/x")` and `resource(["/x", "/y"])` bring.
    fn own_paths(&self, made: At) -> Vec<Text> {
        let number = self
            .tracer
            .actions(made)
            .iter()
            .find_map(|a| if let Action::MakeRouter { path } = a { *path } else { None });
        match number.and_then(|n| self.tracer.arg(made, n)) {
            Some(at) => match self.tracer.kind(at) {
                ExprKind::Array(all) if !all.is_empty() => {
                    all.iter().map(|path| self.tracer.text(At { body: at.body, expr: *path })).collect()
                }
                _ => vec![self.tracer.text(at)],
            },
            None => vec![Text::known("")],
        }
    }

    /// What happens to one router, in the order in which it is written.
    pub(crate) fn steps(&mut self, steps: &[Step], prefix: &Text, depth: u32) {
        let start = self.routes.list.len();
        let mut layers = Collected::default();
        let mut prefix = prefix.clone();
        let outside = self.tracer.calls.clone();
        for step in steps.iter().rev() {
            self.tracer.calls = step.calls.clone();
            let before = self.routes.list.len();
            for action in self.tracer.actions(step.at) {
                match action {
                    Action::SetPath { path } => {
                        let path = self.tracer.arg(step.at, *path).map(|p| self.tracer.text(p));
                        prefix = join(&prefix, &path.unwrap_or_else(Text::hole));
                    }
                    _ => self.action(step.at, action, &prefix, depth, (start, step.always), &mut layers),
                }
            }
            if !step.always {
                self.routes.list.iter_mut().skip(before).for_each(|route| route.certain = false);
            }
        }
        self.tracer.calls = outside;
        layers.finish(self.routes.list.get_mut(start..).unwrap_or_default());
    }

    fn action(
        &mut self,
        at: At,
        action: &Action,
        prefix: &Text,
        depth: u32,
        (start, certain): (usize, bool),
        layers: &mut Collected,
    ) {
        let arg = |n: &u8| self.tracer.arg(at, *n);
        match action {
            Action::Route { path, methods } => {
                let Some((path_at, methods)) = arg(path).zip(arg(methods)) else { return };
                let path = join(prefix, &self.tracer.text(path_at));
                self.methods(methods, &path, Some(path_at), at);
            }
            Action::RouteService { path } => {
                let Some(path_at) = arg(path) else { return };
                let path = join(prefix, &self.tracer.text(path_at));
                self.push("ANY", &path, None, SERVICE.into(), Some(path_at), at);
            }
            Action::Nest { path, router } => {
                let Some((path_at, router)) = arg(path).zip(arg(router)) else { return };
                let prefix = join(prefix, &self.tracer.text(path_at));
                let ty = self.tracer.ty(router);
                let role = self.tracer.role(router.body, ty);
                let opaque = matches!(ty, Ty::Lib(..)) && matches!(role, None | Some(Role::Files));
                if opaque && (role.is_some() || self.made(router).sources.is_empty()) {
                    // Something that serves by itself: files, a documentation page.
                    let all = join(&prefix, &Text::known("{*rest}"));
                    self.push("ANY", &all, None, SERVICE.into(), None, at);
                } else {
                    self.router(router, &prefix, depth + 1);
                }
            }
            Action::Merge { router } => {
                if let Some(router) = arg(router) {
                    self.router(router, prefix, depth + 1);
                }
            }
            Action::Mount { value, path } => {
                let own = path.as_ref().and_then(arg).map(|at| self.tracer.text(at));
                let prefix = own.map_or_else(|| prefix.clone(), |own| join(prefix, &own));
                if let Some(value) = arg(value) {
                    self.mount(value, &prefix, depth);
                }
            }
            Action::Configure { function } => {
                if let Some(function) = arg(function) {
                    self.configure(function, prefix, depth);
                }
            }
            Action::AddMethods { methods } => {
                if let Some(methods) = arg(methods) {
                    self.methods(methods, prefix, None, at);
                }
            }
            Action::MethodRoute { method, handler: Some(handler) } => {
                let given = self.method_given(at);
                let method = given.as_ref().unwrap_or(method);
                if let Some(handler) = arg(handler) {
                    self.handler(method, prefix, handler, None, at);
                }
            }
            Action::Handle { handler, .. } => {
                if let Some(handler) = arg(handler) {
                    self.handler("ANY", prefix, handler, None, at);
                }
            }
            Action::Layer { value, covers, .. } => {
                if let Some(layer) = arg(value) {
                    let mut found = self.layers_of(layer);
                    found.iter_mut().for_each(|l| l.certain &= certain);
                    self.routes.layers.extend(found.iter().cloned());
                    let before = self.routes.list.get_mut(start..).unwrap_or_default();
                    layers.add(found, *covers, before);
                }
            }
            Action::Carries(carries) => {
                let name = match self.tracer.kind(at) {
                    ExprKind::MethodCall { method, .. } => method.to_string(),
                    _ => String::new(),
                };
                let at = self.tracer.call_place(at);
                self.routes.layers.push(RouteLayer {
                    at,
                    name,
                    function: None,
                    carries: vec![*carries],
                    known: true,
                    certain,
                });
            }
            Action::FallbackService => self.routes.incomplete = true,
            // `resource("/x").guard(guard::Get())`: all its routes, whichever were added when.
            Action::Guard { value } => {
                let method = arg(value).and_then(|guard| self.guarded_method(guard));
                layers.guarded |= method.is_none();
                layers.method = method.or(layers.method.take());
            }
            Action::Attach { value } => {
                let Some(value) = arg(value) else { return };
                if self.made(value).sources.is_empty() {
                    let covers = svclint_knowledge::Covers::All;
                    let layer = Action::Layer { value: 0, covers, needs_routes: false };
                    return self.action(at, &layer, prefix, depth, (start, certain), layers);
                }
                self.router(value, prefix, depth + 1);
            }
            Action::CatchAll { handler } => {
                if let Some(handler) = arg(handler) {
                    self.catch_all(handler, prefix, at);
                }
            }
            Action::CatchAllService { service } => {
                if let Some(service) = arg(service) {
                    self.catch_all_service(service, prefix, at, depth);
                }
            }
            Action::ApiMethods { value } => {
                if let Some(value) = arg(value) {
                    self.api_methods(value, prefix, at);
                }
            }
            Action::TypedRoute { method, handler, attribute } => {
                if let Some(handler) = arg(handler) {
                    self.typed_route(method, handler, attribute, prefix, at);
                }
            }
            // `layer.layer(router)`, `ServiceBuilder::new().layer(..).service(router)`
            Action::Wrap { .. } => {
                if let Some(around) = self.tracer.receiver(at) {
                    let found = self.layers_of(around);
                    self.routes.layers.extend(found.iter().cloned());
                    let before = self.routes.list.get_mut(start..).unwrap_or_default();
                    layers.add(found, svclint_knowledge::Covers::Before, before);
                }
            }
            Action::AddGrpcService { service } => {
                if let Some(service) = arg(service) {
                    self.grpc_service(service);
                }
            }
            Action::ServiceFn { handler } => {
                if let Some(handler) = arg(handler) {
                    self.dispatched(handler);
                }
            }
            _ => {}
        }
    }

    fn push(
        &mut self,
        method: &str,
        path: &Text,
        handler: Option<FnIdx>,
        text: String,
        path_at: Option<At>,
        at: At,
    ) {
        let literal = path_at.filter(|p| matches!(self.tracer.kind(*p), ExprKind::Lit(Lit::Str(_))));
        let route = Route {
            method: method.to_owned(),
            path: normal(&path.text),
            complete: path.complete
                && (handler.is_some() || [CLOSURE, LIBRARY, SERVICE].contains(&text.as_str())),
            first_takes_all: self.takes_all(at, &path.text),
            catch_all: false,
            turns_away: false,
            certain: true,
            handler: handler.map(|f| FnId(f.0)),
            handler_text: text,
            at: literal.map_or_else(|| self.tracer.call_place(at), |p| self.tracer.place(p)),
            path_at: literal.map(|p| self.tracer.place(p)),
            json: handler.map_or(crate::place::Tri::Unknown, |f| self.speaks_json(f)),
            layers: Vec::new(),
        };
        self.routes.list.push(route);
    }
}

pub(crate) fn is_http_method(word: &str) -> bool {
    ["get", "post", "put", "patch", "delete", "head", "options", "trace"]
        .contains(&word.to_lowercase().as_str())
}
