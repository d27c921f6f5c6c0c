//! The thread that analyses, and publishes what it found.

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use svclint_engine::{Options, Report, Workspace, WorkspaceError};
use tokio::runtime::Handle;
use tower_lsp_server::ls_types::{Diagnostic, MessageType, ProgressToken};
use tower_lsp_server::{Client, NotCancellable, OngoingProgress, Unbounded};

use super::convert;
use super::session::{Pending, Session, Snapshot};

/// How long a client may take to allow a progress bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Starts the thread. It ends with the session.
pub(super) fn start(session: Arc<Session>, client: Client, runtime: Handle) {
    let analysis = Analysis { session, client, runtime, workspace: None, published: HashMap::new() };
    let started = std::thread::Builder::new().name("svclint-analysis".into()).spawn(move || analysis.run());
    if let Err(error) = started {
        anstream::eprintln!("svclint: the analysis cannot start: {error}");
    }
}

struct Analysis {
    session: Arc<Session>,
    client: Client,
    runtime: Handle,
    workspace: Option<Workspace>,
    /// What the client shows, by file.
    published: HashMap<PathBuf, (Vec<Diagnostic>, Option<i32>)>,
}

impl Analysis {
    fn run(mut self) {
        let mut done = 0;
        while let Some(pending) = self.session.next(done) {
            done = pending.generation;
            // Made before anything is read: an edit from here on cancels this run.
            let cancel = self.session.cancel.next();
            let versions = self.session.versions();
            self.read(pending);
            let Some(workspace) = &mut self.workspace else { continue };
            // A failure here costs this one report; the next edit gets a new one.
            let checked = catch_unwind(AssertUnwindSafe(|| workspace.check(&cancel)));
            let Ok(Some(report)) = checked else { continue };
            let snapshot =
                Snapshot { generation: done, report: Arc::new(report), versions: Arc::new(versions) };
            self.session.snapshot.send_replace(Some(snapshot.clone()));
            self.publish(&snapshot);
        }
    }

    fn read(&mut self, pending: Pending) {
        if let Some(roots) = pending.reload {
            let reading = self.begin_progress();
            match open(&self.session, roots) {
                Ok(workspace) => self.workspace = Some(workspace),
                Err(error) => {
                    let text = format!("svclint: {error}");
                    self.runtime.block_on(self.client.log_message(MessageType::WARNING, text));
                }
            }
            if let Some(reading) = reading {
                self.runtime.block_on(reading.finish());
            }
        }
        if let Some(workspace) = &mut self.workspace {
            workspace.refresh(pending.changed);
        }
    }

    /// Tells that the workspace is being read. A client that does not answer is not waited for.
    fn begin_progress(&self) -> Option<OngoingProgress<Unbounded, NotCancellable>> {
        if !self.session.client().progress {
            return None;
        }
        let token = ProgressToken::String("svclint/index".into());
        self.runtime.block_on(async {
            let created = self.client.create_work_done_progress(token.clone());
            tokio::time::timeout(PATIENCE, created).await.ok()?.ok()?;
            Some(self.client.progress(token, "svclint").with_message("reading the workspace").begin().await)
        })
    }

    /// Sends what changed. A client that asks by itself is only told that there is something new.
    fn publish(&mut self, snapshot: &Snapshot) {
        let client = self.session.client();
        if client.pulls {
            if client.refreshes {
                let refresh = self.client.clone();
                self.runtime.spawn(async move { drop(refresh.workspace_diagnostic_refresh().await) });
            }
            return;
        }
        let mut found = by_file(&snapshot.report, client.encoding);
        for path in self.published.keys() {
            found.entry(path.clone()).or_default();
        }
        for (path, diagnostics) in found {
            let version = snapshot.versions.get(&path).copied();
            let new = (diagnostics, version);
            let is_shown = self.published.get(&path).is_some_and(|old| *old == new);
            let nothing = new.0.is_empty() && !self.published.contains_key(&path) && version.is_none();
            let Some(uri) = convert::uri_of(&path).filter(|_| !is_shown && !nothing) else { continue };
            self.runtime.block_on(self.client.publish_diagnostics(uri, new.0.clone(), version));
            if new.0.is_empty() && version.is_none() {
                self.published.remove(&path);
            } else {
                self.published.insert(path, new);
            }
        }
        // Open files without findings are told so: an editor may still show what it knew before.
        for (path, version) in snapshot.versions.iter() {
            if !self.published.contains_key(path)
                && let Some(uri) = convert::uri_of(path)
            {
                self.runtime.block_on(self.client.publish_diagnostics(uri, Vec::new(), Some(*version)));
                self.published.insert(path.clone(), (Vec::new(), Some(*version)));
            }
        }
    }
}

fn open(session: &Session, roots: Vec<PathBuf>) -> Result<Workspace, WorkspaceError> {
    let mut workspace = Workspace::new(session.overlay.clone(), roots, Options::default())?;
    match workspace.load() {
        // Files may still come, and what is wrong with `svclint.toml` is a finding until it is mended.
        Ok(()) | Err(WorkspaceError::Empty(_) | WorkspaceError::Config(_)) => Ok(workspace),
        Err(error) => Err(error),
    }
}

/// The diagnostics of a report by file.
pub(super) fn by_file(
    report: &Report,
    encoding: svclint_syntax::Encoding,
) -> BTreeMap<PathBuf, Vec<Diagnostic>> {
    let mut found: BTreeMap<PathBuf, Vec<Diagnostic>> = BTreeMap::new();
    for reported in &report.findings {
        let file = report.file(reported.finding.place.file);
        if let Some((file, diagnostic)) = file.zip(convert::diagnostic(report, reported, encoding)) {
            found.entry(file.path.to_path_buf()).or_default().push(diagnostic);
        }
    }
    found
}
