//! The rules that Prometheus works by: what it records, and when it alerts whom.

use super::{Block, Environment, Labels, Spot};
use crate::place::{Place, Tri};

/// A group of rules, which are worked out one after the other.
#[derive(Clone, Debug)]
pub struct RuleGroup {
    /// Its name, where it is known.
    pub name: Tri<Spot<String>>,
    /// The environment that it belongs to.
    pub environment: Environment,
    /// The labels that all of its rules get.
    pub labels: Labels,
    /// Its rules.
    pub rules: Vec<MetricRule>,
}

/// What a rule makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricRuleKind {
    /// It alerts.
    Alert,
    /// It records a metric.
    Record,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct MetricRule {
    /// What it makes.
    pub kind: MetricRuleKind,
    /// The alert, or the metric.
    pub name: Tri<Spot<String>>,
    /// What is asked.
    pub expr: Tri<Spot<String>>,
    /// How long it must hold before it alerts.
    pub hold: Tri<Spot<String>>,
    /// The labels that it gives.
    pub labels: Section,
    /// What it tells whoever gets the alert.
    pub annotations: Section,
    /// All of it.
    pub block: Block,
}

/// A mapping of names to texts in a rule.
#[derive(Clone, Debug)]
pub struct Section {
    /// The names and texts.
    pub texts: Labels,
    /// Where its key stands.
    pub key_at: Option<Place>,
    /// The mapping, where there is one.
    pub block: Option<Block>,
}

/// Parts of an expression that one odd sample does not decide: it looks back or ahead, or at a moment in time that nears.
const OVER_TIME: &[&str] = &[
    "_over_time(",
    "increase(",
    "changes(",
    "resets(",
    "delta(",
    "predict_linear(",
    "time()",
    "_ttl",
    "expir",
    "not_after",
];

impl MetricRule {
    /// Whether it is there for other alerts: it is on all the time, so that silence tells that alerting is broken, or it
    /// holds others back.
    pub fn is_signal(&self) -> bool {
        if self.labels.texts.all.get("severity").is_some_and(|s| s.as_deref() == Some("none")) {
            return true;
        }
        let name = self.name.present().map_or(String::new(), |n| n.value.to_lowercase());
        let plain = self.expr.present().map_or(String::new(), |e| e.value.split_whitespace().collect());
        plain == "vector(1)" || ["watchdog", "deadman"].iter().any(|w| name.contains(w))
    }

    /// Whether the expression itself looks at more than one moment.
    pub fn looks_over_time(&self) -> Tri<()> {
        match &self.expr {
            Tri::Present(expr) if OVER_TIME.iter().any(|part| expr.value.contains(part)) => Tri::Present(()),
            Tri::Present(_) => Tri::Absent,
            _ => Tri::Unknown,
        }
    }
}
