//! What fails a run: only what is new, and only from a severity on; and why it failed.

use std::sync::Arc;

use svclint_catalog::Severity;
use svclint_engine::{
    AcceptedBy, Cancel, Differing, DiskFs, KnownFinding, Report, Workspace, WorkspaceError, compare,
};

use super::Outcome;
use super::baseline::Baseline;
use super::check_args::{FailOn, GateArgs};
use super::git;
use crate::report::{count, count_of, shown};

/// How many entries of a baseline that are out of date are named.
const NAMED: usize = 5;

/// What is known already, and what is asked for.
pub(super) struct Gate {
    baseline: Option<Baseline>,
    /// What was there before the change, where only a change is looked at.
    before: Option<Vec<KnownFinding>>,
    fail_on: FailOn,
    max_warnings: Option<usize>,
    exit_zero: bool,
    strict: bool,
}

impl Gate {
    /// Finds the baseline, and checks the state before the change. The workspace is then read in the state after it.
    pub(super) fn new(args: &GateArgs, workspace: &mut Workspace) -> anyhow::Result<Gate> {
        let before = before(args, workspace)?;
        workspace.load()?;
        let baseline =
            if args.no_baseline { None } else { Baseline::find(args.baseline.as_deref(), workspace)? };
        if args.strict_baseline && baseline.is_none() {
            anyhow::bail!("`--strict-baseline`: there is no baseline; `svclint baseline create` writes one");
        }
        Ok(Gate {
            baseline,
            before,
            fail_on: args.fail_on,
            max_warnings: args.max_warnings,
            exit_zero: args.exit_zero,
            strict: args.strict_baseline,
        })
    }

    /// Takes what is known out of what is reported.
    pub(super) fn set_aside(&self, report: &mut Report) {
        if let Some(baseline) = &self.baseline {
            baseline.set_aside(report);
        }
        if let Some(before) = &self.before {
            let known = compare(report, before);
            report.set_aside(AcceptedBy::Before, |number| known.get(number).is_some_and(Option::is_some));
        }
    }

    /// How the run ends. Why it failed is told on stderr where that cannot be seen from the findings alone.
    pub(super) fn outcome(&self, workspace: &Workspace, report: &Report) -> Outcome {
        if report.findings.iter().any(|f| f.finding.rule.id == "internal-error") {
            return Outcome::Internal;
        }
        let mut reasons: Vec<String> = self.too_many(report).into_iter().collect();
        reasons.extend(self.stale(workspace, report));
        if reasons.is_empty() {
            return Outcome::Clean;
        }
        if self.exit_zero {
            return Outcome::Clean;
        }
        if self.asks_for_something() {
            anstream::eprintln!("failed: {}", reasons.join("; "));
        }
        Outcome::Findings
    }

    fn asks_for_something(&self) -> bool {
        self.baseline.is_some()
            || self.before.is_some()
            || self.fail_on != FailOn::Info
            || self.max_warnings.is_some()
    }

    fn too_many(&self, report: &Report) -> Option<String> {
        // Parts that do not parse are told, and fail nothing.
        let counting = report
            .findings
            .iter()
            .filter(|f| f.finding.severity > Severity::Info || f.finding.rule.id != "syntax-error");
        let of = |from: Severity| counting.clone().filter(|f| f.finding.severity >= from).count();
        let new = if self.baseline.is_some() || self.before.is_some() { "new " } else { "" };
        if let Some(allowed) = self.max_warnings {
            let (errors, warnings) = (of(Severity::Error), of(Severity::Warning) - of(Severity::Error));
            let text = format!(
                "{}, of which `--max-warnings` lets {allowed} pass",
                count(warnings, &format!("{new}warning"))
            );
            return match (errors, warnings > allowed) {
                (0, false) => None,
                (0, true) => Some(text),
                (_, false) => Some(count(errors, &format!("{new}error"))),
                (_, true) => Some(format!("{} and {text}", count(errors, &format!("{new}error")))),
            };
        }
        let number = of(self.fail_on.severity());
        let what = match self.fail_on {
            FailOn::Info => "finding",
            FailOn::Warning => "warning or error",
            FailOn::Error => "error",
        };
        let text = match (self.fail_on, number) {
            (_, 0) => return None,
            (FailOn::Warning, 2..) => format!("{number} {new}warnings and errors"),
            _ => count(number, &format!("{new}{what}")),
        };
        let known = match (&self.baseline, &self.before) {
            (Some(baseline), _) if report.summary.baseline > 0 => {
                format!(" ({} more are in `{}`)", report.summary.baseline, shown(&baseline.shown))
            }
            (_, Some(_)) if report.summary.before > 0 => {
                format!(" ({} more were there before)", report.summary.before)
            }
            _ => String::new(),
        };
        Some(format!("{text}{known}"))
    }

    fn stale(&self, workspace: &Workspace, report: &Report) -> Option<String> {
        let baseline = self.baseline.as_ref().filter(|_| self.strict)?;
        let stale = baseline.stale(workspace, report);
        if stale.is_empty() {
            return None;
        }
        for known in stale.iter().take(NAMED) {
            anstream::eprintln!("no longer there: {} {} {}", known.path, known.rule, known.subject);
        }
        let number = count_of(stale.len(), "finding that is", "findings that are");
        let file = shown(&baseline.shown);
        Some(format!(
            "`{file}` has {number} no longer there; `svclint baseline prune` takes out what is gone"
        ))
    }
}

/// What the state before the change has to report.
fn before(args: &GateArgs, workspace: &mut Workspace) -> anyhow::Result<Option<Vec<KnownFinding>>> {
    let roots: Vec<_> = workspace.roots().iter().map(|root| workspace.absolute(root)).collect();
    let (before, after) = match &args.since {
        Some(name) => (git::at_base_of(&roots, name)?, None),
        None if args.staged => (git::at_head(&roots)?, Some(git::in_index(&roots)?)),
        None => return Ok(None),
    };
    workspace.move_to(Arc::new(Differing::new(Arc::new(DiskFs), before)));
    let known = match workspace.load() {
        Ok(()) | Err(WorkspaceError::Config(_)) => {
            let report = workspace.check(&Cancel::default());
            let findings = report.map(|r| r.findings).unwrap_or_default();
            findings.iter().map(|f| KnownFinding::of(f, String::new())).collect()
        }
        // All that there is came in by the change.
        Err(WorkspaceError::Empty(_)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    match after {
        Some(after) => workspace.move_to(Arc::new(Differing::new(Arc::new(DiskFs), after))),
        None => workspace.move_to(Arc::new(DiskFs)),
    }
    Ok(Some(known))
}
