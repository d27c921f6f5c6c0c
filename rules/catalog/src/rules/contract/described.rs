//! What the documents of a service describe, and what they leave out.

use std::collections::BTreeSet;

use svclint_model::{ContractLink, OpenApi, Operation, Route, Service, Tri, is_internal};

use crate::Context;

/// A document of a service.
pub(super) struct Document<'m> {
    pub(super) contract: &'m OpenApi,
    pub(super) link: &'m ContractLink,
}

impl<'m> Document<'m> {
    pub(super) fn of(cx: &Context<'m>, link: &'m ContractLink) -> Option<Document<'m>> {
        Some(Document { contract: cx.model.contracts.get(link.contract)?, link })
    }

    /// The part of the API that the document is about: all that its prefix allows where it is called as the service is, else
    /// what all of its paths begin with.
    fn covers(&self, path: &str) -> bool {
        let segments = |path: &str| -> Vec<String> {
            path.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect()
        };
        let prefix = &self.link.prefix;
        let mut common: Option<Vec<String>> = self.link.is_named.then(|| segments(prefix));
        let paths = self.contract.paths.iter().filter(|p| !self.link.is_named && !is_internal(&p.path));
        for path in paths {
            let own = segments(&format!("{prefix}{}", path.path));
            let literal: Vec<String> = own.into_iter().take_while(|s| !s.contains('{')).collect();
            common = Some(match common {
                Some(before) => {
                    before.into_iter().zip(literal).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
                }
                None => literal,
            });
        }
        common.is_some_and(|common| segments(path).starts_with(&common))
    }
}

/// Whether an operation is one that routes are asked for: metrics and documents are often served by what stands around them.
pub(super) fn is_asked(operation: &Operation) -> bool {
    let is_plain = !matches!(operation.method.as_str(), "OPTIONS" | "HEAD" | "TRACE");
    is_plain && !operation.other_servers && !is_internal(&operation.path)
}

/// The routes that no document of a service describes, each with the document that comes nearest.
pub(super) fn undescribed<'d, 'm>(
    documents: &'d [Document<'m>],
    service: &'m Service,
) -> Vec<(&'m Route, &'d Document<'m>)> {
    let Some(main) = documents.iter().max_by_key(|d| d.link.matched) else { return Vec::new() };
    let is_described =
        |number: usize| documents.iter().any(|d| !d.link.described.get(number).is_some_and(Tri::is_absent));
    let routes = || service.routes.iter().enumerate();
    let handlers: BTreeSet<_> =
        routes().filter(|(n, _)| is_described(*n)).map(|(_, r)| (r.handler, &r.method)).collect();
    let is_covered = |route: &Route| documents.iter().any(|d| d.covers(&route.path));
    let asked = routes().filter(|(_, route)| is_api(route) && is_covered(route));
    let (described, missing): (Vec<_>, Vec<_>) = asked.partition(|(number, _)| is_described(*number));
    // One that describes less than half is not meant to describe all, unless it says so.
    let is_whole = documents.iter().any(|d| d.link.is_named) || described.len() >= missing.len();
    if !is_whole || documents.iter().any(|d| !d.contract.complete) {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let missing = missing.into_iter().map(|(_, route)| route).filter(|route| {
        // Another path of something that is described, or the same one again.
        let is_alias = route.handler.is_some() && handlers.contains(&(route.handler, &route.method));
        !is_alias && seen.insert((&route.method, &route.path))
    });
    missing.map(|route| (route, main)).collect()
}

/// Whether a route is one that callers program against.
fn is_api(route: &Route) -> bool {
    let is_known =
        route.complete && route.certain && !route.catch_all && !route.path.contains(['?', '*', '$']);
    let is_page = matches!(route.method.as_str(), "GET" | "POST") && route.json.is_absent();
    let is_method = matches!(route.method.as_str(), "GET" | "POST" | "PUT" | "PATCH" | "DELETE");
    is_known && is_method && !is_page && !is_internal(&route.path)
}
