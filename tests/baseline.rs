//! `svclint baseline`: only what is new is reported.

use crate::support;
use crate::support::repository::Repository;

const CLIENT: &str = "crates/orders/src/payments.rs";
const BUILD: &str = "let http = Client::builder().pool_max_idle_per_host(8).build()?;";

fn with_baseline() -> Repository {
    let shop = Repository::without_git("shop");
    let ran = shop.run(&["baseline", "create"]);
    assert_eq!(ran.stderr, "svclint-baseline.json: 27 findings, 27 added, 0 taken out\n");
    assert_eq!((ran.status, &*ran.stdout), (Some(0), ""));
    shop
}

#[test]
fn old_findings_are_not_reported_and_new_ones_are() {
    let shop = with_baseline();
    let ran = shop.run(&["check"]);
    assert_eq!((ran.status, &*ran.stderr), (Some(0), ""));
    assert!(ran.stdout.starts_with("no findings, 27 in the baseline\n"), "{}", ran.stdout);
    assert_eq!(shop.json(&[])["summary"]["baseline"], 27);
    // From a folder inside, and for a part.
    assert_eq!(support::svclint(&shop.file("crates"), &["check", "orders"]).status.code(), Some(0));
}

#[test]
fn a_second_defect_of_a_kind_is_new() {
    let shop = with_baseline();
    // The same words once more, in the same function.
    shop.edit(
        CLIENT,
        BUILD,
        &format!("let spare = Client::builder().pool_max_idle_per_host(8).build()?;\n        {BUILD}"),
    );
    shop.edit(CLIENT, "Ok(Self { http, base })", "Ok(Self { http, base, spare })");
    shop.edit(CLIENT, "    base: String,\n}", "    base: String,\n    spare: Client,\n}");
    shop.edit(CLIENT, "        Ok(())", "        self.spare.get(format!(\"{}/x\", self.base)).send().await?.error_for_status()?;\n        Ok(())");
    let ran = shop.run(&["check", "--format", "concise"]);
    assert_eq!(shop.findings(&[]).iter().filter(|f| f.ends_with("http-client-without-timeout")).count(), 1);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stderr.contains("new finding") && ran.stderr.contains("(27 more are in `svclint-baseline.json`)"),
        "{}",
        ran.stderr
    );
}

#[test]
fn known_findings_survive_moves_renames_and_formatting() {
    let shop = with_baseline();
    let moved = format!("// A line.\n\n\n{}", shop.read(CLIENT));
    shop.write(CLIENT, &moved);
    assert_eq!(shop.findings(&[]), [""; 0], "moved lines");
    shop.edit(CLIENT, "Client::builder().pool_max_idle_per_host(8).build()?", "Client::builder()\n            .pool_max_idle_per_host(\n                8,\n            )\n            .build()?");
    assert_eq!(shop.findings(&[]), [""; 0], "formatted anew");
    shop.write("crates/orders/src/money.rs", &shop.read(CLIENT));
    std::fs::remove_file(shop.file(CLIENT)).expect("removed");
    for file in ["main.rs", "lib.rs", "service.rs", "handlers.rs", "state.rs"] {
        let path = format!("crates/orders/src/{file}");
        if shop.file(&path).is_file() {
            let text = shop
                .read(&path)
                .replace("mod payments", "mod money")
                .replace("payments::PaymentsClient", "money::PaymentsClient");
            shop.write(&path, &text);
        }
    }
    assert_eq!(shop.findings(&[]), [""; 0], "a renamed file");
    std::fs::rename(shop.file("deploy/k8s"), shop.file("deploy/prod")).expect("renamed");
    assert_eq!(shop.findings(&[]), [""; 0], "a renamed folder");
}

#[test]
fn prune_takes_out_what_is_gone_and_adds_nothing() {
    let shop = with_baseline();
    shop.edit(CLIENT, ".pool_max_idle_per_host(8)", ".timeout(std::time::Duration::from_secs(2))");
    let strict = shop.run(&["check", "--strict-baseline", "--format", "concise"]);
    assert_eq!(strict.status, Some(1));
    assert_eq!(
        strict.stderr,
        "no longer there: crates/orders/src/payments.rs http-client-without-timeout orders::payments::PaymentsClient::new\n\
         failed: `svclint-baseline.json` has 1 finding that is no longer there; `svclint baseline prune` takes out what is gone\n"
    );
    assert_eq!(shop.run(&["check"]).status, Some(0), "only strict runs mind");
    assert_eq!(
        shop.run(&["check", "crates/inventory", "--strict-baseline"]).status,
        Some(0),
        "it is elsewhere"
    );
    let off = ["check", "--strict-baseline", "-A", "http-client-without-timeout"];
    assert_eq!(shop.run(&off).status, Some(0), "its rule did not run");
    let pruned = shop.run(&["baseline", "prune"]);
    assert_eq!(pruned.stderr, "svclint-baseline.json: 26 findings, 0 added, 1 taken out\n");
    assert_eq!(shop.run(&["check", "--strict-baseline"]).status, Some(0));
    // It is back: a new finding now.
    shop.edit(CLIENT, ".timeout(std::time::Duration::from_secs(2))", "");
    assert_eq!(shop.rules_in(CLIENT, &[]), ["http-client-without-timeout"]);
    assert_eq!(
        shop.run(&["baseline", "prune"]).stderr,
        "svclint-baseline.json: 26 findings, 0 added, 0 taken out\n"
    );
    assert_eq!(
        shop.run(&["baseline", "update"]).stderr,
        "svclint-baseline.json: 27 findings, 1 added, 0 taken out\n"
    );
    assert_eq!(shop.run(&["check"]).status, Some(0));
}

#[test]
fn a_part_keeps_what_the_baseline_says_of_the_rest() {
    let shop = with_baseline();
    let before = shop.read("svclint-baseline.json");
    let ran = shop.run(&["baseline", "update", "crates/orders"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let after = shop.read("svclint-baseline.json");
    let others = |text: &str| {
        text.lines().filter(|l| !l.contains("\"crates/orders")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(others(&before), others(&after));
}

#[test]
fn a_baseline_is_where_the_configuration_says() {
    let shop = Repository::without_git("shop");
    shop.write("svclint.toml", "baseline = \"ci/known.json\"\n");
    assert_eq!(shop.run(&["check"]).status, Some(1), "not made yet");
    assert_eq!(shop.run(&["baseline", "create"]).status, Some(0));
    assert!(shop.file("ci/known.json").is_file() && !shop.file("svclint-baseline.json").exists());
    assert_eq!(shop.run(&["check", "--strict-baseline"]).status, Some(0));
    assert_eq!(shop.run(&["check", "--no-baseline"]).status, Some(1));
}

#[test]
fn wrong_use_is_told() {
    let shop = Repository::without_git("shop");
    let error = |args: &[&str]| {
        let ran = shop.run(args);
        assert_eq!((ran.status, &*ran.stdout), (Some(2), ""), "{args:?}");
        ran.stderr
    };
    let none = "error: there is no baseline; `svclint baseline create` writes one\n";
    assert_eq!(error(&["baseline", "update"]), none);
    assert_eq!(error(&["baseline", "prune"]), none);
    assert!(error(&["check", "--strict-baseline"]).contains("there is no baseline"));
    assert!(error(&["check", "--baseline", "no.json"]).contains("the baseline `no.json` cannot be read"));
    shop.write("svclint-baseline.json", "{}");
    assert!(error(&["check"]).contains("the baseline `"), "a broken one is never passed over");
    shop.write("svclint-baseline.json", "{\"version\": 9, \"findings\": []}");
    assert!(error(&["check"]).contains("is of version 9; this svclint knows version 1"));
    shop.write("svclint-baseline.json", "{\"version\": 1, \"findings\": []}");
    assert!(error(&["baseline", "create"]).contains("`svclint-baseline.json` is there already"));
}
