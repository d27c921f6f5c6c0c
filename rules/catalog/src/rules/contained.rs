//! What is run in containers, and what is not part of any service.

use std::path::Path;

use svclint_model::{FileId, Model, Service};

use crate::Context;

/// Whether a service is run in a container: the workspace builds or composes some, and where it has several programs, one
/// of these files runs this one or lies in its folder. Examples and tools for tests are not.
pub(super) fn is_deployed(cx: &Context<'_>, service: &Service) -> bool {
    let mut files = container_files(cx).peekable();
    let Some(package) = cx.model.packages.get(service.package as usize) else { return false };
    let Some(manifest) = cx.model.files.get(package.manifest.0 as usize) else { return false };
    if files.peek().is_none() || is_aside(cx.model, manifest) {
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
        return shipped.contains(&service.binary.as_str()) || runs_somewhere(cx, service);
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

/// Whether some image or composition is stopped by another signal than SIGTERM.
pub(super) fn stops_otherwise(cx: &Context<'_>) -> bool {
    let says = |line: &str| {
        let line = line.trim().to_lowercase();
        let signal = line.strip_prefix("stopsignal").or_else(|| line.strip_prefix("stop_signal"));
        signal
            .is_some_and(|s| !s.contains("term") && !s.trim_matches([' ', ':', '"', '\'']).starts_with("15"))
    };
    // An init process may pass another signal on.
    let rewrites = |line: &str| line.contains("dumb-init") && line.contains("--rewrite");
    container_files(cx).any(|file| cx.sources.text(file).lines().any(|l| says(l) || rewrites(l)))
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
