//! The examples in the rules' manuals: a `bad` one is reported exactly once by its rule, a `good` one not at all.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::disallowed_methods)]

mod support;

use svclint_catalog::{RuleMeta, rules};

fn blocks(meta: &RuleMeta, kind: &str) -> Vec<String> {
    let docs: Vec<&str> = meta.docs.lines().map(|l| l.strip_prefix(' ').unwrap_or(l)).collect();
    let mut blocks = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in docs {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(word)) => open = Some((word == kind, String::new())),
            (Some(_), Some(_)) => {
                blocks.extend(open.take().filter(|(wanted, _)| *wanted).map(|(_, text)| text))
            }
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

#[test]
fn bad_examples_are_reported_once_and_good_ones_never() {
    for rule in rules() {
        let id = rule.meta.id;
        let of_rule = |text: &str| {
            support::found(&support::check_rule(text, id)).into_iter().filter(|f| f.ends_with(id)).count()
        };
        let (bad, good) = (blocks(rule.meta, "bad"), blocks(rule.meta, "good"));
        assert!(!bad.is_empty() && !good.is_empty(), "{id} needs a bad and a good example");
        for text in bad {
            assert_eq!(of_rule(&text), 1, "{id} must report its bad example:\n{text}");
        }
        for text in good {
            assert_eq!(of_rule(&text), 0, "{id} must not report its good example:\n{text}");
        }
    }
}

#[test]
fn every_rule_has_a_manual() {
    for rule in rules() {
        for heading in ["## What it does", "## Why it matters", "## Example", "## Fix", "## References"] {
            assert!(rule.meta.docs.contains(heading), "{} lacks `{heading}`", rule.meta.id);
        }
        assert!(!rule.meta.summary().is_empty());
    }
    assert!(rules().is_sorted_by_key(|r| r.meta.id), "rules are listed by id");
}
