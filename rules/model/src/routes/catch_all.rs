//! What answers when no route fits.

use svclint_facts::rust::ExprKind;
use svclint_knowledge::{Action, Role};

use super::{RouteReader, SERVICE, path::join};
use crate::fold::Text;
use crate::tracer::At;

impl RouteReader<'_> {
    /// `.fallback(handler)`
    pub(super) fn catch_all(&mut self, handler: At, prefix: &Text, at: At) {
        // `.fallback(get(handler))`
        if self.tracer.role(handler.body, self.tracer.ty(handler)) == Some(Role::MethodRouter) {
            return self.catch_all_service(handler, prefix, at, 0);
        }
        let before = self.routes.list.len();
        self.handler("ANY", &rest_of(prefix), handler, None, at);
        self.mark_catch_all(before);
        let turns_away = self.is_given_nothing(handler);
        self.routes.list.iter_mut().skip(before).for_each(|route| route.turns_away = turns_away);
        self.routes.incomplete |= !self.only_answers(handler);
    }

    /// `.fallback_service(service)`, `.default_service(web::to(handler))`
    pub(super) fn catch_all_service(&mut self, service: At, prefix: &Text, at: At, depth: u32) {
        let before = self.routes.list.len();
        match self.tracer.role(service.body, self.tracer.ty(service)) {
            Some(Role::MethodRouter) => {
                self.methods(service, &rest_of(prefix), None, at);
                let handlers: Vec<At> = self.handlers_of(service);
                self.routes.incomplete |=
                    handlers.is_empty() || !handlers.into_iter().all(|h| self.only_answers(h));
            }
            Some(Role::Router) => return self.router(service, prefix, depth + 1),
            role => {
                self.push("ANY", &rest_of(prefix), None, SERVICE.into(), None, at);
                // Another server may stand behind it.
                self.routes.incomplete |= role != Some(Role::Files);
            }
        }
        self.mark_catch_all(before);
    }

    fn mark_catch_all(&mut self, before: usize) {
        self.routes.list.iter_mut().skip(before).for_each(|route| route.catch_all = true);
    }

    fn handlers_of(&self, methods: At) -> Vec<At> {
        let steps = self.tracer.trace(methods, &|_| false).steps;
        let handler = |at: At| {
            self.tracer.actions(at).iter().find_map(|action| match action {
                Action::Handle { handler, .. } | Action::MethodRoute { handler: Some(handler), .. } => {
                    self.tracer.arg(at, *handler)
                }
                _ => None,
            })
        };
        steps.iter().filter_map(|step| handler(step.at)).collect()
    }

    /// Whether a handler has no parameters.
    fn is_given_nothing(&self, handler: At) -> bool {
        if let ExprKind::Closure { params, .. } = self.tracer.kind(handler) {
            return params.is_empty();
        }
        let function = self.function(handler).0;
        function.is_some_and(|f| self.tracer.program.param_types(f).is_empty())
    }

    /// Whether a handler cannot hand requests on: it does not get them whole.
    fn only_answers(&self, handler: At) -> bool {
        if let ExprKind::Closure { params, .. } = self.tracer.kind(handler) {
            return params.is_empty();
        }
        let Some(function) = self.function(handler).0 else { return false };
        let program = self.tracer.program;
        let view = program.names.view(program.defs.fns[function.at()].home.module);
        let is_whole = |ty: &crate::ty::Ty| {
            ty.lib_path().and_then(|p| view?.type_entry(p)?.is) == Some(Role::IncomingRequest)
        };
        !program.param_types(function).iter().any(is_whole)
    }
}

fn rest_of(prefix: &Text) -> Text {
    join(prefix, &Text::known("{*rest}"))
}
