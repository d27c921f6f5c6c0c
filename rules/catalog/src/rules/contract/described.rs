//! What the documents of a service describe, and what they leave out.

use std::collections::BTreeSet;

use svclint_model::{ContractLink, OpenApi, Operation, Route, Service, Tri, is_internal};

use crate::Context;

/// A document of a service.
pub(super) struct Document<'m> {
    pub(super) contract: &'m OpenApi,
    pub(super) link: &'m ContractLink,
    /// The segments that all paths begin with that the document is about.
    about: Option<Vec<&'m str>>,
    /// A later version of the same document is here too: this one is kept for those who still use the release.
    pub(super) is_history: bool,
}

impl<'m> Document<'m> {
    /// The documents of a service.
    pub(super) fn of(cx: &Context<'m>, service: usize) -> Vec<Document<'m>> {
        let links = cx.model.contract_links.iter().filter(|l| l.service.0 as usize == service);
        let found = links.filter_map(|link| {
            let contract = cx.model.contracts.get(link.contract)?;
            Some(Document { contract, link, about: about(contract, link), is_history: false })
        });
        let mut found: Vec<Document<'m>> = found.collect();
        let is_history: Vec<bool> =
            found.iter().map(|old| found.iter().any(|new| new.replaces(old))).collect();
        found.iter_mut().zip(is_history).for_each(|(document, is)| document.is_history = is);
        found
    }

    fn covers(&self, path: &str) -> bool {
        self.about.as_ref().is_some_and(|about| segments(path).take(about.len()).eq(about.iter().copied()))
    }

    /// Whether this is a later version of another document: with its title, and of the same routes.
    fn replaces(&self, old: &Document<'_>) -> bool {
        let is_titled = self.contract.title.is_some() && self.contract.title == old.contract.title;
        if !is_titled || release(self.contract) <= release(old.contract) {
            return false;
        }
        let is_known = |described: &Tri<usize>| described.present().is_some();
        let both = old.link.described.iter().zip(&self.link.described);
        let shared = both.filter(|(a, b)| is_known(a) && is_known(b)).count();
        let own = old.link.described.iter().filter(|d| is_known(d)).count();
        shared * 2 > own
    }
}

/// What versions are ordered by: the numbers in it; `main`, `next` and the like come last.
fn release(contract: &OpenApi) -> (bool, Vec<u64>) {
    let text = contract.version.as_deref().unwrap_or("0");
    let words = text.split(|c: char| !c.is_ascii_digit());
    let numbers: Vec<u64> = words.filter_map(|word| word.parse().ok()).collect();
    (numbers.is_empty(), numbers)
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// The part of the API that a document is about: all that its prefix allows where it is called as the service is, else what
/// all of its paths begin with.
fn about<'m>(contract: &'m OpenApi, link: &'m ContractLink) -> Option<Vec<&'m str>> {
    if link.is_named {
        return Some(segments(&link.prefix).collect());
    }
    let paths = contract.paths.iter().filter(|p| !is_internal(&p.path));
    let whole = paths.map(|p| segments(&link.prefix).chain(segments(&p.path)));
    let literal = whole.map(|path| path.take_while(|s| !s.contains('{')).collect::<Vec<_>>());
    literal.reduce(|a, b| a.into_iter().zip(b).take_while(|(a, b)| a == b).map(|(a, _)| a).collect())
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
    let current = || documents.iter().filter(|d| !d.is_history);
    let Some(main) = current().max_by_key(|d| d.link.matched) else { return Vec::new() };
    // What an earlier version describes was taken out of the later one on purpose.
    let is_described =
        |number: usize| documents.iter().any(|d| !d.link.described.get(number).is_some_and(Tri::is_absent));
    let routes = || service.routes.iter().enumerate();
    let handlers: BTreeSet<_> =
        routes().filter(|(n, _)| is_described(*n)).map(|(_, r)| (r.handler, &r.method)).collect();
    let is_covered = |route: &Route| current().any(|d| d.covers(&route.path));
    let asked = routes().filter(|(_, route)| is_api(route) && is_covered(route));
    let (described, missing): (Vec<_>, Vec<_>) = asked.partition(|(number, _)| is_described(*number));
    // One that describes less than half is not meant to describe all, unless it says so.
    let is_whole = current().any(|d| d.link.is_named) || described.len() >= missing.len();
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
