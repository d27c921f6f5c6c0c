//! Packages, their targets and dependencies, from `Cargo.toml` and `Cargo.lock`. No cargo is run.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use semver::Version;
use smol_str::SmolStr;
use svclint_facts::cargo::{CargoLock, CargoManifest, Dependency, DependencyKind, Target};
use svclint_knowledge::Knowledge;
use svclint_knowledge::View;

use crate::place::{FileFacts, FileId, SourceFile};

/// A package.
pub(crate) struct PackageInfo {
    pub(crate) name: String,
    pub(crate) manifest: FileId,
    /// Its dependencies by their name in code.
    pub(crate) deps: FxHashMap<SmolStr, Dep>,
    pub(crate) targets: Vec<TargetInfo>,
    /// Index into [`Packages::views`].
    pub(crate) view: usize,
}

/// What a dependency leads to.
#[derive(Clone, Debug)]
pub(crate) enum Dep {
    /// Another package of the workspace.
    Workspace(usize),
    /// A library, by its own crate name.
    Library(SmolStr),
}

/// A library or binary.
pub(crate) struct TargetInfo {
    /// The binary's name; `None` for the library.
    pub(crate) bin: Option<String>,
    /// The name under which other crates use it.
    pub(crate) code_name: SmolStr,
    pub(crate) root: FileId,
}

/// All packages and what is known of their libraries.
pub(crate) struct Packages {
    pub(crate) list: Vec<PackageInfo>,
    pub(crate) views: Vec<View>,
    /// The features that manifests ask for, by the package's name in code.
    features: FxHashSet<(SmolStr, String)>,
    /// For each package, itself and the packages of the workspace that it is built with.
    needed: Vec<FxHashSet<usize>>,
}

/// The files by path.
pub(crate) struct FileIndex<'f> {
    by_path: FxHashMap<&'f Path, FileId>,
}

impl<'f> FileIndex<'f> {
    pub(crate) fn new(files: &'f [SourceFile]) -> Self {
        let id = |i: usize| FileId(i as u32);
        FileIndex { by_path: files.iter().enumerate().map(|(i, f)| (&*f.path, id(i))).collect() }
    }

    pub(crate) fn get(&self, path: &Path) -> Option<FileId> {
        self.by_path.get(normal_path(path).as_path()).copied()
    }
}

/// A path without `.` and, as far as it goes, without `..`.
pub fn normal_path(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

fn code_name(name: &str) -> SmolStr {
    SmolStr::new(name.replace('-', "_"))
}

struct Manifest<'f> {
    file: FileId,
    dir: &'f Path,
    facts: &'f CargoManifest,
}

impl Packages {
    pub(crate) fn read(files: &[SourceFile], index: &FileIndex<'_>, knowledge: &Arc<Knowledge>) -> Self {
        let manifests: Vec<Manifest<'_>> = files
            .iter()
            .enumerate()
            .filter_map(|(i, file)| match &file.facts {
                FileFacts::Manifest(facts) => {
                    Some(Manifest { file: FileId(i as u32), dir: file.path.parent()?, facts })
                }
                _ => None,
            })
            .collect();
        let locks: FxHashMap<&Path, Lock<'_>> = files
            .iter()
            .filter_map(|file| {
                let FileFacts::Lock(lock) = &file.facts else { return None };
                Some((file.path.parent()?, Lock::new(lock)))
            })
            .collect();
        let workspaces: FxHashMap<&Path, &Manifest<'_>> =
            manifests.iter().filter(|m| m.facts.workspace.is_some()).map(|m| (m.dir, m)).collect();
        let in_bin = |(_, path): &(FileId, &Path)| path.ancestors().skip(1).any(|a| a.ends_with("src/bin"));
        let all = files.iter().enumerate().map(|(i, f)| (FileId(i as u32), &*f.path));
        let bin_files: Vec<(FileId, &Path)> = all.filter(in_bin).collect();
        let own: Vec<&Manifest<'_>> = manifests.iter().filter(|m| m.facts.name.is_some()).collect();
        let by_dir: FxHashMap<&Path, usize> = own.iter().enumerate().map(|(i, m)| (m.dir, i)).collect();
        let by_name = by_name(&own, knowledge);
        let resolved: Vec<(&str, Vec<Resolved>, Versions<'_>)> = own
            .par_iter()
            .map(|manifest| {
                let name = manifest.facts.name.as_ref().map_or("", |(n, _)| n.as_str());
                let workspace = manifest.dir.ancestors().find_map(|a| workspaces.get(a).copied());
                let deps = manifest.facts.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal);
                let deps: Vec<Resolved> =
                    deps.map(|d| resolve_dependency(d, manifest, workspace, &by_dir, &by_name)).collect();
                let lock = manifest.dir.ancestors().find_map(|a| locks.get(a));
                let versions = Versions::new(name, &deps, lock);
                (name, deps, versions)
            })
            .collect();
        // Packages with the same releases share a view.
        let mut by_releases: FxHashMap<Vec<Option<Version>>, usize> = FxHashMap::default();
        let mut distinct: Vec<&Versions<'_>> = Vec::new();
        let features = features(&manifests);
        let mut packages = Packages { list: Vec::new(), views: Vec::new(), features, needed: Vec::new() };
        for (manifest, (name, deps, versions)) in own.iter().zip(&resolved) {
            let releases = knowledge.libraries().map(|p| versions.of(package_of(p))).collect();
            let view = *by_releases.entry(releases).or_insert_with(|| {
                distinct.push(versions);
                distinct.len() - 1
            });
            packages.list.push(PackageInfo {
                name: (*name).to_owned(),
                manifest: manifest.file,
                deps: deps.iter().map(|(name, dep, _)| (name.clone(), dep.clone())).collect(),
                targets: targets(manifest, name, index, &bin_files),
                view,
            });
        }
        packages.views =
            distinct.par_iter().map(|versions| knowledge.view(|library| versions.of(library))).collect();
        packages.use_library_names();
        packages
    }

    /// `[lib] name = "x"`: what others call the package, unless they rename it.
    fn use_library_names(&mut self) {
        let names: Vec<(SmolStr, Option<SmolStr>)> = self
            .list
            .iter()
            .map(|p| {
                let lib = p.targets.iter().find(|t| t.bin.is_none());
                (code_name(&p.name), lib.map(|t| t.code_name.clone()))
            })
            .collect();
        for package in &mut self.list {
            let renamed: Vec<(SmolStr, Dep)> = package
                .deps
                .iter()
                .filter_map(|(key, dep)| match dep {
                    Dep::Workspace(other) => {
                        let (own, lib) = names.get(*other)?;
                        let lib = lib.as_ref().filter(|lib| *lib != own && key == own)?;
                        Some((lib.clone(), dep.clone()))
                    }
                    Dep::Library(_) => None,
                })
                .collect();
            package.deps.extend(renamed);
        }
    }
}

/// A page must know at least this many of a crate's types to speak for it.
const KNOWN_TYPES: usize = 3;

impl Packages {
    /// Where the workspace holds a library that a page speaks of (its own repository, a copy), the others use it by what
    /// the page says. `has` tells whether a crate defines a type of a name: another crate may have the same name.
    pub(crate) fn use_pages(&mut self, has: impl Fn(usize, &str) -> bool) {
        let mut known: FxHashMap<usize, SmolStr> = FxHashMap::default();
        for (number, package) in self.list.iter().enumerate() {
            let Some(view) = self.views.get(package.view) else { continue };
            let name = code_name(&package.name);
            let types = view.types_of(&name);
            let here = types.iter().filter(|t| has(number, t)).count();
            if here >= KNOWN_TYPES && here * 2 >= types.len() {
                known.insert(number, name);
            }
        }
        for (number, package) in self.list.iter_mut().enumerate() {
            for dep in package.deps.values_mut() {
                if let Dep::Workspace(other) = dep
                    && *other != number
                    && let Some(name) = known.get(other)
                {
                    *dep = Dep::Library(name.clone());
                }
            }
        }
    }

    /// A package and all packages of the workspace that it is built with.
    pub(crate) fn needed_by(&self, package: usize) -> &FxHashSet<usize> {
        static NONE: std::sync::LazyLock<FxHashSet<usize>> = std::sync::LazyLock::new(FxHashSet::default);
        self.needed.get(package).unwrap_or(&NONE)
    }

    /// Whether some manifest asks for a feature of a library.
    pub(crate) fn uses_feature(&self, library: &str, feature: &str) -> bool {
        self.features.contains(&(SmolStr::new(library), feature.to_owned()))
    }

    /// Finds what each package needs. To be called when the dependencies are settled.
    pub(crate) fn settle(&mut self) {
        self.needed = (0..self.list.len()).map(|n| self.reach(n)).collect();
    }

    fn reach(&self, package: usize) -> FxHashSet<usize> {
        let mut needed = FxHashSet::default();
        let mut queue = vec![package];
        while let Some(next) = queue.pop() {
            if needed.insert(next)
                && let Some(info) = self.list.get(next)
            {
                queue.extend(info.deps.values().filter_map(|d| match d {
                    Dep::Workspace(other) => Some(*other),
                    Dep::Library(_) => None,
                }));
            }
        }
        needed
    }
}

/// The features that all manifests ask for: cargo builds a library once, with all of them.
fn features(manifests: &[Manifest<'_>]) -> FxHashSet<(SmolStr, String)> {
    let inherited = manifests.iter().filter_map(|m| m.facts.workspace.as_ref()).flat_map(|w| &w.dependencies);
    let all = manifests.iter().flat_map(|m| &m.facts.dependencies).chain(inherited);
    all.flat_map(|d| {
        let library = code_name(d.package.as_ref().unwrap_or(&d.name));
        d.features.iter().map(move |feature| (library.clone(), feature.clone()))
    })
    .collect()
}

fn package_of(page: &svclint_knowledge::Page) -> &str {
    page.library.package.as_ref().unwrap_or(&page.library.name)
}

/// The packages that are here, for dependencies on some release of them: what this checkout holds is the nearest that can
/// be read. Libraries that a page speaks of are better known from there.
fn by_name<'m>(own: &[&'m Manifest<'_>], knowledge: &Knowledge) -> FxHashMap<&'m str, usize> {
    let mut found: FxHashMap<&str, Option<usize>> = FxHashMap::default();
    for (number, manifest) in own.iter().enumerate() {
        let Some((name, _)) = &manifest.facts.name else { continue };
        let entry = found.entry(name.as_str()).or_insert(Some(number));
        if *entry != Some(number) {
            *entry = None;
        }
    }
    for page in knowledge.libraries() {
        found.remove(package_of(page).replace('_', "-").as_str());
        found.remove(package_of(page));
    }
    found.into_iter().filter_map(|(name, number)| Some((name, number?))).collect()
}

/// The name in code, what it is, and the version that the manifest asks for.
type Resolved = (SmolStr, Dep, Option<String>);

fn resolve_dependency(
    dependency: &Dependency,
    manifest: &Manifest<'_>,
    workspace: Option<&Manifest<'_>>,
    by_dir: &FxHashMap<&Path, usize>,
    by_name: &FxHashMap<&str, usize>,
) -> Resolved {
    let inherited = workspace.filter(|_| dependency.workspace).and_then(|w| {
        let table = w.facts.workspace.as_ref()?;
        Some((w.dir, table.dependencies.iter().find(|d| d.name == dependency.name)?))
    });
    let (dir, source) = inherited.unwrap_or((manifest.dir, dependency));
    let in_workspace =
        source.path.as_ref().and_then(|path| by_dir.get(normal_path(&dir.join(path)).as_path()));
    let package = source.package.as_ref().or(dependency.package.as_ref()).unwrap_or(&dependency.name);
    let in_workspace = in_workspace.or_else(|| by_name.get(package.as_str()));
    let dep = in_workspace.map_or_else(|| Dep::Library(code_name(package)), |i| Dep::Workspace(*i));
    (code_name(&dependency.name), dep, source.version.clone())
}

/// A lock file with the newest release of each package in it.
struct Lock<'f> {
    facts: &'f CargoLock,
    newest: FxHashMap<SmolStr, Version>,
}

impl<'f> Lock<'f> {
    fn new(facts: &'f CargoLock) -> Self {
        let mut newest: FxHashMap<SmolStr, Version> = FxHashMap::default();
        for locked in &facts.packages {
            let Ok(version) = Version::parse(&locked.version) else { continue };
            let known = newest.entry(code_name(&locked.name)).or_insert_with(|| version.clone());
            if *known < version {
                *known = version;
            }
        }
        Lock { facts, newest }
    }
}

/// The releases that a package uses: those that it names itself, and what is locked beside them.
struct Versions<'l> {
    exact: FxHashMap<SmolStr, Version>,
    lock: Option<&'l Lock<'l>>,
}

impl<'l> Versions<'l> {
    fn new(package: &str, deps: &[Resolved], lock: Option<&'l Lock<'l>>) -> Self {
        let mut versions = Versions { exact: FxHashMap::default(), lock };
        for (_, dep, wanted) in deps {
            if let (Dep::Library(name), Some(wanted)) = (dep, wanted.as_deref().and_then(lowest)) {
                versions.exact.insert(name.clone(), wanted);
            }
        }
        let Some(lock) = lock else { return versions };
        let wanted =
            lock.facts.packages.iter().find(|p| p.name == package).map(|p| p.dependencies.as_slice());
        for dependency in wanted.unwrap_or_default() {
            let mut words = dependency.split(' ');
            let name = code_name(words.next().unwrap_or(""));
            let version =
                words.next().and_then(|v| Version::parse(v).ok()).or_else(|| lock.newest.get(&name).cloned());
            if let Some(version) = version {
                versions.exact.insert(name, version);
            }
        }
        versions
    }

    fn of(&self, library: &str) -> Option<Version> {
        let name = code_name(library);
        self.exact.get(&name).or_else(|| self.lock?.newest.get(&name)).cloned()
    }
}

/// The lowest release that a requirement like `0.12`, `^1.2` or `=1.0.3` allows.
fn lowest(requirement: &str) -> Option<Version> {
    let first = requirement.split(',').next()?.trim().trim_start_matches(['^', '~', '=', '>', ' ']);
    let mut parts = first.split('.').map(|p| p.parse::<u64>().ok());
    let major = parts.next()??;
    Some(Version::new(major, parts.next().flatten().unwrap_or(0), parts.next().flatten().unwrap_or(0)))
}

fn targets(
    manifest: &Manifest<'_>,
    package: &str,
    index: &FileIndex<'_>,
    bin_files: &[(FileId, &Path)],
) -> Vec<TargetInfo> {
    let at = |path: &str| index.get(&manifest.dir.join(path));
    let mut found = Vec::new();
    let declared = manifest.facts.lib.clone().unwrap_or_default();
    if let Some(root) = at(declared.path.as_deref().unwrap_or("src/lib.rs")) {
        let name = declared.name.as_deref().unwrap_or(package);
        found.push(TargetInfo { bin: None, code_name: code_name(name), root });
    }
    let mut bins: Vec<(String, FileId)> =
        manifest.facts.bins.iter().filter_map(|b| bin_root(b, package, &at)).collect();
    if manifest.facts.autobins {
        let main = at("src/main.rs").map(|root| (package.to_owned(), root));
        let folder = manifest.dir.join("src/bin");
        let others = bin_files.iter().filter_map(|(id, path)| Some((auto_bin(path, &folder)?, *id)));
        for (name, root) in main.into_iter().chain(others) {
            if !bins.iter().any(|(_, known)| *known == root) {
                bins.push((name, root));
            }
        }
    }
    found.extend(bins.into_iter().map(|(name, root)| TargetInfo {
        code_name: code_name(&name),
        bin: Some(name),
        root,
    }));
    found
}

fn bin_root(
    target: &Target,
    package: &str,
    at: &impl Fn(&str) -> Option<FileId>,
) -> Option<(String, FileId)> {
    let name = target.name.as_deref().unwrap_or(package);
    let root = match &target.path {
        Some(path) => at(path),
        None => at(&format!("src/bin/{name}.rs"))
            .or_else(|| at(&format!("src/bin/{name}/main.rs")))
            .or_else(|| at("src/main.rs")),
    };
    Some((name.to_owned(), root?))
}

/// `src/bin/x.rs` and `src/bin/x/main.rs`.
fn auto_bin(path: &Path, folder: &Path) -> Option<String> {
    let rest = path.strip_prefix(folder).ok()?;
    let parts: Vec<&str> = rest.iter().filter_map(|p| p.to_str()).collect();
    match parts.as_slice() {
        [file] => file.strip_suffix(".rs").map(str::to_owned),
        [name, "main.rs"] => Some((*name).to_owned()),
        _ => None,
    }
}
