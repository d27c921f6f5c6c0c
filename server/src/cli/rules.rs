//! `svclint rules`

use std::io::Write;

use svclint_catalog::{Level, rules};

use super::Outcome;

pub(crate) fn run() -> anyhow::Result<Outcome> {
    let mut out = anstream::stdout().lock();
    let width = rules().iter().map(|r| r.meta.id.len()).max().unwrap_or(0);
    for rule in rules() {
        let level = match rule.meta.level {
            Level::Allow => "off",
            Level::Warn => "on",
            Level::Deny => "deny",
        };
        let summary = rule.meta.summary().replace('\n', " ");
        writeln!(out, "{:width$}  {:4} {:14} {summary}", rule.meta.id, level, rule.meta.category.name())?;
    }
    Ok(Outcome::Clean)
}
