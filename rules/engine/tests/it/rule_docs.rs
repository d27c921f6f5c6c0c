//! The examples in the rules' manuals: a `bad` one is reported exactly once by its rule, a `good` one not at all.

use crate::support;
use crate::support::of_rule;
use svclint_catalog::rules;

#[test]
fn bad_examples_are_reported_once_and_good_ones_never() {
    for rule in rules() {
        let id = rule.meta.id;
        let (bad, good) = (support::examples(rule.meta, "bad"), support::examples(rule.meta, "good"));
        assert!(!bad.is_empty() && !good.is_empty(), "{id} needs a bad and a good example");
        for text in bad {
            assert_eq!(of_rule(id, &text), 1, "{id} must report its bad example:\n{text}");
        }
        for text in good {
            assert_eq!(of_rule(id, &text), 0, "{id} must not report its good example:\n{text}");
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
