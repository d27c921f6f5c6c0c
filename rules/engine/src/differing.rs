//! The disk as it was, or will be: some files have other bytes, or are not there.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use svclint_model::normal_path;

use crate::fs::{DirEntry, EntryKind, FileSystem};

/// Another state of a file system.
pub struct Differing {
    under: Arc<dyn FileSystem>,
    base: PathBuf,
    /// What differs, by absolute path; `None` for what is not there.
    files: BTreeMap<PathBuf, Option<Vec<u8>>>,
}

impl Differing {
    /// With these differences, by absolute path; `None` for what is not there.
    pub fn new(under: Arc<dyn FileSystem>, files: BTreeMap<PathBuf, Option<Vec<u8>>>) -> Self {
        Differing { base: under.base(), under, files }
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        normal_path(&self.base.join(path))
    }

    fn difference(&self, path: &Path) -> Option<Option<&[u8]>> {
        self.files.get(&self.absolute(path)).map(Option::as_deref)
    }
}

fn missing() -> io::Error {
    io::Error::from(io::ErrorKind::NotFound)
}

impl FileSystem for Differing {
    fn base(&self) -> PathBuf {
        self.base.clone()
    }

    fn kind(&self, path: &Path) -> Option<EntryKind> {
        match self.difference(path) {
            Some(bytes) => bytes.map(|_| EntryKind::File),
            None => self.under.kind(path).or_else(|| {
                let path = self.absolute(path);
                let mut below =
                    self.files.range(path.clone()..).take_while(|(file, _)| file.starts_with(&path));
                below.any(|(_, bytes)| bytes.is_some()).then_some(EntryKind::Dir)
            }),
        }
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        match self.difference(path) {
            Some(bytes) => bytes.map(|b| b.len() as u64).ok_or_else(missing),
            None => self.under.len(path),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.difference(path) {
            Some(bytes) => bytes.map(<[u8]>::to_vec).ok_or_else(missing),
            None => self.under.read(path),
        }
    }

    fn head(&self, path: &Path, count: usize) -> io::Result<Vec<u8>> {
        match self.difference(path) {
            Some(bytes) => bytes.map(|b| b.iter().take(count).copied().collect()).ok_or_else(missing),
            None => self.under.head(path, count),
        }
    }

    fn write(&self, _: &Path, _: &[u8]) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem))
    }

    fn walk(&self, root: &Path) -> Vec<DirEntry> {
        let mut found = self.under.walk(root);
        found.retain(|entry| !matches!(self.difference(&entry.path), Some(None)));
        let top = self.absolute(root);
        let there = self.files.range(top.clone()..).take_while(|(file, _)| file.starts_with(&top));
        for (file, _) in there.filter(|(file, bytes)| bytes.is_some() && self.under.kind(file).is_none()) {
            let inside = file.strip_prefix(&top).unwrap_or(file);
            found.push(DirEntry { path: root.join(inside), error: None });
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }
}
