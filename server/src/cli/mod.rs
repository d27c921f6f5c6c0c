//! The command line.

mod check;
mod explain;
mod inspect;
mod output;
mod rules;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use svclint_engine::{Cancel, DiskFs, Options, Report, Workspace};

/// Finds what will fail in production in Rust microservices, and mends it.
#[derive(Parser)]
#[command(name = "svclint", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Report what will fail in production
    Check(check::CheckArgs),
    /// Show what svclint sees: services, listeners, routes, clients
    Inspect(inspect::InspectArgs),
    /// Print the manual of a rule
    Explain {
        /// The rule's id
        rule: String,
    },
    /// List all rules
    Rules,
    /// Speak the language server protocol on stdin and stdout
    Lsp {
        /// Accepted for clients that add it; stdio is what is always spoken
        #[arg(long, hide = true)]
        stdio: bool,
    },
}

/// How a run ended.
pub(crate) enum Outcome {
    /// Nothing to report.
    Clean,
    /// Findings.
    Findings,
    /// svclint itself failed somewhere.
    Internal,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> ExitCode {
        match outcome {
            Outcome::Clean => ExitCode::SUCCESS,
            Outcome::Findings => ExitCode::from(1),
            Outcome::Internal => ExitCode::from(3),
        }
    }
}

/// Runs the program. Exit status: 0 clean, 1 findings, 2 wrong use, configuration or IO, 3 internal error.
pub(crate) fn run() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Check(args) => check::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Explain { rule } => explain::run(&rule),
        Command::Rules => rules::run(),
        Command::Lsp { stdio: _ } => return crate::lsp::run(),
    };
    match result {
        Ok(outcome) => outcome.into(),
        // A reader that has seen enough (`svclint check | head`) is no error.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!(
                "{}error{}: {error:#}",
                crate::report::style::ERROR.render(),
                crate::report::style::ERROR.render_reset()
            );
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    use std::io::{Error, ErrorKind::BrokenPipe};
    error.chain().any(|e| {
        e.downcast_ref::<Error>().is_some_and(|e| e.kind() == BrokenPipe)
            || e.downcast_ref::<serde_json::Error>().is_some_and(|e| e.io_error_kind() == Some(BrokenPipe))
    })
}

/// Reads some paths; the current folder when none is given.
fn load(paths: &[PathBuf], options: Options) -> anyhow::Result<Workspace> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here } else { paths };
    let roots = paths.iter().map(|path| from_package(path)).collect();
    let mut workspace = Workspace::new(Arc::new(DiskFs), roots, options)?;
    workspace.load()?;
    Ok(workspace)
}

/// A file that is given from a folder inside of its package: `main.rs` in `src` is `../src/main.rs`, so that the way to its
/// `Cargo.toml` is part of its name.
fn from_package(path: &Path) -> PathBuf {
    let has_manifest = |dir: &Path| dir.join("Cargo.toml").is_file();
    let is_found = path.ancestors().skip(1).any(has_manifest);
    let here = std::env::current_dir().unwrap_or_default();
    if path.is_absolute() || is_found || !path.is_file() {
        return path.to_owned();
    }
    let mut up = PathBuf::new();
    for (number, folder) in here.ancestors().enumerate().skip(1) {
        up.push("..");
        if has_manifest(folder) {
            let names: Vec<_> = here.iter().collect();
            let below: PathBuf = names[names.len() - number..].iter().collect();
            return up.join(below).join(path);
        }
    }
    path.to_owned()
}

/// Reads and checks some paths.
fn analyse(paths: &[PathBuf], options: Options) -> anyhow::Result<(Workspace, Report)> {
    let mut workspace = load(paths, options)?;
    let report =
        workspace.check(&Cancel::default()).ok_or_else(|| anyhow::anyhow!("the run was cancelled"))?;
    Ok((workspace, report))
}

/// The known id nearest to a wrong one.
fn nearest(wrong: &str) -> Option<&'static str> {
    let ids = svclint_catalog::rules().iter().map(|r| r.meta.id);
    let near = ids.map(|id| (strsim::levenshtein(wrong, id), id)).min()?;
    (near.0 <= wrong.len() / 2).then_some(near.1)
}

/// The id, or an error that names the nearest one.
fn known_rule(id: &str) -> anyhow::Result<&'static svclint_catalog::Rule> {
    svclint_catalog::rule(id).ok_or_else(|| match nearest(id) {
        Some(near) => anyhow::anyhow!("there is no rule `{id}`; did you mean `{near}`?"),
        None => anyhow::anyhow!("there is no rule `{id}`; `svclint rules` lists them"),
    })
}
