//! `svclint check`

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;
use svclint_catalog::{Level, Severity};
use svclint_engine::{DiskFs, FileSystem, FixMode, Options, Report, Workspace, fix_all};

use super::output::Output;
use super::{Outcome, analyse, known_rule};
use crate::report::{self, Format};

#[derive(Args)]
pub(crate) struct CheckArgs {
    /// Folders and files; the current folder if none is given
    paths: Vec<PathBuf>,
    /// How findings are printed on stdout
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// Where findings go in a format, again for each further one: `sarif=out.sarif`; `-` is stdout
    #[arg(short = 'o', long = "output", value_name = "FORMAT=FILE", conflicts_with = "format")]
    outputs: Vec<Output>,
    /// Apply the fixes that change nothing else
    #[arg(long)]
    fix: bool,
    /// Apply the fixes that change behaviour too
    #[arg(long)]
    unsafe_fixes: bool,
    /// Print what the fixes would change instead of changing it
    #[arg(long)]
    diff: bool,
    /// Print what each stage and each rule cost, on stderr
    #[arg(long)]
    timings: bool,
    /// Do not run a rule
    #[arg(short = 'A', long = "allow", value_name = "RULE")]
    allow: Vec<String>,
    /// Run a rule
    #[arg(short = 'W', long = "warn", value_name = "RULE")]
    warn: Vec<String>,
    /// Run a rule and make its findings errors
    #[arg(short = 'D', long = "deny", value_name = "RULE")]
    deny: Vec<String>,
}

/// Rounds of fixing end at a fixpoint; more than this many mean that two rules undo each other.
const MAX_ROUNDS: usize = 10;

pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<Outcome> {
    let options = Options { levels: levels(args)?, ..Options::default() };
    let (mut workspace, mut report) = analyse(&args.paths, options)?;
    let mode = if args.unsafe_fixes { FixMode::Unsafe } else { FixMode::Safe };
    if args.diff {
        let fixed = fix_all(&report, mode);
        complain(&fixed.outcome.refused.iter().cloned().collect());
        report::diff::print(&mut anstream::stdout().lock(), &report, &fixed)?;
        return Ok(if fixed.files.is_empty() { Outcome::Clean } else { Outcome::Findings });
    }
    if args.fix || args.unsafe_fixes {
        let Some(fixed) = apply(&mut workspace, report, mode)? else { return Ok(Outcome::Internal) };
        report = fixed;
    }
    let format = args.format.unwrap_or_else(Format::of_surroundings);
    let outputs = if args.outputs.is_empty() { &[Output::on_stdout(format)][..] } else { &args.outputs };
    for output in outputs {
        output.write(&report)?;
    }
    if args.timings {
        report::timings::print(&mut anstream::stderr().lock(), &report.timings)?;
    }
    let outcome = outcome(&report);
    // The process ends here: taking everything apart first would only cost time.
    std::mem::forget((workspace, report));
    Ok(outcome)
}

fn outcome(report: &Report) -> Outcome {
    let failed = report.findings.iter().any(|f| f.finding.rule.id == "internal-error");
    let counts = report
        .findings
        .iter()
        .any(|f| f.finding.severity > Severity::Info || f.finding.rule.id != "syntax-error");
    match (failed, counts) {
        (true, _) => Outcome::Internal,
        (false, true) => Outcome::Findings,
        (false, false) => Outcome::Clean,
    }
}

fn levels(args: &CheckArgs) -> anyhow::Result<BTreeMap<String, Level>> {
    let mut levels = BTreeMap::new();
    for (ids, level) in [(&args.allow, Level::Allow), (&args.warn, Level::Warn), (&args.deny, Level::Deny)] {
        for id in ids {
            levels.insert(known_rule(id)?.meta.id.to_owned(), level);
        }
    }
    Ok(levels)
}

/// Fixes until nothing changes any more. `None` where that does not come about: then all files are as they were.
fn apply(workspace: &mut Workspace, first: Report, mode: FixMode) -> anyhow::Result<Option<Report>> {
    let mut report = first.clone();
    let (mut applied, mut refused) = (0, BTreeSet::new());
    let mut written = BTreeSet::new();
    for _ in 0..MAX_ROUNDS {
        let fixed = fix_all(&report, mode);
        let changed: Vec<_> = fixed.files.iter().filter(|(path, text)| is_new(&report, path, text)).collect();
        refused.extend(fixed.outcome.refused);
        if changed.is_empty() {
            complain(&refused);
            if applied > 0 {
                anstream::eprintln!("{} applied", report::count_of(applied, "fix", "fixes"));
            }
            return Ok(Some(report));
        }
        for (path, text) in &changed {
            write(path, text)?;
            written.insert((*path).clone());
        }
        applied += fixed.outcome.applied;
        workspace.refresh(changed.into_iter().map(|(path, _)| path.clone()));
        let next = workspace.check(&svclint_engine::Cancel::default());
        report = next.ok_or_else(|| anyhow::anyhow!("the run was cancelled"))?;
    }
    for path in &written {
        match first.file_id(path).and_then(|id| first.file(id)) {
            Some(before) => write(path, &before.text)?,
            None => std::fs::remove_file(path)?,
        }
    }
    anstream::eprintln!(
        "the fixes undo each other, so all files are as they were before; please report this"
    );
    Ok(None)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    DiskFs
        .write(path, text.as_bytes())
        .map_err(|e| anyhow::anyhow!("`{}` could not be written: {e}", path.display()))
}

fn is_new(report: &Report, path: &Path, text: &str) -> bool {
    let old = report.file_id(path).and_then(|id| report.file(id));
    old.is_none_or(|f| *f.text != *text)
}

fn complain(refused: &BTreeSet<String>) {
    for rule in refused {
        anstream::eprintln!(
            "a fix of `{rule}` would have broken the syntax of a file and was not applied; please report this"
        );
    }
}
