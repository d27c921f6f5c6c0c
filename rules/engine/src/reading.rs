//! Which files are read, and how.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use svclint_syntax::{Bounds, Language};

use crate::fs::FileSystem;
use crate::store::{Analysis, FactStore};
use crate::{config, contract};

/// Whether a Rust file is one that a project is generated from: `{{project-name}}/src/main.rs`.
pub(crate) fn is_template(root: &Path, path: &Path) -> bool {
    let inside = path.strip_prefix(root).unwrap_or(path);
    Language::of(path) == Language::Rust && inside.to_string_lossy().contains("{{")
}

/// Patterns of all files that are read, as editors watch them.
pub const WATCHED: [&str; 18] = [
    "**/*.rs",
    "**/Cargo.{toml,lock}",
    "**/.cargo/config.toml",
    "**/rust-toolchain",
    "**/rust-toolchain.toml",
    "**/svclint.toml",
    "**/*.sql",
    "**/*.{yaml,yml}",
    "**/Kustomization",
    "**/*.json",
    "**/*.tpl",
    "**/*.proto",
    "**/*[Dd]ockerfile*",
    "**/*[Cc]ontainerfile*",
    "**/*.dockerignore",
    "**/.env",
    "**/.env.*",
    "**/*.env",
];

/// Whether a file says something that the model reads.
pub(crate) fn is_read(fs: &dyn FileSystem, path: &Path) -> bool {
    match Language::of(path) {
        Language::Json => contract::is_worth_reading(fs, path),
        Language::Rust
        | Language::Sql
        | Language::Dockerfile
        | Language::Yaml
        | Language::Proto
        | Language::Env
        | Language::Template
        | Language::Ignore => true,
        Language::Toml => {
            let names =
                ["Cargo.toml", "Cargo.lock", ".cargo/config.toml", "rust-toolchain.toml", config::FILE];
            names.iter().any(|f| path.ends_with(f))
        }
        _ if path.ends_with("rust-toolchain") => true,
        _ => false,
    }
}

pub(crate) fn read_file(
    fs: &dyn FileSystem,
    path: &Path,
    store: &FactStore,
    bounds: &Bounds,
) -> Result<Arc<Analysis>, String> {
    let size = fs.len(path).map_err(|e| e.to_string())?;
    // A lock file may be large and is cheap to read.
    if size > bounds.max_file_bytes && !path.ends_with("Cargo.lock") {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        return Err(format!(
            "{:.1} MiB; svclint reads files up to {:.0} MiB",
            mib(size),
            mib(bounds.max_file_bytes)
        ));
    }
    let bytes = fs.read(path).map_err(|e| e.to_string())?;
    let text = String::from_utf8(bytes)
        .map_err(|e| format!("not UTF-8 at byte {}", e.utf8_error().valid_up_to()))?;
    let previous = store.get(path).map(|a| &**a);
    contained(|| Arc::new(Analysis::read(path, text, previous, bounds)))
        .map_err(|e| format!("svclint failed to read it: {e}"))
}

/// Runs something that must not take everything else down.
pub(crate) fn contained<R>(run: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".into())
    })
}
