//! `--add-suppressions`: a comment over each finding that is reported today.

use std::collections::BTreeSet;
use std::sync::Arc;

use svclint_engine::{Cancel, DiskFs, Overlay, Report, Workspace, with_comments};

use super::check::write;
use super::gate::Gate;
use crate::report::count;

/// A comment that accepts nothing where it was put is left out in the next round.
const ROUNDS: usize = 3;

/// Writes the comments, and gives what is reported after that. Nothing is written that does not accept its finding.
pub(super) fn add(
    workspace: &mut Workspace,
    report: Report,
    reason: &str,
    gate: &Gate,
) -> anyhow::Result<Report> {
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    if reason.is_empty() {
        anyhow::bail!("`--add-suppressions` wants the reason that is written into the comments");
    }
    // What a comment does not reach, by fingerprint.
    let mut unreachable: BTreeSet<String> = BTreeSet::new();
    for _ in 0..ROUNDS {
        let texts = with_comments(&report, &reason, |f| !unreachable.contains(&f.fingerprint));
        let overlay = Arc::new(Overlay::new(Arc::new(DiskFs)));
        texts.iter().for_each(|(path, text)| overlay.set(path, text.as_str().into()));
        workspace.move_to(overlay);
        workspace.refresh(texts.keys().cloned());
        let after = workspace.check(&Cancel::default());
        let mut after = after.ok_or_else(|| anyhow::anyhow!("the run was cancelled"))?;
        gate.set_aside(&mut after);
        let still: BTreeSet<&String> = after.findings.iter().map(|f| &f.fingerprint).collect();
        let commented = report.findings.iter().filter(|f| !unreachable.contains(&f.fingerprint));
        let (left, accepted): (Vec<_>, Vec<_>) = commented.partition(|f| still.contains(&f.fingerprint));
        let is_new = |f: &&String| report.findings.iter().all(|old| old.fingerprint != **f);
        let wrong = left.iter().filter(|f| svclint_catalog::rule(f.finding.rule.id).is_some()).count();
        let breaks = still.iter().any(is_new);
        if wrong == 0 && !breaks {
            for (path, text) in &texts {
                write(path, text)?;
            }
            workspace.move_to(Arc::new(DiskFs));
            tell(accepted.len(), after.findings.len());
            return Ok(after);
        }
        unreachable.extend(left.iter().map(|f| f.fingerprint.clone()));
        workspace.move_to(Arc::new(DiskFs));
        workspace.refresh(texts.into_keys());
    }
    anyhow::bail!(
        "comments would change what is found here, so none was written; accept these findings in `svclint.toml`"
    )
}

fn tell(accepted: usize, left: usize) {
    anstream::eprintln!("{} accepted", count(accepted, "finding"));
    if left > 0 {
        anstream::eprintln!(
            "{} cannot be accepted by a comment: `[[exception]]` in `svclint.toml` accepts them",
            count(left, "finding")
        );
    }
}
