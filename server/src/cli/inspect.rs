//! `svclint inspect`

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use svclint_engine::{Options, Report, Workspace};

use super::{Outcome, analyse, load};
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
    /// Say what is known of the expressions on one line: types, what names lead to, what calls run
    #[arg(long, value_name = "PATH:LINE", conflicts_with = "blind_spots")]
    why: Option<String>,
    /// List what could not be resolved, the most frequent first
    #[arg(long)]
    blind_spots: bool,
}

pub(crate) fn run(args: &InspectArgs) -> anyhow::Result<Outcome> {
    let mut out = anstream::stdout().lock();
    if let Some(place) = &args.why {
        explain_line(&mut out, args, place)?;
    } else if args.blind_spots {
        let mut workspace = load(&args.paths, Options::default())?;
        let spots = workspace.blind_spots();
        match args.format {
            Format::Human => report::why::print_blind_spots(&mut out, &workspace, &spots)?,
            Format::Json => report::why::json_blind_spots(&mut out, &workspace, &spots)?,
        }
    } else {
        let (_, report) = analyse(&args.paths, Options::default())?;
        tell_unread(&report);
        let seen = report::inspect::Inspected::of(&report);
        match args.format {
            Format::Human => report::seen::print(&mut out, &seen)?,
            Format::Json => {
                serde_json::to_writer_pretty(&mut out, &seen)?;
                writeln!(out)?;
            }
        }
    }
    out.flush()?;
    Ok(Outcome::Clean)
}

/// Tells what could not be read: what depends on it is not seen.
fn tell_unread(report: &Report) {
    let unread = |id: &str| matches!(id, "syntax-error" | "internal-error");
    for found in report.findings.iter().filter(|f| unread(f.finding.rule.id)) {
        let Some(file) = report.file(found.finding.place.file) else { continue };
        let line = report::Range::of(&file, found.finding.place.span).start_line();
        anstream::eprintln!("{}:{line}: {}", report::shown(&file.path), found.finding.message);
    }
    for skipped in &report.skipped {
        anstream::eprintln!("{}: not read: {}", skipped.path, skipped.reason);
    }
}

/// The name under which a file was read: people may write its path in other ways, from here or from an inspected folder.
fn known_as(workspace: &Workspace, folders: &[PathBuf], path: &Path) -> PathBuf {
    let real = |p: &Path| std::fs::canonicalize(p).ok();
    if workspace.has(path) {
        return path.to_owned();
    }
    let below = folders.iter().find_map(|folder| real(&folder.join(path)));
    let Some(wanted) = real(path).or(below) else { return path.to_owned() };
    let name = path.file_name();
    let mut same = workspace.paths().filter(|p| p.file_name() == name);
    same.find(|p| real(p).as_ref() == Some(&wanted)).map_or_else(|| path.to_owned(), Path::to_owned)
}

/// `--why PATH:LINE`. The path is relative to the current folder, as findings show it, or to an inspected one.
fn explain_line(out: &mut impl Write, args: &InspectArgs, place: &str) -> anyhow::Result<()> {
    let usage = || anyhow::anyhow!("`--why {place}`: write PATH:LINE, as `src/main.rs:12`");
    // A column that was copied along is of no use here.
    let mut parts: Vec<&str> = place.rsplitn(3, ':').collect();
    if let [column, line, _] = parts.as_slice()
        && column.parse::<u32>().is_ok()
        && line.parse::<u32>().is_ok()
    {
        parts.remove(0);
    } else {
        parts = place.rsplitn(2, ':').collect();
    }
    let [line, path] = parts.as_slice() else { return Err(usage()) };
    let line: u32 = line.parse().map_err(|_| usage())?;
    let mut workspace = load(&args.paths, Options::default())?;
    let path = &known_as(&workspace, &args.paths, Path::new(path));
    let insights = workspace.why(path, line).ok_or_else(|| {
        anyhow::anyhow!("`{}` has no line {line} here, or is no Rust file of these folders", path.display())
    })?;
    match args.format {
        Format::Human => report::why::print(out, &workspace, &insights)?,
        Format::Json => report::why::json(out, &workspace, &insights)?,
    }
    Ok(())
}
