//! Which program of the workspace an image is made for.

use std::path::Path;

use svclint_facts::docker::InstructionKind;
use svclint_knowledge::images::trusts_system;

use super::{CopiedBinary, Image, ShippedBinary, Start};
use crate::joined::Joined;
use crate::place::{FileFacts, Place, SourceFile};

/// What tells the program, the surest first: what is copied, what is started, what is built, what lies beside.
pub(super) fn ships(image: &Image, files: &[SourceFile], joined: &Joined) -> Option<ShippedBinary> {
    let programs = Programs::read(image, files, joined);
    let copies = copies(image);
    let known = |name: &str| programs.find(name);
    let started: Vec<(String, Place)> = started(image);
    let copied = |name: &str| copies.iter().find(|c| file_name(&c.source) == name).cloned();
    let by_start = || {
        let (name, at) = started.iter().find(|(name, _)| known(name).is_some())?;
        let copied = copied(name);
        Some((known(name)?, name.clone(), copied.as_ref().map_or(*at, |c| c.at), copied))
    };
    let by_copy = || {
        let mut all = copies.iter().filter(|c| known(file_name(&c.source)).is_some());
        let (first, more) = (all.next()?, all.next());
        let name = file_name(&first.source).to_owned();
        more.is_none().then_some(())?;
        Some((known(&name)?, name, first.at, Some(first.clone())))
    };
    let by_build = || {
        let build = image.builds.iter().rfind(|b| !b.uncertain)?;
        if let [(name, at)] = build.binaries.as_slice() {
            return Some((known(name)?, name.clone(), *at, None));
        }
        let [(package, at)] = build.packages.as_slice() else { return None };
        let (package, name) = programs.only_binary_of(package)?;
        Some((package, name, *at, None))
    };
    let by_folder = || {
        let (package, name) = programs.only_one_in_folder(!image.builds.is_empty())?;
        Some((package, name, image.last()?.at, None))
    };
    let (package, binary, evidence, copied) =
        by_start().or_else(by_copy).or_else(by_build).or_else(by_folder)?;
    let mut packages: Vec<usize> = joined.packages.needed_by(package).iter().copied().collect();
    packages.sort_unstable();
    let trusts_system = system_trust(programs.manifest_folder(package)?, files);
    Some(ShippedBinary { package, binary, evidence, copied, packages, trusts_system })
}

/// The files that the last stage takes from other stages.
fn copies(image: &Image) -> Vec<CopiedBinary> {
    let Some(last) = image.stages.len().checked_sub(1) else { return Vec::new() };
    let mut found = Vec::new();
    for stage in image.facts.chain(last) {
        let instructions = image.facts.stages.get(stage).map(|s| s.instructions.as_slice());
        for instruction in instructions.unwrap_or_default() {
            let InstructionKind::Copy(copy) = &instruction.kind else { continue };
            let Some(from) = copy.from_stage else { continue };
            let at = Place { file: image.file, span: instruction.span };
            let sources = copy.sources.iter().filter_map(|w| w.known());
            let to = copy.destination.as_ref().and_then(|d| d.known()).map(str::to_owned);
            let copied =
                |s: &str| CopiedBinary { at, from: Some(from), source: s.to_owned(), to: to.clone() };
            found.extend(sources.map(copied));
        }
    }
    found
}

/// The names of the programs that the last stage may start: those of the entry point first.
fn started(image: &Image) -> Vec<(String, Place)> {
    let Some(last) = image.last() else { return Vec::new() };
    let starts = last.entrypoint.iter().chain(&last.cmd);
    let names = |start: &Start| {
        let words = start.command.commands.iter().flat_map(|s| s.words.clone());
        let at = start.at;
        words.filter_map(|w| Some((file_name(w.known()?).to_owned(), at))).collect::<Vec<_>>()
    };
    starts.flat_map(names).collect()
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The binaries of the workspace, as seen from a Dockerfile.
struct Programs<'a> {
    folder: &'a Path,
    /// Package, folder of its manifest, binary.
    all: Vec<(usize, &'a Path, String)>,
    names: Vec<String>,
}

impl<'a> Programs<'a> {
    fn read(image: &'a Image, files: &'a [SourceFile], joined: &Joined) -> Self {
        let mut all = Vec::new();
        for (number, package) in joined.packages.list.iter().enumerate() {
            let manifest = files.get(package.manifest.0 as usize).and_then(|f| f.path.parent());
            let Some(folder) = manifest else { continue };
            let bins = package.targets.iter().filter_map(|t| t.bin.clone());
            all.extend(bins.map(|bin| (number, folder, bin)));
        }
        let names = joined.packages.list.iter().map(|p| p.name.clone()).collect();
        Programs { folder: &image.folder, all, names }
    }

    /// The package with a binary; of several the one nearest to the Dockerfile.
    fn find(&self, binary: &str) -> Option<usize> {
        let near = |folder: &Path| {
            folder.components().zip(self.folder.components()).take_while(|(a, b)| a == b).count()
        };
        let mut found: Vec<(usize, usize)> =
            self.all.iter().filter(|(.., bin)| bin == binary).map(|(p, f, _)| (near(f), *p)).collect();
        found.sort_unstable_by_key(|(near, _)| std::cmp::Reverse(*near));
        match found.as_slice() {
            [(_, only)] => Some(*only),
            [(first, package), (second, _), ..] if first > second => Some(*package),
            _ => None,
        }
    }

    fn only_binary_of(&self, package: &str) -> Option<(usize, String)> {
        let mut bins = self.all.iter().filter(|(p, ..)| self.names.get(*p).is_some_and(|n| n == package));
        let (number, _, bin) = bins.next()?;
        bins.next().is_none().then(|| (*number, bin.clone()))
    }

    /// Beside the Dockerfile; where that runs cargo, also anywhere below it.
    fn only_one_in_folder(&self, below: bool) -> Option<(usize, String)> {
        let is_here = |folder: &Path| folder == self.folder || below && folder.starts_with(self.folder);
        let mut below = self.all.iter().filter(|(_, folder, _)| is_here(folder));
        let (number, _, bin) = below.next()?;
        below.next().is_none().then(|| (*number, bin.clone()))
    }

    fn manifest_folder(&self, package: usize) -> Option<&'a Path> {
        self.all.iter().find(|(p, ..)| *p == package).map(|(_, folder, _)| *folder)
    }
}

/// The locked libraries that trust only what the system trusts, in all releases that are used.
fn system_trust(folder: &Path, files: &[SourceFile]) -> Vec<String> {
    let lock = folder.ancestors().find_map(|above| {
        files.iter().find_map(|f| match &f.facts {
            FileFacts::Lock(lock) if f.path.parent() == Some(above) => Some(lock),
            _ => None,
        })
    });
    let Some(lock) = lock else { return Vec::new() };
    let (mut found, mut others): (Vec<String>, Vec<&str>) = (Vec::new(), Vec::new());
    for package in &lock.packages {
        let needs = package.dependencies.iter().map(|d| d.split(' ').next().unwrap_or(d));
        if trusts_system(needs) {
            found.push(package.name.to_string());
        } else {
            others.push(&package.name);
        }
    }
    found.retain(|name| !others.contains(&name.as_str()));
    found.dedup();
    found
}
