//! Whole small workspaces in one text: `//- path` begins a file; without one the text is `src/main.rs`. A line that ends
//! with `// error: [rule]` (`# error: [rule]` in YAML) expects a finding of that rule to begin there; a comment on a line of
//! its own expects it on the next line.

#![allow(dead_code)]

pub(crate) mod orders;
pub(crate) mod seen;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use svclint_catalog::{Edit, Fix};
use svclint_engine::{Cancel, MemoryFs, Options, Report, Workspace};

const MANIFEST: &str = r#"[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
actix-web = "4"
anyhow = "1"
axum = "0.8"
dotenvy = "0.15"
jsonwebtoken = "9"
once_cell = "1"
reqwest = "0.12"
serde = "1"
sqlx = "0.8"
tokio = "1"
tonic = "0.14"
tonic-health = "0.14"
tower-http = "0.6"
tracing = "0.1"
utoipa = "5"
uuid = "1"
"#;

/// The examples of a kind, `bad` or `good`, in a rule's manual.
pub(crate) fn examples(meta: &svclint_catalog::RuleMeta, kind: &str) -> Vec<String> {
    let docs: Vec<&str> = meta.docs.lines().map(|l| l.strip_prefix(' ').unwrap_or(l)).collect();
    let mut blocks = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in docs {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(word)) => open = Some((word == kind, String::new())),
            (Some(_), Some(_)) => {
                blocks.extend(open.take().filter(|(wanted, _)| *wanted).map(|(_, text)| text))
            }
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// The files of a text, with a manifest and a Dockerfile where it brings none.
pub(crate) fn files(text: &str) -> Vec<(PathBuf, String)> {
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("//- ") {
            Some(path) => files.push((PathBuf::from(path.trim()), String::new())),
            None => {
                if files.is_empty() {
                    files.push((PathBuf::from("src/main.rs"), String::new()));
                }
                let last = files.last_mut().expect("a file was begun");
                last.1.push_str(line);
                last.1.push('\n');
            }
        }
    }
    for (path, text) in [("Cargo.toml", MANIFEST), ("Dockerfile", "FROM scratch\nUSER 10001\n")] {
        if !files.iter().any(|(p, _)| p.ends_with(path)) {
            files.push((PathBuf::from(path), text.to_owned()));
        }
    }
    files
}

/// What most of these small services do for brevity: they build their client where they use it, have no ids, unwrap what they
/// get, do not look at its status, and ask an address that is written there.
const LEFT_OUT: [&str; 5] = [
    "client-built-per-request",
    "hardcoded-service-endpoint",
    "panic-in-handler",
    "response-status-unchecked",
    "service-without-correlation",
];

/// Checks files in memory without the rules that are left out, unless they are asked for.
pub(crate) fn check_files(files: Vec<(PathBuf, String)>) -> Report {
    let levels = LEFT_OUT.map(|rule| (rule.to_owned(), svclint_catalog::Level::Allow)).into();
    check_with(files, Options { levels, ..Options::default() })
}

/// Checks files in memory with one more rule than those that are on.
pub(crate) fn check_rule(text: &str, rule: &str) -> Report {
    check_files_with(files(text), rule)
}

/// How many findings a rule has in a text.
pub(crate) fn of_rule(rule: &str, text: &str) -> usize {
    count(&check_rule(text, rule), rule)
}

/// How many findings of a rule are in a report.
pub(crate) fn count(report: &Report, rule: &str) -> usize {
    report.findings.iter().filter(|f| f.finding.rule.id == rule).count()
}

/// The same for files.
pub(crate) fn check_files_with(files: Vec<(PathBuf, String)>, rule: &str) -> Report {
    let levels = [(rule.to_owned(), svclint_catalog::Level::Warn)].into();
    check_with(files, Options { levels, ..Options::default() })
}

fn check_with(files: Vec<(PathBuf, String)>, options: Options) -> Report {
    let rooted = files.into_iter().map(|(path, text)| (Path::new("/ws").join(path), text));
    let fs = Arc::new(MemoryFs::new(rooted));
    let mut workspace = Workspace::new(fs, vec!["/ws".into()], options).expect("the root exists");
    workspace.load().expect("there are files");
    let report = workspace.check(&Cancel::default()).expect("nobody cancels");
    // A rule that panics is left out, and says so.
    let broken = report.findings.iter().find(|f| f.finding.rule.id == "internal-error");
    assert!(broken.is_none(), "{}", broken.map_or("", |f| &f.finding.message));
    report
}

pub(crate) fn check(text: &str) -> Report {
    check_files(files(text))
}

/// All files of a text in one, after the first fix of a rule's first finding.
pub(crate) fn mended(text: &str, rule: &str) -> String {
    let report = check_rule(text, rule);
    let finding = report.findings.iter().find(|f| f.finding.rule.id == rule).expect("it is reported");
    let fix = finding.finding.fixes.first().expect("there is a fix");
    let file = |(path, text): &(PathBuf, String)| format!("//- {}\n{}\n", path.display(), text.trim_end());
    apply(&report, fix).iter().map(file).collect()
}

/// `path:line rule` of each finding.
pub(crate) fn found(report: &Report) -> Vec<String> {
    let mut found: Vec<String> = report
        .findings
        .iter()
        .map(|f| {
            let file = report.file(f.finding.place.file).expect("a finding lies in a file");
            let line = file.lines.line_of(f.finding.place.span.start) + 1;
            let path = file.path.strip_prefix("/ws").expect("inside").display().to_string();
            format!("{path}:{line} {}", f.finding.rule.id)
        })
        .collect();
    found.sort();
    found
}

/// Applies one fix to the files it was made for.
pub(crate) fn apply(report: &Report, fix: &Fix) -> Vec<(PathBuf, String)> {
    let inside = |path: &Path| path.strip_prefix("/ws").unwrap_or(path).to_path_buf();
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    for number in 0.. {
        let Some(file) = report.file(svclint_model::FileId(number)) else { break };
        let mut edits: Vec<(usize, usize, &str)> = Vec::new();
        for edit in &fix.edits {
            if let Edit::Replace { file: svclint_model::FileId(id), span, text } = edit
                && *id == number
            {
                edits.push((span.start as usize, span.end as usize, text));
            }
        }
        edits.sort_by_key(|e| (e.0, e.1));
        let mut text = file.text.to_string();
        for (start, end, new) in edits.into_iter().rev() {
            text.replace_range(start..end, new);
        }
        files.push((inside(&file.path), text));
    }
    for edit in &fix.edits {
        if let Edit::Create { path, text } = edit {
            files.push((inside(path), text.clone()));
        }
    }
    files
}

/// What the markers of a text expect.
pub(crate) fn expected(text: &str) -> Vec<String> {
    let mut expected = Vec::new();
    for (path, text) in files(text) {
        for (number, line) in text.lines().enumerate() {
            // A comment on a line of its own speaks of the next line: Dockerfiles have no others.
            let line_number = number + 1 + usize::from(line.trim_start().starts_with("# error: ["));
            let markers = line.split("// error: [").skip(1).chain(line.split("# error: [").skip(1));
            for rule in markers.filter_map(|marker| marker.split(']').next()) {
                expected.push(format!("{}:{line_number} {rule}", path.display()));
            }
        }
    }
    expected.sort();
    expected
}

/// Checks a text against its markers.
#[track_caller]
pub(crate) fn assert_markers(text: &str) {
    assert_eq!(found(&check(text)), expected(text), "left: found, right: expected");
}

/// A service around some code: `ROUTES` is its router.
pub(crate) fn service(routes: &str, code: &str) -> String {
    format!(
        "use axum::{{Router, routing::{{get, post, put, delete}}}};\n{code}\n#[tokio::main]\nasync fn main() {{\n    \
         let listener = tokio::net::TcpListener::bind(\"0.0.0.0:80\").await.unwrap();\n    \
         let app = Router::new().route(\"/healthz\", get(|| async {{ \"ok\" }})){routes};\n    \
         axum::serve(listener, app).with_graceful_shutdown(std::future::pending()).await.unwrap();\n}}\n"
    )
}
