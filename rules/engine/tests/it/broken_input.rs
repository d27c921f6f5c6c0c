//! Whatever is read, svclint ends well: it says what it left out, and checks the rest.

use crate::support;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::support::{found, service};
use svclint_engine::{Cancel, DiskFs, Options, Report, Workspace, WorkspaceError};
use svclint_syntax::{Encoding, Position};

const BAD: &str =
    "async fn bad() {\n    reqwest::Client::new().get(\"http://x\").send().await.unwrap();\n}\n";

fn bad_service(code: &str) -> String {
    service(".route(\"/bad\", get(bad))", &format!("{BAD}{code}"))
}

#[test]
fn a_file_that_ends_in_the_middle_of_a_function_keeps_its_other_functions() {
    let text = format!("{}\nasync fn unfinished(a: u8) {{\n    let x = vec![1, 2\n", bad_service(""));
    let found = found(&support::check(&text));
    assert!(found.iter().any(|f| f.ends_with("http-client-without-timeout")), "{found:?}");
    assert!(found.iter().any(|f| f.ends_with("syntax-error")), "{found:?}");
}

#[test]
fn a_broken_manifest_is_named_and_keeps_what_can_be_read() {
    let manifest = "[package]\nname = \"shop\"\nversion = = \"1\"\n[dependencies]\naxum = \"0.8\"\nreqwest = \"0.12\"\ntokio = \"1\"\n";
    let found =
        found(&support::check(&format!("//- Cargo.toml\n{manifest}//- src/main.rs\n{}", bad_service(""))));
    assert!(found.iter().any(|f| f == "Cargo.toml:3 syntax-error"), "{found:?}");
    assert!(found.iter().any(|f| f.ends_with("http-client-without-timeout")), "{found:?}");
}

#[test]
fn deep_nesting_and_endless_operators_are_refused_not_fatal() {
    for text in [
        "(".repeat(100_000),
        format!("fn f() {{ {}1 }}", "-".repeat(50_000)),
        format!("fn f() {{ {}1{} }}", "(".repeat(2000), ")".repeat(2000)),
    ] {
        let found = found(&support::check(&format!(
            "{}//- src/other.rs\n{text}\n",
            format_args!("//- src/main.rs\nmod other;\n{}", bad_service(""))
        )));
        assert!(found.iter().any(|f| f.contains("other.rs") && f.ends_with("syntax-error")), "{found:?}");
        assert!(found.iter().any(|f| f.ends_with("http-client-without-timeout")), "{found:?}");
    }
}

#[test]
fn columns_are_right_behind_wide_characters_in_all_encodings() {
    let code = "async fn wide() { let _ = \"é漢😀\"; reqwest::Client::new().get(\"http://x\").send().await.unwrap(); }";
    let report = support::check(&service(".route(\"/w\", get(wide))", code));
    let finding = &report.findings[0].finding;
    let file = report.file(finding.place.file).expect("a file");
    let column = |encoding| file.lines.position(&file.text, finding.place.span.start, encoding).column;
    let before = "async fn wide() { let _ = \"é漢😀\"; ";
    assert_eq!(column(Encoding::Utf8) as usize, before.len());
    assert_eq!(column(Encoding::Utf16) as usize, before.encode_utf16().count());
    assert_eq!(column(Encoding::Utf32) as usize, before.chars().count());
    for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
        let line = file.lines.line_of(finding.place.span.start);
        let back = file.lines.offset(&file.text, Position { line, column: column(encoding) }, encoding);
        assert_eq!(back, finding.place.span.start);
    }
}

fn on_disk(write: impl FnOnce(&Path)) -> (tempfile::TempDir, Report) {
    let dir = tempfile::tempdir().expect("a folder");
    for (path, text) in support::files(&bad_service("mod other;\n")) {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }
    write(&dir.path().join("src"));
    let mut workspace = Workspace::new(Arc::new(DiskFs), vec![dir.path().to_owned()], Options::default())
        .expect("the root exists");
    workspace.load().expect("there are files");
    let report = workspace.check(&Cancel::default()).expect("nobody cancels");
    (dir, report)
}

fn still_found(report: &Report) -> bool {
    report.findings.iter().any(|f| f.finding.rule.id == "http-client-without-timeout")
}

#[test]
fn what_cannot_be_read_is_skipped_and_named() {
    let (_dir, report) =
        on_disk(|src| fs::write(src.join("other.rs"), [b'f', b'n', 0xff, 0xfe]).expect("written"));
    assert!(still_found(&report));
    assert!(report.skipped[0].reason.contains("not UTF-8 at byte 2"), "{:?}", report.skipped);

    let (_dir, report) =
        on_disk(|src| fs::write(src.join("other.rs"), "// x\n".repeat(1_300_000)).expect("written"));
    assert!(still_found(&report));
    assert!(report.skipped[0].reason.contains("6.2 MiB"), "{:?}", report.skipped);

    let (_dir, report) = on_disk(|src| fs::write(src.join("other.rs"), "").expect("written"));
    assert!(still_found(&report) && report.skipped.is_empty());
}

#[cfg(unix)]
#[test]
fn links_that_run_in_circles_end() {
    let (_dir, report) = on_disk(|src| std::os::unix::fs::symlink(src, src.join("again")).expect("linked"));
    assert!(still_found(&report));
}

#[test]
fn a_path_that_does_not_exist_is_an_error() {
    let missing = PathBuf::from("/no/such/path");
    let error = Workspace::new(Arc::new(DiskFs), vec![missing.clone()], Options::default()).err();
    assert!(matches!(error, Some(WorkspaceError::Missing(path)) if path == missing));
}

#[test]
fn an_edit_keeps_what_did_not_change() {
    let mut files = support::files(&bad_service(""));
    let first = found(&support::check_files(files.clone()));
    files[0].1.push_str("\n// a comment\n");
    assert_eq!(found(&support::check_files(files)), first);
}
