//! What is mounted: handlers with attributes, scopes and resources, lists of these.

use svclint_facts::rust::ExprKind;
use svclint_knowledge::Role;

use super::{DEPTH, RouteReader};
use crate::fold::Text;
use crate::infer::{Callee, Target};
use crate::tracer::At;

impl RouteReader<'_> {
    /// A handler with an attribute, a scope or resource, or a list of these.
    pub(super) fn mount(&mut self, at: At, prefix: &Text, depth: u32) {
        if let ExprKind::Macro(call) = self.tracer.kind(at)
            && !self.tracer.types_of(at.body).callees.contains_key(&at.expr)
        {
            for arg in &call.args {
                self.mount(At { body: at.body, expr: *arg }, prefix, depth);
            }
            return;
        }
        if depth > DEPTH {
            self.routes.incomplete = true;
            return;
        }
        let here = |expr| At { body: at.body, expr };
        match self.tracer.kind(at) {
            ExprKind::Tuple(all) | ExprKind::Array(all) => {
                all.iter().for_each(|one| self.mount(here(*one), prefix, depth + 1));
                return;
            }
            ExprKind::Ref(inner) => return self.mount(here(*inner), prefix, depth + 1),
            ExprKind::If { then, otherwise: Some(otherwise), .. } => {
                self.mount(here(*then), prefix, depth + 1);
                return self.mount(here(*otherwise), prefix, depth + 1);
            }
            ExprKind::Block { tail: Some(tail), .. } => return self.mount(here(*tail), prefix, depth + 1),
            ExprKind::Path(_) if self.mount_list(at, prefix, depth) => return,
            _ => {}
        }
        if let (Some(function), text) = self.function(at)
            && matches!(self.tracer.kind(at), ExprKind::Path(_))
        {
            if !self.attribute_routes(function, &text, prefix, at) {
                self.routes.incomplete = true;
            }
            return;
        }
        // `mount("/", routes())`: a list that a function returns.
        if let Some(Callee::Fns(fns)) = self.tracer.types_of(at.body).callees.get(&at.expr)
            && self.tracer.role(at.body, self.tracer.ty(at)) != Some(Role::Router)
            && depth < DEPTH
        {
            let bodies = self.tracer.bodies_of(fns);
            for value in bodies.flat_map(|b| self.tracer.returned(b)).collect::<Vec<_>>() {
                self.mount(value, prefix, depth + 1);
            }
            return;
        }
        self.router(at, prefix, depth + 1);
    }

    /// A variable that holds a list of handlers: how it begins, and what is added to it.
    pub(super) fn mount_list(&mut self, at: At, prefix: &Text, depth: u32) -> bool {
        let Some(Target::Local(local)) = self.tracer.types_of(at.body).targets.get(&at.expr) else {
            return false;
        };
        let Some(first) = self.tracer.single_origin(at) else { return false };
        let added: Vec<At> = self
            .tracer
            .calls_on(at.body, *local)
            .into_iter()
            .filter(|call| match self.tracer.kind(*call) {
                ExprKind::MethodCall { method, .. } => {
                    matches!(method.as_str(), "append" | "extend" | "push" | "extend_from_slice")
                }
                _ => false,
            })
            .filter_map(|call| self.tracer.arg(call, 0))
            .collect();
        let begins_empty = matches!(self.tracer.kind(first), ExprKind::Call { args, .. } if args.is_empty())
            || matches!(self.tracer.kind(first), ExprKind::Macro(call) if call.args.is_empty());
        let is_list = !added.is_empty() || matches!(self.tracer.kind(first), ExprKind::Macro(_));
        if !is_list {
            return false;
        }
        if !begins_empty || added.is_empty() {
            self.mount(first, prefix, depth + 1);
        }
        added.into_iter().for_each(|list| self.mount(list, prefix, depth + 1));
        true
    }
}
