//! Files of Prometheus rules, and the objects that hold the same.

use super::data::{Environment, MetricRule, MetricRuleKind, RuleGroup, Section};
use super::value::Value;

/// The groups of a file of rules, or of the specification of an object.
pub(super) fn read(holder: &Value, environment: &Environment) -> Vec<RuleGroup> {
    let groups = holder.get("groups").map_or(&[][..], Value::items);
    let group = |group: &Value| RuleGroup {
        name: group.tri_spot("name"),
        environment: environment.clone(),
        labels: group.labels("labels"),
        rules: group.get("rules").map_or(&[][..], Value::items).iter().filter_map(rule).collect(),
    };
    groups.iter().map(group).filter(|g| !g.rules.is_empty()).collect()
}

fn rule(rule: &Value) -> Option<MetricRule> {
    let (kind, key) = match (rule.get("alert"), rule.get("record")) {
        (Some(_), None) => (MetricRuleKind::Alert, "alert"),
        (None, Some(_)) => (MetricRuleKind::Record, "record"),
        _ => return None,
    };
    rule.get("expr")?;
    Some(MetricRule {
        kind,
        name: rule.tri_spot(key),
        expr: rule.tri_spot("expr"),
        hold: rule.tri_spot("for"),
        labels: section(rule, "labels"),
        annotations: section(rule, "annotations"),
        block: rule.block()?,
    })
}

fn section(rule: &Value, key: &str) -> Section {
    Section {
        texts: rule.labels(key),
        key_at: rule.entry(key).map(|e| e.key_at),
        block: rule.get(key).and_then(Value::block),
    }
}
