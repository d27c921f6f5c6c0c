//! Which service a document describes: by the routes that both know of.

use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::data::{ContractLink, OpenApi, Operation};
use super::paths::{Meeting, is_internal, is_unknown, meet_segments, segments, shape};
use crate::place::{Place, Tri};
use crate::system::{Model, Service, ServiceId};

/// So many operations must be routes of a service before it counts as the one that is described.
const MIN_MATCHED: usize = 2;

/// Links documents with services; taken from before where documents and routes are as they were. A document of someone
/// else's API matches none.
pub(crate) fn links(model: &Model, before: &Model) -> Vec<ContractLink> {
    if model.contracts.is_empty() {
        return Vec::new();
    }
    if Arc::ptr_eq(&model.contracts, &before.contracts) && same_routes(model, before) {
        return before.contract_links.clone();
    }
    let shapes: Vec<FxHashSet<String>> = model.services.iter().map(|s| route_shapes(s)).collect();
    let documents = model.contracts.iter().enumerate();
    documents.filter_map(|(number, contract)| link(model, &shapes, number, contract)).collect()
}

fn same_routes(model: &Model, before: &Model) -> bool {
    fn routes(model: &Model) -> impl Iterator<Item = (&str, &str, bool)> {
        model.services.iter().flat_map(|s| {
            let own = s.routes.iter().map(|r| (&*r.method, &*r.path, r.catch_all));
            own.chain([(&*s.name, "", false)])
        })
    }
    routes(model).eq(routes(before))
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
    // It is called as another one, whose routes are not seen: this one serves the same, as a stand-in for tests does.
    if !is_named(model, contract, service) && model.services.iter().any(|s| is_named(model, contract, s)) {
        return None;
    }
    // A single operation proves nothing by itself.
    if chosen.matched.len() < MIN_MATCHED && !(telling == 1 && is_of_package(model, contract, service)) {
        return None;
    }
    let wholes = whole_paths(contract);
    let asked: Vec<Asked<'_>> = contract.operations.iter().zip(&wholes).map(Asked::of).collect();
    let answers = Answer::all(service);
    Some(ContractLink {
        contract: number,
        service: ServiceId(chosen.service as u32),
        matched: chosen.matched.len(),
        served: asked.iter().map(|o| served(model, o, &answers)).collect(),
        described: answers.iter().map(|answer| describing(answer, &asked)).collect(),
        is_named: is_named(model, contract, service),
        prefix: chosen.prefix,
        payloads: Vec::new(),
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

/// The paths of each operation under all prefixes.
fn whole_paths(contract: &OpenApi) -> Vec<Vec<String>> {
    let prefixes = prefixes(contract);
    let whole = |o: &Operation| prefixes.iter().map(|prefix| format!("{prefix}{}", o.path)).collect();
    contract.operations.iter().map(whole).collect()
}

/// An operation with its paths, ready to be compared.
struct Asked<'a> {
    method: &'a str,
    paths: Vec<Vec<&'a str>>,
    /// Whether a parameter in the path lists its values.
    is_enum: bool,
}

impl<'a> Asked<'a> {
    fn of((operation, wholes): (&'a Operation, &'a Vec<String>)) -> Self {
        Asked {
            method: &operation.method,
            paths: wholes.iter().map(|path| segments(path)).collect(),
            is_enum: operation.parameters.iter().any(|p| p.place == "path" && p.is_enum),
        }
    }
}

/// A route with its path, ready to be compared.
struct Answer<'a> {
    method: &'a str,
    path: Vec<&'a str>,
}

impl<'a> Answer<'a> {
    fn all(service: &'a Service) -> Vec<Answer<'a>> {
        service.routes.iter().map(|r| Answer { method: &r.method, path: segments(&r.path) }).collect()
    }

    /// How it meets an operation under the prefix that brings them closest.
    fn meets(&self, asked: &Asked<'_>) -> Meeting {
        let takes = self.method == asked.method
            || self.method == "ANY"
            || self.method == "GET" && asked.method == "HEAD";
        if !takes {
            return Meeting::Apart;
        }
        let meetings = asked.paths.iter().map(|path| meet_segments(path, &self.path));
        meetings.max().unwrap_or(Meeting::Apart)
    }
}

/// The route of a service that serves an operation; not known where another service may.
fn served(model: &Model, asked: &Asked<'_>, answers: &[Answer<'_>]) -> Tri<usize> {
    let own = serving(asked, answers);
    let others = || model.services.iter().any(|s| !serving(asked, &Answer::all(s)).is_absent());
    if own.is_absent() && others() { Tri::Unknown } else { own }
}

fn serving(asked: &Asked<'_>, answers: &[Answer<'_>]) -> Tri<usize> {
    let meetings = answers.iter().enumerate().map(|(number, answer)| {
        let meeting = answer.meets(asked);
        let found = match meeting {
            Meeting::Same | Meeting::RouteIsWider => Tri::Present(number),
            // Each value of an enumeration may have a route of its own.
            Meeting::OperationIsWider if asked.is_enum => Tri::Unknown,
            Meeting::Unknown => Tri::Unknown,
            Meeting::OperationIsWider | Meeting::Apart => Tri::Absent,
        };
        (found.present().is_some(), !found.is_absent(), meeting, found)
    });
    // A known route before an unknown one, the same path before a wider one.
    let best = meetings.max_by_key(|(is_known, may, meeting, _)| (*is_known, *may, *meeting));
    best.map_or(Tri::Absent, |(.., found)| found)
}

/// The operation that describes a route.
fn describing(answer: &Answer<'_>, asked: &[Asked<'_>]) -> Tri<usize> {
    let mut found = Tri::Absent;
    for (number, operation) in asked.iter().enumerate() {
        match answer.meets(operation) {
            Meeting::Same => return Tri::Present(number),
            // Part of what the route takes is described.
            Meeting::RouteIsWider => found = Tri::Present(number),
            Meeting::OperationIsWider if operation.is_enum => found = Tri::Present(number),
            Meeting::Unknown if found.is_absent() => found = Tri::Unknown,
            _ => {}
        }
    }
    found
}
