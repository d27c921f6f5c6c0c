//! A workspace: what is read, what runs, what comes out.

mod findings;
mod learning;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use svclint_catalog::{Context, Finding, Level, rules};
use svclint_knowledge::{Knowledge, KnowledgeError};
use svclint_model::{BlindSpot, FileId, Insight, Join, Model, Rejoined, normal_path};
use svclint_syntax::{Bounds, PARSER_STACK_BYTES};

use crate::config::{self, Configuration, Source};
use crate::fs::{EntryKind, FileSystem};
use crate::reading::{contained, is_read, is_template, read_file};
use crate::report::{FileRef, Report};
use crate::store::FactStore;
use crate::timings::{RuleTiming, Timings};

/// What a run is asked to do.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Levels other than those of the rules and the configuration.
    pub levels: BTreeMap<String, Level>,
    /// Report what comments and the configuration accept as well: for audits.
    pub ignores_acceptance: bool,
    /// How much is taken on.
    pub bounds: Bounds,
}

/// Why there is nothing to check.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// A path that does not exist.
    #[error("`{}` does not exist", .0.display())]
    Missing(PathBuf),
    /// Nothing that svclint reads.
    #[error("nothing to check: {0} holds no Rust code, manifest or contract")]
    Empty(String),
    /// The shipped data is broken.
    #[error("the built-in knowledge is broken: {0}")]
    Knowledge(#[from] KnowledgeError),
    /// The configuration cannot be read.
    #[error("the configuration cannot be read: {0}")]
    Config(KnowledgeError),
    /// No threads.
    #[error("no threads could be started: {0}")]
    Threads(String),
}

/// Tells a run that its result is no longer wanted.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    current: Arc<AtomicU64>,
    at: u64,
}

impl Cancel {
    /// A token for a new run; all earlier ones of the same origin are cancelled.
    pub fn next(&self) -> Cancel {
        let at = self.current.fetch_add(1, Ordering::SeqCst) + 1;
        Cancel { current: self.current.clone(), at }
    }

    /// Whether a newer run was started.
    pub fn is_cancelled(&self) -> bool {
        self.current.load(Ordering::SeqCst) != self.at
    }
}

/// Files in, findings out.
pub struct Workspace {
    fs: Arc<dyn FileSystem>,
    roots: Vec<PathBuf>,
    options: Options,
    knowledge: Arc<Knowledge>,
    /// What the knowledge was put together for: the libraries, and the declarations.
    knowledge_key: u64,
    /// The folder that paths begin in.
    base: PathBuf,
    /// The files above the roots that configure them.
    above: Vec<Source>,
    /// What the configuration says, each file as of when it was last right.
    config: Configuration,
    pool: rayon::ThreadPool,
    store: FactStore,
    unread: BTreeMap<PathBuf, String>,
    /// How long reading took, the last time that it was done.
    read_took: Duration,
    /// The files of the last run, joined: the next one begins there.
    join: Option<Join>,
}

impl Workspace {
    /// A workspace of some folders or files. Nothing is read yet.
    ///
    /// # Errors
    /// When a root does not exist or no threads can be started.
    pub fn new(
        fs: Arc<dyn FileSystem>,
        roots: Vec<PathBuf>,
        options: Options,
    ) -> Result<Self, WorkspaceError> {
        if let Some(missing) = roots.iter().find(|r| fs.kind(r).is_none()) {
            return Err(WorkspaceError::Missing(missing.clone()));
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .stack_size(PARSER_STACK_BYTES)
            .thread_name(|n| format!("svclint-{n}"))
            .build()
            .map_err(|e| WorkspaceError::Threads(e.to_string()))?;
        let base = fs.base();
        Ok(Workspace {
            fs,
            roots,
            options,
            knowledge: Arc::default(),
            knowledge_key: 0,
            base,
            above: Vec::new(),
            config: Configuration::default(),
            pool,
            store: FactStore::default(),
            unread: BTreeMap::new(),
            read_took: Duration::ZERO,
            join: None,
        })
    }

    /// The roots.
    pub fn roots(&self) -> &[PathBuf] {
        &self.roots
    }

    /// Reads everything under the roots, what is unchanged from memory.
    ///
    /// # Errors
    /// When there is nothing to check.
    pub fn load(&mut self) -> Result<(), WorkspaceError> {
        let started = Instant::now();
        let mut paths = Vec::new();
        self.unread.clear();
        for root in &self.roots {
            let found = match self.fs.kind(root) {
                Some(EntryKind::Dir) => self.fs.walk(root),
                _ => self.around_file(root),
            };
            for entry in found {
                match entry.error {
                    Some(error) => drop(self.unread.insert(entry.path, error)),
                    None if is_template(root, &entry.path) => {
                        let reason = "a template: its path has places to fill in".to_owned();
                        self.unread.insert(entry.path, reason);
                    }
                    None => paths.push(normal_path(&entry.path)),
                }
            }
        }
        let fs = &*self.fs;
        let wanted = |path: PathBuf| is_read(fs, &path).then_some(path);
        let mut paths: Vec<PathBuf> =
            self.pool.install(|| paths.into_par_iter().filter_map(wanted).collect());
        paths.sort();
        paths.dedup();
        self.read_all(paths.clone());
        let wanted: FxHashSet<PathBuf> = paths.into_iter().collect();
        let gone: Vec<Arc<Path>> =
            self.store.paths.iter().filter(|p| !wanted.contains(&***p)).cloned().collect();
        gone.iter().for_each(|path| self.store.remove(path));
        let has_any = !self.store.paths.is_empty();
        if !has_any && self.unread.is_empty() {
            let names: Vec<String> = self.roots.iter().map(|r| format!("`{}`", r.display())).collect();
            return Err(WorkspaceError::Empty(names.join(", ")));
        }
        self.above = config::sources(&*self.fs, &self.absolute_roots());
        self.learn()?;
        self.read_took = started.elapsed();
        match self.config.errors.first() {
            Some((_, error)) => Err(WorkspaceError::Config(error.clone())),
            None => Ok(()),
        }
    }

    /// The same paths in another state, as another file system has it. [`Workspace::load`] then reads only what differs.
    pub fn move_to(&mut self, fs: Arc<dyn FileSystem>) {
        self.fs = fs;
    }

    /// For a single file: the package that it belongs to, so that names resolve.
    fn around_file(&self, file: &Path) -> Vec<crate::fs::DirEntry> {
        let package = file.ancestors().skip(1).find(|dir| self.fs.kind(&dir.join("Cargo.toml")).is_some());
        let mut found = match package {
            // The current folder.
            Some(dir) if dir.as_os_str().is_empty() => {
                let mut here = self.fs.walk(Path::new("."));
                here.iter_mut().for_each(|e| e.path = normal_path(&e.path));
                here
            }
            Some(dir) => self.fs.walk(dir),
            None => Vec::new(),
        };
        if !found.iter().any(|e| e.path == file) {
            found.push(crate::fs::DirEntry { path: file.to_owned(), error: None });
        }
        found
    }

    /// Reads some files again: after a change on disk or in the editor.
    pub fn refresh(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        let started = Instant::now();
        let (mut read, mut new) = (Vec::new(), BTreeSet::new());
        for path in paths {
            let path = normal_path(&path);
            self.unread.remove(&path);
            match self.fs.kind(&path) {
                Some(EntryKind::File) if is_read(&*self.fs, &path) => match self.store.get(&path) {
                    Some(_) => read.push(path),
                    None => drop(new.insert(path)),
                },
                _ => self.store.remove(&path),
            }
        }
        if !new.is_empty() {
            read.extend(self.belonging(&new));
        }
        self.read_all(read);
        // A shipped page that is broken would have been told when everything was loaded.
        let _ = self.learn();
        self.read_took = started.elapsed();
    }

    /// Those of some new files that reading everything anew would find too.
    fn belonging(&self, new: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        for root in &self.roots {
            match self.fs.kind(root) {
                Some(EntryKind::Dir) => {
                    let root = normal_path(root);
                    let inside = self.fs.found(&root, new).into_iter();
                    found.extend(inside.filter(|path| !is_template(&root, path)));
                }
                _ => {
                    let around = self.around_file(root).into_iter().map(|e| normal_path(&e.path));
                    found.extend(around.filter(|path| new.contains(path)));
                }
            }
        }
        found
    }

    fn read_all(&mut self, paths: Vec<PathBuf>) {
        let (fs, store, bounds) = (&self.fs, &self.store, &self.options.bounds);
        let read = |path: PathBuf| {
            let result = read_file(&**fs, &path, store, bounds);
            (path, result)
        };
        let results: Vec<_> = self.pool.install(|| paths.into_par_iter().map(read).collect());
        for (path, result) in results {
            match result {
                Ok(analysis) => self.store.insert(path, analysis),
                Err(reason) => {
                    self.store.remove(&path);
                    self.unread.insert(path, reason);
                }
            }
        }
    }

    /// Builds the model and runs the rules. `None` when cancelled.
    pub fn check(&mut self, cancel: &Cancel) -> Option<Report> {
        let started = Instant::now();
        let joined = self.joined();
        let timings = Timings { read: self.read_took, join: started.elapsed(), ..Timings::default() };
        self.pool.install(|| self.check_here(cancel, joined, started, timings))
    }

    /// Joins the files, from where the last run ended. `Err` with the message of a failure of svclint itself.
    fn joined(&mut self) -> Result<Rejoined, String> {
        let (files, knowledge) = (self.store.sources(), self.knowledge.clone());
        // What a failure leaves half done is not used again.
        let before = self.join.take();
        let run = || match before {
            Some(mut join) => {
                let done = join.update(files, &knowledge);
                (join, done)
            }
            None => {
                let join = Join::new(files, &knowledge);
                (join, Rejoined { whole: true, ..Rejoined::default() })
            }
        };
        let (join, done) = self.pool.install(|| contained(run))?;
        self.join = Some(join);
        Ok(done)
    }

    /// What the model knows of the expressions that begin on a line (from 1) of a file; `None` for a file that is not part
    /// of the workspace or a line that it does not have.
    pub fn why(&mut self, path: &Path, line: u32) -> Option<Vec<Insight>> {
        self.joined().ok()?;
        let number = self.store.paths.iter().position(|p| **p == *normal_path(path))?;
        let file = FileId(number as u32);
        let shown = self.file(file)?;
        let line = line.checked_sub(1).filter(|l| *l < shown.lines.line_count())?;
        let span = shown.lines.line_span(&shown.text, line);
        Some(self.join.as_ref()?.why(file, span))
    }

    /// Whether a file is part of the workspace.
    pub fn has(&self, path: &Path) -> bool {
        self.store.get(&normal_path(path)).is_some()
    }

    /// The files of the workspace.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.store.paths.iter().map(|p| &**p)
    }

    /// A file of the workspace, for showing its places.
    pub fn file(&self, file: FileId) -> Option<FileRef> {
        let (path, analysis) = self.store.file(file)?;
        Some(FileRef { path: path.clone(), text: analysis.text.clone(), lines: analysis.lines.clone() })
    }

    /// What could not be resolved, by file.
    pub fn blind_spots(&mut self) -> Vec<BlindSpot> {
        let joined = self.joined().is_ok();
        self.join.as_ref().filter(|_| joined).map(Join::blind_spots).unwrap_or_default()
    }

    fn check_here(
        &self,
        cancel: &Cancel,
        joined: Result<Rejoined, String>,
        started: Instant,
        mut timings: Timings,
    ) -> Option<Report> {
        let mut findings = Vec::new();
        let (model, rejoined) = match (joined, &self.join) {
            (Ok(rejoined), Some(join)) => (join.model().clone(), rejoined),
            (joined, _) => {
                let message = joined.err().unwrap_or_default();
                findings.extend(self.internal_error("the model", &message));
                let (files, generated) = (self.store.paths.clone(), vec![false; self.store.paths.len()]);
                (Arc::new(Model { files, generated, ..Model::default() }), Rejoined::default())
            }
        };
        if cancel.is_cancelled() {
            return None;
        }
        let context = Context::new(&model, &self.store);
        let active: Vec<_> = rules().iter().filter(|r| self.wants(r.meta)).collect();
        let started_rules = Instant::now();
        let results: Vec<(Vec<Finding>, RuleTiming)> = active
            .par_iter()
            .map(|rule| {
                let started = Instant::now();
                let mut found = Vec::new();
                let run = contained(|| (rule.check)(&context, &mut found));
                if let Err(message) = run {
                    found.clear();
                    found.extend(self.internal_error(&format!("the rule `{}`", rule.meta.id), &message));
                }
                let timing = RuleTiming { rule: rule.meta.id, took: started.elapsed(), found: found.len() };
                (found, timing)
            })
            .collect();
        timings.rules = started_rules.elapsed();
        for (found, timing) in results {
            findings.extend(found);
            timings.each.push(timing);
        }
        if cancel.is_cancelled() {
            return None;
        }
        let started_report = Instant::now();
        let mut report = self.report(model, rejoined, findings, started);
        timings.report = started_report.elapsed();
        report.timings = timings;
        Some(report)
    }
}
