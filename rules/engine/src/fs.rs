//! The one way to files: the disk, a map in memory, or an editor's unsaved texts over either.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// What a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A folder.
    Dir,
}

/// One file that a walk found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirEntry {
    /// Its path.
    pub path: PathBuf,
    /// Why it cannot be read, if so.
    pub error: Option<String>,
}

/// Where files come from and go to.
pub trait FileSystem: Send + Sync {
    /// The absolute path of the folder that relative paths begin in; empty where there is none.
    fn base(&self) -> PathBuf {
        PathBuf::new()
    }
    /// What lies at a path; `None` if nothing does.
    fn kind(&self, path: &Path) -> Option<EntryKind>;
    /// A file's size in bytes.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn len(&self, path: &Path) -> io::Result<u64>;
    /// A file's bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// A file's first bytes, `count` at most.
    ///
    /// # Errors
    /// When it cannot be read.
    fn head(&self, path: &Path, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = self.read(path)?;
        bytes.truncate(count);
        Ok(bytes)
    }
    /// Replaces a file, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written; the old file is then as it was.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// All files under a folder, in order, without what `.gitignore` leaves out. Links are not followed.
    fn walk(&self, root: &Path) -> Vec<DirEntry>;
    /// Those of some files that a walk from a folder would find.
    fn found(&self, root: &Path, files: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
        let walked = self.walk(root).into_iter().filter(|e| e.error.is_none()).map(|e| e.path);
        walked.filter(|path| files.contains(path)).collect()
    }
}

/// The disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskFs;

/// The only place under `rules/` that touches the disk.
#[allow(clippy::disallowed_methods)]
impl FileSystem for DiskFs {
    fn base(&self) -> PathBuf {
        std::env::current_dir().unwrap_or_default()
    }

    fn kind(&self, path: &Path) -> Option<EntryKind> {
        let meta = std::fs::metadata(path).ok()?;
        Some(if meta.is_dir() { EntryKind::Dir } else { EntryKind::File })
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        std::fs::metadata(path).map(|m| m.len())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn head(&self, path: &Path, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(count);
        std::fs::File::open(path)?.take(count as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent)?;
        }
        // What a link leads to is written, and the link stays.
        let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let before = std::fs::metadata(&target).ok();
        if before.as_ref().is_some_and(|meta| meta.permissions().readonly()) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
        }
        let mut name = target.file_name().unwrap_or_default().to_os_string();
        name.push(".svclint-new");
        let beside = target.with_file_name(name);
        // The file is whole at any time: the old one, or the new one.
        let replaced = std::fs::write(&beside, bytes)
            .and_then(|()| {
                before.map_or(Ok(()), |meta| std::fs::set_permissions(&beside, meta.permissions()))
            })
            .and_then(|()| std::fs::rename(&beside, &target));
        replaced.inspect_err(|_| {
            let _ = std::fs::remove_file(&beside);
        })
    }

    fn walk(&self, root: &Path) -> Vec<DirEntry> {
        let mut found = Vec::new();
        for entry in walker(root, |_| true) {
            match entry {
                Ok(entry) if entry.file_type().is_some_and(|t| t.is_file()) => {
                    found.push(DirEntry { path: entry.into_path(), error: None });
                }
                Ok(_) => {}
                Err(error) => {
                    found.push(DirEntry { path: error_path(&error, root), error: Some(error.to_string()) })
                }
            }
        }
        found
    }

    fn found(&self, root: &Path, files: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
        // The current folder has no name in the paths below it; the walk gives it one.
        if root.as_os_str().is_empty() {
            let here: BTreeSet<PathBuf> = files.iter().map(|f| Path::new(".").join(f)).collect();
            let found = self.found(Path::new("."), &here).into_iter();
            return found.filter_map(|f| f.strip_prefix(".").ok().map(Path::to_owned)).collect();
        }
        // Only the ways to the files are walked.
        let ways: BTreeSet<PathBuf> = files.iter().flat_map(|f| f.ancestors()).map(Path::to_owned).collect();
        let walked = walker(root, move |path| ways.contains(path)).filter_map(Result::ok);
        walked.map(ignore::DirEntry::into_path).filter(|path| files.contains(path)).collect()
    }
}

/// Walks as all of svclint does, into the folders that are wanted.
#[allow(clippy::disallowed_methods)]
fn walker(root: &Path, is_wanted: impl Fn(&Path) -> bool + Send + Sync + 'static) -> ignore::Walk {
    let mut builder = ignore::WalkBuilder::new(root);
    // `.env.example`, `.github` and the like are part of a system.
    builder.hidden(false).require_git(false).follow_links(false).sort_by_file_path(Path::cmp);
    builder.filter_entry(move |e| {
        let is_built = e.file_name() == "target" && e.path().join("CACHEDIR.TAG").exists();
        e.file_name() != ".git" && !is_built && is_wanted(e.path())
    });
    builder.build()
}

fn error_path(error: &ignore::Error, root: &Path) -> PathBuf {
    match error {
        ignore::Error::WithPath { path, .. } => path.clone(),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            error_path(err, root)
        }
        _ => root.to_owned(),
    }
}

/// Files in memory, for tests.
#[derive(Debug, Default)]
pub struct MemoryFs {
    files: RwLock<BTreeMap<PathBuf, Vec<u8>>>,
}

impl MemoryFs {
    /// With these files.
    pub fn new<P: Into<PathBuf>, T: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        let files = files.into_iter().map(|(path, text)| (path.into(), text.into())).collect();
        MemoryFs { files: RwLock::new(files) }
    }
}

impl FileSystem for MemoryFs {
    fn kind(&self, path: &Path) -> Option<EntryKind> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        if files.contains_key(path) {
            return Some(EntryKind::File);
        }
        files.keys().any(|f| f.starts_with(path)).then_some(EntryKind::Dir)
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        self.read(path).map(|bytes| bytes.len() as u64)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        files.get(path).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.files.write().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn walk(&self, root: &Path) -> Vec<DirEntry> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        let inside = files.keys().filter(|f| f.starts_with(root));
        inside.map(|path| DirEntry { path: path.clone(), error: None }).collect()
    }
}

/// Unsaved texts in front of another file system.
pub struct Overlay {
    under: Arc<dyn FileSystem>,
    texts: RwLock<BTreeMap<PathBuf, Arc<str>>>,
}

impl Overlay {
    /// Nothing unsaved yet.
    pub fn new(under: Arc<dyn FileSystem>) -> Self {
        Overlay { under, texts: RwLock::default() }
    }

    /// From now on the file has this text, whatever the disk says.
    pub fn set(&self, path: &Path, text: Arc<str>) {
        self.texts.write().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), text);
    }

    /// The disk counts again.
    pub fn remove(&self, path: &Path) {
        self.texts.write().unwrap_or_else(PoisonError::into_inner).remove(path);
    }

    fn text(&self, path: &Path) -> Option<Arc<str>> {
        self.texts.read().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }
}

impl FileSystem for Overlay {
    fn base(&self) -> PathBuf {
        self.under.base()
    }

    fn kind(&self, path: &Path) -> Option<EntryKind> {
        if self.text(path).is_some() { Some(EntryKind::File) } else { self.under.kind(path) }
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        self.text(path).map_or_else(|| self.under.len(path), |text| Ok(text.len() as u64))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.text(path).map_or_else(|| self.under.read(path), |text| Ok(text.as_bytes().to_vec()))
    }

    fn head(&self, path: &Path, count: usize) -> io::Result<Vec<u8>> {
        let first = |text: Arc<str>| text.bytes().take(count).collect();
        self.text(path).map_or_else(|| self.under.head(path, count), |text| Ok(first(text)))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.under.write(path, bytes)
    }

    fn walk(&self, root: &Path) -> Vec<DirEntry> {
        let mut found = self.under.walk(root);
        let texts = self.texts.read().unwrap_or_else(PoisonError::into_inner);
        // What was never saved; what the walk leaves out is left out when it is open too.
        let unsaved = texts.keys().filter(|p| p.starts_with(root) && self.under.kind(p).is_none());
        found.extend(unsaved.map(|path| DirEntry { path: path.clone(), error: None }));
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    fn found(&self, root: &Path, files: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
        let mut found = self.under.found(root, files);
        let unsaved =
            |p: &&PathBuf| p.starts_with(root) && self.under.kind(p).is_none() && self.text(p).is_some();
        found.extend(files.iter().filter(unsaved).cloned());
        found
    }
}
