//! `svclint init`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use svclint_engine::{CONFIG_FILE, Options, Report};

use super::check::write;
use super::{Outcome, analyse};
use crate::report::{count, shown};

/// How many rules are named with what they report.
const NAMED: usize = 8;

#[derive(Args)]
pub(crate) struct InitArgs {
    /// The folder; the current one if none is given
    path: Option<PathBuf>,
}

pub(crate) fn run(args: &InitArgs) -> anyhow::Result<Outcome> {
    let folder = args.path.clone().unwrap_or_else(|| PathBuf::from("."));
    let file = folder.join(CONFIG_FILE);
    if file.exists() {
        anyhow::bail!("`{}` is there already; `svclint config` prints what counts", shown(&file));
    }
    if !folder.is_dir() {
        anyhow::bail!("`{}` is no folder", folder.display());
    }
    let (_, report) = analyse(std::slice::from_ref(&folder), Options::default())?;
    write(&file, &text(&report)?)?;
    anstream::eprintln!("{} written", shown(&file));
    let found = report.findings.len();
    if found > 0 {
        anstream::eprintln!(
            "{} today; `svclint baseline create` keeps them, and `svclint check` reports only what comes in from then on",
            count(found, "finding")
        );
    }
    Ok(Outcome::Clean)
}

fn text(report: &Report) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    let services: Vec<&str> = report.model.services.iter().map(|s| s.name.as_str()).collect();
    writeln!(
        out,
        "# Configuration of svclint. `svclint config` prints what counts in the end, `svclint config --schema` what may stand here."
    )?;
    match services.as_slice() {
        [] => writeln!(out, "# No service was found here: `svclint doctor` tells what was read.")?,
        some => writeln!(out, "# {}: {}.", count(some.len(), "service"), some.join(", "))?,
    }
    writeln!(
        out,
        "\n# What is done with findings: \"allow\", \"warn\" or \"deny\", of a rule, a category, or \"all\"."
    )?;
    writeln!(out, "[levels]")?;
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    let of_rules =
        report.findings.iter().map(|f| f.finding.rule.id).filter(|id| svclint_catalog::rule(id).is_some());
    of_rules.for_each(|id| *found.entry(id).or_default() += 1);
    let mut found: Vec<(&str, usize)> = found.into_iter().collect();
    found.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    for (rule, number) in found.iter().take(NAMED) {
        writeln!(out, "# {rule} = \"warn\"  # {} today", count(*number, "finding"))?;
    }
    out.push_str(
        "# security = \"deny\"\n\n\
         # Other levels for some files.\n\
         # [[override]]\n\
         # paths = [\"legacy/**\"]\n\
         # levels = { resilience = \"allow\" }\n\n\
         # Findings that are accepted, by path, item or Kubernetes object.\n\
         # [[exception]]\n\
         # rules = [\"http-client-without-timeout\"]\n\
         # item = \"orders::payments\"\n\
         # reason = \"the sidecar ends calls after two seconds\"\n\
         # owner = \"team-payments\"\n\
         # expires = \"2027-06-30\"\n",
    );
    Ok(out)
}
