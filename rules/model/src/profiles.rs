//! Build profiles: what they say that changes how programs run.

use std::collections::BTreeMap;

use crate::joined::Joined;
use crate::place::{FileFacts, FileId, Place, SourceFile};

/// The release profile of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The packages that are built with it, by index.
    pub packages: Vec<u32>,
    /// `panic = "abort"`: the value, and the key with it.
    pub panic: (String, Place),
}

/// What release profiles say. Cargo heeds only the one in the root of a workspace.
pub(crate) fn profiles(files: &[SourceFile], joined: &Joined) -> Vec<Profile> {
    let manifest = |file: FileId| match files.get(file.0 as usize).map(|f| &f.facts) {
        Some(FileFacts::Manifest(facts)) => Some(facts),
        _ => None,
    };
    let folder = |file: FileId| files.get(file.0 as usize).and_then(|f| f.path.parent());
    let roots: Vec<FileId> = (0..files.len() as u32)
        .map(FileId)
        .filter(|f| manifest(*f).is_some_and(|m| m.workspace.is_some()))
        .collect();
    let root_of = |package: FileId| {
        let above =
            |root: &&FileId| folder(package).zip(folder(**root)).is_some_and(|(p, r)| p.starts_with(r));
        let nearest = |root: &&FileId| folder(**root).map_or(0, |r| r.components().count());
        roots.iter().filter(above).max_by_key(nearest).copied().unwrap_or(package)
    };
    let mut profiles: BTreeMap<FileId, Vec<u32>> = BTreeMap::new();
    for (number, package) in joined.packages.list.iter().enumerate() {
        profiles.entry(root_of(package.manifest)).or_default().push(number as u32);
    }
    let profile = |(file, packages): (FileId, Vec<u32>)| {
        let (value, span) = manifest(file)?.release_panic.clone()?;
        Some(Profile { packages, panic: (value, Place { file, span }) })
    };
    profiles.into_iter().filter_map(profile).collect()
}
