//! What a rule is.

use std::sync::OnceLock;

use serde::Serialize;
use svclint_model::{FileId, Model};

use crate::rules::running::Run;

use crate::finding::{Confidence, Finding, Severity};

/// A rule: what is known about it, and what it does.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its description.
    pub meta: &'static RuleMeta,
    /// Looks at the whole model and adds what it finds.
    pub check: fn(&Context<'_>, &mut Vec<Finding>),
}

/// What is known about a rule.
#[derive(Debug, PartialEq, Eq)]
pub struct RuleMeta {
    /// kebab-case; names the defect. Public: it never changes.
    pub id: &'static str,
    /// Its group.
    pub category: Category,
    /// Whether it runs by default.
    pub level: Level,
    /// How bad its findings are, unless a finding says otherwise.
    pub severity: Severity,
    /// How sure it is, unless a finding says otherwise.
    pub confidence: Confidence,
    /// The release that brought it.
    pub since: &'static str,
    /// The manual: Markdown, with `bad` and `good` examples that run as tests.
    pub docs: &'static str,
}

impl RuleMeta {
    /// The manual's first sentence, on one line.
    pub fn summary(&self) -> String {
        let text = self.docs.trim_start().trim_start_matches("## What it does").trim_start();
        let paragraph = text.split("\n\n").next().unwrap_or(text);
        let line = paragraph.split_whitespace().collect::<Vec<&str>>().join(" ");
        line.split_inclusive(". ").next().unwrap_or(&line).trim_end().to_owned()
    }
}

/// The groups of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Timeouts, retries, bulkheads.
    Resilience,
    /// What happens when something is done twice.
    Idempotency,
    /// Health checks and life cycle.
    Health,
    /// Contracts and versions.
    Api,
    /// Messages: how they are taken, acknowledged and sent.
    Messaging,
    /// Databases and other stores.
    Data,
    /// What blocks, waits for itself, or goes on unwatched.
    Concurrency,
    /// Logs, metrics, traces.
    Observability,
    /// Images and how they are built.
    Container,
    /// Workloads and what runs them.
    Orchestration,
    /// Discovery and configuration.
    Configuration,
    /// Security between services.
    Security,
    /// svclint itself: configuration, suppressions, internal errors.
    Svclint,
}

impl Category {
    /// Those that rules are in.
    pub const ALL: [Category; 12] = [
        Category::Resilience,
        Category::Idempotency,
        Category::Health,
        Category::Api,
        Category::Messaging,
        Category::Data,
        Category::Concurrency,
        Category::Observability,
        Category::Container,
        Category::Orchestration,
        Category::Configuration,
        Category::Security,
    ];

    /// The one that is called so.
    pub fn named(name: &str) -> Option<Category> {
        Category::ALL.into_iter().find(|c| c.name() == name)
    }

    /// As shown: `resilience`.
    pub fn name(self) -> &'static str {
        match self {
            Category::Resilience => "resilience",
            Category::Idempotency => "idempotency",
            Category::Health => "health",
            Category::Api => "api",
            Category::Messaging => "messaging",
            Category::Data => "data",
            Category::Concurrency => "concurrency",
            Category::Observability => "observability",
            Category::Container => "container",
            Category::Orchestration => "orchestration",
            Category::Configuration => "configuration",
            Category::Security => "security",
            Category::Svclint => "svclint",
        }
    }
}

/// What is done with a rule's findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The rule does not run.
    Allow,
    /// Its findings are reported with their own severity.
    Warn,
    /// Its findings are errors.
    Deny,
}

/// What a rule gets.
pub struct Context<'a> {
    /// The model.
    pub model: &'a Model,
    /// The texts, for fixes that must look like the code around them.
    pub sources: &'a dyn Sources,
    /// What runs in each service, found once for all rules that ask.
    runs: OnceLock<Vec<Run<'a>>>,
}

impl<'a> Context<'a> {
    /// A context in which nothing is found yet.
    pub fn new(model: &'a Model, sources: &'a dyn Sources) -> Self {
        Context { model, sources, runs: OnceLock::new() }
    }

    /// What runs in each service while it serves.
    pub(crate) fn runs(&self) -> &[Run<'a>] {
        self.runs.get_or_init(|| Run::all(self.model))
    }
}

/// The texts of the workspace's files.
pub trait Sources: Sync {
    /// The text; empty when there is none.
    fn text(&self, file: FileId) -> &str;
}
