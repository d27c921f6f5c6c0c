//! The examples of the rules' manuals compile against the real libraries: the bad one, the good one, and the bad one after
//! each of its fixes. All of them are packages of one workspace under `target/proof`, so each library is built once. It needs
//! a registry and some minutes, so only `tests/run` asks for it. `PROOF=rule` compiles the examples of one rule; `PROOF=write`
//! writes down what was shown, for the rules' pages.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::disallowed_methods, clippy::disallowed_macros)]

use crate::compiling;
use crate::support;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::compiling::{Case, Code, Libraries};
use toml::Table;

/// The releases that an example's manifest names, and the others that the example must compile with as well.
const RELEASES: [[(&str, &str); 2]; 2] = [
    [("axum = \"0.8\"", "axum = \"0.8\""), ("reqwest = \"0.12\"", "reqwest = \"0.12\"")],
    [("axum = \"0.8\"", "axum = \"0.7\""), ("reqwest = \"0.12\"", "reqwest = \"0.13\"")],
];

#[test]
#[ignore = "compiles against the real libraries"]
fn examples_compile_before_and_after_their_fixes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace");
    let asked = env::var("PROOF").unwrap_or_default();
    let only = Some(asked.as_str()).filter(|a| !a.is_empty() && *a != "write");
    let libraries = Libraries::read(&root.join("tests/proof"));
    let cases = cases(only);
    let failures = compiling::check(&root, &libraries, &cases);

    let report: Vec<String> = failures.iter().map(|(case, errors)| format!("## {case}\n{errors}")).collect();
    println!("{} of {} examples compile", cases.len() - failures.len().min(cases.len()), cases.len());
    assert!(failures.is_empty(), "{}\ndo not compile: {:#?}", report.join("\n"), failures.keys());

    let file = root.join("tests/proof/shown.toml");
    let shown = shown(&cases, &libraries);
    if asked == "write" {
        fs::write(&file, &shown).expect("writable");
    }
    let claimed: Table = fs::read_to_string(&file).expect("readable").parse().expect("TOML");
    let shown: Table = shown.parse().expect("TOML");
    let wrong: Vec<&String> = claimed
        .iter()
        .filter(|(rule, what)| only.is_none() && shown.get(*rule) != Some(what))
        .map(|(r, _)| r)
        .collect();
    assert!(
        wrong.is_empty(),
        "tests/proof/shown.toml says what was not shown: {wrong:?}; PROOF=write renews it"
    );
}

/// The examples with Rust in them, of one rule or of all, each with the releases that it is proved for.
fn cases(only: Option<&str>) -> Vec<Case> {
    let mut cases: BTreeMap<Code, Case> = BTreeMap::new();
    for rule in svclint_catalog::rules().iter().filter(|r| only.is_none_or(|o| o == r.meta.id)) {
        let id = rule.meta.id;
        let mut add = |name: String, code: Code, fixed: bool| {
            if code.keys().any(|path| path.extension().is_some_and(|e| e == "rs")) {
                let case = cases.entry(code.clone()).or_insert_with(|| Case::new(name, code));
                case.mended.extend(fixed.then_some(id));
            }
        };
        for kind in ["bad", "good"] {
            for (number, text) in support::examples(rule.meta, kind).iter().enumerate() {
                for (release, files) in releases(support::files(text)).into_iter().enumerate() {
                    let name = format!("{id}--{kind}-{number}-{release}");
                    let before = code(files.clone());
                    let report = support::check_files_with(files, id);
                    let of_rule = report.findings.iter().filter(|f| f.finding.rule.id == id);
                    for (number, fix) in of_rule.flat_map(|f| &f.finding.fixes).enumerate() {
                        let after = code(support::apply(&report, fix));
                        let fixed = after != before;
                        add(format!("{name}-fixed-{number}"), after, fixed);
                    }
                    add(name, before, false);
                }
            }
        }
    }
    cases.into_values().collect()
}

/// An example with each of the releases, where it makes a difference.
fn releases(files: Vec<(PathBuf, String)>) -> BTreeSet<Vec<(PathBuf, String)>> {
    let mentions = |files: &[(PathBuf, String)], library: &str| {
        files.iter().any(|(p, t)| p.extension().is_some_and(|e| e == "rs") && t.contains(library))
    };
    let with = |release: &[(&str, &str); 2]| {
        let mut files = files.clone();
        for (named, other) in release {
            let library = named.split(' ').next().unwrap_or(named);
            // What is built around a library, its middleware, asks for one release of it.
            let around = format!("{}_", library.replace('-', "_"));
            if mentions(&files, &format!("{library}::")) && !mentions(&files, &around) {
                for (_, text) in files.iter_mut().filter(|(p, _)| p.ends_with("Cargo.toml")) {
                    *text = text.replace(named, other);
                }
            }
        }
        files
    };
    RELEASES.iter().map(with).collect()
}

/// The files that decide whether an example compiles.
fn code(files: Vec<(PathBuf, String)>) -> Code {
    let kinds = ["rs", "proto", "sql"];
    let is_code =
        |p: &Path| p.ends_with("Cargo.toml") || p.extension().is_some_and(|e| kinds.iter().any(|k| e == *k));
    files.into_iter().filter(|(path, _)| is_code(path)).collect()
}

/// By rule: the releases of the libraries that its fixed examples use.
fn shown(cases: &[Case], libraries: &Libraries) -> String {
    let mut by_rule: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for case in cases {
        for rule in &case.mended {
            by_rule.entry(rule).or_default().extend(libraries.used(case));
        }
    }
    let mut out = String::from(
        "# The fixes of the rules' examples compile against these. Written by `PROOF=write`, see rules/engine/tests/proof.rs.\n",
    );
    for (rule, used) in by_rule {
        out.push_str(&format!("{rule} = {:?}\n", used.into_iter().collect::<Vec<String>>()));
    }
    out
}
