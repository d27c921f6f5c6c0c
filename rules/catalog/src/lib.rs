//! The rules. A rule reads the model and nothing else, and returns findings with the edits that mend them.
#![forbid(unsafe_code)]

mod edit;
mod finding;
mod rule;
mod rules;

pub use finding::{Applicability, Confidence, Edit, Finding, Fix, Related, Severity};
pub use rule::{Category, Context, Level, Rule, RuleMeta, Sources};
pub use rules::rules;

/// The rule with an id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().iter().find(|r| r.meta.id == id)
}

/// Declares a rule's description. The doc comment is the manual: `svclint explain`, hovers and SARIF help show it, and its
/// `bad` and `good` examples run as tests.
macro_rules! declare_rule {
    (
        $(#[doc = $doc:literal])*
        pub(crate) $name:ident {
            id: $id:literal,
            category: $category:ident,
            level: $level:ident,
            severity: $severity:ident,
            confidence: $confidence:ident,
            since: $since:literal $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        pub(crate) static $name: crate::RuleMeta = crate::RuleMeta {
            id: $id,
            category: crate::Category::$category,
            level: crate::Level::$level,
            severity: crate::Severity::$severity,
            confidence: crate::Confidence::$confidence,
            since: $since,
            docs: concat!($($doc, "\n"),*),
        };

        pub(super) static RULE: crate::Rule = crate::Rule { meta: &$name, check };
    };
}
pub(crate) use declare_rule;
