//! Fixes: the file parses, the finding is gone, and a second time changes nothing.

use crate::support;
use svclint_catalog::Applicability;
use svclint_engine::{FixMode, fix_all};
use svclint_syntax::{Bounds, ChunkKind, parse, with_parser_stack};

#[test]
fn every_fix_of_every_bad_example_parses_and_mends() {
    for rule in svclint_catalog::rules() {
        let docs: String =
            rule.meta.docs.lines().map(|l| format!("{}\n", l.strip_prefix(' ').unwrap_or(l))).collect();
        let bad = docs.split("```bad\n").nth(1).and_then(|d| d.split("```").next()).expect("a bad example");
        let report = support::check_rule(bad, rule.meta.id);
        let finding = report.findings.iter().find(|f| f.finding.rule.id == rule.meta.id).expect("reported");
        let none = docs.contains("## Fix\nNone");
        assert_eq!(finding.finding.fixes.is_empty(), none, "{} offers a fix, or says why not", rule.meta.id);
        for fix in &finding.finding.fixes {
            let files = support::apply(&report, fix);
            for (path, text) in files.iter().filter(|(p, _)| p.extension().is_some_and(|e| e == "rs")) {
                let bounds = Bounds::default();
                let parsed = with_parser_stack(|| {
                    parse(text, ChunkKind::Items, &bounds, |_, _| ()).map_err(|e| e.to_string())
                });
                assert_eq!(parsed, Some(Ok(())), "{} in {}:\n{text}", rule.meta.id, path.display());
            }
            for (path, text) in files.iter().filter(|(p, _)| p.extension().is_some_and(|e| e == "yaml")) {
                let errors = svclint_syntax::yaml::yaml(text).errors;
                assert_eq!(errors, [], "{} in {}:\n{text}", rule.meta.id, path.display());
            }
            let after = support::check_files_with(files, rule.meta.id);
            let left = after.findings.iter().filter(|f| f.finding.rule.id == rule.meta.id).count();
            assert_eq!(left, 0, "{} is still reported after `{}`", rule.meta.id, fix.title);
        }
    }
}

#[test]
fn fixes_keep_the_formatting_around_them() {
    let code = "
async fn chain() {
    let client = reqwest::Client::builder()
        .user_agent(\"shop\")
        .build()
        .unwrap();
    client.get(\"http://x\").send().await.unwrap();
}
async fn alone() {
    let client = reqwest::Client::new();
    client.get(\"http://x\").send().await.unwrap();
}
async fn once() {
    reqwest::get(\"http://x\").await.unwrap();
}
";
    let report = support::check(&support::service(
        ".route(\"/a\", get(chain)).route(\"/b\", get(alone)).route(\"/c\", get(once))",
        code,
    ));
    let fixed = fix_all(&report, FixMode::Unsafe);
    assert_eq!(fixed.outcome.applied, 3, "{:?}", fixed.outcome);
    let text = fixed.files.values().next().expect("one file");
    let shown: Vec<&str> = text.lines().skip(1).take(22).collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    use std::time::Duration;

    async fn chain() {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .connect_timeout(Duration::from_secs(3))
            .user_agent("shop")
            .build()
            .unwrap();
        client.get("http://x").send().await.unwrap();
    }
    async fn alone() {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .connect_timeout(Duration::from_secs(3))
            .build()
            .expect("the HTTP client can be built");
        client.get("http://x").send().await.unwrap();
    }
    async fn once() {
        reqwest::Client::new().get("http://x").timeout(Duration::from_secs(10)).send().await.unwrap();
    }
    "#);
}

#[test]
fn a_name_that_is_taken_is_written_in_full() {
    let code = "use chrono::Duration;\nasync fn f() {\n    let c = reqwest::Client::new();\n    c.get(\"http://x\").send().await.unwrap();\n}";
    let report = support::check(&support::service(".route(\"/a\", get(f))", code));
    let fixed = fix_all(&report, FixMode::Unsafe);
    let text = fixed.files.values().next().expect("one file");
    assert!(text.contains(".timeout(std::time::Duration::from_secs(10))"), "{text}");
    assert!(!text.contains("use std::time::Duration"), "{text}");
}

#[test]
fn only_what_was_asked_for_is_applied() {
    let code = "async fn f() {\n    reqwest::Client::new().get(\"http://x\").send().await.unwrap();\n}";
    let report = support::check(&support::service(".route(\"/a\", get(f))", code));
    assert_eq!(report.findings[0].finding.fixes[0].applicability, Applicability::Unsafe);
    assert!(fix_all(&report, FixMode::Safe).files.is_empty());
}

/// A fix that would break one file is left out with all that it does elsewhere; the others are applied.
#[test]
fn fixes_that_would_break_a_file_are_refused_as_a_whole() {
    let text = "//- Cargo.toml
[package]
name = \"shop\"
version = \"0.1.0\"
//- src/main.rs
fn main() {}
//- deploy/shop.yaml
apiVersion: v1
kind: Service
metadata: { name: shop, name: shop }
spec: { selector: { app: shop }, selector: { app: shop }, ports: [{ port: 80 }] }
";
    let mut report = support::check(text);
    let main = report.file_id("/ws/src/main.rs".as_ref()).expect("it is read");
    let [first, second] = report.findings.as_mut_slice() else { panic!("two keys stand twice") };
    let manifest = first.finding.place.file;
    let replace = |file, at: u32, text: &str| svclint_catalog::Edit::Replace {
        file,
        span: svclint_syntax::Span::new(at, at),
        text: text.to_owned(),
    };
    let fix = |edits| svclint_catalog::Fix { title: "x".into(), applicability: Applicability::Safe, edits };
    first.finding.fixes = vec![fix(vec![replace(manifest, 0, "a: [\n"), replace(main, 0, "// a\n")])];
    second.finding.fixes = vec![fix(vec![replace(main, 3, "x")])];
    let fixed = fix_all(&report, FixMode::Safe);
    assert_eq!(fixed.outcome.refused, ["manifest-duplicate-key"]);
    assert_eq!(fixed.outcome.applied, 1);
    assert_eq!(fixed.files.into_values().collect::<Vec<_>>(), ["fn xmain() {}\n"]);
}
