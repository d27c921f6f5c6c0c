//! `svclint.toml`: what people tell svclint about their system.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use svclint_knowledge::{DeclaredLink, KnowledgeError, Page, read_toml};

/// The name of the file, in the root of what is checked.
pub(crate) const FILE: &str = "svclint.toml";

/// What the file says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Wrappers of the system's own, in the words of the knowledge pages.
    #[serde(default)]
    pub(crate) knowledge: Vec<Arc<Page>>,
    /// Which program is in which image, where that cannot be proven.
    #[serde(default, rename = "link")]
    pub(crate) links: Vec<DeclaredLink>,
}

impl Config {
    /// Reads the file's text.
    pub(crate) fn read(path: &Path, text: &str) -> Result<Config, KnowledgeError> {
        read_toml(&path.display().to_string(), text)
    }
}
