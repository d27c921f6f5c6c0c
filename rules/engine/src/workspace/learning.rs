//! What is known before the rules run: the configuration, and what libraries do.

use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxBuildHasher;
use svclint_catalog::{Level, RuleMeta, rules};
use svclint_knowledge::{Knowledge, shipped};
use svclint_model::normal_path;

use super::{Workspace, WorkspaceError};
use crate::config::{self, Configuration, Effective, LevelSource, Source};

impl Workspace {
    /// A path as the configuration knows it.
    pub fn absolute(&self, path: &Path) -> PathBuf {
        normal_path(&self.base.join(path))
    }

    pub(super) fn absolute_roots(&self) -> Vec<PathBuf> {
        self.roots.iter().map(|root| self.absolute(root)).collect()
    }

    /// All files that configure something, or may.
    fn config_sources(&self) -> Vec<Source> {
        let is_one = |path: &&Path| config::is_config(path);
        // Most manifests say nothing of svclint, and are not looked at again when they change.
        let says = |source: &Source| {
            source.path.ends_with(config::FILE) || source.text.as_ref().is_ok_and(|t| t.contains("svclint"))
        };
        let read = self.store.paths.iter().map(|p| &**p).filter(is_one).filter_map(|path| {
            let text = self.store.get(path)?.text.clone();
            Some(Source { path: self.absolute(path), text: Ok(text) })
        });
        let unread = self.unread.iter().filter(|(path, _)| path.ends_with(config::FILE));
        let unread = unread.map(|(path, why)| Source { path: self.absolute(path), text: Err(why.clone()) });
        self.above.iter().cloned().chain(read).chain(unread).filter(says).collect()
    }

    /// Puts together what is known of the libraries that are used here, and what the configuration declares.
    pub(super) fn learn(&mut self) -> Result<(), WorkspaceError> {
        let wanted = self.store.libraries();
        let sources = self.config_sources();
        let mut names: Vec<&String> = wanted.iter().flatten().collect();
        names.sort_unstable();
        let key = FxBuildHasher.hash_one((wanted.is_none(), &names, &sources));
        if key == self.knowledge_key {
            return Ok(());
        }
        let roots = self.absolute_roots();
        self.config = Configuration::new(&*self.fs, &sources, &roots, &self.config);
        let pages = shipped(|library| wanted.as_ref().is_none_or(|w| w.contains(library)))?;
        let (knowledge, declared) = (Knowledge::new(pages), self.config.knowledge.clone());
        let knowledge = if declared.is_empty() { knowledge } else { knowledge.declaring(declared) };
        self.knowledge = Arc::new(knowledge.linking(self.config.links.clone()));
        self.knowledge_key = key;
        Ok(())
    }

    /// What is done with a rule's findings in a file, and who says so.
    pub fn level(&self, rule: &RuleMeta, path: &Path) -> (Level, LevelSource) {
        let by_flag = self.options.levels.get(rule.id).map(|level| (*level, LevelSource::Flag));
        by_flag.unwrap_or_else(|| self.config.level(rule, &self.absolute(path)))
    }

    /// Whether the rule's findings are wanted in any file.
    pub(super) fn wants(&self, rule: &RuleMeta) -> bool {
        let by_flag = self.options.levels.get(rule.id).map(|level| *level != Level::Allow);
        by_flag.unwrap_or_else(|| self.config.wants(rule))
    }

    /// What counts for a path in the end, and who said so.
    pub fn effective(&self, path: &Path) -> Effective {
        let settings = self.config.at(&self.absolute(path));
        let of_rule = |meta: &'static RuleMeta| {
            let (level, source) = self.level(meta, path);
            (meta, level, source)
        };
        Effective {
            files: settings.map(|s| s.files.clone()).unwrap_or_default(),
            levels: rules().iter().map(|rule| of_rule(rule.meta)).collect(),
            requires_reasons: self.config.requires_reasons(&self.absolute(path)),
            baseline: settings.and_then(|s| s.baseline.clone()),
            exceptions: settings.iter().flat_map(|s| &s.exceptions).map(|e| (&**e).into()).collect(),
        }
    }
}
