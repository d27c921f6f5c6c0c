//! What counts for a path in the end, and who said so.

use std::path::PathBuf;

use svclint_catalog::{Level, RuleMeta};

use super::exception::Accepting;
use super::levels::LevelSource;

/// What counts for a path in the end.
#[derive(Debug)]
pub struct Effective {
    /// The configuration files, the one that counts most last.
    pub files: Vec<PathBuf>,
    /// The level of each rule.
    pub levels: Vec<(&'static RuleMeta, Level, LevelSource)>,
    /// Whether whatever is accepted needs a reason.
    pub requires_reasons: bool,
    /// The file of known findings that the configuration names.
    pub baseline: Option<PathBuf>,
    /// What is accepted.
    pub exceptions: Vec<EffectiveException>,
}

/// What is accepted, in words.
#[derive(Debug)]
pub struct EffectiveException {
    /// The rules.
    pub rules: Vec<String>,
    /// What it is about: `legacy/**`, `Deployment/orders`.
    pub about: Vec<String>,
    /// The reason, with who answers for it.
    pub why: Option<String>,
    /// The last day.
    pub expires: Option<super::Date>,
    /// The file that says so.
    pub file: PathBuf,
}

impl From<&Accepting> for EffectiveException {
    fn from(accepting: &Accepting) -> Self {
        EffectiveException {
            rules: accepting.rules.clone(),
            about: accepting.about.clone(),
            why: accepting.why(),
            expires: accepting.expires,
            file: accepting.file.clone(),
        }
    }
}
