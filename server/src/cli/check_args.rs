//! What `svclint check` can be told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use svclint_catalog::{Level, Severity, rules};

use super::known_rules;
use super::output::Output;
use crate::report::Format;

/// Shown at the end of the help.
pub(super) const EXIT_STATUS: &str = "Exit status:\n  \
    0  nothing to report, or nothing that fails the run\n  \
    1  findings that fail the run, a patch that is not empty, entries of a baseline that are out of date\n  \
    2  wrong use, a broken configuration or baseline, nothing to check, an error of input or output\n  \
    3  an error of svclint itself";

#[derive(Args)]
pub(crate) struct CheckArgs {
    /// Folders and files; the current folder if none is given
    pub(super) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) levels: LevelArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) fixes: FixArgs,
    #[command(flatten)]
    pub(super) gate: GateArgs,
    #[command(flatten)]
    pub(super) accept: AcceptArgs,
    /// Stay, and check again whenever a file changes
    #[arg(long, help_heading = "Input", conflicts_with_all = ["fix", "unsafe_fixes", "fix_only", "diff", "add_suppressions", "stdin_path", "staged"])]
    pub(super) watch: bool,
    /// Check the text on stdin as if it stood in this file; only findings in it are reported
    #[arg(long, help_heading = "Input", value_name = "PATH", conflicts_with_all = ["paths", "fix", "unsafe_fixes", "fix_only", "since", "staged"])]
    pub(super) stdin_path: Option<PathBuf>,
}

#[derive(Args)]
#[command(next_help_heading = "Rules")]
pub(crate) struct LevelArgs {
    /// Do not run a rule, or those of a category
    #[arg(short = 'A', long = "allow", value_name = "RULE")]
    allow: Vec<String>,
    /// Run a rule, or those of a category that are not off by default
    #[arg(short = 'W', long = "warn", value_name = "RULE")]
    warn: Vec<String>,
    /// Run a rule, or those of a category that are not off by default, and make their findings errors
    #[arg(short = 'D', long = "deny", value_name = "RULE")]
    deny: Vec<String>,
}

impl LevelArgs {
    /// A rule's own name goes before its category, and a later option before an earlier one of the list.
    pub(super) fn levels(&self) -> anyhow::Result<BTreeMap<String, Level>> {
        let (mut groups, mut own) = (BTreeMap::new(), BTreeMap::new());
        for (names, level) in
            [(&self.allow, Level::Allow), (&self.warn, Level::Warn), (&self.deny, Level::Deny)]
        {
            for name in names {
                match svclint_catalog::rule(name) {
                    Some(rule) => drop(own.insert(rule.meta.id.to_owned(), level)),
                    None => {
                        let of_group = known_rules(name)?.into_iter();
                        let wanted = of_group.filter(|m| level == Level::Allow || m.level != Level::Allow);
                        groups.extend(wanted.map(|meta| (meta.id.to_owned(), level)));
                    }
                }
            }
        }
        groups.extend(own);
        Ok(groups)
    }
}

#[derive(Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// How findings are printed on stdout
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(super) format: Option<Format>,
    /// Where findings go in a format, again for each further one: `sarif=out.sarif`; `-` is stdout
    #[arg(short = 'o', long = "output", value_name = "FORMAT=FILE", conflicts_with = "format")]
    pub(super) outputs: Vec<Output>,
    /// Print how often each rule reports something instead of the findings (a table, or `--format json`)
    #[arg(long, conflicts_with = "outputs")]
    pub(super) statistics: bool,
    /// Print what each stage and each rule cost, on stderr
    #[arg(long)]
    pub(super) timings: bool,
}

#[derive(Args)]
#[command(next_help_heading = "Fixes")]
pub(crate) struct FixArgs {
    /// Apply the fixes that change nothing else
    #[arg(long)]
    pub(super) fix: bool,
    /// Apply the fixes that change behaviour too
    #[arg(long)]
    pub(super) unsafe_fixes: bool,
    /// Apply only the fixes of a rule, or of those of a category, again for each further one; `--fix` need not be said
    #[arg(long, value_name = "RULE")]
    pub(super) fix_only: Vec<String>,
    /// Print what the fixes would change instead of changing it
    #[arg(long)]
    pub(super) diff: bool,
    /// Apply fixes though there are changes that are not committed
    #[arg(long)]
    pub(super) allow_dirty: bool,
}

impl FixArgs {
    /// Whether files are to be changed.
    pub(super) fn applies(&self) -> bool {
        !self.diff && (self.fix || self.unsafe_fixes || !self.fix_only.is_empty())
    }

    /// The rules whose fixes count; `None` for all.
    ///
    /// # Errors
    /// Where a name is that of no rule and no category.
    pub(super) fn rules(&self) -> anyhow::Result<Option<BTreeSet<&'static str>>> {
        if self.fix_only.is_empty() {
            return Ok(None);
        }
        let mut all = BTreeSet::new();
        for name in &self.fix_only {
            match svclint_catalog::rule(name) {
                Some(rule) => drop(all.insert(rule.meta.id)),
                None => all.extend(known_rules(name)?.into_iter().map(|meta| meta.id)),
            }
        }
        Ok(Some(all))
    }
}

#[derive(Args)]
#[command(next_help_heading = "Gate")]
pub(crate) struct GateArgs {
    /// Report only what came in since a commit, branch or tag: since its last common commit with HEAD
    #[arg(long, value_name = "REF", conflicts_with = "staged")]
    pub(super) since: Option<String>,
    /// Report only what the staged changes bring in, as they are staged: for hooks
    #[arg(long, conflicts_with_all = ["fix", "unsafe_fixes", "fix_only", "add_suppressions"])]
    pub(super) staged: bool,
    /// The file with the findings that are known already; otherwise `svclint-baseline.json` of the repository, if it is there
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Report what the baseline has as well
    #[arg(long, conflicts_with = "baseline")]
    pub(super) no_baseline: bool,
    /// Fail when the baseline has findings that are no longer there
    #[arg(long, conflicts_with = "no_baseline")]
    pub(super) strict_baseline: bool,
    /// The severity from which on a finding fails the run
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Info)]
    pub(super) fail_on: FailOn,
    /// Let so many warnings pass; one more fails the run. Errors always do
    #[arg(long, value_name = "NUMBER", conflicts_with = "fail_on")]
    pub(super) max_warnings: Option<usize>,
    /// Exit with status 0 whatever is found
    #[arg(long)]
    pub(super) exit_zero: bool,
}

#[derive(Args)]
#[command(next_help_heading = "Accepting findings")]
pub(crate) struct AcceptArgs {
    /// Write a comment with this reason over each finding that is reported
    #[arg(long, value_name = "REASON", conflicts_with_all = ["fix", "unsafe_fixes", "fix_only", "diff", "no_suppressions"])]
    pub(super) add_suppressions: Option<String>,
    /// Report what comments and the configuration accept as well: for audits
    #[arg(long)]
    pub(super) no_suppressions: bool,
}

/// From which severity on a finding fails a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Any finding
    Info,
    /// Warnings and errors
    Warning,
    /// Errors only
    Error,
}

impl FailOn {
    pub(super) fn severity(self) -> Severity {
        match self {
            FailOn::Info => Severity::Info,
            FailOn::Warning => Severity::Warning,
            FailOn::Error => Severity::Error,
        }
    }
}

/// All rules of a group.
pub(super) fn of_category(name: &str) -> Option<Vec<&'static svclint_catalog::RuleMeta>> {
    let category = svclint_catalog::Category::named(name);
    let is_wanted = |meta: &&svclint_catalog::RuleMeta| name == "all" || Some(meta.category) == category;
    (name == "all" || category.is_some()).then(|| rules().iter().map(|r| r.meta).filter(is_wanted).collect())
}
