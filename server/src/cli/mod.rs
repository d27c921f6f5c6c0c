//! The command line.

mod accept;
mod baseline;
mod check;
mod check_args;
mod config;
mod doctor;
mod explain;
mod fixing;
mod gate;
mod git;
mod init;
mod inspect;
mod man;
mod output;
mod rules;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, Parser, Subcommand};
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
    #[command(after_help = check_args::EXIT_STATUS)]
    Check(Box<check_args::CheckArgs>),
    /// Keep the findings of today in a file, so that only new ones are reported
    #[command(subcommand)]
    Baseline(baseline::BaselineCommand),
    /// Print the configuration that counts, and where each value comes from
    Config(config::ConfigArgs),
    /// Write a commented `svclint.toml` that fits the repository
    Init(init::InitArgs),
    /// Tell what was found and linked and what was not, which files configure it, and which versions are at work
    Doctor {
        /// Folders and files; the current folder if none is given
        paths: Vec<PathBuf>,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, in roff
    Man,
    /// Show what svclint sees: services, listeners, routes, clients
    Inspect(inspect::InspectArgs),
    /// Print the manual of a rule
    Explain {
        /// The rule's id
        rule: String,
    },
    /// List all rules
    Rules {
        /// Print one document for scripts
        #[arg(long, value_enum, value_name = "FORMAT", default_value_t = rules::Format::Human)]
        format: rules::Format,
    },
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
        Command::Rules { format } => rules::run(format),
        Command::Baseline(command) => baseline::run(&command),
        Command::Config(args) => config::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Doctor { paths } => doctor::run(&paths),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "svclint", &mut std::io::stdout());
            Ok(Outcome::Clean)
        }
        Command::Man => man::run(Cli::command()),
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
    let mut workspace = Workspace::new(Arc::new(DiskFs), roots_of(paths), options)?;
    workspace.load()?;
    Ok(workspace)
}

/// What is read for some paths of the command line.
fn roots_of(paths: &[PathBuf]) -> Vec<PathBuf> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here } else { paths };
    paths.iter().map(|path| from_package(path)).collect()
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

/// All rules that a name stands for: one, those of a category, or all.
fn known_rules(name: &str) -> anyhow::Result<Vec<&'static svclint_catalog::RuleMeta>> {
    check_args::of_category(name).map_or_else(|| Ok(vec![known_rule(name)?.meta]), Ok)
}

/// The id, or an error that names the nearest one.
fn known_rule(id: &str) -> anyhow::Result<&'static svclint_catalog::Rule> {
    svclint_catalog::rule(id).ok_or_else(|| match nearest(id) {
        Some(near) => anyhow::anyhow!("there is no rule `{id}`; did you mean `{near}`?"),
        None => anyhow::anyhow!("there is no rule `{id}`; `svclint rules` lists them"),
    })
}
