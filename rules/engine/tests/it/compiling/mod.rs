//! Compiles many small programs at once: each is a package of one workspace, so each library is built once, with the union of
//! the features that they and the `libraries` package ask for.

#![allow(dead_code, clippy::disallowed_macros)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use toml::{Table, Value};

/// The files of a program.
pub(crate) type Code = BTreeMap<PathBuf, String>;

/// A small program: an example, perhaps mended.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) files: Code,
    /// The rules whose fix made it.
    pub(crate) mended: BTreeSet<&'static str>,
}

impl Case {
    pub(crate) fn new(name: String, files: Code) -> Case {
        Case { name, files, mended: BTreeSet::new() }
    }

    fn has(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    fn protos(&self) -> Vec<&Path> {
        let paths = self.files.keys().map(PathBuf::as_path);
        paths.filter(|p| p.extension().is_some_and(|e| e == "proto")).collect()
    }
}

/// What the programs are compiled against.
pub(crate) struct Libraries {
    manifest: String,
    lock: String,
    /// Name and version of all packages that the lock file pins.
    pinned: BTreeSet<(String, String)>,
}

impl Libraries {
    /// Reads a folder with a manifest and its lock file.
    pub(crate) fn read(folder: &Path) -> Libraries {
        let read = |name: &str| fs::read_to_string(folder.join(name)).expect("readable");
        let lock = read("Cargo.lock");
        Libraries { manifest: read("Cargo.toml"), pinned: pinned(&lock), lock }
    }

    fn dependencies(&self) -> Table {
        let manifest: Table = self.manifest.parse().expect("a manifest");
        manifest["dependencies"].as_table().expect("dependencies").clone()
    }

    fn without_defaults(&self, name: &str) -> bool {
        let dependency = self.dependencies().remove(name);
        dependency.and_then(|d| d.get("default-features")?.as_bool()) == Some(false)
    }

    /// The libraries whose names a program uses, with their releases: `axum 0.8`.
    pub(crate) fn used(&self, case: &Case) -> Vec<String> {
        let known = self.dependencies();
        let mut used = Vec::new();
        for (path, text) in &case.files {
            let Ok(manifest) = text.parse::<Table>() else { continue };
            let Some(dependencies) = manifest.get("dependencies").and_then(Value::as_table) else { continue };
            let folder = path.parent().expect("a folder");
            for (name, dependency) in dependencies.iter().filter(|(name, _)| known.contains_key(*name)) {
                let version = dependency.as_str().or_else(|| dependency.get("version")?.as_str());
                let word = format!("{}::", name.replace('-', "_"));
                let mut code = case.files.iter().filter(|(p, _)| p.extension().is_some_and(|e| e == "rs"));
                if let Some(version) = version
                    && code.any(|(p, t)| p.starts_with(folder) && t.contains(&word))
                {
                    used.push(format!("{name} {version}"));
                }
            }
        }
        used
    }
}

/// Checks the programs; the errors of each that does not compile.
pub(crate) fn check(root: &Path, libraries: &Libraries, cases: &[Case]) -> BTreeMap<String, String> {
    let place = root.join("target/proof");
    lay_out(&place, libraries, cases, true);
    let failures = cargo(&place, &root.join("target/proof-build"), &["check", "--keep-going"]);
    let lock = fs::read_to_string(place.join("Cargo.lock")).expect("cargo wrote it");
    let strange: Vec<(String, String)> = pinned(&lock).difference(&libraries.pinned).cloned().collect();
    if !strange.is_empty() {
        println!("not pinned by tests/proof/Cargo.lock; name them in its manifest: {strange:?}");
    }
    failures
}

/// Builds programs that are to run; the folder that they lie in, under their names.
pub(crate) fn build(root: &Path, libraries: &Libraries, cases: &[Case]) -> PathBuf {
    let (place, target) = (root.join("target/services"), root.join("target/services-build"));
    lay_out(&place, libraries, cases, false);
    let failures = cargo(&place, &target, &["build"]);
    assert!(failures.is_empty(), "{}", failures.into_values().collect::<Vec<String>>().join("\n"));
    target.join("debug")
}

/// The packages from a registry in a lock file.
fn pinned(lock: &str) -> BTreeSet<(String, String)> {
    let lock: Table = lock.parse().expect("a lock file");
    let packages = lock.get("package").and_then(Value::as_array).into_iter().flatten();
    let text = |package: &Value, key: &str| package[key].as_str().unwrap_or_default().to_owned();
    packages.filter(|p| p.get("source").is_some()).map(|p| (text(p, "name"), text(p, "version"))).collect()
}

/// Writes the workspace. What did not change keeps its time, so that cargo checks only what did.
fn lay_out(place: &Path, libraries: &Libraries, cases: &[Case], with_libraries: bool) {
    let mut members = Vec::new();
    if with_libraries {
        members.push("libraries".to_owned());
        let mut manifest: Table = libraries.manifest.parse().expect("a manifest");
        manifest.remove("workspace");
        write(&place.join("libraries/Cargo.toml"), &manifest.to_string());
        write(&place.join("libraries/lib.rs"), "");
    }
    for case in cases {
        let folder = Path::new("cases").join(&case.name);
        for (path, text) in &case.files {
            let to = folder.join(path);
            if path.ends_with("Cargo.toml") {
                members.push(to.parent().expect("a folder").to_string_lossy().into_owned());
                write(&place.join(&to), &member(libraries, case, path, text));
            } else {
                write(&place.join(&to), text);
            }
        }
        // Also where an example has a script: that one calls `protoc`, which need not be there.
        if !case.protos().is_empty() {
            write(&place.join(&folder).join("build.rs"), &build_script(case));
        }
    }
    write(
        &place.join("Cargo.toml"),
        &format!("[workspace]\nresolver = \"2\"\nmembers = {members:?}\n[profile.dev]\ndebug = false\n"),
    );
    write(&place.join("Cargo.lock"), &libraries.lock);
    write(&place.join(".cargo/config.toml"), &unlinked());
    for old in fs::read_dir(place.join("cases")).into_iter().flatten().flatten() {
        if !cases.iter().any(|c| *c.name == *old.file_name()) {
            fs::remove_dir_all(old.path()).expect("removable");
        }
    }
}

/// Nothing is linked when checking, so librdkafka, a C library that takes minutes to build, need not be there.
fn unlinked() -> String {
    let about = Command::new("rustc").arg("-vV").output().expect("rustc runs").stdout;
    let about = String::from_utf8_lossy(&about).into_owned();
    let host = about.lines().find_map(|l| l.strip_prefix("host: ")).expect("a host");
    format!("[target.{host}.rdkafka]\nrustc-link-lib = [\"rdkafka\"]\n")
}

fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }
}

/// The manifest of a member: a name that no other example has, and what generated code needs.
fn member(libraries: &Libraries, case: &Case, path: &Path, text: &str) -> String {
    let mut table: Table = text.parse().expect("a manifest");
    table.remove("workspace");
    table.remove("profile");
    let folder = path.parent().expect("a folder");
    if let Some(package) = table.get_mut("package").and_then(Value::as_table_mut) {
        let old = package.insert("name".into(), unique(case, folder).into());
        for (key, value) in [("version", "0.0.0"), ("edition", "2021")] {
            if package.get(key).is_none_or(Value::is_table) {
                package.insert(key.into(), value.into());
            }
        }
        if case.has(&folder.join("src/lib.rs")) && !table.contains_key("lib") {
            let name = old.as_ref().and_then(Value::as_str).unwrap_or_default().replace('-', "_");
            table.insert("lib".into(), Table::from_iter([("name".to_owned(), Value::from(name))]).into());
        }
    }
    for (name, value) in table.get_mut("dependencies").and_then(Value::as_table_mut).into_iter().flatten() {
        if let Some(version) = value.as_str() {
            *value = Table::from_iter([("version".to_owned(), Value::from(version))]).into();
        }
        if let Some(dependency) = value.as_table_mut() {
            match dependency.get("path").and_then(Value::as_str).map(|to| folder.join(to)) {
                Some(to) => dependency.insert("package".into(), unique(case, &without_dots(&to)).into()),
                // Where the `libraries` package does without default features: they would bring OpenSSL.
                None if libraries.without_defaults(name) => {
                    dependency.insert("default-features".into(), false.into())
                }
                None => None,
            };
        }
    }
    if !case.protos().is_empty() {
        for (kind, library, version) in GENERATED {
            let dependencies = table.entry(kind).or_insert_with(|| Table::new().into());
            if let Some(dependencies) = dependencies.as_table_mut() {
                dependencies.entry(library).or_insert(version.into());
            }
        }
    }
    table.to_string()
}

/// What generated code needs, and what generates it (without `protoc`).
const GENERATED: [(&str, &str, &str); 4] = [
    ("dependencies", "prost", "0.14"),
    ("dependencies", "tonic-prost", "0.14"),
    ("build-dependencies", "protox", "0.9"),
    ("build-dependencies", "tonic-prost-build", "0.14"),
];

fn build_script(case: &Case) -> String {
    let files = case.protos();
    let folder = |p: &&Path| match p.parent() {
        Some(folder) if folder.as_os_str().is_empty() => PathBuf::from("."),
        folder => folder.map(Path::to_owned).unwrap_or_default(),
    };
    let mut folders: Vec<PathBuf> = files.iter().map(folder).collect();
    folders.dedup();
    format!(
        "fn main() {{\n    let files = protox::compile(&{files:?}, &{folders:?}).unwrap();\n    \
         tonic_prost_build::configure().compile_fds(files).unwrap();\n}}\n"
    )
}

/// A package's name in the workspace of all examples.
fn unique(case: &Case, folder: &Path) -> String {
    let folder = folder.to_string_lossy().replace(['/', '.'], "-");
    if folder.is_empty() { case.name.clone() } else { format!("{}--{folder}", case.name) }
}

/// A path without `..`.
fn without_dots(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        if part.as_os_str() == ".." {
            out.pop();
        } else {
            out.push(part);
        }
    }
    out
}

fn cargo(place: &Path, target: &Path, command: &[&str]) -> BTreeMap<String, String> {
    let output = Command::new(env!("CARGO"))
        .args(command)
        .args(["--workspace", "--message-format=json", "--quiet"])
        .env("CARGO_TARGET_DIR", target)
        .env_remove("RUSTFLAGS")
        .current_dir(place)
        .output()
        .expect("cargo runs");
    let mut failures: BTreeMap<String, String> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        if message["message"]["level"] == "error" {
            let manifest = message["manifest_path"].as_str().unwrap_or_default();
            let below = manifest.rsplit("/cases/").next().unwrap_or_default();
            let case = below.split('/').next().unwrap_or_default().to_owned();
            let text = message["message"]["rendered"].as_str().unwrap_or_default();
            failures.entry(case).or_default().push_str(text);
        }
    }
    if !output.status.success() && failures.is_empty() {
        failures.insert("cargo".into(), String::from_utf8_lossy(&output.stderr).into_owned());
    }
    failures
}
