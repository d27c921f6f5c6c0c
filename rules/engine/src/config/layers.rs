//! Which configuration counts where. For each file the nearest configuration above it counts, and what that extends.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde_spanned::Spanned;
use svclint_catalog::{Level, RuleMeta};
use svclint_knowledge::{DeclaredLink, KnowledgeError, Page};
use svclint_model::normal_path;

use super::exception::Accepting;
use super::file::ConfigFile;
use super::levels::{LevelSource, Levels};
use super::{FILE, mistake};
use crate::fs::FileSystem;

pub(crate) use super::mistake::may_configure as is_config;

/// A file that says, or may say, something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source {
    /// Its absolute path.
    pub(crate) path: PathBuf,
    /// Its text, or why it cannot be read.
    pub(crate) text: Result<Arc<str>, String>,
}

/// What one configuration file says, with what it extends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// The files, the one that counts most last.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) levels: Levels,
    pub(crate) exceptions: Vec<Arc<Accepting>>,
    pub(crate) require_reasons: Option<bool>,
    pub(crate) baseline: Option<PathBuf>,
}

/// All configuration of a workspace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Configuration {
    /// By the folder that each is in.
    pub(crate) settings: BTreeMap<PathBuf, Arc<Settings>>,
    /// What was last right of each file: it counts until a mistake is mended.
    good: BTreeMap<PathBuf, (ConfigFile, Arc<str>)>,
    pub(crate) knowledge: Vec<Arc<Page>>,
    pub(crate) links: Vec<DeclaredLink>,
    /// What is wrong now.
    pub(crate) errors: Vec<(PathBuf, KnowledgeError)>,
    /// Whether some root has no configuration at all.
    uncovered: bool,
}

/// The files above the roots (absolute paths) that may configure them: up to the folder of the repository.
pub(crate) fn sources(fs: &dyn FileSystem, roots: &[PathBuf]) -> Vec<Source> {
    let mut found = BTreeSet::new();
    for root in roots {
        for dir in root.ancestors() {
            let names = [FILE, "Cargo.toml"].map(|name| dir.join(name));
            found.extend(names.into_iter().filter(|path| dir != root && fs.kind(path).is_some()));
            if fs.kind(&dir.join(".git")).is_some() {
                break;
            }
        }
    }
    let read = |path: PathBuf| Source { text: text_of(fs, &path), path };
    found.into_iter().map(read).collect()
}

pub(crate) fn text_of(fs: &dyn FileSystem, path: &Path) -> Result<Arc<str>, String> {
    let bytes = fs.read(path).map_err(|e| e.to_string())?;
    String::from_utf8(bytes)
        .map(Arc::from)
        .map_err(|e| format!("not UTF-8 at byte {}", e.utf8_error().valid_up_to()))
}

impl Configuration {
    /// Puts together what some files say; what one said `before` counts where it has a mistake now.
    pub(crate) fn new(
        fs: &dyn FileSystem,
        sources: &[Source],
        roots: &[PathBuf],
        before: &Configuration,
    ) -> Self {
        let mut all = Configuration::default();
        let mut reader = Reader { fs, before, all: &mut all };
        let mut own: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
        for source in sources {
            let dir = source.path.parent().unwrap_or(Path::new("")).to_owned();
            if reader.read(source) {
                // Of two in one folder, the file that is about nothing else counts.
                let is_own = source.path.ends_with(FILE);
                own.entry(dir)
                    .and_modify(|path| {
                        if is_own {
                            path.clone_from(&source.path)
                        }
                    })
                    .or_insert(source.path.clone());
            }
        }
        for (dir, path) in own {
            let mut settings = Settings::default();
            reader.settle(&path, &mut Vec::new(), &mut settings);
            reader.all.settings.insert(dir, Arc::new(settings));
        }
        all.collect();
        all.uncovered = roots.iter().any(|root| all.at(root).is_none());
        all
    }

    /// Declarations are about the whole system, whichever file they stand in.
    fn collect(&mut self) {
        let counted: BTreeSet<&PathBuf> = self.settings.values().flat_map(|s| &s.files).collect();
        for path in counted {
            let Some((file, _)) = self.good.get(path) else { continue };
            self.knowledge.extend(file.knowledge.iter().cloned());
            self.links.extend(file.links.iter().cloned());
        }
    }

    /// What counts for a file or folder.
    pub(crate) fn at(&self, path: &Path) -> Option<&Arc<Settings>> {
        path.ancestors().find_map(|dir| self.settings.get(dir))
    }

    /// The level of a rule in a file.
    pub(crate) fn level(&self, rule: &RuleMeta, path: &Path) -> (Level, LevelSource) {
        let settings = self.at(path);
        settings.map_or((rule.level, LevelSource::Default), |s| s.levels.of(rule, Some(path)))
    }

    /// Whether the rule's findings are wanted in any file.
    pub(crate) fn wants(&self, rule: &RuleMeta) -> bool {
        let by_default = rule.level != Level::Allow && (self.uncovered || self.settings.is_empty());
        by_default || self.settings.values().any(|s| s.levels.wants(rule))
    }

    /// Whether whatever is accepted in a file needs a reason.
    pub(crate) fn requires_reasons(&self, path: &Path) -> bool {
        self.at(path).and_then(|s| s.require_reasons).unwrap_or(true)
    }
}

struct Reader<'a> {
    fs: &'a dyn FileSystem,
    before: &'a Configuration,
    all: &'a mut Configuration,
}

impl Reader<'_> {
    /// Reads one file. Whether it says anything.
    fn read(&mut self, source: &Source) -> bool {
        let path = &source.path;
        let read = match &source.text {
            Ok(text) => mistake::read(path, text)
                .and_then(|file| file.map(|file| checked(path, text, file)).transpose())
                .map(|file| file.map(|file| (file, text.clone()))),
            Err(message) => Err(mistake::at(path, "", 0..0, message.clone())),
        };
        match read {
            Ok(Some(file)) => drop(self.all.good.insert(path.clone(), file)),
            Ok(None) => return false,
            Err(error) => {
                self.all.errors.push((path.clone(), error));
                let good = self.before.good.get(path).cloned().unwrap_or_default();
                self.all.good.insert(path.clone(), good);
            }
        }
        true
    }

    /// Adds what a file says to what those before it said, after what it extends.
    fn settle(&mut self, path: &Path, open: &mut Vec<PathBuf>, settings: &mut Settings) {
        let Some((file, text)) = self.all.good.get(path).cloned() else { return };
        open.push(path.to_owned());
        let dir = path.parent().unwrap_or(Path::new("")).to_owned();
        let extends = file.extends.as_ref();
        for base in extends.map_or(&[][..], |e| e.get_ref().as_slice()) {
            let target = normal_path(&dir.join(base));
            let wrong = if open.contains(&target) {
                Some(format!("`{}` extends itself", base))
            } else if self.all.good.contains_key(&target) {
                None
            } else {
                match text_of(self.fs, &target) {
                    Ok(text) => {
                        self.read(&Source { path: target.clone(), text: Ok(text) });
                        None
                    }
                    Err(why) => Some(format!("`{}` cannot be read: {why}", base)),
                }
            };
            match wrong {
                Some(message) => {
                    let error = mistake::at(path, &text, extends.map_or(0..0, Spanned::span), message);
                    self.all.errors.push((path.to_owned(), error));
                }
                None => self.settle(&target, open, settings),
            }
        }
        open.pop();
        settings.add(path, &text, &file);
    }
}

impl Settings {
    fn add(&mut self, path: &Path, text: &str, file: &ConfigFile) {
        self.files.push(path.to_owned());
        self.levels.add(path, text, None, &file.levels);
        for some in &file.overrides {
            if let Ok(paths) = globs(path, text, &some.paths) {
                self.levels.add(path, text, Some(paths), &some.levels);
            }
        }
        let exceptions = file.exceptions.iter();
        let read = |e: &Spanned<_>| Accepting::read(path, text, e.span(), e.get_ref()).ok().map(Arc::new);
        self.exceptions.extend(exceptions.filter_map(read));
        self.require_reasons = file.require_reasons.or(self.require_reasons);
        let beside = |name: &String| normal_path(&path.with_file_name(name));
        self.baseline = file.baseline.as_ref().map(beside).or_else(|| self.baseline.take());
    }
}

/// A file whose names, patterns and dates are right.
fn checked(path: &Path, text: &str, file: ConfigFile) -> Result<ConfigFile, KnowledgeError> {
    let tables = std::iter::once(&file.levels).chain(file.overrides.iter().map(|o| &o.levels));
    for name in tables.flat_map(|t| t.keys()) {
        mistake::known_level_name(name.get_ref()).map_err(|m| mistake::at(path, text, name.span(), m))?;
    }
    for some in &file.overrides {
        globs(path, text, &some.paths)?;
    }
    for exception in &file.exceptions {
        Accepting::read(path, text, exception.span(), exception.get_ref())?;
    }
    Ok(file)
}

/// Patterns of paths, in which `*` stays within a folder.
pub(super) fn globs(
    path: &Path,
    text: &str,
    patterns: &[Spanned<String>],
) -> Result<GlobSet, KnowledgeError> {
    let mut all = GlobSetBuilder::new();
    for pattern in patterns {
        let wrong = |e: globset::Error| mistake::at(path, text, pattern.span(), e.to_string());
        // `./legacy/` and `legacy` mean all that is in it.
        let plain = pattern.get_ref().trim_start_matches("./").trim_end_matches('/');
        for text in [plain.to_owned(), format!("{plain}/**")] {
            all.add(GlobBuilder::new(&text).literal_separator(true).build().map_err(wrong)?);
        }
    }
    all.build().map_err(|e| mistake::at(path, text, 0..0, e.to_string()))
}
