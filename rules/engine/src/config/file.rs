//! What a configuration file may say.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_spanned::Spanned;
use svclint_catalog::Level;
use svclint_knowledge::{DeclaredLink, Page};

/// Configuration of svclint. For each file that is checked, the nearest `svclint.toml` above it counts.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(title = "svclint.toml")]
pub(crate) struct ConfigFile {
    /// Other configuration files, relative to this one, that count before it: `"../svclint.toml"`.
    #[schemars(with = "Option<OneOrMore>")]
    pub(crate) extends: Option<Spanned<OneOrMore>>,
    /// What is done with the findings of a rule, of a category, or of `all` rules. A rule's own name goes before its category. A
    /// category turns no rule on that is off by default: only its own name does.
    #[schemars(with = "BTreeMap<String, LevelWord>")]
    pub(crate) levels: LevelTable,
    /// Other levels for some files. A later one goes before an earlier one.
    #[serde(rename = "override")]
    pub(crate) overrides: Vec<Override>,
    /// Findings that are accepted.
    #[serde(rename = "exception")]
    #[schemars(with = "Vec<Exception>")]
    pub(crate) exceptions: Vec<Spanned<Exception>>,
    /// Whether whatever is accepted needs a reason; `true` where nothing is said.
    pub(crate) require_reasons: Option<bool>,
    /// The file with the findings that were there when svclint came, relative to this one. `svclint-baseline.json` beside the configuration
    /// is found without it.
    pub(crate) baseline: Option<String>,
    /// Wrappers of the system's own, in the words of the knowledge pages.
    #[schemars(with = "Vec<BTreeMap<String, serde_json::Value>>")]
    pub(crate) knowledge: Vec<Arc<Page>>,
    /// Which program is in which image, where that cannot be proven.
    #[serde(rename = "link")]
    #[schemars(with = "Vec<Link>")]
    pub(crate) links: Vec<DeclaredLink>,
}

/// Levels by the name of a rule, a category, or `all`.
pub(crate) type LevelTable = BTreeMap<Spanned<String>, LevelWord>;

/// One text, or several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    pub(crate) fn as_slice(&self) -> &[String] {
        match self {
            OneOrMore::One(one) => std::slice::from_ref(one),
            OneOrMore::More(more) => more,
        }
    }
}

/// What is done with findings, in clippy's words.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LevelWord {
    /// They are not reported.
    Allow,
    /// They are reported with their own severity.
    Warn,
    /// They are errors.
    Deny,
}

impl From<LevelWord> for Level {
    fn from(word: LevelWord) -> Level {
        match word {
            LevelWord::Allow => Level::Allow,
            LevelWord::Warn => Level::Warn,
            LevelWord::Deny => Level::Deny,
        }
    }
}

/// Other levels for some files.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Override {
    /// Patterns relative to this configuration file: `"legacy/**"`.
    #[schemars(with = "Vec<String>")]
    pub(crate) paths: Vec<Spanned<String>>,
    /// As in the table of the whole file.
    #[schemars(with = "BTreeMap<String, LevelWord>")]
    pub(crate) levels: LevelTable,
}

/// Findings that are accepted, by their rule and by what they are in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exception {
    /// The rules.
    #[schemars(with = "Vec<String>")]
    pub(crate) rules: Vec<Spanned<String>>,
    /// Patterns relative to this configuration file; all files if there are none.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) paths: Vec<Spanned<String>>,
    /// The function, type or module: `orders::payments::charge`, or the end of its path.
    pub(crate) item: Option<String>,
    /// The Kubernetes object, or a container of it: `Deployment/orders`.
    pub(crate) object: Option<String>,
    /// Why it is accepted.
    pub(crate) reason: Option<String>,
    /// Who answers for it.
    pub(crate) owner: Option<String>,
    /// The last day that it is accepted: `"2027-01-31"`.
    #[schemars(with = "Option<String>")]
    pub(crate) expires: Option<Spanned<String>>,
}

/// Which program is in an image.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct Link {
    /// The image's name without tag and digest, as manifests write it.
    image: String,
    /// The binary in it.
    program: String,
}
