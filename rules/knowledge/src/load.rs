//! Reading pages. A mistake in one is told with file, line, column and key.

use std::sync::{Arc, OnceLock};

use crate::page::Page;
use crate::view::Knowledge;

/// A page that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {key}{message}")]
pub struct KnowledgeError {
    /// The page's file name.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// 1-based, in bytes.
    pub column: usize,
    /// The innermost table and key at the place, as "`types.x.methods.y`: ", or nothing.
    pub key: String,
    /// What is wrong.
    pub message: String,
}

/// Reads one page.
pub fn load_page(file: &str, text: &str) -> Result<Page, KnowledgeError> {
    read_toml(file, text)
}

/// Reads anything in TOML; a mistake is told with its place.
pub fn read_toml<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T, KnowledgeError> {
    toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |s| s.start).min(text.len());
        let before = text.get(..offset).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let column = offset - before.rfind('\n').map_or(0, |i| i + 1) + 1;
        let message = error.message().trim().to_owned();
        KnowledgeError { file: file.to_owned(), line, column, key: key_at(text, line), message }
    })
}

/// The table header and key of a line, for the error's reader.
fn key_at(text: &str, line: usize) -> String {
    let upto: Vec<&str> = text.lines().take(line).collect();
    let header = upto.iter().rev().find_map(|l| l.trim().strip_prefix('[')?.split(']').next());
    let key = upto.last().and_then(|l| l.split_once('=')).map(|(key, _)| key.trim());
    match (header, key) {
        (Some(h), Some(k)) => format!("`{}.{k}`: ", h.trim_start_matches('[')),
        (Some(one), None) | (None, Some(one)) => format!("`{one}`: "),
        (None, None) => String::new(),
    }
}

/// A shipped page: its file, the libraries that it speaks of, its text.
type Shipped = (&'static str, &'static [&'static str], &'static str);

// All files under `libraries/`, by name: a new page is one new file.
const PAGES: &[Shipped] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// Each page is read when it is first asked for.
static READ: [OnceLock<Result<Arc<Page>, KnowledgeError>>; PAGES.len()] =
    [const { OnceLock::new() }; PAGES.len()];

/// The pages that svclint ships of the libraries that are wanted, by their names in code (`_`, not `-`).
///
/// # Errors
/// When a shipped page is broken; a test keeps that from happening.
pub fn shipped(wanted: impl Fn(&str) -> bool) -> Result<Vec<Arc<Page>>, KnowledgeError> {
    PAGES
        .iter()
        .zip(&READ)
        .filter(|((_, libraries, _), _)| libraries.iter().any(|l| *l == "std" || wanted(l)))
        .map(|((file, _, text), read)| read.get_or_init(|| load_page(file, text).map(Arc::new)).clone())
        .collect()
}

/// All pages that svclint ships.
///
/// # Errors
/// When a shipped page is broken; a test keeps that from happening.
pub fn built_in() -> Result<&'static Arc<Knowledge>, KnowledgeError> {
    static BUILT_IN: OnceLock<Result<Arc<Knowledge>, KnowledgeError>> = OnceLock::new();
    BUILT_IN
        .get_or_init(|| shipped(|_| true).map(Knowledge::new).map(Arc::new))
        .as_ref()
        .map_err(Clone::clone)
}
