//! `svclint rules`

use std::io::Write;

use clap::ValueEnum;
use serde::Serialize;
use svclint_catalog::{Category, Confidence, Level, RuleMeta, Severity, rules};

use super::Outcome;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table
    Human,
    /// One document
    Json,
}

#[derive(Serialize)]
struct JsonRule {
    id: &'static str,
    category: Category,
    level: Level,
    severity: Severity,
    confidence: Confidence,
    since: &'static str,
    summary: String,
    docs: String,
}

impl From<&RuleMeta> for JsonRule {
    fn from(meta: &RuleMeta) -> Self {
        JsonRule {
            id: meta.id,
            category: meta.category,
            level: meta.level,
            severity: meta.severity,
            confidence: meta.confidence,
            since: meta.since,
            summary: meta.summary(),
            docs: meta.docs.lines().map(|l| l.strip_prefix(' ').unwrap_or(l)).collect::<Vec<_>>().join("\n"),
        }
    }
}

pub(crate) fn run(format: Format) -> anyhow::Result<Outcome> {
    let mut out = anstream::stdout().lock();
    if format == Format::Json {
        let all: Vec<JsonRule> = rules().iter().map(|r| r.meta.into()).collect();
        serde_json::to_writer_pretty(&mut out, &all)?;
        writeln!(out)?;
        return Ok(Outcome::Clean);
    }
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
