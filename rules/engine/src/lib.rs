//! Workspace state: files in, findings out.
#![forbid(unsafe_code)]

mod config;
mod contract;
mod differing;
mod fix;
mod fs;
mod known;
mod notes;
mod reading;
mod report;
mod store;
mod suppress;
mod timings;
mod variants;
mod workspace;

pub use config::{Date, Effective, EffectiveException, FILE as CONFIG_FILE, LevelSource, schema};
pub use differing::Differing;
pub use fix::{FixMode, FixOutcome, Fixed, fix_all, fix_file};
pub use fs::{DirEntry, DiskFs, EntryKind, FileSystem, MemoryFs, Overlay};
pub use known::{KnownFinding, compare};
pub use reading::WATCHED;
pub use report::{Accepted, AcceptedBy, FileRef, Report, ReportedFinding, Skipped, Summary};
pub use store::{Analysis, FactStore};
pub use suppress::{comment_marker, with_comments};
pub use timings::{RuleTiming, Timings};
pub use workspace::{Cancel, Options, Workspace, WorkspaceError};

/// What svclint reports of itself and of what it reads, beside the rules of the catalogue: it can be explained like them, and
/// not be turned off.
pub fn own_rules() -> [&'static svclint_catalog::RuleMeta; 4] {
    [&suppress::SUPPRESSION, &notes::SYNTAX_ERROR, &notes::CONFIG_ERROR, &notes::INTERNAL_ERROR]
}
