//! `svclint doctor`

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use svclint_engine::Options;
use svclint_syntax::Language;

use super::baseline::Baseline;
use super::{Outcome, analyse, roots_of};
use crate::report::{count, count_of, shown};

pub(crate) fn run(paths: &[PathBuf]) -> anyhow::Result<Outcome> {
    let (workspace, report) = analyse(paths, Options::default())?;
    let mut out = anstream::stdout().lock();
    let rules = svclint_catalog::rules().len();
    writeln!(out, "svclint {}, {}", env!("CARGO_PKG_VERSION"), count(rules, "rule"))?;
    let git = Command::new("git").arg("--version").output().ok().filter(|o| o.status.success());
    let git = git.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned());
    writeln!(out, "{}", git.as_deref().unwrap_or("git is not installed: `--since` and `--staged` need it"))?;

    writeln!(out, "\nConfiguration")?;
    let here = workspace.absolute(Path::new(""));
    let name = |file: &Path| shown(file.strip_prefix(&here).unwrap_or(file));
    for root in roots_of(paths) {
        let files: Vec<String> = workspace.effective(&root).files.iter().map(|f| name(f)).collect();
        let files = if files.is_empty() {
            "none; `svclint init` writes one".to_owned()
        } else {
            files.join(", then ")
        };
        writeln!(out, "  {}: {files}", shown(&root))?;
    }
    if let Some(baseline) = Baseline::find(None, &workspace)? {
        writeln!(out, "  baseline {}", shown(&baseline.shown))?;
    }

    writeln!(out, "\nRead")?;
    let mut languages: BTreeMap<&str, usize> = BTreeMap::new();
    for path in workspace.paths() {
        *languages.entry(language(path)).or_default() += 1;
    }
    for (language, number) in &languages {
        writeln!(out, "  {} {language}", count(*number, "file"))?;
    }
    for skipped in &report.skipped {
        writeln!(out, "  not read: {}: {}", shown(Path::new(&skipped.path)), skipped.reason)?;
    }

    writeln!(out, "\nFound")?;
    let model = &report.model;
    writeln!(out, "  {}, {}", count(model.services.len(), "service"), count(report.summary.routes, "route"))?;
    let seen = crate::report::inspect::Inspected::of(&report);
    let unlinked = seen.unlinked();
    writeln!(
        out,
        "  {} of workloads without a program of this workspace",
        count_of(unlinked.len(), "container", "containers")
    )?;
    for one in unlinked {
        writeln!(out, "    {one}")?;
    }
    writeln!(
        out,
        "\n`svclint inspect` shows all of it; `svclint inspect --blind-spots` what could not be resolved."
    )?;
    Ok(Outcome::Clean)
}

fn language(path: &Path) -> &'static str {
    match Language::of(path) {
        Language::Rust => "of Rust",
        Language::Toml => "of TOML",
        Language::Yaml => "of YAML",
        Language::Json => "of JSON",
        Language::Sql => "of SQL",
        Language::Dockerfile => "that build images",
        Language::Proto => "of protobuf",
        Language::Env => "of variables",
        Language::Template => "of templates",
        Language::Ignore => "of patterns to ignore",
        Language::Other => "of other kinds",
    }
}
