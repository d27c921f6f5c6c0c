//! What makes a gate easy to live with: exit status, figures, `init`, `doctor`, stdin, completions.

#![allow(clippy::panic)]

use crate::support;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::repository::Repository;
use serde_json::Value;

/// The table of the README, a row a line: what is done, and the status.
#[test]
fn every_exit_status() {
    let shop = Repository::of("shop");
    let rows: &[(&[&str], i32)] = &[
        (&["check"], 1),
        (&["check", "--exit-zero"], 0),
        (&["check", "-A", "all"], 0),
        (&["check", "--fail-on", "error"], 1),
        (&["check", "-A", "all", "-W", "http-client-without-timeout"], 1),
        (&["check", "-A", "all", "-W", "http-client-without-timeout", "--fail-on", "error"], 0),
        (&["check", "-A", "all", "-W", "http-client-without-timeout", "--fail-on", "warning"], 1),
        (&["check", "-A", "all", "-W", "post-handler-without-idempotency-key", "--fail-on", "warning"], 0),
        (&["check", "-A", "all", "-W", "http-client-without-timeout", "--max-warnings", "2"], 0),
        (&["check", "-A", "all", "-W", "http-client-without-timeout", "--max-warnings", "1"], 1),
        (&["check", "-A", "all", "-D", "http-client-without-timeout", "--max-warnings", "9"], 1),
        (&["check", "--since", "HEAD"], 0),
        (&["check", "--staged"], 0),
        (&["check", "--unsafe-fixes", "--diff"], 1),
        (&["check", "--unsafe-fixes", "--diff", "-A", "all"], 0),
        (&["check", "--statistics"], 1),
        (&["rules"], 0),
        (&["config"], 0),
        (&["doctor"], 0),
        (&["explain", "unversioned-api"], 0),
        (&["check", "no-such-folder"], 2),
        (&["check", "-A", "no-such-rule"], 2),
        (&["check", "--fail-on", "never"], 2),
        (&["check", "--max-warnings", "few"], 2),
        (&["check", "--since", "no-such-branch"], 2),
        (&["check", "--baseline", "no-such-file"], 2),
        (&["check", "--strict-baseline"], 2),
        (&["check", "-o", "sarif=no/such/folder/x"], 2),
        (&["baseline", "prune"], 2),
        (&["baseline"], 2),
        (&["config", "no-such-folder"], 2),
        (&["init", "no-such-folder"], 2),
        (&["completions", "no-such-shell"], 2),
        (&["explain", "no-such-rule"], 2),
        (&["no-such-command"], 2),
    ];
    for (args, status) in rows {
        let ran = shop.run(args);
        assert_eq!(ran.status, Some(*status), "{args:?}: {}", ran.stderr);
        let is_told_apart = ran.stdout.is_empty() && !ran.stderr.is_empty();
        assert_eq!(*status == 2, is_told_apart, "{args:?}: errors are on stderr only");
    }
}

#[test]
fn a_failed_run_says_why() {
    let shop = Repository::without_git("shop");
    let why = |args: &[&str]| {
        let all: Vec<&str> = ["check", "--format", "json"].iter().chain(args).copied().collect();
        shop.run(&all).stderr
    };
    assert_eq!(why(&[]), "", "the findings say it");
    assert_eq!(why(&["--fail-on", "error"]), "failed: 5 errors\n");
    assert_eq!(
        why(&["-A", "all", "-W", "http-client-without-timeout", "--max-warnings", "1"]),
        "failed: 2 warnings, of which `--max-warnings` lets 1 pass\n"
    );
    assert_eq!(why(&["--exit-zero", "--fail-on", "error"]), "");
}

#[test]
fn figures_of_rules() {
    let shop = Repository::without_git("shop");
    let text = shop.run(&["check", "--statistics"]).stdout;
    assert!(text.starts_with("    4  container-resources-unset "), "{text}");
    assert!(text.ends_with("   27  in all, of 17 rules\n"), "{text}");
    let json: Value =
        serde_json::from_str(&shop.run(&["check", "--statistics", "--format", "json"]).stdout).expect("JSON");
    let rows = json.as_array().expect("rows");
    assert_eq!(rows.iter().filter_map(|r| r["findings"].as_u64()).sum::<u64>(), 27);
    assert_eq!(rows[0]["category"], "orchestration");
}

#[test]
fn rules_for_scripts() {
    let json: Value =
        serde_json::from_str(&Repository::without_git("shop").run(&["rules", "--format", "json"]).stdout)
            .expect("JSON");
    let rules = json.as_array().expect("rules");
    let of = |id: &str| rules.iter().find(|r| r["id"] == id).expect("there").clone();
    let one = of("http-client-without-timeout");
    assert_eq!(
        (&one["category"], &one["level"], &one["severity"]),
        (&"resilience".into(), &"warn".into(), &"warning".into())
    );
    assert!(one["docs"].as_str().is_some_and(|d| d.starts_with("## What it does")));
    assert_eq!(of("dual-write")["level"], "allow");
}

#[test]
fn init_writes_a_configuration_that_counts() {
    let shop = Repository::without_git("shop");
    let ran = shop.run(&["init"]);
    assert_eq!((ran.status, &*ran.stdout), (Some(0), ""));
    assert!(
        ran.stderr.starts_with("svclint.toml written\n27 findings today; `svclint baseline create`"),
        "{}",
        ran.stderr
    );
    let text = shop.read("svclint.toml");
    assert!(text.contains("# 4 services: gateway, inventory, orders, payments.\n"), "{text}");
    assert_eq!(shop.json(&[])["summary"]["findings"], 27, "it changes nothing yet");
    // Each line that is offered is right once it is no comment any more.
    let offered = |line: &str| {
        let rest = line.strip_prefix("# ").unwrap_or(line);
        if rest.starts_with('[') || rest.contains(" = ") { rest.to_owned() } else { String::new() }
    };
    let all: Vec<String> = text.lines().map(offered).collect();
    shop.write("svclint.toml", &all.join("\n"));
    let ran = shop.run(&["check"]);
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert_eq!(shop.run(&["init"]).status, Some(2), "it overwrites nothing");
    assert_eq!(shop.read("svclint.toml"), all.join("\n"));
}

#[test]
fn doctor_tells_what_was_found_and_what_was_not() {
    let shop = Repository::without_git("shop");
    shop.write("huge.yaml", &"a: b\n".repeat(1 << 20));
    let text = shop.run(&["doctor"]).stdout;
    for part in [
        "svclint 0.1.0, ",
        "git version ",
        "  .: none; `svclint init` writes one",
        "  23 files of Rust\n",
        "  not read: huge.yaml: 5.0 MiB",
        "  4 services, 16 routes\n",
        "compose/postgres: postgres (postgres:16)\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_text_that_is_not_saved() {
    let shop = Repository::without_git("shop");
    let path = "crates/orders/src/payments.rs";
    let text = shop.read(path);
    let check = |text: &str, args: &[&str]| {
        let mut child = Command::new(support::SVCLINT)
            .args(["check", "--format", "json", "--stdin-path", path])
            .args(args)
            .current_dir(shop.path())
            .env_remove("GITHUB_ACTIONS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("written");
        let output = child.wait_with_output().expect("it ends");
        let json: Option<Value> = serde_json::from_slice(&output.stdout).ok();
        (
            output.status.code(),
            json.map(|j| support::findings(&j)).unwrap_or_default(),
            support::stderr(&output),
        )
    };
    // By itself a package is no container, so only what holds everywhere is found.
    let (status, found, error) = check(&text, &[]);
    assert_eq!(status, Some(i32::from(!found.is_empty())), "{error}");
    assert!(found.iter().all(|f| f.starts_with(path)), "{found:?}");
    let worse = format!("{text}// svclint: allow(no-such-rule) x\n");
    let (status, more, _) = check(&worse, &[]);
    assert_eq!((status, more.len()), (Some(1), found.len() + 1));
    assert_eq!(shop.read(path), text);
    let (status, _, error) = check(&text, &["crates"]);
    assert_eq!(status, Some(2));
    assert!(error.contains("cannot be used with"), "{error}");
}

#[test]
fn fixes_of_chosen_rules() {
    let shop = Repository::of("shop");
    let before = shop.findings(&[]);
    let of = |rule: &str, all: &[String]| all.iter().filter(|f| f.ends_with(rule)).count();
    let ran = shop.run(&["check", "--unsafe-fixes", "--fix-only", "http-client-without-timeout"]);
    assert!(ran.stderr.contains("applied"), "{}", ran.stderr);
    let after = shop.findings(&[]);
    assert!(of("http-client-without-timeout", &before) > 0);
    assert_eq!(of("http-client-without-timeout", &after), 0);
    let others = |all: &[String]| {
        let names =
            all.iter().filter_map(|f| f.rsplit(' ').next()).filter(|r| *r != "http-client-without-timeout");
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(others(&after), others(&before), "nothing else is touched");
    let wrong = shop.run(&["check", "--fix-only", "http-client-without-timeouts"]);
    assert_eq!((wrong.status, wrong.stdout.as_str()), (Some(2), ""));
    assert!(wrong.stderr.contains("`http-client-without-timeout`"), "{}", wrong.stderr);
}

#[test]
fn what_is_not_committed_is_not_mixed_with_fixes() {
    let shop = Repository::of("shop");
    let file = "crates/gateway/src/clients/orders.rs";
    shop.write(file, &format!("{}// mine\n", shop.read(file)));
    shop.write("notes.txt", "mine");
    let text = shop.read(file);
    for fix in [&["--fix"][..], &["--unsafe-fixes"], &["--fix-only", "resilience"]] {
        let refused = shop.run(&[&["check"], fix].concat());
        assert_eq!((refused.status, refused.stdout.as_str()), (Some(2), ""), "{fix:?}");
        assert!(refused.stderr.contains("`--allow-dirty`"), "{}", refused.stderr);
        assert!(
            refused.stderr.contains("orders.rs") && refused.stderr.contains("notes.txt"),
            "{}",
            refused.stderr
        );
        assert_eq!(shop.read(file), text);
    }
    // To look at a patch changes nothing; and who says so gets the fixes.
    assert_eq!(shop.run(&["check", "--unsafe-fixes", "--diff"]).status, Some(1));
    assert_eq!(shop.run(&["check", "--unsafe-fixes", "--allow-dirty"]).status, Some(1));
    assert_ne!(shop.read(file), text);
    shop.commit("Mended");
    assert_ne!(shop.run(&["check", "--unsafe-fixes"]).status, Some(2), "what is committed is clean");
    let elsewhere = Repository::without_git("shop");
    assert_eq!(elsewhere.run(&["check", "--unsafe-fixes"]).status, Some(1), "no repository, no refusal");
}

/// Waits until a file has a text, and gives all of it; bounded, so that a failure ends.
fn grown(file: &std::path::Path, wanted: &str) -> String {
    for _ in 0..400 {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if text.contains(wanted) {
            return text;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("`{wanted}` does not come: {}", std::fs::read_to_string(file).unwrap_or_default());
}

#[test]
fn watched_files_are_checked_again() {
    let shop = Repository::of("shop");
    let out = tempfile::tempdir().expect("a folder");
    let (said, found) = (out.path().join("err"), out.path().join("out"));
    let to = |path: &std::path::Path| std::fs::File::create(path).expect("made");
    let mut child = Command::new(support::SVCLINT)
        .args(["check", "--watch", "--format", "concise"])
        .current_dir(shop.path())
        .stdout(to(&found))
        .stderr(to(&said))
        .spawn()
        .expect("it runs");
    let files = "watching 45 files; Ctrl-C ends it\n";
    grown(&said, files);
    let file = "crates/gateway/src/clients/orders.rs";
    let lines =
        |rule: &str, text: &str| text.lines().filter(|l| l.contains(file) && l.contains(rule)).count();
    let first = std::fs::read_to_string(&found).expect("readable");
    let before = lines("http-client-without-timeout", &first);
    assert!(before > 0 && !first.contains('\u{1b}'), "{first}");
    // A file is mended, another comes, a folder goes.
    shop.edit(
        file,
        "Client::new()",
        "Client::builder().timeout(std::time::Duration::from_secs(2)).build().unwrap()",
    );
    grown(&said, &files.repeat(2));
    let second = std::fs::read_to_string(&found).expect("readable")[first.len()..].to_owned();
    assert_eq!(lines("http-client-without-timeout", &second), before - 1, "{second}");
    shop.write("crates/gateway/src/clients/notes.rs", "//! Nothing.\n");
    grown(&said, "watching 46 files");
    std::fs::remove_dir_all(shop.file("crates/inventory")).expect("removed");
    grown(&said, "watching 40 files");
    // It stays until it is ended.
    assert!(child.try_wait().expect("known").is_none());
    child.kill().expect("ended");
    child.wait().expect("ended");
}

#[test]
fn the_manual_page_has_every_command_and_option() {
    let ran = Repository::of("shop").run(&["man"]);
    let page = &ran.stdout;
    assert!(page.contains(".TH svclint 1"), "{page}");
    for part in ["SVCLINT CHECK", "SVCLINT BASELINE", "SVCLINT LSP"] {
        assert!(
            page.contains(&format!(".SH \"{part}\"")) || page.contains(&format!(".SH {part}")),
            "{part}: {page}"
        );
    }
    for option in ["since", "fail\\-on", "add\\-suppressions"] {
        assert!(page.contains(&format!("\\-\\-{option}")), "{option}: {page}");
    }
    let unknown =
        page.lines().find(|l| l.starts_with('.') && l.as_bytes().get(1).is_some_and(|b| *b == b' '));
    assert_eq!(unknown, None, "a macro without a name");
}

#[test]
fn completions_of_shells() {
    let shop = Repository::without_git("shop");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = shop.run(&["completions", shell]);
        assert_eq!((ran.status, &*ran.stderr), (Some(0), ""));
        assert!(ran.stdout.contains("max-warnings"), "{shell}");
    }
}
