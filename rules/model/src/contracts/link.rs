//! Which service a document describes: by the routes that both know of.

use std::path::Path;

use rustc_hash::FxHashSet;

use super::data::{ContractLink, OpenApi, Operation};
use super::paths::{Meeting, is_internal, is_unknown, meet, shape};
use crate::place::{Place, Tri};
use crate::system::{Model, Route, Service, ServiceId};

/// So many operations must be routes of a service before it counts as the one that is described.
const MIN_MATCHED: usize = 2;

/// Links documents with services. A document of someone else's API matches none.
pub(crate) fn links(model: &Model) -> Vec<ContractLink> {
    if model.contracts.is_empty() {
        return Vec::new();
    }
    let shapes: Vec<FxHashSet<String>> = model.services.iter().map(|s| route_shapes(s)).collect();
    let documents = model.contracts.iter().enumerate();
    documents.filter_map(|(number, contract)| link(model, &shapes, number, contract)).collect()
}

/// A service that may be the one that is described.
struct Candidate {
    service: usize,
    prefix: String,
    /// The operations that tell so.
    matched: Vec<usize>,
}

fn link(
    model: &Model,
    shapes: &[FxHashSet<String>],
    number: usize,
    contract: &OpenApi,
) -> Option<ContractLink> {
    let telling = contract.operations.iter().filter(|o| tells(o)).count();
    let mut candidates: Vec<Candidate> = Vec::new();
    for (service, shapes) in shapes.iter().enumerate().filter(|(_, shapes)| !shapes.is_empty()) {
        let under =
            |prefix: String| Candidate { service, matched: matched(contract, &prefix, shapes), prefix };
        // The last of several that match as well is taken: the first one that is written.
        let best = prefixes(contract).into_iter().rev().map(under).max_by_key(|c| c.matched.len());
        candidates.extend(best.filter(|c| !c.matched.is_empty() && c.matched.len() * 2 >= telling));
    }
    let most = candidates.iter().map(|c| c.matched.len()).max()?;
    candidates.retain(|c| c.matched.len() == most);
    let chosen = choose(model, contract, candidates)?;
    let service = model.services.get(chosen.service)?;
    // A single operation proves nothing by itself.
    if chosen.matched.len() < MIN_MATCHED && !(telling == 1 && is_of_package(model, contract, service)) {
        return None;
    }
    let prefixes = prefixes(contract);
    Some(ContractLink {
        contract: number,
        service: ServiceId(chosen.service as u32),
        matched: chosen.matched.len(),
        served: contract.operations.iter().map(|o| served(model, o, &prefixes, service)).collect(),
        described: service.routes.iter().map(|r| describing(r, &prefixes, contract)).collect(),
        is_named: is_named(model, contract, service),
        prefix: chosen.prefix,
    })
}

/// Whether an operation tells services apart: all have a health route.
fn tells(operation: &Operation) -> bool {
    !operation.other_servers && !is_internal(&operation.path)
}

/// What may stand in front of the paths of a document: what it says, or nothing.
fn prefixes(contract: &OpenApi) -> Vec<String> {
    let mut found: Vec<String> = contract.prefixes.iter().filter_map(|p| p.present().cloned()).collect();
    if !found.iter().any(String::is_empty) {
        found.push(String::new());
    }
    found
}

fn route_shapes(service: &Service) -> FxHashSet<String> {
    let known = service.routes.iter().filter(|r| !r.catch_all && !is_unknown(&r.path) && r.method != "RPC");
    known.map(|r| format!("{} {}", r.method, shape(&r.path))).collect()
}

fn matched(contract: &OpenApi, prefix: &str, shapes: &FxHashSet<String>) -> Vec<usize> {
    let is_route = |operation: &Operation| {
        let shape = shape(&format!("{prefix}{}", operation.path));
        shapes.contains(&format!("{} {shape}", operation.method)) || shapes.contains(&format!("ANY {shape}"))
    };
    let operations = contract.operations.iter().enumerate();
    operations.filter(|(_, o)| tells(o) && is_route(o)).map(|(number, _)| number).collect()
}

/// The one among services that match as well.
fn choose(model: &Model, contract: &OpenApi, mut candidates: Vec<Candidate>) -> Option<Candidate> {
    if candidates.len() > 1 {
        let nearest = |c: &Candidate| {
            let service = model.services.get(c.service);
            service.map_or((0, 0), |s| {
                (common_folders(model, contract, s), usize::from(is_named(model, contract, s)))
            })
        };
        // The name first: documents of all services often lie in one folder.
        let rank = |c: &Candidate| (nearest(c).1, nearest(c).0);
        let best = candidates.iter().map(rank).max()?;
        candidates.retain(|c| rank(c) == best);
    }
    let sites = |c: &Candidate| -> FxHashSet<Place> {
        let routes = model.services.get(c.service).map_or(&[][..], |s| &s.routes);
        routes.iter().map(|r| r.at).collect()
    };
    let mut left = candidates.into_iter();
    let first = left.next()?;
    // Several programs may be built around one router.
    let own = sites(&first);
    let is_same = left.all(|other| !own.is_disjoint(&sites(&other)));
    is_same.then_some(first)
}

/// How many folders a document and the package of a service share.
fn common_folders(model: &Model, contract: &OpenApi, service: &Service) -> usize {
    let manifest = model.packages.get(service.package as usize).map(|p| model.relative(p.manifest));
    let document = model.relative(contract.file);
    let shared = |manifest: &Path| {
        manifest.components().zip(document.components()).take_while(|(a, b)| a == b).count()
    };
    manifest.map_or(0, shared)
}

/// Whether a document lies in the folder of a service's package.
fn is_of_package(model: &Model, contract: &OpenApi, service: &Service) -> bool {
    let manifest = model.packages.get(service.package as usize).map(|p| model.relative(p.manifest));
    manifest.and_then(Path::parent).is_some_and(|folder| model.relative(contract.file).starts_with(folder))
}

/// Whether a document is called as a service: `User Service API` and `user-service`.
fn is_named(model: &Model, contract: &OpenApi, service: &Service) -> bool {
    let own = bare_name(&service.name);
    let stem = model.relative(contract.file).file_stem().map(|s| bare_name(&s.to_string_lossy()));
    let title = contract.title.as_deref().map(bare_name);
    !own.is_empty() && [stem, title].into_iter().flatten().any(|called| called == own)
}

/// A name without the words that all services and documents have in common.
fn bare_name(text: &str) -> String {
    let common =
        ["api", "service", "server", "openapi", "swagger", "spec", "rest", "http", "the", "endpoints"];
    let text = text.to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !common.contains(w));
    words.collect()
}

/// The route of a service that serves an operation; not known where another service may.
fn served(model: &Model, operation: &Operation, prefixes: &[String], service: &Service) -> Tri<usize> {
    let own = serving(operation, prefixes, &service.routes);
    let others = || model.services.iter().any(|s| !serving(operation, prefixes, &s.routes).is_absent());
    if own.is_absent() && others() { Tri::Unknown } else { own }
}

/// The route that serves an operation under any of the prefixes.
fn serving(operation: &Operation, prefixes: &[String], routes: &[Route]) -> Tri<usize> {
    let is_enum = operation.parameters.iter().any(|p| p.place == "path" && p.is_enum);
    let meetings =
        routes.iter().enumerate().filter(|(_, r)| takes(r, &operation.method)).map(|(number, route)| {
            let best = best_meeting(&operation.path, prefixes, &route.path);
            match best {
                Meeting::Same | Meeting::RouteIsWider => (best, Tri::Present(number)),
                // Each value of an enumeration may have a route of its own.
                Meeting::OperationIsWider if is_enum => (best, Tri::Unknown),
                Meeting::Unknown => (best, Tri::Unknown),
                _ => (best, Tri::Absent),
            }
        });
    // The same path before a wider one, a known route before an unknown one.
    let rank =
        |(meeting, found): &(Meeting, Tri<usize>)| (found.present().is_some(), !found.is_absent(), *meeting);
    meetings.max_by_key(rank).map_or(Tri::Absent, |(_, found)| found)
}

/// The operation that describes a route under any of the prefixes.
fn describing(route: &Route, prefixes: &[String], contract: &OpenApi) -> Tri<usize> {
    let mut found = Tri::Absent;
    for (number, operation) in contract.operations.iter().enumerate() {
        if !takes(route, &operation.method) {
            continue;
        }
        let is_enum = operation.parameters.iter().any(|p| p.place == "path" && p.is_enum);
        match best_meeting(&operation.path, prefixes, &route.path) {
            Meeting::Same => return Tri::Present(number),
            // Part of what the route takes is described.
            Meeting::RouteIsWider => found = Tri::Present(number),
            Meeting::OperationIsWider if is_enum => found = Tri::Present(number),
            Meeting::Unknown if found.is_absent() => found = Tri::Unknown,
            _ => {}
        }
    }
    found
}

fn takes(route: &Route, method: &str) -> bool {
    route.method == method || route.method == "ANY" || route.method == "GET" && method == "HEAD"
}

/// How an operation and a route meet under the prefix that brings them closest.
fn best_meeting(operation: &str, prefixes: &[String], route: &str) -> Meeting {
    let meetings = prefixes.iter().map(|prefix| meet(&format!("{prefix}{operation}"), route));
    meetings.max().unwrap_or(Meeting::Apart)
}
