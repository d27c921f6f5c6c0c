//! Which JSON files are contracts or manifests: told without reading the others.

use std::path::Path;

use crate::fs::FileSystem;

/// How much of a file is looked at.
const HEAD_BYTES: usize = 4096;

/// Whether a JSON file may be an OpenAPI document or a Kubernetes object. Lock files, packages' manifests and data are told from them by their first
/// bytes, so that a folder of data costs no more than opening it.
pub(crate) fn is_worth_reading(fs: &dyn FileSystem, path: &Path) -> bool {
    let is_called_so = path.iter().rev().take(2).any(|part| {
        let part = part.to_string_lossy().to_lowercase();
        part.contains("openapi") || part.contains("swagger")
    });
    is_called_so || fs.head(path, HEAD_BYTES).is_ok_and(|head| begins_openapi(&head) || begins_object(&head))
}

/// A Kubernetes object tells at once what it is.
fn begins_object(head: &[u8]) -> bool {
    names_object(&String::from_utf8_lossy(head))
}

/// Whether a text holds the keys that every Kubernetes object has.
pub(crate) fn names_object(text: &str) -> bool {
    text.contains("\"apiVersion\"") && text.contains("\"kind\"")
}

/// Tools that sort keys write `components` before `openapi`, and these may be long.
fn begins_openapi(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head);
    let head = head.trim_start_matches('\u{feff}').trim_start();
    let first = head.strip_prefix('{').map(str::trim_start);
    first.is_some_and(|rest| rest.starts_with("\"components\"") || names_openapi(rest))
}

/// Whether a text holds the key that tells the version of the specification: `"openapi": "3.1.0"`.
pub(crate) fn names_openapi(text: &str) -> bool {
    let is_version = |rest: &str| -> Option<bool> {
        let version = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        Some(version.starts_with(|c: char| c.is_ascii_digit()))
    };
    ["\"openapi\"", "\"swagger\""].iter().any(|key| {
        text.match_indices(key)
            .any(|(at, key)| is_version(text.get(at + key.len()..).unwrap_or("")) == Some(true))
    })
}
