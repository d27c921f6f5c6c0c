//! Reading a configuration: a mistake is told with its place and the nearest right word.

use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use svclint_catalog::{Category, rule, rules};
use svclint_knowledge::{KnowledgeError, read_toml};

use super::FILE;
use super::file::ConfigFile;

/// `Cargo.toml`, as far as it is about svclint.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Manifest {
    workspace: WorkspaceTable,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WorkspaceTable {
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    svclint: Option<ConfigFile>,
}

/// Reads `svclint.toml`, or what `Cargo.toml` says in `[workspace.metadata.svclint]`; `None` where that says nothing.
pub(super) fn read(path: &Path, text: &str) -> Result<Option<ConfigFile>, KnowledgeError> {
    let file = path.display().to_string();
    if path.ends_with("Cargo.toml") {
        return match read_toml::<Manifest>(&file, text) {
            Ok(manifest) => Ok(manifest.workspace.metadata.svclint),
            Err(error) if error.key.contains("metadata.svclint") => Err(with_nearest(error)),
            // What else is wrong in a manifest is told by Cargo.
            Err(_) => Ok(None),
        };
    }
    read_toml(&file, text).map(Some).map_err(with_nearest)
}

/// serde names the wrong word and all right ones: this names the nearest.
fn with_nearest(mut error: KnowledgeError) -> KnowledgeError {
    if !error.message.starts_with("unknown field") && !error.message.starts_with("unknown variant") {
        return error;
    }
    let mut words = error.message.split('`').skip(1).step_by(2);
    let near = words.next().and_then(|wrong| nearest(wrong, words));
    if let Some(near) = near {
        error.message = format!("{}; did you mean `{near}`?", error.message);
    }
    error
}

/// The word nearest to a wrong one, if it is near.
fn nearest<'w>(wrong: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let near = words.map(|word| (strsim::damerau_levenshtein(wrong, word), word)).min()?;
    (near.0 <= wrong.len().div_ceil(2)).then_some(near.1)
}

/// A mistake at a place of a file.
pub(super) fn at(path: &Path, text: &str, span: Range<usize>, message: String) -> KnowledgeError {
    let before = text.get(..span.start).unwrap_or("");
    KnowledgeError {
        file: path.display().to_string(),
        line: before.matches('\n').count() + 1,
        column: span.start - before.rfind('\n').map_or(0, |i| i + 1) + 1,
        key: String::new(),
        message,
    }
}

/// Whether a name is that of a rule.
pub(super) fn known_rule(name: &str) -> Result<(), String> {
    if rule(name).is_some() {
        return Ok(());
    }
    if crate::own_rules().iter().any(|own| own.id == name) {
        return Err(format!(
            "`{name}` is what svclint says of itself and has no level; `--fail-on` tells what a run fails on"
        ));
    }
    Err(unknown("rule", name, rules().iter().map(|r| r.meta.id)))
}

/// Whether a name is that of a rule, a category, or `all`.
pub(super) fn known_level_name(name: &str) -> Result<(), String> {
    if name == "all" || Category::named(name).is_some() || rule(name).is_some() {
        return Ok(());
    }
    known_rule(name).map_err(|message| {
        let names = Category::ALL.iter().map(|c| c.name()).chain(rules().iter().map(|r| r.meta.id));
        if message.starts_with("there is no") { unknown("rule or category", name, names) } else { message }
    })
}

fn unknown<'w>(what: &str, name: &str, words: impl Iterator<Item = &'w str>) -> String {
    match nearest(name, words) {
        Some(near) => format!("there is no {what} `{name}`; did you mean `{near}`?"),
        None => format!("there is no {what} `{name}`; `svclint rules` lists them"),
    }
}

/// Whether a file's name is one that configuration may stand in.
pub(crate) fn may_configure(path: &Path) -> bool {
    path.ends_with(FILE) || path.ends_with("Cargo.toml")
}
