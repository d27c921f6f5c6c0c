//! What is run in containers.

use svclint_model::{FileId, Model, Service};

use crate::Context;

/// Whether a service is run in a container: the workspace builds or composes some, and where it has several programs, one
/// of these files names this one or lies in its folder.
pub(super) fn is_deployed(cx: &Context<'_>, service: &Service) -> bool {
    let mut files = container_files(cx.model).peekable();
    if files.peek().is_none() {
        return false;
    }
    let [_, _, ..] = cx.model.services.as_slice() else { return true };
    let folder = cx.model.packages.get(service.package as usize).and_then(|p| {
        let manifest = cx.model.files.get(p.manifest.0 as usize)?;
        manifest.parent()
    });
    let package = cx.model.packages.get(service.package as usize).map_or("", |p| p.name.as_str());
    files.any(|file| {
        let path = cx.model.files.get(file.0 as usize);
        let within = path.zip(folder).is_some_and(|(path, folder)| path.starts_with(folder));
        let text = cx.sources.text(file);
        within || names(text, &service.binary) || names(text, package)
    })
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
    container_files(cx.model).any(|file| cx.sources.text(file).lines().any(|l| says(l) || rewrites(l)))
}

fn container_files(model: &Model) -> impl Iterator<Item = FileId> + '_ {
    let is_container = |path: &std::path::Path| {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("").to_lowercase();
        name.contains("dockerfile") || name.contains("containerfile") || name.contains("compose")
    };
    let numbered = model.files.iter().enumerate();
    numbered.filter(move |(_, path)| is_container(path)).map(|(number, _)| FileId(number as u32))
}

/// Whether a text holds a name as a word.
fn names(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    !name.is_empty()
        && text.match_indices(name).any(|(at, _)| {
            let before = text.get(..at).and_then(|t| t.chars().next_back());
            let after = text.get(at + name.len()..).and_then(|t| t.chars().next());
            !before.is_some_and(part) && !after.is_some_and(part)
        })
}
