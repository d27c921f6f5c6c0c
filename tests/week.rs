//! A team's week with svclint as its gate, from the first run to the fixed defect.

use crate::support::repository::Repository;
use serde_json::Value;

const CLIENT: &str = "crates/gateway/src/clients/orders.rs";
const OTHER: &str = "crates/gateway/src/clients/stock.rs";

/// A client without a limit, and a function that calls it.
const NEW: &str = "use reqwest::Client;\n\npub async fn stock(base: &str) -> Result<String, reqwest::Error> {\n    let http = Client::new();\n    http.get(format!(\"{base}/stock\")).send().await?.error_for_status()?.text().await\n}\n";

#[test]
fn a_team_adopts_svclint() {
    // Monday: everything that is old is kept, and the gate is closed.
    let shop = Repository::of("shop");
    assert_eq!(shop.run(&["check"]).status, Some(1));
    assert_eq!(shop.run(&["init"]).status, Some(0));
    assert_eq!(shop.run(&["baseline", "create"]).status, Some(0));
    assert_eq!(shop.run(&["check", "--strict-baseline"]).status, Some(0));
    shop.commit("svclint is our gate");

    // Tuesday: a branch brings a defect; hook, baseline and comparison all tell the same.
    shop.git(&["switch", "--quiet", "--create", "stock"]);
    shop.write(OTHER, NEW);
    let module = shop.read("crates/gateway/src/clients/mod.rs");
    shop.write("crates/gateway/src/clients/mod.rs", &format!("pub mod stock;\n{module}"));
    let handlers = shop.read("crates/gateway/src/handlers.rs");
    let call = "crate::clients::stock::stock(\"http://stock\").await.unwrap_or_default();";
    let body = handlers
        .find("-> ")
        .and_then(|at| handlers[at..].find("{\n").map(|b| at + b + 2))
        .expect("a handler");
    shop.write(
        "crates/gateway/src/handlers.rs",
        &format!("{}    let _ = {call}\n{}", &handlers[..body], &handlers[body..]),
    );
    shop.git(&["add", "--all"]);
    let staged = shop.findings(&["--staged"]);
    assert!(!staged.is_empty() && staged.iter().all(|f| f.starts_with(OTHER)), "{staged:?}");
    shop.commit("Stock");
    assert_eq!(shop.findings(&["--since", "main", "--no-baseline"]), staged);
    assert_eq!(shop.findings(&[]), staged, "beside the baseline");

    // Wednesday: it is accepted for a while, and the day passes.
    assert_eq!(shop.run(&["check", "--add-suppressions", "until the new gateway is there"]).status, Some(0));
    assert_eq!(shop.run(&["check"]).status, Some(0));
    let ended = shop.read(OTHER).replace(") until", ", until 2020-01-31) until");
    shop.write(OTHER, &ended);
    let found = shop.findings(&[]);
    assert!(found.iter().any(|f| f.ends_with(" suppression")) && found.len() > staged.len(), "{found:?}");

    // Thursday: it is mended, and an old one with it; the baseline shrinks.
    shop.write(
        OTHER,
        &NEW.replace(
            "Client::new()",
            "Client::builder().timeout(std::time::Duration::from_secs(2)).build()?",
        ),
    );
    shop.edit(
        CLIENT,
        "Client::new()",
        "Client::builder().timeout(std::time::Duration::from_secs(2)).build().unwrap_or_default()",
    );
    let rest = shop.findings(&[]);
    assert!(
        !rest.iter().any(|f| f.ends_with("http-client-without-timeout") || f.ends_with("suppression")),
        "{rest:?}"
    );
    let strict = shop.run(&["check", "--strict-baseline"]);
    assert_eq!(strict.status, Some(1));
    assert!(
        strict
            .stderr
            .contains("no longer there: crates/gateway/src/clients/orders.rs http-client-without-timeout"),
        "{}",
        strict.stderr
    );
    assert!(shop.run(&["baseline", "prune"]).stderr.ends_with("26 findings, 0 added, 1 taken out\n"));

    // Friday: what is left goes to code scanning and into the pull request, in one run.
    shop.write("crates/gateway/src/clients/stock.rs", NEW);
    let ran = shop.run(&["check", "-o", "sarif=out.sarif", "-o", "github=-"]);
    assert_eq!(ran.status, Some(1));
    assert!(ran.stdout.lines().all(|l| l.starts_with("::")), "{}", ran.stdout);
    let sarif: Value = serde_json::from_str(&shop.read("out.sarif")).expect("JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    assert_eq!(results.len(), ran.stdout.lines().count(), "only what is new");
    assert!(
        results
            .iter()
            .all(|r| r["partialFingerprints"]["svclint/v1"].as_str().is_some_and(|f| f.len() == 16))
    );
}
