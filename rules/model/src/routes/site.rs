//! Where a router is written: what a fix needs to add to it.

use svclint_facts::rust::ExprKind;
use svclint_knowledge::Action;

use super::RouteReader;
use crate::system::{RouterCall, RouterSite};
use crate::tracer::At;

impl RouteReader<'_> {
    pub(super) fn site(&self, sources: &[At]) -> Option<RouterSite> {
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
