//! A workspace: what is read, what runs, what comes out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use svclint_catalog::{Context, Finding, Level, RuleMeta, Severity, rules};
use svclint_knowledge::{Knowledge, KnowledgeError, shipped};
use svclint_model::{BlindSpot, FileId, Insight, Join, Model, Place, Rejoined, normal_path};
use svclint_syntax::{Bounds, Language, PARSER_STACK_BYTES, Span};
use xxhash_rust::xxh3::xxh3_64;

use crate::config::{self, Config};
use crate::fs::{EntryKind, FileSystem};
use crate::notes::{CONFIG_ERROR, INTERNAL_ERROR, SYNTAX_ERROR, note};
use crate::reading::{contained, is_read, is_template, read_file};
use crate::report::{FileRef, Report, ReportedFinding, Skipped, Summary};
use crate::store::FactStore;
use crate::timings::{RuleTiming, Timings};
use crate::{suppress, variants};

/// What a run is asked to do.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Levels other than the rules' own.
    pub levels: BTreeMap<String, Level>,
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
    /// What `svclint.toml` says, as of when it was last right.
    config: Config,
    /// What is wrong with it now.
    config_error: Option<(PathBuf, KnowledgeError)>,
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
        Ok(Workspace {
            fs,
            roots,
            options,
            knowledge: Arc::default(),
            knowledge_key: 0,
            config: Config::default(),
            config_error: None,
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
        self.learn()?;
        self.read_took = started.elapsed();
        match &self.config_error {
            Some((_, error)) => Err(WorkspaceError::Config(error.clone())),
            None => Ok(()),
        }
    }

    /// Puts together what is known of the libraries that are used here, and what the configuration declares.
    fn learn(&mut self) -> Result<(), WorkspaceError> {
        let wanted = self.store.libraries();
        let paths = || self.roots.iter().map(|root| normal_path(&root.join(config::FILE)));
        let unread = paths().find_map(|p| Some((p.clone(), self.unread.get(&p)?.clone())));
        let config = paths().find_map(|path| Some((path.clone(), self.store.get(&path)?.text.clone())));
        let mut names: Vec<&String> = wanted.iter().flatten().collect();
        names.sort_unstable();
        let said = (&unread, config.as_ref().map(|(_, text)| text));
        let key = xxh3_64(format!("{}{names:?}\0{said:?}", wanted.is_none()).as_bytes());
        if key == self.knowledge_key {
            return Ok(());
        }
        let read = match (unread, config) {
            (Some((path, message)), _) => {
                let file = path.display().to_string();
                Err((path, KnowledgeError { file, message, ..unplaced() }))
            }
            (None, Some((path, text))) => Config::read(&path, &text).map_err(|error| (path, error)),
            (None, None) => Ok(Config::default()),
        };
        match read {
            Ok(config) => (self.config, self.config_error) = (config, None),
            // What was said before counts until it is mended.
            Err(error) => self.config_error = Some(error),
        }
        let pages = shipped(|library| wanted.as_ref().is_none_or(|w| w.contains(library)))?;
        let (knowledge, declared) = (Knowledge::new(pages), self.config.knowledge.clone());
        let knowledge = if declared.is_empty() { knowledge } else { knowledge.declaring(declared) };
        self.knowledge = Arc::new(knowledge.linking(self.config.links.clone()));
        self.knowledge_key = key;
        Ok(())
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
        let active: Vec<_> = rules().iter().filter(|r| self.level(r.meta) != Level::Allow).collect();
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

    fn report(
        &self,
        model: Arc<Model>,
        rejoined: Rejoined,
        mut findings: Vec<Finding>,
        started: Instant,
    ) -> Report {
        findings.retain(|f| !model.generated.get(f.place.file.0 as usize).copied().unwrap_or(false));
        for finding in &mut findings {
            if self.level(finding.rule) == Level::Deny {
                finding.severity = Severity::Error;
            }
        }
        let is_manifest = |file: FileId| {
            let path = model.files.get(file.0 as usize);
            path.is_some_and(|path| matches!(Language::of(path), Language::Yaml | Language::Json))
        };
        let mut findings = variants::together(&model, findings, is_manifest);
        let suppressed = self.suppress(&mut findings);
        findings.extend(self.syntax_errors());
        findings.extend(self.config_findings());
        findings.sort_by(|a, b| (a.place, a.rule.id, &a.message).cmp(&(b.place, b.rule.id, &b.message)));
        let findings = self.fingerprinted(findings);
        let skipped = self.skipped();
        let summary = Summary {
            services: model.services.len(),
            routes: model.services.iter().map(|s| s.routes.len()).sum(),
            clients: model.clients.len(),
            files: self.store.paths.len(),
            findings: findings.len(),
            fixable: findings.iter().filter(|f| !f.finding.fixes.is_empty()).count(),
            suppressed,
            skipped: skipped.len(),
        };
        Report {
            findings,
            skipped,
            summary,
            model,
            rejoined,
            took: started.elapsed(),
            timings: Timings::default(),
            store: self.store.clone(),
        }
    }

    fn level(&self, rule: &RuleMeta) -> Level {
        self.options.levels.get(rule.id).copied().unwrap_or(rule.level)
    }

    /// Takes out what comments accept, and gives how many that are; adds what is wrong with the comments themselves.
    fn suppress(&self, findings: &mut Vec<Finding>) -> usize {
        let before = findings.len();
        let mut by_file = FxHashMap::default();
        for (number, path) in self.store.paths.iter().enumerate() {
            let Some(analysis) = self.store.get(path) else { continue };
            let suppressions = suppress::read(analysis, Language::of(path));
            if !suppressions.is_empty() {
                by_file.insert(svclint_model::FileId(number as u32), suppressions);
            }
        }
        findings.retain(|f| match by_file.get_mut(&f.place.file) {
            Some(suppressions) => !suppress::accepts(suppressions, f.rule.id, f.place.span),
            None => true,
        });
        // What is accepted in one variant is accepted in all.
        findings.retain(|f| {
            !f.variants.iter().any(|variant| {
                let suppressions = by_file.get_mut(&variant.file);
                suppressions.is_some_and(|s| suppress::accepts(s, f.rule.id, variant.span))
            })
        });
        let accepted = before - findings.len();
        let known = |id: &str| svclint_catalog::rule(id).is_some();
        let ran = |id: &str| svclint_catalog::rule(id).is_some_and(|r| self.level(r.meta) != Level::Allow);
        for (file, suppressions) in &by_file {
            findings.extend(suppress::complaints(*file, suppressions, known, ran));
        }
        accepted
    }

    fn syntax_errors(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for (number, path) in self.store.paths.iter().enumerate() {
            let file = svclint_model::FileId(number as u32);
            let errors = self.store.get(path).map(|a| a.errors()).unwrap_or_default();
            if let Some(error) = errors.first() {
                let more = if errors.len() > 1 {
                    format!(" (and {} more here)", errors.len() - 1)
                } else {
                    String::new()
                };
                let message = format!(
                    "this part does not parse, so nothing in it was checked: {}{more}",
                    error.message
                );
                found.push(note(&SYNTAX_ERROR, Place { file, span: error.span }, message));
            }
        }
        found
    }

    fn config_findings(&self) -> Option<Finding> {
        let (path, error) = self.config_error.as_ref()?;
        let number = self.store.paths.iter().position(|p| **p == **path)?;
        let file = svclint_model::FileId(number as u32);
        let shown = self.file(file)?;
        let line = (error.line as u32).saturating_sub(1).min(shown.lines.line_count().saturating_sub(1));
        let span = shown.lines.line_span(&shown.text, line);
        let message = format!("{}{}; the last good configuration is used", error.key, error.message);
        Some(note(&CONFIG_ERROR, Place { file, span }, message))
    }

    fn internal_error(&self, what: &str, message: &str) -> Option<Finding> {
        let file = svclint_model::FileId(0);
        self.store.file(file)?;
        let text = format!(
            "svclint itself failed in {what}: {message}; everything else was checked, please report this"
        );
        Some(note(&INTERNAL_ERROR, Place { file, span: Span::at(0) }, text))
    }

    fn fingerprinted(&self, findings: Vec<Finding>) -> Vec<ReportedFinding> {
        let mut seen: FxHashMap<u64, u32> = FxHashMap::default();
        let fingerprint = |finding: Finding| {
            let text: String =
                self.store.text_at(finding.place.file, finding.place.span).split_whitespace().collect();
            let key = format!("{}\0{}\0{text}", finding.rule.id, finding.subject);
            let hash = xxh3_64(key.as_bytes());
            let nth = seen.entry(hash).or_default();
            *nth += 1;
            let hash = if *nth > 1 { xxh3_64(format!("{key}\0{nth}").as_bytes()) } else { hash };
            ReportedFinding { finding, fingerprint: format!("{hash:016x}") }
        };
        findings.into_iter().map(fingerprint).collect()
    }

    fn skipped(&self) -> Vec<Skipped> {
        let path = |p: &Path| p.display().to_string();
        self.unread.iter().map(|(p, reason)| Skipped { path: path(p), reason: reason.clone() }).collect()
    }
}

/// A mistake of a whole file.
fn unplaced() -> KnowledgeError {
    KnowledgeError { file: String::new(), line: 1, column: 1, key: String::new(), message: String::new() }
}
