//! What is run in containers or otherwise for others, and what is not part of any service.

use std::path::Path;

use svclint_model::{EffectKind, FileId, Listener, Model, Service, Tri, Workload};

use crate::{Confidence, Context};

/// Whether a service is run for others, and how sure that is: in a container, or, where the workspace does not tell how its
/// programs are run, because of what it does.
pub(super) fn in_production(cx: &Context<'_>, service: &Service) -> Option<Confidence> {
    match is_deployed(cx, service) {
        true => Some(Confidence::High),
        false => stands_alone(cx, service).then_some(Confidence::Medium),
    }
}

/// Whether a program can only be meant to run for others, in a workspace without any file for containers: it listens beyond
/// its own machine, and works with what it keeps elsewhere.
fn stands_alone(cx: &Context<'_>, service: &Service) -> bool {
    is_untold(cx) && listens_beyond(cx, service) && works_with_others(cx.model, service)
}

/// Whether a program listens beyond its own machine, and no file for containers tells another program of the workspace from
/// it.
pub(super) fn may_stand_alone(cx: &Context<'_>, service: &Service) -> bool {
    let is_only = cx.model.services.len() == 1;
    (is_only || is_untold(cx)) && listens_beyond(cx, service)
}

/// Whether the workspace has no file for containers but compositions of what others made.
fn is_untold(cx: &Context<'_>) -> bool {
    container_files(cx).next().is_none() && cx.model.manifests.workloads.iter().all(Workload::is_compose)
}

fn listens_beyond(cx: &Context<'_>, service: &Service) -> bool {
    let for_others = !service.listeners.is_empty() && !service.listeners.iter().any(is_for_itself);
    for_others && !is_tool(cx.model, service)
}

/// Whether a listener is for programs of the same machine.
fn is_for_itself(listener: &Listener) -> bool {
    let Tri::Present(address) = &listener.address else { return false };
    ["127.", "localhost", "[::1]", "::1", "/"].iter().any(|own| address.starts_with(own))
}

/// Whether a service asks a store or another service for what it needs.
fn works_with_others(model: &Model, service: &Service) -> bool {
    let asks = |kind| {
        use EffectKind::{BoundedRequest, Call, Publish, Request, Sql};
        matches!(kind, BoundedRequest(_) | Call(_) | Publish | Request(_) | Sql(_))
    };
    let functions = service.functions.iter().filter_map(|f| model.effects.get(f.0 as usize));
    functions.into_iter().any(|summary| summary.kinds().any(asks))
}

/// Whether a service is run in a container: the workspace builds or composes some, and where it has several programs, one
/// of these files runs this one or lies in its folder. Examples and tools for tests are not.
pub(super) fn is_deployed(cx: &Context<'_>, service: &Service) -> bool {
    let Some(package) = cx.model.packages.get(service.package as usize) else { return false };
    let Some(manifest) = cx.model.files.get(package.manifest.0 as usize) else { return false };
    if is_tool(cx.model, service) {
        return false;
    }
    if runs_somewhere(cx, service) {
        return true;
    }
    let mut files = container_files(cx).peekable();
    if files.peek().is_none() {
        return false;
    }
    let [_, _, ..] = cx.model.services.as_slice() else { return true };
    // An image that is known to ship another program of the package does not ship this one.
    let number = service.package as usize;
    let shipped: Vec<&str> = cx
        .model
        .images
        .iter()
        .filter_map(|image| image.ships.as_ref().filter(|ships| ships.package == number))
        .map(|ships| ships.binary.as_str())
        .collect();
    if !shipped.is_empty() {
        return shipped.contains(&service.binary.as_str());
    }
    files.any(|file| {
        let path = cx.model.files.get(file.0 as usize);
        let within = path.zip(manifest.parent()).is_some_and(|(path, folder)| path.starts_with(folder));
        let text = cx.sources.text(file);
        within && !is_root(cx.model, manifest) || runs(text, &service.binary) || runs(text, &package.name)
    })
}

/// Whether a container is known to run a service.
fn runs_somewhere(cx: &Context<'_>, service: &Service) -> bool {
    let linked = cx.model.deployments.iter().filter_map(|d| cx.model.services.get(d.service?.0 as usize));
    linked.into_iter().any(|s| s.package == service.package && s.binary == service.binary)
}

/// Folders of code that no service is built from.
const ASIDE: &[&str] =
    &["bench", "benches", "example", "examples", "fixtures", "node_modules", "test", "testdata", "tests"];

/// Words in the names of programs that are for those who work on a system.
const TOOLS: &[&str] = &[
    "bench",
    "benches",
    "benchmark",
    "benchmarks",
    "e2e",
    "example",
    "examples",
    "fake",
    "fuzz",
    "loadtest",
    "mock",
    "mocks",
    "stub",
    "test",
    "testing",
    "tests",
    "xtask",
];

/// Whether a program is an example, or a tool for tests and the like.
pub(super) fn is_tool(model: &Model, service: &Service) -> bool {
    let Some(package) = model.packages.get(service.package as usize) else { return false };
    let aside = model.files.get(package.manifest.0 as usize).is_some_and(|m| is_aside(model, m));
    let says = |name: &str| name.split(['-', '_']).any(|word| TOOLS.contains(&word));
    aside || says(&package.name) || says(&service.binary)
}

/// Whether a file lies among examples, tests and the like.
pub(super) fn is_aside(model: &Model, path: &Path) -> bool {
    let inside = path.strip_prefix(&model.root).unwrap_or(path);
    inside
        .parent()
        .is_some_and(|p| p.iter().filter_map(|part| part.to_str()).any(|part| ASIDE.contains(&part)))
}

/// Whether a package is the one around all others: files of the whole workspace lie in its folder.
fn is_root(model: &Model, manifest: &Path) -> bool {
    manifest.parent() == Some(&model.root)
}

/// The files that build images, and compositions that do: one that only brings databases for work at a desk does not.
fn container_files<'c>(cx: &'c Context<'_>) -> impl Iterator<Item = FileId> + 'c {
    let numbered = cx.model.files.iter().enumerate().map(|(number, path)| (FileId(number as u32), path));
    numbered.filter(|(file, path)| builds(path, cx.sources.text(*file))).map(|(file, _)| file)
}

fn builds(path: &Path, text: &str) -> bool {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("").to_lowercase();
    let in_editor = path.iter().any(|part| part == ".devcontainer");
    let is_image = name.contains("dockerfile") || name.contains("containerfile");
    !in_editor && (is_image || name.contains("compose") && text.contains("build:"))
}

/// Whether a container file builds, copies or runs a program: other lines may speak of users, folders and addresses.
fn runs(text: &str, program: &str) -> bool {
    // An instruction goes on behind a backslash.
    let whole = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let tells = |line: &&str| {
        let line = line.trim().trim_start_matches("- ").to_lowercase();
        STARTS.iter().any(|start| line.starts_with(start)) || line.contains("cargo ")
    };
    !program.is_empty() && whole.lines().filter(tells).any(|line| names(line, program))
}

/// How the lines begin that tell which program a container runs.
const STARTS: &[&str] = &[
    "add ",
    "arg ",
    "args",
    "build",
    "cmd",
    "command",
    "context",
    "copy ",
    "dockerfile",
    "entrypoint",
    "env ",
    "image",
    "target",
];

/// Whether a text holds a name as a word.
fn names(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|t| t.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}
