//! Comments that accept findings, written and read.

use crate::support::repository::Repository;

const CLIENT: &str = "crates/orders/src/payments.rs";
const BUILD: &str = "        let http = Client";

/// What svclint says of the comments in the client's file, and whether the client is reported.
fn with_comment(comment: &str) -> (Vec<String>, bool, Repository) {
    let shop = Repository::without_git("shop");
    shop.edit(CLIENT, BUILD, &format!("        // svclint: {comment}\n{BUILD}"));
    let json = shop.json(&[]);
    let all = json["findings"].as_array().expect("findings").clone();
    let of = |rule: &str| {
        all.iter().filter(|f| f["path"] == CLIENT && f["rule"] == rule).cloned().collect::<Vec<_>>()
    };
    let own = of("suppression").iter().map(|f| f["message"].as_str().unwrap_or("").to_owned()).collect();
    (own, !of("http-client-without-timeout").is_empty(), shop)
}

#[test]
fn comments_may_end() {
    let (said, reported, _) = with_comment("allow(http-client-without-timeout, until 2999-01-01) soon");
    assert_eq!((said, reported), (vec![], false));
    let (said, reported, shop) = with_comment("allow(http-client-without-timeout, until 2020-01-31) soon");
    assert_eq!(said, ["this comment ended on 2020-01-31: what it accepted is reported again"]);
    assert!(reported);
    shop.run(&["check", "--fix", "--allow-dirty"]);
    assert!(!shop.read(CLIENT).contains("svclint:"), "the fix takes it out");
    let (said, reported, _) = with_comment("allow(http-client-without-timeout, until soon) soon");
    assert_eq!((said, reported), (vec!["`soon` is no date; write it as 2027-01-31".to_owned()], false));
}

#[test]
fn reasons_are_asked_for_unless_the_configuration_says_otherwise() {
    let (said, reported, shop) = with_comment("allow(http-client-without-timeout)");
    assert_eq!(
        said,
        ["a finding is accepted without a reason; the next reader cannot tell whether it still holds"]
    );
    assert!(!reported);
    shop.write("svclint.toml", "require-reasons = false\n");
    assert_eq!(shop.rules_in(CLIENT, &[]), ["correlation-id-dropped-outbound"]);
}

#[test]
fn audits_see_everything() {
    let (_, _, shop) = with_comment("allow(http-client-without-timeout) the sidecar");
    shop.write("svclint.toml", "[[exception]]\nrules = [\"correlation-id-dropped-outbound\"]\nitem = \"PaymentsClient\"\nreason = \"inside\"\n");
    assert_eq!(shop.rules_in(CLIENT, &[]), [""; 0]);
    assert_eq!(shop.json(&[])["summary"]["suppressed"], 2);
    assert_eq!(
        shop.rules_in(CLIENT, &["--no-suppressions"]),
        ["http-client-without-timeout", "correlation-id-dropped-outbound"]
    );
}

#[test]
fn code_scanning_is_told_what_is_accepted_and_why() {
    let (_, _, shop) = with_comment("allow(http-client-without-timeout) the sidecar has one");
    shop.write(
        "svclint.toml",
        "[[exception]]\nrules = [\"correlation-id-dropped-outbound\"]\nitem = \"PaymentsClient\"\nreason = \"inside\"\n",
    );
    let suppressed = |args: &[&str]| {
        let ran = shop.run(&[&["check", "--format", "sarif"], args].concat());
        let sarif: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let results = sarif["runs"][0]["results"].as_array().expect("results").clone();
        let all = results.iter().flat_map(|result| {
            let rule = result["ruleId"].as_str().unwrap_or_default().to_owned();
            let own = result["suppressions"].as_array().cloned().unwrap_or_default();
            own.into_iter().map(move |s| (rule.clone(), s["kind"].clone(), s["justification"].clone()))
        });
        (results.len(), all.collect::<Vec<_>>())
    };
    let (count, mut all) = suppressed(&[]);
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let wanted = [
        ("correlation-id-dropped-outbound", "external", "inside"),
        ("http-client-without-timeout", "inSource", "the sidecar has one"),
    ];
    assert_eq!(all, wanted.map(|(rule, kind, why)| (rule.to_owned(), kind.into(), why.into())));
    // A baseline's are left out; those that were accepted stay.
    shop.run(&["baseline", "create"]);
    let (left, all) = suppressed(&[]);
    assert_eq!((left, all.len()), (2, 2), "of {count}");
}

#[test]
fn all_that_is_reported_can_be_accepted_at_once() {
    let shop = Repository::without_git("shop");
    let before = shop.read(CLIENT);
    let ran = shop.run(&["check", "--add-suppressions", "was here  before"]);
    assert_eq!(ran.stderr, "27 findings accepted\n");
    assert_eq!(ran.status, Some(0), "{}", ran.stdout);
    assert!(
        shop.read(CLIENT)
            .contains("        // svclint: allow(http-client-without-timeout) was here before\n")
    );
    assert!(shop.read("deploy/k8s/orders.yaml").contains("# svclint: allow("));
    assert_eq!(shop.run(&["check"]).status, Some(0));
    assert_eq!(shop.json(&["--no-suppressions"])["summary"]["findings"], 27);
    let without: Vec<String> =
        shop.read(CLIENT).lines().filter(|l| !l.contains("svclint:")).map(str::to_owned).collect();
    assert_eq!(without, before.lines().collect::<Vec<_>>(), "nothing else changed");
}

#[test]
fn only_what_is_new_is_accepted_beside_a_baseline() {
    let shop = Repository::without_git("shop");
    assert_eq!(shop.run(&["baseline", "create"]).status, Some(0));
    let ran = shop.run(&["check", "--add-suppressions", "x"]);
    assert_eq!((ran.status, &*ran.stderr), (Some(0), "0 findings accepted\n"));
    shop.edit(
        "crates/gateway/src/clients/orders.rs",
        "Client::new()",
        "Client::builder().build().unwrap_or_default()",
    );
    assert_eq!(shop.run(&["check", "--add-suppressions", "x"]).stderr, "1 finding accepted\n");
    assert!(!shop.read(CLIENT).contains("svclint:"));
}

#[test]
fn a_reason_is_asked_for() {
    let shop = Repository::without_git("shop");
    let ran = shop.run(&["check", "--add-suppressions", " "]);
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("wants the reason"), "{}", ran.stderr);
}

#[test]
fn line_ends_are_kept() {
    let shop = Repository::without_git("shop");
    shop.write(CLIENT, &shop.read(CLIENT).replace('\n', "\r\n"));
    assert_eq!(shop.run(&["check", "--add-suppressions", "old"]).status, Some(0));
    assert_eq!(shop.read(CLIENT).matches('\n').count(), shop.read(CLIENT).matches("\r\n").count());
}
