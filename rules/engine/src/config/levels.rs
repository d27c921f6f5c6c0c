//! What is done with a rule's findings in a file, and who said so.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::GlobSet;
use svclint_catalog::{Level, RuleMeta};

use super::file::LevelTable;

/// Who said what is done with a rule's findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LevelSource {
    /// The rule itself.
    Default,
    /// A file, at a line (from 1).
    File(Arc<Path>, usize),
    /// The command line or the editor.
    Flag,
}

/// Levels of one configuration file, with what it extends: tables of which a later one goes before an earlier one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Levels {
    tables: Vec<Table>,
}

#[derive(Clone, Debug)]
struct Table {
    /// Where the patterns begin.
    dir: PathBuf,
    /// The files that it is about; `None` for all.
    paths: Option<GlobSet>,
    levels: BTreeMap<String, (Level, LevelSource)>,
}

impl Levels {
    /// Adds a table that goes before those that are there.
    pub(super) fn add(&mut self, file: &Path, text: &str, paths: Option<GlobSet>, levels: &LevelTable) {
        let file: Arc<Path> = Arc::from(file);
        let line = |span: Range<usize>| text.get(..span.start).unwrap_or("").matches('\n').count() + 1;
        let levels = levels.iter().map(|(name, level)| {
            let source = LevelSource::File(file.clone(), line(name.span()));
            (name.get_ref().clone(), (Level::from(*level), source))
        });
        let dir = file.parent().unwrap_or(Path::new("")).to_owned();
        self.tables.push(Table { dir, paths, levels: levels.collect() });
    }

    /// The level in a file (of which the absolute path is given); outside of all patterns without one.
    pub(crate) fn of(&self, rule: &RuleMeta, file: Option<&Path>) -> (Level, LevelSource) {
        let says = |table: &Table| table.covers(file).then(|| table.level(rule)).flatten();
        self.tables.iter().rev().find_map(says).unwrap_or((rule.level, LevelSource::Default))
    }

    /// Whether the rule's findings are wanted in any file.
    pub(super) fn wants(&self, rule: &RuleMeta) -> bool {
        let of_some = self.tables.iter().filter(|t| t.paths.is_some()).filter_map(|t| t.level(rule));
        std::iter::once(self.of(rule, None)).chain(of_some).any(|(level, _)| level != Level::Allow)
    }
}

impl Table {
    fn covers(&self, file: Option<&Path>) -> bool {
        match (&self.paths, file) {
            (None, _) => true,
            (Some(paths), Some(file)) => {
                file.strip_prefix(&self.dir).is_ok_and(|inside| paths.is_match(inside))
            }
            (Some(_), None) => false,
        }
    }

    fn level(&self, rule: &RuleMeta) -> Option<(Level, LevelSource)> {
        let own = self.levels.get(rule.id);
        let group = || self.levels.get(rule.category.name()).or_else(|| self.levels.get("all"));
        // A group is never a reason to run what is off because it is not precise enough.
        let of_group = || group().filter(|(level, _)| *level == Level::Allow || rule.level != Level::Allow);
        own.or_else(of_group).cloned()
    }
}
