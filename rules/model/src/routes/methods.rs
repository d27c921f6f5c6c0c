//! The methods of a path, and the functions that answer them.

use svclint_facts::rust::ExprKind;
use svclint_knowledge::Action;

use super::layers::Collected;
use super::{CLOSURE, LIBRARY, RouteReader, UNKNOWN, is_http_method};
use crate::defs::{FnIdx, Res};
use crate::fold::Text;
use crate::infer::{Callee, Target};
use crate::tracer::At;

impl RouteReader<'_> {
    /// The method that a call is given as a value: `on(MethodFilter::PUT, handler)`, `web::method(Method::PATCH)`.
    pub(super) fn method_given(&self, call: At) -> Option<String> {
        match self.tracer.kind(self.tracer.arg(call, 0)?) {
            // A constant: `get(orders::post)` names a handler.
            ExprKind::Path(path) if path.segments.len() > 1 && is_http_method(path.last()) => {
                let name = path.last();
                name.chars().all(|c| c.is_ascii_uppercase()).then(|| name.to_owned())
            }
            _ => None,
        }
    }

    /// The methods of one path: `get(a).post(b)`, `web::get().to(a)`.
    pub(super) fn methods(&mut self, at: At, path: &Text, path_at: Option<At>, route: At) {
        let trace = self.tracer.trace(at, &|_| false);
        let mut found: Vec<(String, Option<At>)> = Vec::new();
        let (start, mut layers) = (self.routes.list.len(), Collected::default());
        let outside = self.tracer.calls.clone();
        let mut guard: Option<String> = None;
        for step in trace.steps.iter().rev() {
            self.tracer.calls = step.calls.clone();
            for action in self.tracer.actions(step.at) {
                match action {
                    // `web::route().guard(guard::Post()).to(handler)`
                    Action::Guard { value } => {
                        let method = self.tracer.arg(step.at, *value).and_then(|g| self.guarded_method(g));
                        layers.guarded |= method.is_none();
                        guard = method.or(guard);
                        if let (Some(method), Some(last)) = (&guard, found.last_mut())
                            && last.0 == "ANY"
                        {
                            last.0.clone_from(method);
                        }
                    }
                    Action::MethodRoute { method, handler } => {
                        let handler = handler.and_then(|n| self.tracer.arg(step.at, n));
                        found.push((self.method_given(step.at).unwrap_or_else(|| method.clone()), handler));
                    }
                    Action::Handle { handler, .. } => {
                        let handler = self.tracer.arg(step.at, *handler);
                        match found.iter_mut().find(|(_, h)| h.is_none()) {
                            Some(open) => open.1 = handler,
                            None => found.push((guard.clone().unwrap_or_else(|| "ANY".into()), handler)),
                        }
                    }
                    Action::Merge { router } => {
                        self.push_methods(&mut found, path, path_at, route);
                        if let Some(more) = self.tracer.arg(step.at, *router) {
                            self.methods(more, path, path_at, route);
                        }
                    }
                    Action::Layer { .. } => {
                        self.push_methods(&mut found, path, path_at, route);
                        self.action(step.at, action, path, 0, (start, step.always), &mut layers);
                    }
                    _ => {}
                }
            }
        }
        self.push_methods(&mut found, path, path_at, route);
        self.tracer.calls = outside;
        if self.routes.list.len() == start {
            self.push("ANY", path, None, UNKNOWN.into(), path_at, route);
        }
        layers.finish(self.routes.list.get_mut(start..).unwrap_or_default());
    }

    /// The method that a guard lets pass.
    pub(super) fn guarded_method(&self, guard: At) -> Option<String> {
        self.tracer.actions(guard).iter().find_map(|action| match action {
            Action::FilterMethod { method } => Some(method.clone()),
            _ => None,
        })
    }

    pub(super) fn push_methods(
        &mut self,
        found: &mut Vec<(String, Option<At>)>,
        path: &Text,
        path_at: Option<At>,
        route: At,
    ) {
        for (method, handler) in found.drain(..) {
            match handler {
                Some(handler) => self.handler(&method, path, handler, path_at, route),
                None => self.push(&method, path, None, UNKNOWN.into(), path_at, route),
            }
        }
    }

    pub(super) fn handler(&mut self, method: &str, path: &Text, handler: At, path_at: Option<At>, route: At) {
        let (function, text) = self.function(handler);
        self.push(method, path, function, text, path_at, route);
    }

    /// The function that an expression names, and what it is called there.
    pub(super) fn function(&self, at: At) -> (Option<FnIdx>, String) {
        match self.tracer.kind(at) {
            ExprKind::Path(path) => {
                let function = match self.tracer.types_of(at.body).targets.get(&at.expr) {
                    Some(Target::Res(Res::Fn(f))) => Some(*f),
                    Some(Target::Fns(fns)) => fns.first().copied(),
                    Some(Target::Local(_)) => {
                        let given = || self.tracer.given(at).map(|(value, _)| value);
                        match self.tracer.single_origin(at).or_else(given) {
                            Some(value) if value != at => return self.function(value),
                            _ => None,
                        }
                    }
                    // A library's function: there is nothing more to know.
                    Some(Target::Res(Res::Lib(_))) => return (None, LIBRARY.into()),
                    _ => None,
                };
                (function, path.text())
            }
            ExprKind::Closure { body, .. } => {
                let (function, name) = self.answering(At { body: at.body, expr: *body });
                let text = if function.is_some() { name } else { CLOSURE.into() };
                (function, text)
            }
            ExprKind::Block { tail: Some(tail), .. } => self.function(At { body: at.body, expr: *tail }),
            ExprKind::MethodCall { receiver, .. } => {
                self.made_handler(at, self.function(At { body: at.body, expr: *receiver }))
            }
            ExprKind::Call { args, .. } => match &**args {
                [only] => self.made_handler(at, self.function(At { body: at.body, expr: *only })),
                _ => self.made_handler(at, (None, UNKNOWN.into())),
            },
            _ => (None, UNKNOWN.into()),
        }
    }

    /// What a call gives as a handler: the one that it is given, or else one that the library makes.
    pub(super) fn made_handler(&self, call: At, given: (Option<FnIdx>, String)) -> (Option<FnIdx>, String) {
        let by_library = matches!(
            self.tracer.types_of(call.body).callees.get(&call.expr),
            Some(Callee::Lib(..) | Callee::Ctor(Res::Lib(_)))
        );
        if given.1 == UNKNOWN && by_library { (None, LIBRARY.into()) } else { given }
    }
}
