//! `svclint config`

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use svclint_catalog::Level;
use svclint_engine::{EffectiveException, LevelSource, Options, schema};

use super::{Outcome, load};
use crate::report::shown;

#[derive(Args)]
pub(crate) struct ConfigArgs {
    /// The file or folder for which it counts; the current folder if none is given
    path: Option<PathBuf>,
    /// Print the JSON schema of `svclint.toml` instead, for editors
    #[arg(long, conflicts_with = "path")]
    schema: bool,
}

pub(crate) fn run(args: &ConfigArgs) -> anyhow::Result<Outcome> {
    let mut out = anstream::stdout().lock();
    if args.schema {
        serde_json::to_writer_pretty(&mut out, &schema())?;
        writeln!(out)?;
        return Ok(Outcome::Clean);
    }
    let path = args.path.clone().unwrap_or_else(|| PathBuf::from("."));
    let workspace = load(std::slice::from_ref(&path), Options::default())?;
    let here = workspace.absolute(Path::new(""));
    let name = |file: &Path| shown(file.strip_prefix(&here).unwrap_or(file));
    let effective = workspace.effective(&path);
    match effective.files.as_slice() {
        [] => writeln!(out, "# no svclint.toml in or above `{}`; `svclint init` writes one", path.display())?,
        files => {
            let names: Vec<String> = files.iter().map(|f| name(f)).collect();
            writeln!(out, "# {}", names.join(", then "))?;
        }
    }
    writeln!(out, "require-reasons = {}", effective.requires_reasons)?;
    if let Some(baseline) = &effective.baseline {
        writeln!(out, "baseline = {}", toml::Value::from(name(baseline)))?;
    }
    for EffectiveException { rules, about, why, expires, file } in &effective.exceptions {
        let until = expires.map(|day| format!(", until {day}")).unwrap_or_default();
        let why = why.as_deref().unwrap_or("no reason given");
        let (rules, about) = (rules.join(", "), about.join(", "));
        writeln!(out, "# accepted: {rules} in {about}{until}: {why} ({})", name(file))?;
    }
    writeln!(out, "\n[levels]")?;
    let width = effective.levels.iter().map(|(meta, ..)| meta.id.len()).max().unwrap_or(0);
    for (meta, level, source) in &effective.levels {
        let level = match level {
            Level::Allow => "\"allow\"",
            Level::Warn => "\"warn\"",
            Level::Deny => "\"deny\"",
        };
        let source = match source {
            LevelSource::Default => "default".to_owned(),
            LevelSource::File(file, line) => format!("{}:{line}", name(file)),
            LevelSource::Flag => "command line".to_owned(),
        };
        writeln!(out, "{:width$} = {level:7}  # {source}", meta.id)?;
    }
    Ok(Outcome::Clean)
}
