//! What svclint says of itself: what does not parse, what is wrong in its configuration, where it failed.

use svclint_catalog::{Category, Confidence, Finding, Level, RuleMeta, Severity};
use svclint_model::Place;

pub(crate) static SYNTAX_ERROR: RuleMeta = RuleMeta {
    id: "syntax-error",
    category: Category::Svclint,
    level: Level::Warn,
    severity: Severity::Info,
    confidence: Confidence::High,
    since: "0.1",
    docs: "## What it does\nNotes a part of a file that does not parse.\n\n## Why it matters\nIt was not checked; the rest of the file was.\n",
};

pub(crate) static CONFIG_ERROR: RuleMeta = RuleMeta {
    id: "config-error",
    category: Category::Svclint,
    level: Level::Warn,
    severity: Severity::Error,
    confidence: Confidence::High,
    since: "0.1",
    docs: "## What it does\nReports a mistake in `svclint.toml`.\n\n## Why it matters\nWhat it says is not used.\n",
};

pub(crate) static INTERNAL_ERROR: RuleMeta = RuleMeta {
    id: "internal-error",
    category: Category::Svclint,
    level: Level::Warn,
    severity: Severity::Error,
    confidence: Confidence::High,
    since: "0.1",
    docs: "## What it does\nReports a failure of svclint itself.\n\n## Why it matters\nWhat failed was not checked; everything else was.\n",
};

/// A finding of such a rule.
pub(crate) fn note(rule: &'static RuleMeta, place: Place, message: String) -> Finding {
    Finding {
        rule,
        message,
        help: None,
        severity: rule.severity,
        confidence: rule.confidence,
        variants: Vec::new(),
        service: None,
        place,
        label: String::new(),
        related: Vec::new(),
        fixes: Vec::new(),
        subject: String::new(),
    }
}
