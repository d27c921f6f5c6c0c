//! The command line: formats, levels, exit status, errors.

use crate::support;
use crate::support::{stderr, stdout, svclint, systems};
use serde_json::Value;

#[test]
fn exit_status_tells_how_it_went() {
    let status = |args: &[&str]| svclint(&systems(), args).status.code();
    assert_eq!(status(&["check", "shop"]), Some(1), "findings");
    assert_eq!(status(&["check", "shop-mended"]), Some(0), "clean");
    assert_eq!(status(&["check", "no-such-folder"]), Some(2), "a path that does not exist");
    assert_eq!(status(&["check", "shop/openapi/../crates/orders/migrations"]), Some(0), "nothing wrong");
    assert_eq!(status(&["check", "-A", "no-such-rule", "shop"]), Some(2), "an unknown rule");
    assert_eq!(status(&["frobnicate"]), Some(2), "an unknown command");
}

#[test]
fn errors_say_what_to_do() {
    let error = |args: &[&str]| stderr(&svclint(&systems(), args));
    assert_eq!(error(&["check", "no-such-folder"]), "error: `no-such-folder` does not exist\n");
    assert_eq!(
        error(&["explain", "http-client-without-timout"]),
        "error: there is no rule `http-client-without-timout`; did you mean `http-client-without-timeout`?\n"
    );
    assert!(stdout(&svclint(&systems(), &["explain", "suppression"])).starts_with("# suppression\n"));
    assert_eq!(error(&["explain", "zzz"]), "error: there is no rule `zzz`; `svclint rules` lists them\n");
}

#[test]
fn levels_turn_rules_off_and_up() {
    let rules = |args: &[&str]| {
        let mut all = vec!["check", "--format", "json", "shop"];
        all.extend(args);
        let json: Value = serde_json::from_str(&stdout(&svclint(&systems(), &all))).expect("JSON");
        let findings = json["findings"].as_array().expect("a list").clone();
        findings
            .iter()
            .map(|f| {
                (f["rule"].as_str().unwrap_or("").to_owned(), f["severity"].as_str().unwrap_or("").to_owned())
            })
            .collect::<Vec<_>>()
    };
    assert!(rules(&["-A", "unversioned-api"]).iter().all(|(rule, _)| rule != "unversioned-api"));
    let denied = rules(&["-D", "unversioned-api"]);
    let severity =
        |of: &str| denied.iter().find(|(rule, _)| rule == of).map(|(_, severity)| severity.as_str());
    assert_eq!(severity("unversioned-api"), Some("error"), "{denied:?}");
    assert_eq!(severity("http-client-without-timeout"), Some("warning"), "{denied:?}");
}

#[test]
fn json_keeps_its_contract() {
    let json: Value =
        serde_json::from_str(&stdout(&svclint(&systems(), &["check", "--format", "json", "shop"])))
            .expect("JSON");
    assert_eq!(json["version"], 1);
    let all = json["findings"].as_array().expect("a list");
    let finding = all.iter().find(|f| f["rule"] == "http-client-without-timeout").expect("reported");
    for key in [
        "rule",
        "category",
        "severity",
        "confidence",
        "message",
        "help",
        "service",
        "path",
        "range",
        "byte_range",
        "related",
        "fixes",
        "fingerprint",
    ] {
        assert!(!finding[key].is_null(), "a finding lacks `{key}`: {finding}");
    }
    let range = &finding["range"];
    assert!(range["start"]["line"].as_u64() >= Some(1) && range["end"]["column"].as_u64() >= Some(1));
    let edit = &finding["fixes"][0]["edits"][0];
    for key in ["path", "range", "byte_range", "new_text"] {
        assert!(!edit[key].is_null(), "an edit lacks `{key}`: {edit}");
    }
    let path = systems().join(finding["path"].as_str().expect("a path"));
    let text = std::fs::read(path).expect("readable");
    let byte = |key: &str| finding["byte_range"][key].as_u64().expect("a number") as usize;
    assert_eq!(&text[byte("start")..byte("end")], b"reqwest::Client::new()");
    for key in ["services", "routes", "clients", "files", "findings", "fixable", "skipped", "took_ms"] {
        assert!(json["summary"][key].is_number(), "the summary lacks `{key}`");
    }
}

#[test]
fn sarif_has_what_code_scanning_wants() {
    let sarif: Value =
        serde_json::from_str(&stdout(&svclint(&systems(), &["check", "--format", "sarif", "shop"])))
            .expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let ids: Vec<&str> = run["tool"]["driver"]["rules"]
        .as_array()
        .expect("rules")
        .iter()
        .filter_map(|r| r["id"].as_str())
        .collect();
    for result in run["results"].as_array().expect("results") {
        assert!(ids.contains(&result["ruleId"].as_str().expect("an id")));
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["region"]["startLine"].as_u64() >= Some(1));
        assert!(
            !place["artifactLocation"]["uri"].as_str().expect("a uri").starts_with('/'),
            "paths are relative"
        );
        for fix in result["fixes"].as_array().into_iter().flatten() {
            assert!(!fix["artifactChanges"].as_array().expect("changes").is_empty());
        }
    }
}

#[test]
fn fingerprints_survive_edits_elsewhere() {
    let dir = support::copy_of("shop");
    let prints = || {
        let json: Value = serde_json::from_str(&stdout(&svclint(dir.path(), &["check", "--format", "json"])))
            .expect("JSON");
        let all = json["findings"].as_array().expect("a list").clone();
        all.iter().map(|f| f["fingerprint"].as_str().unwrap_or("").to_owned()).collect::<Vec<_>>()
    };
    let before = prints();
    let file = dir.path().join("crates/gateway/src/clients/orders.rs");
    let text = std::fs::read_to_string(&file).expect("readable");
    std::fs::write(&file, format!("// Another line.\n\n{text}")).expect("written");
    assert_eq!(prints(), before);
    let mut unique = before.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), before.len(), "each finding has its own");
}

#[test]
fn a_single_file_is_checked_with_its_package_around_it() {
    let output = svclint(&systems(), &["check", "--format", "json", "shop/crates/orders/src/payments.rs"]);
    let json: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert!(
        support::findings(&json)
            .iter()
            .any(|f| f.contains("payments.rs:") && f.ends_with("http-client-without-timeout"))
    );
}

#[test]
fn manuals_are_printed() {
    let text = stdout(&svclint(&systems(), &["explain", "unversioned-api"]));
    assert!(text.starts_with("# unversioned-api\n") && text.contains("## Why it matters"), "{text}");
    let rules = stdout(&svclint(&systems(), &["rules"]));
    assert_eq!(rules.lines().count(), svclint_catalog::rules().len());
}

#[test]
fn colours_go_to_terminals_only() {
    let output = std::process::Command::new(support::SVCLINT)
        .args(["check", "shop"])
        .current_dir(systems())
        .output()
        .expect("it runs");
    assert!(!stdout(&output).contains('\u{1b}'), "a pipe gets no escapes");
}

#[test]
fn a_file_is_known_by_whatever_name_it_is_given() {
    let src = systems().join("shop/crates/orders/src");
    let found = stdout(&svclint(&src, &["check", "payments.rs"]));
    assert!(found.contains("../src/payments.rs:13:20"), "checked with its package: {found}");
    for path in ["payments.rs:13", "../src/payments.rs:13", "./payments.rs:13:20"] {
        let why = stdout(&svclint(&src, &["inspect", "--why", path, "payments.rs"]));
        assert!(why.contains("make-client"), "{path}: {why}");
    }
    let from_above = ["inspect", "--why", "orders/src/payments.rs:13", "shop/crates"];
    let why = stdout(&svclint(&systems(), &from_above));
    assert!(why.contains("make-client"), "below the inspected folder: {why}");
}

#[test]
fn inspect_tells_what_it_could_not_read() {
    let dir = support::copy_of("shop");
    let manifest = dir.path().join("crates/payments/Cargo.toml");
    let broken = std::fs::read_to_string(&manifest).expect("readable") + "name = \n";
    std::fs::write(&manifest, broken).expect("written");
    let seen = svclint(dir.path(), &["inspect"]);
    assert_eq!(seen.status.code(), Some(0));
    assert!(
        stderr(&seen).contains("crates/payments/Cargo.toml:20: this part does not parse"),
        "{}",
        stderr(&seen)
    );
}

#[test]
fn timings_name_every_stage_and_every_rule_that_ran() {
    let output = svclint(&systems(), &["check", "--timings", "-A", "unversioned-api", "shop"]);
    let table = stderr(&output);
    let has_line = |name: &str| table.lines().any(|l| l.split_whitespace().next() == Some(name));
    for stage in ["read", "join", "rules", "report", "http-client-without-timeout"] {
        assert!(has_line(stage), "{stage} is missing:\n{table}");
    }
    assert!(!has_line("unversioned-api"), "it did not run:\n{table}");
    assert!(!stdout(&output).lines().any(|l| l.starts_with("join ")), "what is found stays by itself");
}

/// What `--diff` prints is a patch: `git apply` makes of it what `--fix` does, line ends and a missing last one included.
#[test]
fn a_diff_can_be_applied() {
    let make = || {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            std::fs::write(path, text).expect("written");
        };
        write(
            "Cargo.toml",
            "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\naxum = \"0.8\"\nreqwest = \"0.12\"\ntokio = { version = \"1\", features = [\"full\"] }\n",
        );
        write(
            "src/main.rs",
            "use axum::{Router, routing::get};\r\n\r\n#[tokio::main]\r\nasync fn main() {\r\n    let app = Router::new().route(\"/livez\", get(live));\r\n    let listener = tokio::net::TcpListener::bind(\"0.0.0.0:80\").await.unwrap();\r\n    axum::serve(listener, app).await.unwrap();\r\n}\r\n\r\nasync fn live() -> String {\r\n    let client = reqwest::Client::new();\r\n    client.get(\"http://orders/\").send().await.unwrap().text().await.unwrap()\r\n}",
        );
        folder
    };
    let (fixed, patched) = (make(), make());
    svclint(fixed.path(), &["check", "--unsafe-fixes"]);
    let diff = stdout(&svclint(patched.path(), &["check", "--unsafe-fixes", "--diff"]));
    assert!(diff.contains("\n\\ No newline at end of file\n"), "{diff}");
    std::fs::write(patched.path().join("fix.patch"), diff).expect("written");
    let git =
        std::process::Command::new("git").args(["apply", "fix.patch"]).current_dir(patched.path()).status();
    assert!(git.expect("git runs").success());
    let main = |folder: &tempfile::TempDir| {
        std::fs::read_to_string(folder.path().join("src/main.rs")).expect("a text")
    };
    assert_eq!(main(&patched), main(&fixed));
    assert!(main(&fixed).contains(".timeout("), "{}", main(&fixed));
}

/// What a format prints of the sample system, without colours.
fn printed(format: &str) -> String {
    stdout(&svclint(&systems(), &["check", "shop", "--format", format]))
}

#[test]
fn formats_of_a_line_a_finding() {
    let number = printed("json-lines").lines().count();
    assert!(number > 20);
    for line in printed("json-lines").lines() {
        let finding: Value = serde_json::from_str(line).expect("each line is a document");
        assert!(finding["rule"].is_string() && finding["subject"].is_string());
    }
    let line = "shop/crates/gateway/src/clients/orders.rs:11:22: warning[http-client-without-timeout] ";
    assert_eq!(printed("concise").lines().filter(|l| l.starts_with(line)).count(), 1);
    assert_eq!(printed("concise").lines().filter(|l| l.starts_with("shop/")).count(), number);
    let grouped = printed("grouped");
    assert!(grouped.lines().any(|l| l.starts_with("gateway  ")), "{grouped}");
    assert_eq!(grouped.lines().filter(|l| l.starts_with("  shop/")).count(), number);
    let agent = printed("agent");
    assert_eq!(agent.lines().count(), number);
    assert!(agent.lines().all(|l| l.starts_with("shop/")), "{agent}");
    assert!(agent.contains(" | see shop/crates/gateway/src/handlers.rs:13: "), "{agent}");
    assert!(agent.contains(" | fix (--unsafe-fixes): "), "{agent}");
}

#[test]
fn annotations_of_github() {
    let out = svclint(&systems(), &["check", "shop", "--format", "github"]);
    let text = stdout(&out);
    assert!(
        text.lines().all(|l| ["::error ", "::warning ", "::notice "].iter().any(|c| l.starts_with(c))),
        "{text}"
    );
    let one = "::warning file=shop/crates/gateway/src/clients/orders.rs,line=11,endLine=11,col=22,endColumn=44,title=svclint%3A http-client-without-timeout::";
    assert!(text.contains(one), "{text}");
    assert!(stderr(&out).contains("GitHub shows ten annotations of a kind"), "{}", stderr(&out));
}

#[test]
fn reports_for_reviews() {
    let gitlab: Value = serde_json::from_str(&printed("gitlab")).expect("JSON");
    let issues = gitlab.as_array().expect("a list");
    assert!(!issues.is_empty());
    for issue in issues {
        assert!(
            ["info", "minor", "major", "critical", "blocker"]
                .contains(&issue["severity"].as_str().unwrap_or(""))
        );
        assert!(issue["location"]["lines"]["begin"].as_u64() > Some(0));
        assert_eq!(issue["fingerprint"].as_str().map(str::len), Some(16));
    }
    let rdjson: Value = serde_json::from_str(&printed("rdjson")).expect("JSON");
    let diagnostics = rdjson["diagnostics"].as_array().expect("a list");
    assert_eq!(diagnostics.len(), issues.len());
    let timeout =
        diagnostics.iter().find(|d| d["code"]["value"] == "http-client-without-timeout").expect("found");
    assert_eq!(timeout["location"]["range"]["start"]["line"], 11);
    assert!(timeout["suggestions"][0]["text"].is_string(), "{timeout}");
}

/// XML that a parser takes, with as many failures as there are findings.
#[test]
fn reports_in_xml() {
    let number = printed("json-lines").lines().count();
    let count = |text: &str, name: &str| {
        let mut reader = quick_xml::Reader::from_str(text);
        let mut found = 0;
        loop {
            match reader.read_event().expect("XML") {
                quick_xml::events::Event::Eof => return found,
                quick_xml::events::Event::Start(e) | quick_xml::events::Event::Empty(e)
                    if e.name().as_ref() == name =>
                {
                    found += 1;
                }
                _ => {}
            }
        }
    };
    let junit = printed("junit");
    assert_eq!((count(&junit, "testcase"), count(&junit, "failure")), (number, number));
    assert_eq!(count(&printed("checkstyle"), "error"), number);
    let clean = stdout(&svclint(&systems(), &["check", "shop-mended", "--format", "junit"]));
    assert_eq!((count(&clean, "testcase"), count(&clean, "failure")), (1, 0));
}

#[test]
fn several_outputs_of_one_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let sarif = folder.path().join("out.sarif");
    let to = format!("sarif={}", sarif.display());
    let out = svclint(&systems(), &["check", "shop", "--output", &to, "-o", "agent=-"]);
    assert_eq!(stdout(&out), printed("agent"));
    let document: Value =
        serde_json::from_str(&std::fs::read_to_string(&sarif).expect("written")).expect("JSON");
    assert_eq!(document["version"], "2.1.0");
    for (wrong, told) in [
        ("sarif", "it has the form FORMAT=FILE"),
        ("sarf=x", "there is no format `sarf`"),
        ("json=", "a file stands behind `=`"),
    ] {
        let out = svclint(&systems(), &["check", "shop", "-o", wrong]);
        assert_eq!(out.status.code(), Some(2));
        assert!(stderr(&out).contains(told), "{}", stderr(&out));
    }
    let nowhere = format!("json={}/no/such/folder/x.json", folder.path().display());
    let out = svclint(&systems(), &["check", "shop", "-o", &nowhere]);
    assert_eq!(out.status.code(), Some(2));
    assert!(stderr(&out).contains("could not be written"), "{}", stderr(&out));
}

/// A comment that no rule uses goes with its line; one for a rule that did not run stays.
#[test]
fn fixes_remove_comments_that_nothing_needs() {
    let folder = tempfile::tempdir().expect("a folder");
    let main = folder.path().join("main.rs");
    let text = "fn main() {\n    // svclint: allow(unversioned-api) as agreed\n    let a = 1;\n}\n";
    std::fs::write(&main, text).expect("written");
    let after = |args: &[&str]| {
        svclint(folder.path(), &[&["check", "main.rs", "--fix"], args].concat());
        std::fs::read_to_string(&main).expect("a text")
    };
    assert_eq!(after(&["-A", "unversioned-api"]), text);
    assert_eq!(after(&["-W", "unversioned-api"]), "fn main() {\n    let a = 1;\n}\n");
}
