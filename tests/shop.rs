//! The sample system: each flagship defect is reported where it is, and nothing where a person has mended it.

mod support;

use serde_json::Value;
use support::{copy_of, findings, stdout, svclint, systems};

fn check(system: &str, args: &[&str]) -> Value {
    let mut all = vec!["check", "--format", "json", system];
    all.extend(args);
    serde_json::from_str(&stdout(&svclint(&systems(), &all))).expect("JSON")
}

#[test]
fn each_defect_is_reported_at_its_place() {
    insta::assert_snapshot!(findings(&check("shop", &[])).join("\n"), @"");
}

#[test]
fn the_mended_system_is_quiet() {
    let output = svclint(&systems(), &["check", "shop-mended"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("no findings"));
}

#[test]
fn unsafe_fixes_mend_what_they_can_and_come_to_rest() {
    let dir = copy_of("shop");
    let first = svclint(dir.path(), &["check", "--unsafe-fixes"]);
    assert!(
        String::from_utf8_lossy(&first.stderr).contains("3 fixes applied"),
        "{}",
        support::stderr(&first)
    );
    let left: Value =
        serde_json::from_str(&stdout(&svclint(dir.path(), &["check", "--format", "json"]))).expect("JSON");
    let left = findings(&left);
    assert!(!left.iter().any(|f| f.contains("timeout") || f.contains("health")), "{left:?}");
    let again = svclint(dir.path(), &["check", "--unsafe-fixes", "--diff"]);
    assert_eq!(stdout(&again), "", "a second time changes nothing");
}

#[test]
fn a_diff_changes_nothing_on_disk() {
    let dir = copy_of("shop");
    let diff = stdout(&svclint(dir.path(), &["check", "--unsafe-fixes", "--diff"]));
    assert!(
        diff.contains("--- a/crates/orders/src/payments.rs\n+++ b/crates/orders/src/payments.rs\n@@ "),
        "{diff}"
    );
    assert!(diff.contains("+use std::time::Duration;"), "{diff}");
    let before =
        std::fs::read_to_string(systems().join("shop/crates/orders/src/payments.rs")).expect("readable");
    assert_eq!(
        std::fs::read_to_string(dir.path().join("crates/orders/src/payments.rs")).expect("readable"),
        before
    );
}

#[test]
fn inspect_shows_what_is_there() {
    let seen: Value =
        serde_json::from_str(&stdout(&svclint(&systems(), &["inspect", "shop", "--format", "json"])))
            .expect("JSON");
    assert_eq!(seen["version"], 1);
    let services: Vec<&str> =
        seen["services"].as_array().expect("a list").iter().filter_map(|s| s["name"].as_str()).collect();
    assert_eq!(services, ["gateway", "inventory", "orders", "payments"]);
    let coverage = &seen["coverage"];
    for part in ["paths", "method_calls", "routes", "clients"] {
        assert!(coverage[part]["known"].as_u64() > Some(0), "{part}: {coverage}");
    }
    insta::assert_snapshot!(stdout(&svclint(&systems(), &["inspect", "shop"])), @"");
}
