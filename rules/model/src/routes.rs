//! Routes: from the router that is served back to every path and handler.

use rustc_hash::FxHashSet;
use svclint_facts::rust::{AttrArg, ExprKind, Lit};
use svclint_knowledge::{Action, Callable, Carries, Role};

use crate::bodies::BodyId;
use crate::defs::{FnIdx, Res};
use crate::fold::Text;
use crate::infer::{LocalId, Target};
use crate::names::Ns;
use crate::place::{Place, Tri};
use crate::system::{FnId, Route, RouterCall, RouterSite};
use crate::trace::{At, Step, Tracer};
use crate::ty::Ty;

/// The routes of one server.
#[derive(Default)]
pub(crate) struct Routes {
    pub(crate) list: Vec<Route>,
    /// Something was mounted that could not be followed.
    pub(crate) incomplete: bool,
    pub(crate) layers: Vec<(Place, Vec<Carries>)>,
    /// Where the outermost router is made.
    pub(crate) site: Option<RouterSite>,
}

/// What a handler without a name is called.
const CLOSURE: &str = "(closure)";
/// How deep routers nest.
const DEPTH: u32 = 24;

pub(crate) struct RouteReader<'t, 'a, 'f, 'k> {
    pub(crate) tracer: &'t Tracer<'a, 'f, 'k>,
    pub(crate) routes: Routes,
    /// The routers being read, with their prefix: one inside itself ends here.
    open: FxHashSet<At>,
}

impl<'t, 'a, 'f, 'k> RouteReader<'t, 'a, 'f, 'k> {
    /// Reads the router that is served.
    pub(crate) fn read(tracer: &'t Tracer<'a, 'f, 'k>, served: At) -> Routes {
        let mut reader = RouteReader { tracer, routes: Routes::default(), open: FxHashSet::default() };
        reader.router(served, &Text::known(""), 0);
        reader.routes
    }

    fn router(&mut self, at: At, prefix: &Text, depth: u32) {
        if depth > DEPTH || !self.open.insert(at) {
            return;
        }
        let makes = |c: &Callable| c.does.as_slice().iter().any(|a| matches!(a, Action::MakeRouter { .. }));
        let trace = self.tracer.trace(at, &makes);
        if !trace.is_complete() {
            self.routes.incomplete = true;
        }
        if depth == 0 {
            self.routes.site = self.site(&trace.sources);
        }
        let prefix = match trace.sources.as_slice() {
            [one] => join(prefix, &self.own_path(*one)),
            _ => prefix.clone(),
        };
        self.steps(&trace.steps, &prefix, depth);
        self.open.remove(&at);
    }

    /// The path that `scope("/x")` brings.
    fn own_path(&self, made: At) -> Text {
        let number = self
            .tracer
            .actions(made)
            .iter()
            .find_map(|a| if let Action::MakeRouter { path } = a { *path } else { None });
        number
            .and_then(|n| self.tracer.arg(made, n))
            .map_or_else(|| Text::known(""), |at| self.tracer.text(at))
    }

    fn steps(&mut self, steps: &[Step], prefix: &Text, depth: u32) {
        // In the order in which they are written.
        for step in steps.iter().rev() {
            for action in self.tracer.actions(step.at) {
                self.action(step.at, action, prefix, depth);
            }
        }
    }

    fn action(&mut self, at: At, action: &Action, prefix: &Text, depth: u32) {
        let arg = |n: &u8| self.tracer.arg(at, *n);
        match action {
            Action::Route { path, methods } => {
                let Some((path_at, methods)) = arg(path).zip(arg(methods)) else { return };
                let path = join(prefix, &self.tracer.text(path_at));
                self.methods(methods, &path, Some(path_at), at, depth);
            }
            Action::RouteService { path } => {
                let Some(path_at) = arg(path) else { return };
                let path = join(prefix, &self.tracer.text(path_at));
                self.push("ANY", &path, None, "(service)".into(), Some(path_at), at);
            }
            Action::Nest { path, router } => {
                let Some((path_at, router)) = arg(path).zip(arg(router)) else { return };
                let prefix = join(prefix, &self.tracer.text(path_at));
                self.router(router, &prefix, depth + 1);
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
                    self.methods(methods, prefix, None, at, depth);
                }
            }
            Action::MethodRoute { method, handler: Some(handler) } => {
                if let Some(handler) = arg(handler) {
                    self.handler(method, prefix, handler, None, at);
                }
            }
            Action::Handle { handler } => {
                if let Some(handler) = arg(handler) {
                    self.handler("ANY", prefix, handler, None, at);
                }
            }
            Action::Layer { value, .. } => {
                if let Some(layer) = arg(value) {
                    let carried = self.tracer.all_carried(layer);
                    self.routes.layers.push((self.tracer.place(layer), carried));
                }
            }
            Action::FallbackService => self.routes.incomplete = true,
            Action::Carries(carries) => self.routes.layers.push((self.tracer.call_place(at), vec![*carries])),
            _ => {}
        }
    }

    /// The methods of one path: `get(a).post(b)`, `web::get().to(a)`.
    fn methods(&mut self, at: At, path: &Text, path_at: Option<At>, route: At, depth: u32) {
        let trace = self.tracer.trace(at, &|_| false);
        let mut found: Vec<(String, Option<At>)> = Vec::new();
        for step in trace.steps.iter().rev() {
            for action in self.tracer.actions(step.at) {
                match action {
                    Action::MethodRoute { method, handler } => {
                        let handler = handler.and_then(|n| self.tracer.arg(step.at, n));
                        found.push((method.clone(), handler));
                    }
                    Action::Handle { handler } => {
                        let handler = self.tracer.arg(step.at, *handler);
                        match found.iter_mut().find(|(_, h)| h.is_none()) {
                            Some(open) => open.1 = handler,
                            None => found.push(("ANY".into(), handler)),
                        }
                    }
                    Action::Layer { .. } => self.action(step.at, action, path, depth),
                    _ => {}
                }
            }
        }
        if found.is_empty() {
            self.push("ANY", path, None, "(unknown)".into(), path_at, route);
            if let Some(last) = self.routes.list.last_mut() {
                last.complete = false;
            }
        }
        for (method, handler) in found {
            match handler {
                Some(handler) => self.handler(&method, path, handler, path_at, route),
                None => self.push(&method, path, None, "(unknown)".into(), path_at, route),
            }
        }
    }

    fn handler(&mut self, method: &str, path: &Text, handler: At, path_at: Option<At>, route: At) {
        let (function, text) = self.function(handler);
        self.push(method, path, function, text, path_at, route);
    }

    /// The function that an expression names, and what it is called there.
    fn function(&self, at: At) -> (Option<FnIdx>, String) {
        match self.tracer.kind(at) {
            ExprKind::Path(path) => {
                let function = match self.tracer.types_of(at.body).targets.get(&at.expr) {
                    Some(Target::Res(Res::Fn(f))) => Some(*f),
                    Some(Target::Fns(fns)) => fns.first().copied(),
                    _ => None,
                };
                (function, path.text())
            }
            ExprKind::Closure { .. } => (None, CLOSURE.into()),
            ExprKind::MethodCall { receiver, .. } => self.function(At { body: at.body, expr: *receiver }),
            ExprKind::Call { args, .. } if args.len() == 1 => {
                self.function(At { body: at.body, expr: args[0] })
            }
            _ => (None, "(unknown)".into()),
        }
    }

    /// A handler with an attribute, a scope or resource, or a list of these.
    fn mount(&mut self, at: At, prefix: &Text, depth: u32) {
        if let ExprKind::Macro(call) = self.tracer.kind(at) {
            for arg in &call.args {
                self.mount(At { body: at.body, expr: *arg }, prefix, depth);
            }
            return;
        }
        if let ExprKind::Tuple(all) | ExprKind::Array(all) = self.tracer.kind(at) {
            for one in all {
                self.mount(At { body: at.body, expr: *one }, prefix, depth);
            }
            return;
        }
        if let (Some(function), text) = self.function(at)
            && matches!(self.tracer.kind(at), ExprKind::Path(_))
        {
            if !self.attribute_routes(function, &text, prefix, at) {
                self.routes.incomplete = true;
            }
            return;
        }
        self.router(at, prefix, depth + 1);
    }

    /// `#[get("/x")] async fn handler()`
    fn attribute_routes(&mut self, function: FnIdx, text: &str, prefix: &Text, at: At) -> bool {
        let def = &self.tracer.program.defs.fns[function.at()];
        let module = def.home.module;
        let names = self.tracer.program.names;
        let mut any = false;
        for attr in &def.item.attrs {
            let path = match names
                .written(module, &attr.path, Ns::Values)
                .or_else(|| names.written(module, &attr.path, Ns::Types))
            {
                Some((Res::Lib(path), _)) => path,
                _ => continue,
            };
            let Some(method) =
                names.view(module).and_then(|v| v.attribute(&path)).and_then(|a| a.method.as_ref())
            else {
                continue;
            };
            let (mut route, mut methods) = (None, Vec::new());
            for arg in &attr.args {
                match arg {
                    AttrArg::Lit(Lit::Str(text), span) if route.is_none() => route = Some((text, *span)),
                    AttrArg::Pair(name, Lit::Str(text), span) if name == "path" => {
                        route = Some((text, *span))
                    }
                    AttrArg::Pair(name, Lit::Str(text), _) if name == "method" => {
                        methods.push(text.to_uppercase())
                    }
                    AttrArg::Nested(word, _) if method == "ANY" && is_http_method(word.last()) => {
                        methods.push(word.last().to_uppercase())
                    }
                    _ => {}
                }
            }
            let Some((route, span)) = route else { continue };
            if methods.is_empty() {
                methods.push(method.clone());
            }
            for method in methods {
                let full = join(prefix, &Text::known(route.clone()));
                self.push(&method, &full, Some(function), text.to_owned(), None, at);
                if let Some(last) = self.routes.list.last_mut() {
                    last.path_at = Some(def.home.place(span));
                    last.at = def.home.place(span);
                }
                any = true;
            }
        }
        any
    }

    /// A function or closure that gets the router and adds to it.
    fn configure(&mut self, at: At, prefix: &Text, depth: u32) {
        if depth > DEPTH || !self.open.insert(at) {
            return;
        }
        let param = match self.tracer.kind(at) {
            ExprKind::Closure { params, .. } => params.first().map(|(pat, _)| (at.body, *pat)),
            _ => self.function(at).0.and_then(|f| {
                let body = *self.tracer.program.bodies.of_fn.get(&f)?;
                let first = self.tracer.program.bodies.get(body).body.params.first()?;
                Some((body, *first))
            }),
        };
        let local = param.and_then(|(body, pat)| Some((body, *self.tracer.types_of(body).of_pat.get(&pat)?)));
        match local {
            Some((body, local)) => self.calls_on(body, local, prefix, depth),
            None => self.routes.incomplete = true,
        }
        self.open.remove(&at);
    }

    fn calls_on(&mut self, body: BodyId, local: LocalId, prefix: &Text, depth: u32) {
        for call in self.tracer.calls_on(body, local) {
            for action in self.tracer.actions(call) {
                self.action(call, action, prefix, depth + 1);
            }
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
            path: if path.text.is_empty() { "/".into() } else { path.text.clone() },
            complete: path.complete && (handler.is_some() || text == CLOSURE),
            handler: handler.map(|f| FnId(f.0)),
            handler_text: text,
            at: literal.map_or_else(|| self.tracer.call_place(at), |p| self.tracer.place(p)),
            path_at: literal.map(|p| self.tracer.place(p)),
            json: handler.map_or(Tri::Unknown, |f| self.speaks_json(f)),
        };
        self.routes.list.push(route);
    }

    fn speaks_json(&self, function: FnIdx) -> Tri<()> {
        let tracer = self.tracer;
        let def = &tracer.program.defs.fns[function.at()];
        let Some(body) = tracer.program.bodies.of_fn.get(&function) else { return Tri::Unknown };
        let view = tracer.program.names.view(def.home.module);
        let role = |ty: &Ty| ty.lib_path().and_then(|p| view?.type_entry(p)?.is);
        let types = tracer.types_of(*body);
        let locals = types.locals.iter().map(|l| &l.ty);
        let declared = tracer.program.returned(function, &[], None, &[]);
        let mut all = Vec::new();
        flatten(&declared, &mut all);
        let inputs: Vec<Ty> = tracer.program.param_types(function);
        inputs.iter().for_each(|ty| flatten(ty, &mut all));
        let roles: Vec<Role> =
            all.into_iter().chain(locals).chain(types.types.iter()).filter_map(role).collect();
        if roles.iter().any(|r| matches!(r, Role::Json | Role::Body)) {
            Tri::Present(())
        } else if roles.contains(&Role::Html) {
            Tri::Absent
        } else {
            Tri::Unknown
        }
    }

    fn site(&self, sources: &[At]) -> Option<RouterSite> {
        let [made] = sources else { return None };
        let mut calls = Vec::new();
        let mut end = *made;
        while let Some(outer) = self.tracer.parent(end).filter(|o| self.tracer.receiver(*o) == Some(end)) {
            let ExprKind::MethodCall { method, .. } = self.tracer.kind(outer) else { break };
            let builds = self.tracer.actions(outer).iter().any(|a| {
                matches!(
                    a,
                    Action::Route { .. }
                        | Action::RouteService { .. }
                        | Action::Nest { .. }
                        | Action::Merge { .. }
                        | Action::Mount { .. }
                        | Action::Configure { .. }
                        | Action::Layer { .. }
                        | Action::Fallback
                        | Action::FallbackService
                )
            });
            let arg = self.tracer.arg(outer, 0).map(|a| self.tracer.place(a));
            calls.push(RouterCall {
                name: method.to_string(),
                at: self.tracer.call_place(outer),
                builds,
                arg,
            });
            end = outer;
        }
        Some(RouterSite {
            made: self.tracer.place(*made),
            chain: self.tracer.place(end),
            calls,
            in_fn: self.tracer.function_of(made.body)?,
        })
    }
}

fn flatten<'t>(ty: &'t Ty, all: &mut Vec<&'t Ty>) {
    all.push(ty);
    if let Ty::Lib(_, args) | Ty::Tuple(args) | Ty::Adt(_, args) = ty {
        args.iter().for_each(|a| flatten(a, all));
    }
}

fn is_http_method(word: &str) -> bool {
    ["get", "post", "put", "patch", "delete", "head", "options", "trace"]
        .contains(&word.to_lowercase().as_str())
}

/// One path after another, with exactly one slash between them.
fn join(prefix: &Text, path: &Text) -> Text {
    let complete = prefix.complete && path.complete;
    let (a, b) = (prefix.text.trim_end_matches('/'), path.text.as_str());
    let text = match b {
        "" | "/" if !a.is_empty() => a.to_owned(),
        _ if b.starts_with('/') || b.is_empty() => format!("{a}{b}"),
        _ => format!("{a}/{b}"),
    };
    Text { text, complete }
}
