//! What a run found.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use svclint_catalog::Finding;
use svclint_model::{FileId, Model, Rejoined};
use svclint_syntax::LineIndex;

use crate::store::FactStore;
use crate::timings::Timings;

/// A finding with what the outside needs.
#[derive(Clone, Debug)]
pub struct ReportedFinding {
    /// What the rule said.
    pub finding: Finding,
    /// Names the finding over time: of rule, subject and text, not of line numbers. 16 hex digits.
    pub fingerprint: String,
}

/// A file that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its path.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// Figures of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Services found.
    pub services: usize,
    /// Their routes.
    pub routes: usize,
    /// Clients of all kinds.
    pub clients: usize,
    /// Files read.
    pub files: usize,
    /// Findings reported.
    pub findings: usize,
    /// Findings with a fix.
    pub fixable: usize,
    /// Findings that a comment accepts.
    pub suppressed: usize,
    /// Files left out, in whole or in part.
    pub skipped: usize,
}

/// A file of a report.
#[derive(Clone, Debug)]
pub struct FileRef {
    /// Its path.
    pub path: Arc<Path>,
    /// Its text.
    pub text: Arc<str>,
    /// Its lines.
    pub lines: Arc<LineIndex>,
}

/// What a run found.
#[derive(Clone)]
pub struct Report {
    /// In the order of path and place.
    pub findings: Vec<ReportedFinding>,
    /// What was left out.
    pub skipped: Vec<Skipped>,
    /// Figures.
    pub summary: Summary,
    /// The model that the rules read.
    pub model: Arc<Model>,
    /// How much of it had to be joined anew since the run before.
    pub rejoined: Rejoined,
    /// How long it took.
    pub took: Duration,
    /// What of that each stage and each rule took.
    pub timings: Timings,
    pub(crate) store: FactStore,
}

impl Report {
    /// A file.
    pub fn file(&self, id: FileId) -> Option<FileRef> {
        let (path, analysis) = self.store.file(id)?;
        Some(FileRef { path: path.clone(), text: analysis.text.clone(), lines: analysis.lines.clone() })
    }

    /// The id of a path.
    pub fn file_id(&self, path: &Path) -> Option<FileId> {
        self.store.paths.binary_search_by(|p| (**p).cmp(path)).ok().map(|i| FileId(i as u32))
    }

    /// The texts, for whoever renders fixes.
    pub fn store(&self) -> &FactStore {
        &self.store
    }
}
