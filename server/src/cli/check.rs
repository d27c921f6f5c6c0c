//! `svclint check`

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use svclint_engine::{Cancel, DiskFs, FileSystem, FixMode, Options, Overlay, Report, Workspace, fix_all};

use super::check_args::CheckArgs;
use super::gate::Gate;
use super::output::Output;
use super::{Outcome, accept, fixing, from_package, roots_of, watch};
use crate::report::{self, Format};

pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<Outcome> {
    let options = Options {
        levels: args.levels.levels()?,
        ignores_acceptance: args.accept.no_suppressions,
        ..Options::default()
    };
    let only = args.fixes.rules()?;
    if args.fixes.applies() && !args.fixes.allow_dirty {
        fixing::refuse_dirty(&roots_of(&args.paths))?;
    }
    let (mut workspace, gate, mut report) = checked(args, options)?;
    let mode = if args.fixes.unsafe_fixes { FixMode::Unsafe } else { FixMode::Safe };
    if args.fixes.diff {
        let fixed = fix_all(&fixing::chosen(&report, only.as_ref()), mode);
        fixing::complain(&fixed.outcome.refused.iter().cloned().collect());
        report::diff::print(&mut anstream::stdout().lock(), &report, &fixed)?;
        return Ok(if fixed.files.is_empty() { Outcome::Clean } else { Outcome::Findings });
    }
    if let Some(reason) = &args.accept.add_suppressions {
        report = accept::add(&mut workspace, report, reason, &gate)?;
    }
    if args.fixes.applies() {
        let Some(fixed) = fixing::apply(&mut workspace, report, mode, only.as_ref(), &gate)? else {
            return Ok(Outcome::Internal);
        };
        report = fixed;
    }
    print(args, &report)?;
    if args.watch {
        return watch::run(args, &mut workspace, report, &gate);
    }
    let outcome = gate.outcome(&workspace, &report);
    // The process ends here: taking everything apart first would only cost time.
    std::mem::forget((workspace, report));
    Ok(outcome)
}

/// Reads and checks, and sets aside what is known already.
fn checked(args: &CheckArgs, options: Options) -> anyhow::Result<(Workspace, Gate, Report)> {
    let Some(path) = &args.stdin_path else {
        let mut workspace = Workspace::new(Arc::new(DiskFs), roots_of(&args.paths), options)?;
        let gate = Gate::new(&args.gate, &mut workspace)?;
        let mut report = checked_now(&mut workspace)?;
        gate.set_aside(&mut report);
        return Ok((workspace, gate, report));
    };
    let path = from_package(path);
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|e| anyhow::anyhow!("the text on stdin could not be read: {e}"))?;
    let overlay = Overlay::new(Arc::new(DiskFs));
    let path = svclint_model::normal_path(&path);
    overlay.set(&path, text.into());
    let mut workspace = Workspace::new(Arc::new(overlay), vec![path.clone()], options)?;
    let gate = Gate::new(&args.gate, &mut workspace)?;
    let mut report = checked_now(&mut workspace)?;
    gate.set_aside(&mut report);
    let here = report.file_id(&path);
    report.retain(|f| Some(f.finding.place.file) == here);
    Ok((workspace, gate, report))
}

pub(super) fn checked_now(workspace: &mut Workspace) -> anyhow::Result<Report> {
    workspace.check(&Cancel::default()).ok_or_else(|| anyhow::anyhow!("the run was cancelled"))
}

pub(super) fn print(args: &CheckArgs, report: &Report) -> anyhow::Result<()> {
    let format = args.output.format.unwrap_or_else(Format::of_surroundings);
    if args.output.statistics {
        report::statistics::print(&mut anstream::stdout().lock(), report, format == Format::Json)?;
    } else if args.output.outputs.is_empty() {
        Output::on_stdout(format).write(report)?;
    } else {
        args.output.outputs.iter().try_for_each(|output| output.write(report))?;
    }
    if args.output.timings {
        report::timings::print(&mut anstream::stderr().lock(), &report.timings)?;
    }
    Ok(())
}

/// Writes a file, or says which could not be written.
pub(super) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    DiskFs
        .write(path, text.as_bytes())
        .map_err(|e| anyhow::anyhow!("`{}` could not be written: {e}", path.display()))
}
