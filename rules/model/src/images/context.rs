//! What a build does not get: the `.dockerignore` of the folder that an image is built from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use svclint_facts::docker::{Copy, IgnoreLine, InstructionKind, Word};

use super::{Image, LeftOut};
use crate::joined::Joined;
use crate::manifests::Manifests;
use crate::packages::normal_path;
use crate::place::{FileFacts, FileId, Place, SourceFile};

/// The files of a workspace, found by their paths.
pub(super) struct Paths<'a> {
    all: &'a [SourceFile],
    by_path: BTreeMap<&'a Path, usize>,
}

impl<'a> Paths<'a> {
    pub(super) fn of(all: &'a [SourceFile]) -> Self {
        Paths { all, by_path: all.iter().enumerate().map(|(number, file)| (&*file.path, number)).collect() }
    }

    /// Whether a path is a file.
    pub(super) fn is_file(&self, path: &Path) -> bool {
        self.by_path.contains_key(path)
    }

    /// Whether there is a file at a path, seen from any folder.
    pub(super) fn any_ends_with(&self, path: &Path) -> bool {
        self.by_path.keys().any(|file| file.ends_with(path))
    }

    /// Whether a path is a file, or a folder with files.
    fn any_below(&self, path: &Path) -> bool {
        self.by_path.range(path..).next().is_some_and(|(first, _)| first.starts_with(path))
    }
}

/// What the image's instructions ask for and no build of it gets.
pub(super) fn left_out(
    image: &Image,
    files: &Paths<'_>,
    joined: &Joined,
    manifests: &Manifests,
) -> Vec<LeftOut> {
    let Some(contexts) = contexts(image, files, manifests) else { return Vec::new() };
    let mut found = Vec::new();
    for (stage, facts) in image.facts.stages.iter().enumerate() {
        for instruction in &facts.instructions {
            let InstructionKind::Copy(copy) = &instruction.kind else { continue };
            for word in copy.sources.iter().filter(|_| copy.from.is_none()) {
                let Some(path) = literal(word) else { continue };
                let at = Place { file: image.file, span: word.span };
                if let Some(by) = by_all(&contexts, &path, files) {
                    found.push(LeftOut { at, path, package: None, by });
                } else if needs_packages(image, stage, copy) {
                    found.extend(package_in(image, at, &path, &contexts, files, joined));
                }
            }
        }
    }
    found
}

/// Whether no build of an image gets `Cargo.lock`.
pub(super) fn drops_lock(image: &Image, files: &Paths<'_>, manifests: &Manifests) -> bool {
    let contexts = contexts(image, files, manifests).unwrap_or_default();
    by_all(&contexts, "Cargo.lock", files).is_some()
}

/// A folder that the image is built from, with what is kept out of it.
struct Context<'a> {
    folder: PathBuf,
    ignore: Ignore<'a>,
}

/// All folders that the image is built from; `None` where one of them, or what is kept out of it, is not known.
fn contexts<'a>(image: &Image, files: &Paths<'a>, manifests: &Manifests) -> Option<Vec<Context<'a>>> {
    let dockerfile = &files.all.get(image.file.0 as usize)?.path;
    let is_this = |path: &str| **dockerfile == *Path::new(path);
    let composed = manifests.workloads.iter().flat_map(|w| &w.containers).filter_map(|c| c.build.as_ref());
    let composed = composed.filter(|b| is_this(&b.dockerfile)).map(|b| Some(PathBuf::from(&b.context)));
    let built = manifests.builds.iter().filter(|b| is_this(&b.dockerfile));
    let built = built.map(|b| b.context.as_ref().map(PathBuf::from));
    let mut folders: Vec<PathBuf> = composed.chain(built).collect::<Option<_>>()?;
    folders.sort_unstable();
    folders.dedup();
    if folders.is_empty() && is_built_beside(image, files) {
        folders.push(image.folder.clone());
    }
    let mut own = dockerfile.as_os_str().to_owned();
    own.push(".dockerignore");
    let context = |folder: PathBuf| {
        // One that is named like the Dockerfile goes before the folder's.
        let ignore = Ignore::at(Path::new(&own), files)
            .or_else(|| Ignore::at(&folder.join(".dockerignore"), files))?;
        Some(Context { folder, ignore })
    };
    folders.into_iter().map(context).collect()
}

/// Whether what a Dockerfile copies lies beside it: so it is built from its own folder.
fn is_built_beside(image: &Image, files: &Paths<'_>) -> bool {
    let instructions = image.facts.stages.iter().flat_map(|s| &s.instructions);
    let mut copies = instructions.filter_map(|i| match &i.kind {
        InstructionKind::Copy(copy) if copy.from.is_none() => Some(copy),
        _ => None,
    });
    let lies_here = |word: &Word| {
        literal(word).is_some_and(|path| {
            let path = image.folder.join(if path.is_empty() { "Cargo.lock" } else { &path });
            files.any_below(&path)
        })
    };
    copies.any(|copy| copy.sources.iter().any(lies_here))
}

/// The path that a word asks for, where it is one: from the folder of the build, empty for all of it.
fn literal(word: &Word) -> Option<String> {
    let known = word.known()?;
    if known.contains(['*', '?', '[', '\\', '{', '<', '$']) || known.contains("://") || known.contains("git@")
    {
        return None;
    }
    let path = normal_path(Path::new(known.trim_start_matches('/')));
    let path = path.to_str().filter(|p| !p.starts_with(".."))?;
    Some(path.to_owned())
}

/// The line that keeps a path out, where every build leaves it out.
fn by_all(contexts: &[Context<'_>], path: &str, files: &Paths<'_>) -> Option<Place> {
    let is_file = |c: &Context<'_>| files.by_path.contains_key(&*c.folder.join(path));
    let all: Option<Vec<Place>> = contexts.iter().map(|c| c.ignore.drops(path, is_file(c))).collect();
    all?.first().copied()
}

/// Whether a `COPY` is what brings the packages into a stage that runs cargo.
fn needs_packages(image: &Image, stage: usize, copy: &Copy) -> bool {
    let runs_cargo = |number: usize| {
        image.facts.chain(number).contains(&stage)
            && image.builds_in(number).any(|b| !b.uncertain)
            && image.only_cargo_builds(number)
            && !image.facts.chain(number).into_iter().any(|s| takes_from_elsewhere(image, s))
    };
    copy.destination.is_some() && (0..image.facts.stages.len()).any(runs_cargo)
}

fn takes_from_elsewhere(image: &Image, stage: usize) -> bool {
    let instructions = image.facts.stages.get(stage).map_or(&[][..], |s| &s.instructions);
    instructions.iter().any(|i| matches!(&i.kind, InstructionKind::Copy(copy) if copy.from.is_some()))
}

/// A package that the shipped program is built with, which lies in a folder that is copied and is left out of it.
fn package_in(
    image: &Image,
    at: Place,
    copied: &str,
    contexts: &[Context<'_>],
    files: &Paths<'_>,
    joined: &Joined,
) -> Option<LeftOut> {
    let packages = &image.ships.as_ref()?.packages;
    let context = contexts.first()?;
    packages.iter().find_map(|number| {
        let package = joined.packages.list.get(*number)?;
        let manifest = &files.all.get(package.manifest.0 as usize)?.path;
        let path = manifest.strip_prefix(&context.folder).ok()?;
        let path = path.starts_with(copied).then(|| path.to_str()).flatten()?;
        let by = by_all(contexts, path, files)?;
        Some(LeftOut { at, path: path.to_owned(), package: Some(*number), by })
    })
}

/// A `.dockerignore`, ready to be asked.
struct Ignore<'a> {
    file: FileId,
    lines: Vec<(&'a IgnoreLine, Option<GlobMatcher>)>,
}

impl<'a> Ignore<'a> {
    fn at(path: &Path, files: &Paths<'a>) -> Option<Self> {
        let number = *files.by_path.get(path)?;
        let FileFacts::Ignore(lines) = &files.all.get(number)?.facts else { return None };
        let lines = lines.iter().map(|line| (line, matcher(&line.pattern))).collect();
        Some(Ignore { file: FileId(number as u32), lines })
    }

    /// The line that keeps a path and all below it out; `None` where it stays in, or where that cannot be told.
    fn drops(&self, path: &str, is_file: bool) -> Option<Place> {
        if path.is_empty() {
            return None;
        }
        let mut by = None;
        for (line, glob) in &self.lines {
            // A line fits what lies in a folder that it fits.
            let fits = match glob {
                Some(glob) => Path::new(path).ancestors().any(|p| glob.is_match(p) && p != Path::new("")),
                None if line.keeps => return None,
                None => continue,
            };
            match line.keeps {
                true if fits || !is_file && may_lie_below(&line.pattern, path) => by = None,
                false if fits => by = Some(Place { file: self.file, span: line.span }),
                _ => {}
            }
        }
        by
    }
}

/// Whether a pattern may fit something below a path.
fn may_lie_below(pattern: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    for own in pattern.split('/') {
        if own == "**" {
            return true;
        }
        let Some(part) = parts.next() else { return true };
        if !matcher(own).is_none_or(|glob| glob.is_match(part)) {
            return false;
        }
    }
    false
}

/// A pattern as docker reads it; `None` for one that means something else here.
fn matcher(pattern: &str) -> Option<GlobMatcher> {
    let is_odd = |part: &str| part.contains("**") && part != "**" || part.contains("[!");
    if pattern.split('/').any(is_odd) {
        return None;
    }
    // Braces are nothing special to docker.
    let pattern = pattern.replace('{', "\\{").replace('}', "\\}");
    let glob = GlobBuilder::new(&pattern).literal_separator(true).backslash_escape(true).build().ok()?;
    Some(glob.compile_matcher())
}
