//! `alert-rule-incomplete`

use svclint_model::{Block, Labels, MetricRule, MetricRuleKind, RuleGroup, Section};

use crate::finding::Edit;
use crate::rules::contained::is_aside;
use crate::{Applicability, Context, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports alerts without `for`, without a label that says how bad it is, or without an annotation that says what happened
    /// or what to do. An expression that looks back over a time by itself needs no `for`; `for: 0m` is a decision.
    ///
    /// ## Why it matters
    /// Without `for` one odd sample wakes somebody up. Without a severity it cannot be sent to the right people, and without a
    /// word on what it means they begin from nothing.
    ///
    /// ## Example
    /// ```bad
    /// //- monitoring/orders.rules.yaml
    /// groups:
    ///   - name: orders
    ///     rules:
    ///       - alert: OrdersDown
    ///         expr: up{job="orders"} == 0
    /// ```
    /// ```good
    /// //- monitoring/orders.rules.yaml
    /// groups:
    ///   - name: orders
    ///     rules:
    ///       - alert: OrdersDown
    ///         expr: up{job="orders"} == 0
    ///         for: 5m
    ///         labels:
    ///           severity: critical
    ///         annotations:
    ///           summary: No orders are taken
    ///           runbook_url: https://example.com/runbooks/orders-down
    /// ```
    ///
    /// ## Fix
    /// Adds what is not there: five minutes, the severity `warning`, and a summary to be filled in.
    ///
    /// ## References
    /// - Prometheus, "Alerting rules"
    pub(crate) ALERT_RULE_INCOMPLETE {
        id: "alert-rule-incomplete",
        category: Observability,
        level: Warn,
        severity: Info,
        confidence: High,
        since: "0.1",
    }
}

/// Labels that tell how bad it is.
const SEVERITY: &[&str] = &[
    "severity",
    "priority",
    "level",
    "urgency",
    "criticality",
    "importance",
    "alert_level",
    "alertlevel",
    "sev",
];

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for group in &cx.model.manifests.rule_groups {
        for alert in group.rules.iter().filter(|r| r.kind == MetricRuleKind::Alert && !r.is_signal()) {
            let path = cx.model.files.get(alert.block.at.file.0 as usize);
            if path.is_some_and(|p| !is_aside(cx.model, p)) {
                findings.extend(finding(cx, group, alert));
            }
        }
    }
}

/// What is proven to be missing.
struct Lacks {
    hold: bool,
    severity: bool,
    words: bool,
}

impl Lacks {
    fn of(group: &RuleGroup, alert: &MetricRule) -> Lacks {
        let has_severity = |labels: &Labels| labels.all.keys().any(|k| SEVERITY.contains(&k.as_str()));
        let labels = [&alert.labels.texts, &group.labels];
        Lacks {
            hold: alert.hold.is_absent() && alert.looks_over_time().is_absent(),
            severity: labels.iter().all(|l| l.complete && !has_severity(l)),
            // Every team has its own names for these; any will do.
            words: alert.annotations.texts.complete && alert.annotations.texts.all.is_empty(),
        }
    }

    /// What is missing, and what comes of it.
    fn told(&self) -> Vec<(&'static str, &'static str)> {
        let all = [
            (self.hold, "`for`", "one odd sample sets it off"),
            (self.severity, "severity", "it cannot be sent to the right people"),
            (self.words, "annotations", "whoever gets it begins from nothing"),
        ];
        all.into_iter().filter(|(lacks, ..)| *lacks).map(|(_, what, so)| (what, so)).collect()
    }
}

fn finding(cx: &Context<'_>, group: &RuleGroup, alert: &MetricRule) -> Option<Finding> {
    let name = alert.name.present()?;
    let lacks = Lacks::of(group, alert);
    let told = lacks.told();
    if told.is_empty() {
        return None;
    }
    let what = listed(told.iter().map(|(what, _)| format!("no {what}")).collect());
    let so = listed(told.iter().map(|(_, so)| (*so).to_owned()).collect());
    let message = format!("the alert `{}` has {what}: {so}", name.value);
    let finding = Finding::new(&ALERT_RULE_INCOMPLETE, name.at, message)
        .help("say how long it must hold, how bad it is, and what to do about it")
        .label(what)
        .subject(match group.name.present() {
            Some(group) => format!("{} {}", group.value, name.value),
            None => name.value.clone(),
        });
    Some(finding.fix("Add what is missing", Applicability::Unsafe, edits(cx, alert, &lacks, &name.value)))
}

/// `a`, `a and b`, `a, b and c`
fn listed(mut words: Vec<String>) -> String {
    let last = words.pop().unwrap_or_default();
    if words.is_empty() { last } else { format!("{} and {last}", words.join(", ")) }
}

/// The edits that add all of it; none where a part cannot be added.
fn edits(cx: &Context<'_>, alert: &MetricRule, lacks: &Lacks, name: &str) -> Vec<Edit> {
    let summary = format!("summary: \"TODO: what {name} means, and what to do\"");
    let mut parts: Vec<Vec<Edit>> = Vec::new();
    let mut new_sections: Vec<Vec<Edit>> = Vec::new();
    for (wanted, key, section, line) in [
        (lacks.severity, "labels:", &alert.labels, "severity: warning"),
        (lacks.words, "annotations:", &alert.annotations, summary.as_str()),
    ] {
        match section {
            _ if !wanted => {}
            Section { key_at: None, .. } => {
                new_sections.push(cx.add_entry(alert.block, &[key, &format!("  {line}")]));
            }
            Section { block: Some(block), .. } => parts.push(cx.add_entry(*block, &[line])),
            // A key without anything.
            Section { key_at: Some(key), block: None, .. } => {
                let below = Block { at: *key, indent: alert.block.indent + 2, ..alert.block };
                parts.push(cx.add_entry(below, &[line]));
            }
        }
    }
    if lacks.hold {
        // Where people look for it: below the expression.
        let expr = alert.expr.present().filter(|e| alert.block.at.holds(e.at));
        let above = expr.map_or(alert.block, |e| Block { at: e.at, ..alert.block });
        parts.push(cx.add_entry(above, &["for: 5m"]));
    }
    parts.extend(new_sections);
    if parts.iter().any(Vec::is_empty) { Vec::new() } else { joined(parts.into_iter().flatten()) }
}

/// Insertions at one point are one: an inner mapping may end where the outer one does.
fn joined(edits: impl Iterator<Item = Edit>) -> Vec<Edit> {
    let mut all: Vec<Edit> = Vec::new();
    for edit in edits {
        let Edit::Replace { span, text, .. } = &edit else { continue };
        let same = all.iter_mut().find_map(|e| match e {
            Edit::Replace { span: s, text, .. } if s == span => Some(text),
            _ => None,
        });
        match same {
            Some(before) => before.push_str(text),
            None => all.push(edit),
        }
    }
    all
}
