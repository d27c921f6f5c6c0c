//! Facts of `Cargo.toml` and `Cargo.lock`. Broken TOML keeps what could be read.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use svclint_syntax::Span;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::Name;
use crate::rust::SyntaxError;

/// What a `Cargo.toml` says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CargoManifest {
    /// `[package] name`, with its place.
    pub name: Option<(Name, Span)>,
    /// `[package] edition`.
    pub edition: Option<String>,
    /// `edition.workspace = true`
    pub inherits_edition: bool,
    /// `[package] rust-version`.
    pub rust_version: Option<String>,
    /// `rust-version.workspace = true`
    pub inherits_rust_version: bool,
    /// Whether there is a `[lib]` table; its `name` and `path`.
    pub lib: Option<Target>,
    /// `publish = false`, or an empty list: it is for the workspace alone.
    pub private: bool,
    /// `publish.workspace = true`
    pub inherits_publish: bool,
    /// `[[bin]]`
    pub bins: Vec<Target>,
    /// `autobins = false` turns off the search for binaries.
    pub autobins: bool,
    /// `[workspace]`
    pub workspace: Option<WorkspaceTable>,
    /// All dependencies, target-specific ones included.
    pub dependencies: Vec<Dependency>,
    /// `[profile.release] panic = ".."`: the value, and the key with it.
    pub release_panic: Option<(String, Span)>,
    /// What is wrong with the file.
    pub errors: Vec<SyntaxError>,
}

/// A target with its own table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Its name.
    pub name: Option<Name>,
    /// Its root file, relative to the manifest's folder.
    pub path: Option<String>,
}

/// `[workspace]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkspaceTable {
    /// Member folders, as globs.
    pub members: Vec<String>,
    /// Folders that are none.
    pub exclude: Vec<String>,
    /// What members inherit.
    pub dependencies: Vec<Dependency>,
    /// `[workspace.package] edition`.
    pub edition: Option<String>,
    /// `[workspace.package] rust-version`.
    pub rust_version: Option<String>,
    /// `[workspace.package] publish = false`.
    pub private: bool,
}

/// When a dependency is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DependencyKind {
    /// `[dependencies]`
    Normal,
    /// `[dev-dependencies]`
    Dev,
    /// `[build-dependencies]`
    Build,
}

/// A dependency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dependency {
    /// The key: with `-` as `_` the name in code.
    pub name: Name,
    /// The package, if it is not named like the key.
    pub package: Option<Name>,
    /// The required version.
    pub version: Option<String>,
    /// A folder, relative to the manifest's.
    pub path: Option<String>,
    /// From a git repository.
    pub git: bool,
    /// Inherited from the workspace.
    pub workspace: bool,
    /// Only with a feature.
    pub optional: bool,
    /// Its features.
    pub features: Vec<String>,
    /// Which table it is in.
    pub kind: DependencyKind,
    /// The key's place.
    pub span: Span,
}

/// What a `Cargo.lock` says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CargoLock {
    /// The packages.
    pub packages: Vec<LockedPackage>,
    /// What is wrong with the file.
    pub errors: Vec<SyntaxError>,
}

/// A package with the release that is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LockedPackage {
    /// Its name.
    pub name: Name,
    /// Its release.
    pub version: String,
    /// The packages it needs: `name`, or `name version` where there are several of a name.
    pub dependencies: Vec<String>,
}

/// Reads a `Cargo.toml`.
pub fn cargo_manifest(text: &str) -> CargoManifest {
    let (root, errors) = table(text);
    let root = root.get_ref();
    let package = sub_table(root, "package");
    let name =
        package.and_then(|p| p.get("name")).and_then(|n| Some((Name::new(n.get_ref().as_str()?), span(n))));
    let flag = |key: &str| package.and_then(|p| p.get(key)).and_then(|v| v.get_ref().as_bool());
    let inherits =
        |key: &str| package.and_then(|p| sub_table(p, key)).is_some_and(|t| t.contains_key("workspace"));
    let workspace = sub_table(root, "workspace").map(|w| WorkspaceTable {
        members: strings(w.get("members")),
        exclude: strings(w.get("exclude")),
        dependencies: dependencies(w, "dependencies", DependencyKind::Normal),
        edition: sub_table(w, "package").and_then(|p| string(p, "edition")),
        rust_version: sub_table(w, "package").and_then(|p| string(p, "rust-version")),
        private: sub_table(w, "package").is_some_and(is_private),
    });
    let mut all = all_dependencies(root);
    for target in sub_table(root, "target").into_iter().flat_map(|t| t.values()) {
        all.extend(target.get_ref().as_table().into_iter().flat_map(all_dependencies));
    }
    CargoManifest {
        name,
        edition: package.and_then(|p| string(p, "edition")),
        inherits_edition: inherits("edition"),
        rust_version: package.and_then(|p| string(p, "rust-version")),
        inherits_rust_version: inherits("rust-version"),
        lib: sub_table(root, "lib").map(target),
        private: package.is_some_and(is_private),
        inherits_publish: inherits("publish"),
        bins: array(root.get("bin")).filter_map(DeValue::as_table).map(target).collect(),
        autobins: flag("autobins").unwrap_or(true),
        workspace,
        dependencies: all,
        release_panic: release_panic(root),
        errors,
    }
}

/// `publish = false` or `publish = []`.
fn is_private(package: &DeTable<'_>) -> bool {
    let publish = package.get("publish").map(Spanned::get_ref);
    publish.is_some_and(|p| p.as_bool() == Some(false) || p.as_array().is_some_and(|a| a.is_empty()))
}

fn release_panic(root: &DeTable<'_>) -> Option<(String, Span)> {
    let release = sub_table(sub_table(root, "profile")?, "release")?;
    let (key, value) = release.iter().find(|(key, _)| *key.get_ref() == "panic")?;
    Some((value.get_ref().as_str()?.to_owned(), Span::new(span(key).start, span(value).end)))
}

/// Reads a `Cargo.lock`.
pub fn cargo_lock(text: &str) -> CargoLock {
    let (root, errors) = table(text);
    let package = |table: &DeTable<'_>| {
        Some(LockedPackage {
            name: Name::new(string(table, "name")?),
            version: string(table, "version")?,
            dependencies: strings(table.get("dependencies")),
        })
    };
    let packages =
        array(root.get_ref().get("package")).filter_map(DeValue::as_table).filter_map(package).collect();
    CargoLock { packages, errors }
}

/// What a `.cargo/config.toml` says that changes what a build makes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CargoConfig {
    /// `[build] target`
    pub target: Option<String>,
    /// Flags for some target link the C library into the binary.
    pub links_statically: bool,
    /// Nothing is fetched: `[net] offline`, or another source stands in for the registry.
    pub offline: bool,
}

/// Reads a `.cargo/config.toml`.
pub fn cargo_config(text: &str) -> CargoConfig {
    let (root, _) = table(text);
    let root = root.get_ref();
    let build = sub_table(root, "build");
    let targets = sub_table(root, "target").into_iter().flat_map(|t| t.values());
    let mut flags = targets.filter_map(|t| t.get_ref().as_table()).chain(build).flat_map(rustflags);
    let is_offline =
        |net: &DeTable<'_>| net.get("offline").is_some_and(|o| o.get_ref().as_bool() == Some(true));
    let sources = sub_table(root, "source").into_iter().flat_map(|s| s.values());
    let mut sources = sources.filter_map(|s| s.get_ref().as_table());
    CargoConfig {
        target: build.and_then(|b| string(b, "target")),
        links_statically: flags.any(|flag| flag.contains("crt-static")),
        offline: sub_table(root, "net").is_some_and(is_offline)
            || sources.any(|s| s.contains_key("replace-with")),
    }
}

/// `rustflags`, as a list or in one text.
fn rustflags(table: &DeTable<'_>) -> Vec<String> {
    let mut flags = strings(table.get("rustflags"));
    flags.extend(string(table, "rustflags"));
    flags
}

fn table(text: &str) -> (Spanned<DeTable<'_>>, Vec<SyntaxError>) {
    let (root, errors) = DeTable::parse_recoverable(text);
    let error = |e: &toml::de::Error| SyntaxError {
        span: e.span().map(|s| Span::new(s.start as u32, s.end as u32)).unwrap_or_default(),
        message: e.message().trim().to_owned(),
    };
    (root, errors.iter().map(error).collect())
}

fn span<T>(value: &Spanned<T>) -> Span {
    Span::new(value.span().start as u32, value.span().end as u32)
}

fn sub_table<'t, 'i>(table: &'t DeTable<'i>, key: &str) -> Option<&'t DeTable<'i>> {
    table.get(key)?.get_ref().as_table()
}

fn string(table: &DeTable<'_>, key: &str) -> Option<String> {
    table.get(key)?.get_ref().as_str().map(str::to_owned)
}

fn array<'t, 'i>(value: Option<&'t Spanned<DeValue<'i>>>) -> impl Iterator<Item = &'t DeValue<'i>> {
    value.and_then(|v| v.get_ref().as_array()).into_iter().flat_map(|a| a.iter()).map(Spanned::get_ref)
}

fn strings(value: Option<&Spanned<DeValue<'_>>>) -> Vec<String> {
    array(value).filter_map(DeValue::as_str).map(str::to_owned).collect()
}

fn target(table: &DeTable<'_>) -> Target {
    Target { name: string(table, "name").map(Name::new), path: string(table, "path") }
}

fn all_dependencies(table: &DeTable<'_>) -> Vec<Dependency> {
    let kinds = [
        ("dependencies", DependencyKind::Normal),
        ("dev-dependencies", DependencyKind::Dev),
        ("build-dependencies", DependencyKind::Build),
    ];
    kinds.into_iter().flat_map(|(key, kind)| dependencies(table, key, kind)).collect()
}

fn dependencies(table: &DeTable<'_>, key: &str, kind: DependencyKind) -> Vec<Dependency> {
    sub_table(table, key).into_iter().flatten().map(|(name, value)| dependency(name, value, kind)).collect()
}

fn dependency(
    name: &Spanned<DeString<'_>>,
    value: &Spanned<DeValue<'_>>,
    kind: DependencyKind,
) -> Dependency {
    let key: &Cow<'_, str> = name.get_ref();
    let table = value.get_ref().as_table();
    let text = |key: &str| table.and_then(|t| string(t, key));
    let flag = |key: &str| table.and_then(|t| t.get(key)?.get_ref().as_bool()).unwrap_or(false);
    Dependency {
        name: Name::new(key),
        package: text("package").map(Name::new),
        version: value.get_ref().as_str().map(str::to_owned).or_else(|| text("version")),
        path: text("path"),
        git: table.is_some_and(|t| t.contains_key("git")),
        workspace: flag("workspace"),
        optional: flag("optional"),
        features: strings(table.and_then(|t| t.get("features"))),
        kind,
        span: span(name),
    }
}
