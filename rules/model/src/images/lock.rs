//! Whether a build in an image is given `Cargo.lock`.

use std::path::Path;

use svclint_facts::docker::{Copy, InstructionKind};

use super::Image;
use super::context::Paths;
use crate::packages::normal_path;
use crate::place::Place;

/// Programs that may bring the file by themselves.
const FETCHES: [&str; 7] = ["git", "curl", "wget", "tar", "unzip", "cp", "mv"];

impl Image {
    /// Whether nothing that a stage, or one under it, is given can be or hold `Cargo.lock`.
    pub(super) fn lacks_lock(&self, stage: usize, files: &Paths<'_>) -> bool {
        let mut copies = false;
        let all = self.facts.chain(stage).into_iter().filter_map(|s| self.facts.stages.get(s));
        let none_brings = all.flat_map(|s| &s.instructions).all(|instruction| match &instruction.kind {
            InstructionKind::Copy(copy) => {
                copies = true;
                !may_bring(copy, files)
            }
            InstructionKind::Run(run) => {
                // What is mounted is not seen.
                let mounts = instruction.keyword.end + 1 < run.span.start;
                let mut words = run.commands.iter().filter_map(|c| c.words.first());
                !mounts
                    && words.all(|w| w.known().is_some_and(|w| !FETCHES.contains(&w) && !w.ends_with(".sh")))
            }
            _ => true,
        });
        copies && none_brings && !self.facts.broken
    }

    /// Where the manifest is copied into a folder, and `Cargo.lock` lies beside it: the lock can be named there too.
    pub(super) fn manifest_copied(&self, stage: usize, files: &Paths<'_>) -> Option<Place> {
        let all = self.facts.chain(stage).into_iter().filter_map(|s| self.facts.stages.get(s));
        let mut copies = all.flat_map(|s| &s.instructions).filter_map(|i| match &i.kind {
            InstructionKind::Copy(copy) if copy.from.is_none() && !copy.adds => Some(copy),
            _ => None,
        });
        copies.find_map(|copy| {
            let to = copy.destination.as_ref()?.known()?;
            let manifest = copy.sources.iter().find(|w| w.known().is_some_and(is_manifest))?;
            let lock = normal_path(&self.folder.join(manifest.known()?)).with_file_name("Cargo.lock");
            let at = Place { file: self.file, span: manifest.span };
            ((to.ends_with('/') || to == ".") && files.is_file(&lock)).then_some(at)
        })
    }
}

fn is_manifest(path: &str) -> bool {
    path == "Cargo.toml" || path == "./Cargo.toml"
}

/// Whether a copy may bring the file: by its name, by a pattern, or in a folder that has it.
fn may_bring(copy: &Copy, files: &Paths<'_>) -> bool {
    let is_it = |word: &str| {
        let path = normal_path(Path::new(word.trim_start_matches('/')));
        let odd = word.contains(['*', '?', '[', '$', '<']) || word.contains("://") || word.contains("git@");
        odd || path.as_os_str().is_empty()
            || path.starts_with("..")
            || path.ends_with("Cargo.lock")
            || files.any_ends_with(&path.join("Cargo.lock"))
    };
    copy.from.is_some() || copy.sources.is_empty() || copy.sources.iter().any(|w| w.known().is_none_or(is_it))
}
