//! Middleware: which of it stands around which route, and in which order.

use svclint_facts::rust::ExprKind;
use svclint_knowledge::{Action, Covers};

use super::RouteReader;
use crate::system::{FnId, Route, RouteLayer};
use crate::tracer::At;
use crate::ty::Ty;

/// The layers that a router collects while it is read.
#[derive(Default)]
pub(super) struct Collected {
    /// Those that cover all routes, wherever they stand: put around them at the end, in the order written.
    all: Vec<Vec<RouteLayer>>,
    /// The method that a guard lets pass.
    pub(super) method: Option<String>,
    /// Whether a guard looks at something else.
    pub(super) guarded: bool,
}

impl Collected {
    /// Adds a layer that stands behind some routes.
    pub(super) fn add(&mut self, layers: Vec<RouteLayer>, covers: Covers, before: &mut [Route]) {
        match covers {
            Covers::Before => around(&layers, before),
            Covers::All => self.all.push(layers),
        }
    }

    /// All routes of the router are known.
    pub(super) fn finish(self, routes: &mut [Route]) {
        self.all.iter().for_each(|layers| around(layers, routes));
        routes.iter_mut().for_each(|r| r.first_takes_all &= !self.guarded);
        if let Some(method) = self.method {
            routes.iter_mut().filter(|r| r.method == "ANY").for_each(|r| r.method.clone_from(&method));
        }
    }
}

/// Puts layers around routes: the newest is outermost.
fn around(layers: &[RouteLayer], routes: &mut [Route]) {
    for route in routes {
        route.layers.splice(0..0, layers.iter().cloned());
    }
}

impl RouteReader<'_> {
    /// The layers that an expression holds, outermost first: a stack built with `ServiceBuilder` or a tuple has several.
    pub(super) fn layers_of(&self, at: At) -> Vec<RouteLayer> {
        if let ExprKind::Tuple(all) = self.tracer.kind(at) {
            return all.iter().flat_map(|e| self.layers_of(At { body: at.body, expr: *e })).collect();
        }
        let trace = self.tracer.trace(at, &|_| false);
        // A stack is built from the outside inwards.
        let mut stack = Vec::new();
        for step in trace.steps.iter().rev() {
            for action in self.tracer.actions(step.at) {
                if let Action::Layer { value, .. } = action
                    && let Some(inner) = self.tracer.arg(step.at, *value).filter(|a| *a != at)
                {
                    stack.extend(self.layers_of(inner));
                } else if let Action::Carries(carries) = action
                    && trace.steps.len() > 1
                {
                    stack.push(self.layer(step.at, vec![*carries]));
                }
            }
        }
        if stack.is_empty() { vec![self.layer(at, self.tracer.all_carried(at))] } else { stack }
    }

    fn layer(&self, at: At, carries: Vec<svclint_knowledge::Carries>) -> RouteLayer {
        let trace = self.tracer.trace(at, &|_| false);
        let makers = std::iter::once(at).chain(trace.steps.iter().map(|s| s.at));
        let args = makers.flat_map(|m| (0..2).filter_map(move |n| self.tracer.arg(m, n)));
        let function = args.filter_map(|a| self.function(a).0).next().map(|f| FnId(f.0));
        let name = match function {
            Some(f) => self
                .tracer
                .program
                .defs
                .fns
                .get(f.0 as usize)
                .map_or_else(String::new, |d| d.item.name.to_string()),
            None => self.layer_name(at),
        };
        let known = function.is_some() || self.tracer.is_known_layer(at);
        RouteLayer { at: self.tracer.call_place(at), name, function, carries, known, certain: true }
    }

    /// The last word of the layer's type, or of the path that makes it.
    fn layer_name(&self, at: At) -> String {
        if let Some(path) = self.tracer.ty(at).lib_path() {
            return path.rsplit("::").next().unwrap_or(path).to_owned();
        }
        if let Ty::Adt(id, _) = self.tracer.ty(at) {
            return self.tracer.program.defs.adts[id.at()].item.name.to_string();
        }
        let mut inner = self.tracer.single_origin(at).unwrap_or(at);
        loop {
            match self.tracer.kind(inner) {
                ExprKind::MethodCall { receiver, method, .. } => {
                    if matches!(self.tracer.kind(At { body: at.body, expr: *receiver }), ExprKind::Path(_)) {
                        return method.to_string();
                    }
                    inner = At { body: at.body, expr: *receiver };
                }
                ExprKind::Call { callee, .. } => inner = At { body: at.body, expr: *callee },
                ExprKind::Path(path) => {
                    let words: Vec<&str> = path.segments.iter().map(|s| s.name.as_str()).collect();
                    let ty = words.iter().rev().find(|w| w.starts_with(char::is_uppercase));
                    return ty.or(words.last()).map_or_else(String::new, |w| (*w).to_owned());
                }
                ExprKind::Closure { .. } => return "(closure)".into(),
                _ => return String::new(),
            }
        }
    }
}
