//! `--since` and `--staged`: only what a change brings in.

use crate::support;
use crate::support::repository::Repository;

const CLIENT: &str = "crates/orders/src/payments.rs";

#[test]
fn only_what_a_branch_brings_in_is_reported() {
    let shop = Repository::of("shop");
    shop.git(&["switch", "--quiet", "--create", "work"]);
    let ran = shop.run(&["check", "--since", "main"]);
    assert_eq!((ran.status, &*ran.stderr), (Some(0), ""));
    assert!(ran.stdout.starts_with("no findings, 27 there before\n"), "{}", ran.stdout);
    // Old findings in a changed file are no findings of the change.
    shop.write(CLIENT, &format!("// New.\n{}", shop.read(CLIENT)));
    assert_eq!(shop.findings(&["--since", "main"]), [""; 0]);
    shop.edit(
        "crates/gateway/src/clients/orders.rs",
        "Client::new()",
        "Client::builder().build().unwrap_or_default()",
    );
    let new = ["crates/gateway/src/clients/orders.rs:11 http-client-without-timeout"];
    assert_eq!(shop.findings(&["--since", "main"]), new, "not committed");
    shop.commit("Worse");
    let ran = shop.run(&["check", "--since", "main", "--format", "concise"]);
    assert_eq!((ran.status, &*ran.stderr), (Some(1), "failed: 1 new finding (26 more were there before)\n"));
    assert_eq!(shop.findings(&["--since", "HEAD~1"]), new);
    assert_eq!(shop.findings(&["--since", "HEAD"]), [""; 0]);
    // What came to `main` meanwhile is not of this branch.
    shop.git(&["switch", "--quiet", "main"]);
    shop.edit(CLIENT, "Client::builder()", "Client::builder().timeout(std::time::Duration::from_secs(2))");
    shop.commit("Better");
    shop.git(&["switch", "--quiet", "work"]);
    assert_eq!(shop.findings(&["--since", "main"]), new);
}

#[test]
fn what_a_change_causes_elsewhere_is_of_the_change() {
    let shop = Repository::of("shop-mended");
    assert_eq!(shop.findings(&["--since", "HEAD"]), [""; 0]);
    shop.edit("crates/payments/src/api.rs", "#[get(\"/readyz\")]", "#[get(\"/ready\")]");
    let found = shop.findings(&["--since", "HEAD"]);
    assert!(
        found
            .iter()
            .any(|f| f.starts_with("deploy/k8s/payments.yaml:") && f.ends_with(" probe-route-missing")),
        "the manifest did not change: {found:?}"
    );
}

#[test]
fn new_gone_and_renamed_files_are_compared() {
    let shop = Repository::of("shop");
    shop.git(&["mv", "deploy/k8s", "deploy/prod"]);
    assert_eq!(shop.findings(&["--since", "HEAD"]), [""; 0], "renamed");
    std::fs::remove_dir_all(shop.file("deploy")).expect("removed");
    assert_eq!(shop.run(&["check", "--since", "HEAD"]).status, Some(0), "gone");
    shop.write("deploy/new/extra.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: extra\nspec:\n  template:\n    spec:\n      containers:\n        - name: extra\n          image: extra:latest\n");
    let found = shop.findings(&["--since", "HEAD"]);
    assert!(!found.is_empty() && found.iter().all(|f| f.starts_with("deploy/new/extra.yaml:")), "{found:?}");
    let in_new = support::svclint(&shop.file("deploy"), &["check", "--since", "HEAD", "new"]);
    assert_eq!(in_new.status.code(), Some(1), "a folder that was not there: {}", support::stderr(&in_new));
}

#[test]
fn what_is_accepted_no_more_is_new() {
    let shop = Repository::of("shop");
    shop.edit(
        CLIENT,
        "        let http",
        "        // svclint: allow(http-client-without-timeout) the sidecar\n        let http",
    );
    shop.commit("Accepted");
    assert_eq!(shop.findings(&["--since", "HEAD"]), [""; 0]);
    shop.edit(CLIENT, "        // svclint: allow(http-client-without-timeout) the sidecar\n", "");
    assert_eq!(shop.findings(&["--since", "HEAD"]), [format!("{CLIENT}:13 http-client-without-timeout")]);
}

#[test]
fn hooks_see_what_is_staged_and_nothing_else() {
    let shop = Repository::of("shop");
    let orders = "crates/gateway/src/clients/orders.rs";
    let good = shop.read(orders);
    shop.edit(orders, "Client::new()", "Client::builder().build().unwrap_or_default()");
    assert_eq!(shop.run(&["check", "--staged"]).status, Some(0), "nothing is staged");
    shop.git(&["add", orders]);
    // The worktree is mended, the index is not.
    shop.write(orders, &good);
    shop.write("Dockerfile", "FROM debian\n");
    assert_eq!(shop.findings(&["--staged"]), [format!("{orders}:11 http-client-without-timeout")]);
}

#[test]
fn a_first_commit_is_all_new() {
    let shop = Repository::without_git("shop");
    shop.git(&["init", "--quiet"]);
    assert_eq!(shop.run(&["check", "--staged"]).status, Some(2), "nothing is staged: nothing to check");
    shop.git(&["add", "--all"]);
    assert_eq!(shop.findings(&["--staged"]).len(), 27);
}

#[test]
fn wrong_use_is_told() {
    let shop = Repository::of("shop");
    let error = |args: &[&str]| {
        let ran = shop.run(args);
        assert_eq!((ran.status, &*ran.stdout), (Some(2), ""), "{args:?}");
        ran.stderr
    };
    let unknown = error(&["check", "--since", "origin/main"]);
    assert!(
        unknown.starts_with("error: `--since origin/main`: there is no such commit here; `git branch --all`"),
        "{unknown}"
    );
    assert!(error(&["check", "--since", "--upload-pack"]).starts_with("error: "));
    assert!(error(&["check", "--since", "HEAD", "--staged"]).contains("cannot be used with"));
    assert!(error(&["check", "--staged", "--fix"]).contains("cannot be used with"));
    // A clone with the last commit only.
    shop.commit_nothing();
    let clone = tempfile::tempdir().expect("a folder");
    let url = format!("file://{}", shop.path().display());
    shop.git(&["clone", "--quiet", "--depth", "1", &url, clone.path().to_str().expect("a name")]);
    let output = support::svclint(clone.path(), &["check", "--since", "HEAD~1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(support::stderr(&output).contains("fetch-depth: 0"), "{}", support::stderr(&output));
    // No repository at all.
    let plain = Repository::without_git("shop");
    let ran = plain.run(&["check", "--since", "HEAD"]);
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("is in no git repository"), "{}", ran.stderr);
}
