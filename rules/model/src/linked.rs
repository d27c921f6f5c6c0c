//! Libraries that keep state in globals, and the packages that speak with them through it: each release of such a library has
//! globals of its own, so that both sides must be built with the same one.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;
use svclint_facts::cargo::{CargoLock, CargoManifest, Dependency, DependencyKind, LockedPackage};
use svclint_knowledge::GlobalUser;

use crate::joined::Joined;
use crate::place::{FileFacts, FileId, Place, SourceFile, Tri};

/// A library with globals, and a package that speaks with it through them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Linked {
    /// The library.
    pub library: String,
    /// Its releases that the workspace's code names.
    pub own: Vec<String>,
    /// Where manifests ask for the library.
    pub own_at: Vec<Place>,
    /// The package that speaks with it.
    pub user: String,
    /// The releases of the library that this package is built with; `Absent` where it is built without.
    pub with: Tri<Vec<String>>,
    /// The feature by which it would be built with the workspace's release.
    pub feature: Option<String>,
    /// Where a manifest asks for the package: its name.
    pub at: Place,
}

/// What a package, with the packages of the workspace that it needs, is linked with.
pub(crate) fn linked(files: &[SourceFile], joined: &Joined, number: usize) -> Vec<Linked> {
    let packages = &joined.packages;
    let Some(info) = packages.list.get(number) else { return Vec::new() };
    let Some(view) = packages.views.get(info.view) else { return Vec::new() };
    let lock = lock(files, info.manifest);
    let asked: Vec<Asked<'_>> = packages
        .needed_by(number)
        .iter()
        .filter_map(|n| packages.list.get(*n))
        .flat_map(|p| asked(files, p.manifest))
        .collect();
    let mut found = Vec::new();
    for page in view.knowledge().libraries().filter(|p| !p.library.global_users.is_empty()) {
        let library = page.library.package.as_ref().unwrap_or(&page.library.name).as_str();
        let of_library = || asked.iter().filter(|a| a.package() == library);
        let own: BTreeSet<String> = of_library().flat_map(|a| a.releases(lock)).collect();
        if own.is_empty() {
            continue;
        }
        for (user, by) in &page.library.global_users {
            let Some(at) = asked.iter().filter(|a| a.package() == user.as_str()).min_by_key(|a| a.at())
            else {
                continue;
            };
            found.push(Linked {
                library: library.to_owned(),
                own: own.iter().cloned().collect(),
                own_at: of_library().map(Asked::at).collect(),
                user: user.to_string(),
                with: with(at, lock, library, by),
                feature: by.feature.as_ref().and_then(|f| feature(f, own.first()?)),
                at: at.at(),
            });
        }
    }
    found
}

/// A dependency as a manifest asks for it.
struct Asked<'f> {
    manifest: &'f CargoManifest,
    file: FileId,
    dependency: &'f Dependency,
    /// Features, those of the workspace's table included.
    features: Vec<&'f str>,
}

impl Asked<'_> {
    fn package(&self) -> &str {
        self.dependency.package.as_ref().unwrap_or(&self.dependency.name)
    }

    fn at(&self) -> Place {
        Place { file: self.file, span: self.dependency.span }
    }

    /// The locked entries of what is asked for.
    fn locked<'l>(&self, lock: &'l CargoLock) -> Vec<&'l LockedPackage> {
        let name = self.manifest.name.as_ref().map_or("", |(n, _)| n.as_str());
        let own = lock.packages.iter().find(|p| p.name == name);
        own.map(|own| entries(own, lock, self.package())).unwrap_or_default()
    }

    fn releases(&self, lock: Option<&CargoLock>) -> Vec<String> {
        match lock {
            Some(lock) => self.locked(lock).iter().map(|p| p.version.clone()).collect(),
            None => self
                .dependency
                .version
                .iter()
                .map(|v| v.trim_start_matches(['=', '^', '~', ' ']).to_owned())
                .collect(),
        }
    }
}

/// What a package of the lock file needs of a name.
fn entries<'l>(of: &LockedPackage, lock: &'l CargoLock, name: &str) -> Vec<&'l LockedPackage> {
    let needs = |p: &&LockedPackage| {
        of.dependencies.iter().any(|d| {
            let mut words = d.split(' ');
            words.next() == Some(name) && words.next().is_none_or(|version| version == p.version)
        })
    };
    lock.packages.iter().filter(|p| p.name == name).filter(needs).collect()
}

/// The releases of a library that a package is built with.
fn with(user: &Asked<'_>, lock: Option<&CargoLock>, library: &str, by: &GlobalUser) -> Tri<Vec<String>> {
    let Some(lock) = lock else {
        // Without a lock file, only that the feature is missing can be told.
        let word = by.feature.as_ref().and_then(|f| f.split(['_', '{']).next());
        let lacks = word.is_some_and(|word| !user.features.iter().any(|f| f.starts_with(word)));
        return if lacks { Tri::Absent } else { Tri::Unknown };
    };
    let users = user.locked(lock);
    let built: BTreeSet<String> =
        users.iter().flat_map(|u| entries(u, lock, library)).map(|p| p.version.clone()).collect();
    match (users.is_empty(), built.is_empty()) {
        (true, _) => Tri::Unknown,
        (false, true) if by.feature.is_some() => Tri::Absent,
        (false, true) => Tri::Unknown,
        (false, false) => Tri::Present(built.into_iter().collect()),
    }
}

/// `opentelemetry_{0}_{1}` for 0.27.1: `opentelemetry_0_27`.
fn feature(template: &str, release: &str) -> Option<String> {
    let mut numbers = release.split('.');
    let (first, second) = (numbers.next()?, numbers.next()?);
    Some(template.replace("{0}", first).replace("{1}", second))
}

/// What a manifest asks for to be built with, always.
fn asked(files: &[SourceFile], file: FileId) -> Vec<Asked<'_>> {
    let Some(FileFacts::Manifest(manifest)) = files.get(file.0 as usize).map(|f| &f.facts) else {
        return Vec::new();
    };
    let folder = files.get(file.0 as usize).and_then(|f| f.path.parent()).unwrap_or(Path::new(""));
    let shared = files.iter().filter_map(|f| match &f.facts {
        FileFacts::Manifest(m) if f.path.parent().is_some_and(|at| folder.starts_with(at)) => {
            m.workspace.as_ref()
        }
        _ => None,
    });
    let shared: Vec<&Dependency> = shared.flat_map(|w| &w.dependencies).collect();
    let always = |d: &&Dependency| d.kind == DependencyKind::Normal && !d.optional;
    let ask = manifest.dependencies.iter().filter(always).map(|dependency| {
        let Dependency { name, workspace, features, .. } = dependency;
        let inherited = shared.iter().filter(|d| *workspace && d.name == *name).flat_map(|d| &d.features);
        let features = features.iter().chain(inherited).map(String::as_str).collect();
        Asked { manifest, file, dependency, features }
    });
    ask.collect()
}

/// The lock file above a manifest.
fn lock(files: &[SourceFile], manifest: FileId) -> Option<&CargoLock> {
    let folder = files.get(manifest.0 as usize)?.path.parent()?;
    let locks = files.iter().filter_map(|f| match &f.facts {
        FileFacts::Lock(lock) => Some((f.path.parent()?, lock)),
        _ => None,
    });
    let above = locks.filter(|(at, _)| folder.starts_with(at));
    above.max_by_key(|(at, _)| at.components().count()).map(|(_, lock)| &**lock)
}
