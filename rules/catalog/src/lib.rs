//! The rules. A rule reads the model and nothing else, and returns findings with the edits that mend them.
#![forbid(unsafe_code)]

mod finding;
mod rule;

pub use finding::{Applicability, Confidence, Edit, Finding, Fix, Related, Severity};
pub use rule::{Category, Context, Level, Rule, RuleMeta, Sources};

/// All rules, by id.
pub fn rules() -> &'static [Rule] {
    &[]
}

/// The rule with an id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().iter().find(|r| r.meta.id == id)
}
