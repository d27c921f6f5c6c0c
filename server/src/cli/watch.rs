//! `svclint check --watch`: the workspace stays in memory, and only what changed is read again.

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::path::{Component, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::Context;
use notify::{EventKind, RecursiveMode, Watcher};
use svclint_engine::{Report, Workspace};
use svclint_syntax::Language;

use super::check::{checked_now, print};
use super::check_args::CheckArgs;
use super::gate::Gate;
use super::{Outcome, roots_of};

/// An editor that saves, or a branch that is switched to, changes several files at once.
const QUIET: Duration = Duration::from_millis(100);
/// What clears a terminal, and puts the cursor in its first corner.
const CLEAR: &str = "\x1b[2J\x1b[3J\x1b[H";

/// Checks again after each change, until the process is ended.
pub(super) fn run(
    args: &CheckArgs,
    workspace: &mut Workspace,
    mut report: Report,
    gate: &Gate,
) -> anyhow::Result<Outcome> {
    let (sender, events) = channel();
    let mut watcher = notify::recommended_watcher(sender).context("changes of files cannot be watched")?;
    let roots = roots_of(&args.paths);
    for root in &roots {
        let watched = watcher.watch(root, RecursiveMode::Recursive);
        watched.with_context(|| format!("`{}` cannot be watched", root.display()))?;
    }
    // Changes are told with absolute paths; the workspace has those that its roots were given by.
    let here = std::env::current_dir().context("the current folder is gone")?;
    let roots: Vec<(PathBuf, PathBuf)> =
        roots.into_iter().map(|root| (svclint_model::normal_path(&here.join(&root)), root)).collect();
    say(&report)?;
    while let Some(changed) = next(&events, &roots, &report) {
        workspace.refresh(changed);
        report = checked_now(workspace)?;
        gate.set_aside(&mut report);
        if std::io::stdout().is_terminal() {
            write!(std::io::stdout(), "{CLEAR}")?;
        }
        print(args, &report)?;
        say(&report)?;
    }
    Ok(Outcome::Clean)
}

fn say(report: &Report) -> anyhow::Result<()> {
    std::io::stdout().flush()?;
    anstream::eprintln!("watching {} files; Ctrl-C ends it", report.summary.files);
    Ok(())
}

/// The files of the next change, when no more comes for a moment; `None` when nothing is watched any more.
fn next(
    events: &Receiver<notify::Result<notify::Event>>,
    roots: &[(PathBuf, PathBuf)],
    report: &Report,
) -> Option<BTreeSet<PathBuf>> {
    let mut changed = BTreeSet::new();
    loop {
        let event = match changed.is_empty() {
            true => events.recv().ok()?,
            false => match events.recv_timeout(QUIET) {
                Ok(event) => event,
                Err(_) => return Some(changed),
            },
        };
        // A queue that ran over has lost what it held; the next change is seen again.
        let Ok(event) = event else { continue };
        if !matches!(event.kind, EventKind::Access(_)) {
            let named = |path: &PathBuf| {
                let rest =
                    roots.iter().find_map(|(absolute, root)| Some((path.strip_prefix(absolute).ok()?, root)));
                rest.map(|(rest, root)| svclint_model::normal_path(&root.join(rest)))
            };
            let paths = event.paths.iter().filter_map(named);
            paths.for_each(|path| changed.extend(affected(path, report)));
        }
    }
}

/// The files that are read and that a change of a path is about: itself, or what was in a folder that is gone.
fn affected(path: PathBuf, report: &Report) -> Vec<PathBuf> {
    let is_output = |part: Component<'_>| matches!(part.as_os_str().to_str(), Some(".git" | "target"));
    if path.components().any(is_output) {
        return Vec::new();
    }
    let known = report.model.files.iter().filter(|file| file.starts_with(&path));
    let mut files: Vec<PathBuf> = known.map(|file| file.to_path_buf()).collect();
    if files.is_empty() && Language::of(&path) != Language::Other {
        files.push(path);
    }
    files
}
