//! `svclint inspect`

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use svclint_engine::Options;

use super::{Outcome, analyse};
use crate::report;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// For scripts
    Json,
}

#[derive(Args)]
pub(crate) struct InspectArgs {
    /// Folders and files; the current folder if none is given
    paths: Vec<PathBuf>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

pub(crate) fn run(args: &InspectArgs) -> anyhow::Result<Outcome> {
    let (_, report) = analyse(&args.paths, Options::default())?;
    let seen = report::inspect::Inspected::of(&report);
    let mut out = anstream::stdout().lock();
    match args.format {
        Format::Human => report::inspect::print(&mut out, &seen)?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, &seen)?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(Outcome::Clean)
}
