//! Checks every path of every page against the sources of the releases that it says it was checked with, where the package
//! registry's copy of them is on this machine:
//!
//! ```sh
//! cargo test -p svclint-knowledge --test sources -- --ignored --nocapture
//! ```
//!
//! `PAGES=redis,lapin` limits it to some pages; `SOURCES=dir` looks for unpacked packages in another folder. Types,
//! functions and macros must be defined or re-exported somewhere in the library (or one of the same family: `axum-core` for
//! `axum`); methods must be functions, or names that one of its macros makes functions of.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_macros
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use svclint_knowledge::{Page, load_page};

#[test]
#[ignore = "needs the sources of all libraries: a command for maintainers"]
fn pages_hold_what_the_libraries_have() {
    let only: Vec<String> =
        env::var("PAGES").map(|v| v.split(',').map(str::to_owned).collect()).unwrap_or_default();
    let registry = Registry::find();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("libraries");
    let mut wrong = Vec::new();
    let (mut checked, mut skipped) = (0, Vec::new());
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        if !only.is_empty() && !only.contains(&name) {
            continue;
        }
        let page = load_page(&name, &fs::read_to_string(&file).unwrap()).unwrap_or_else(|e| panic!("{e}"));
        let sources = registry.sources(&page);
        if sources.is_empty() {
            skipped.push(name);
            continue;
        }
        checked += 1;
        wrong.extend(check(&page, &sources).into_iter().map(|w| format!("{name}.toml: {w}")));
    }
    println!(
        "{checked} pages checked, {} skipped for want of sources: {}",
        skipped.len(),
        skipped.join(", ")
    );
    assert!(wrong.is_empty(), "{} not found:\n{}", wrong.len(), wrong.join("\n"));
}

/// Where packages lie unpacked.
struct Registry {
    packages: Vec<(String, PathBuf)>,
}

impl Registry {
    fn find() -> Registry {
        let home = env::var("CARGO_HOME")
            .map(PathBuf::from)
            .unwrap_or_else(|_| Path::new(&env::var("HOME").unwrap_or_default()).join(".cargo"));
        let roots = match env::var("SOURCES") {
            Ok(folder) => vec![PathBuf::from(folder)],
            Err(_) => fs::read_dir(home.join("registry/src"))
                .map(|all| all.filter_map(|e| Some(e.ok()?.path())).collect())
                .unwrap_or_default(),
        };
        let packages = roots.iter().filter_map(|root| fs::read_dir(root).ok()).flatten();
        let named = |e: fs::DirEntry| (e.file_name().to_string_lossy().into_owned(), e.path());
        Registry { packages: packages.filter_map(Result::ok).map(named).collect() }
    }

    /// The folders of a page's library in the releases it was checked with, and of its family.
    fn sources(&self, page: &Page) -> Vec<&Path> {
        let package = page.library.package.as_ref().unwrap_or(&page.library.name).replace('_', "-");
        let exact = |folder: &str| {
            page.library.checked.iter().any(|v| folder.replace('_', "-") == format!("{package}-{v}"))
        };
        if !self.packages.iter().any(|(folder, _)| exact(folder)) {
            return Vec::new();
        }
        let family = package.split('-').next().unwrap_or(&package).to_owned();
        let related = |folder: &str| {
            let folder = folder.replace('_', "-");
            let of_family = folder.starts_with(&format!("{family}-"));
            of_family || page.library.sources.iter().any(|s| folder.starts_with(&format!("{s}-")))
        };
        self.packages.iter().filter(|(f, _)| exact(f) || related(f)).map(|(_, p)| p.as_path()).collect()
    }
}

fn check(page: &Page, sources: &[&Path]) -> Vec<String> {
    let mut names = Names::default();
    sources.iter().for_each(|folder| names.read(folder));
    let mut wrong = Vec::new();
    // What a code generator writes is no part of the library.
    let own = |path: &str| {
        let mut words = path.split("::");
        words.next() == Some(page.library.name.as_str()) && words.next() != Some("generated")
    };
    let paths = page.types.keys().chain(page.functions.keys()).chain(page.macros.keys());
    for path in paths.chain(page.attributes.keys()).filter(|p| own(p)) {
        for word in path.split("::").skip(1) {
            if !names.defined.contains(word) {
                wrong.push(format!("{path}: no `{word}`"));
            }
        }
    }
    for path in page.reexports.keys().filter(|p| own(p)) {
        let last = path.rsplit("::").next().unwrap();
        if !names.words.contains(last) {
            wrong.push(format!("{path}: no `{last}`"));
        }
    }
    for (path, entry) in page.types.iter().filter(|(p, _)| own(p)) {
        for method in entry.methods.keys().filter(|m| !names.words.contains(m.as_str())) {
            wrong.push(format!("{path}: no method `{method}`"));
        }
    }
    wrong
}

/// The names in a library's code.
#[derive(Default)]
struct Names {
    /// What is defined or re-exported.
    defined: BTreeSet<String>,
    /// Every word: macros make functions of some.
    words: BTreeSet<String>,
}

impl Names {
    fn read(&mut self, path: &Path) {
        if path.is_dir() {
            fs::read_dir(path).unwrap().for_each(|e| self.read(&e.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            self.defined.insert(stem);
            self.text(&text);
        }
    }

    fn text(&mut self, text: &str) {
        const KEYWORDS: &[&str] = &[
            "struct",
            "enum",
            "union",
            "trait",
            "fn",
            "mod",
            "type",
            "const",
            "static",
            "macro_rules",
            "as",
        ];
        let mut in_use = false;
        let mut before = "";
        for line in text.lines() {
            let code = line.split("//").next().unwrap_or("");
            in_use |= code.trim_start().starts_with("pub use") || code.trim_start().starts_with("use");
            for word in code.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty()) {
                if in_use || KEYWORDS.contains(&before) {
                    self.defined.insert(word.to_owned());
                }
                self.words.insert(word.to_owned());
                before = word;
            }
            in_use &= !code.contains(';');
        }
    }
}
