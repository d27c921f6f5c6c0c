//! The state that handlers and analysis share.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use svclint_engine::{Cancel, DiskFs, Overlay, Report};
use svclint_syntax::{Document, Encoding, Language};
use tokio::sync::watch;
use tower_lsp_server::ls_types::TextDocumentContentChangeEvent;

use super::convert;

/// What is waiting for the analysis.
#[derive(Default)]
pub(super) struct Pending {
    /// Files that changed.
    pub(super) changed: BTreeSet<PathBuf>,
    /// The roots changed: read everything anew.
    pub(super) reload: Option<Vec<PathBuf>>,
    /// Counts changes.
    pub(super) generation: u64,
    /// The client is gone.
    pub(super) stopped: bool,
}

/// The newest finished analysis.
#[derive(Clone)]
pub(super) struct Snapshot {
    /// The changes that it knows of.
    pub(super) generation: u64,
    pub(super) report: Arc<Report>,
    /// The versions of the open documents that it read.
    pub(super) versions: Arc<HashMap<PathBuf, i32>>,
}

/// How the client wants things.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client {
    pub(super) encoding: Encoding,
    /// The client asks for diagnostics; nothing is pushed then.
    pub(super) pulls: bool,
    pub(super) refreshes: bool,
    pub(super) progress: bool,
    pub(super) watches: bool,
}

impl Default for Client {
    fn default() -> Self {
        Client { encoding: Encoding::Utf16, pulls: false, refreshes: false, progress: false, watches: false }
    }
}

pub(super) struct Session {
    pub(super) overlay: Arc<Overlay>,
    documents: Mutex<HashMap<PathBuf, Document>>,
    pending: Mutex<Pending>,
    woken: Condvar,
    pub(super) cancel: Cancel,
    pub(super) snapshot: watch::Sender<Option<Snapshot>>,
    client: Mutex<Client>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    pub(super) fn new() -> Self {
        Session {
            overlay: Arc::new(Overlay::new(Arc::new(DiskFs))),
            documents: Mutex::default(),
            pending: Mutex::default(),
            woken: Condvar::new(),
            cancel: Cancel::default(),
            snapshot: watch::Sender::new(None),
            client: Mutex::default(),
        }
    }

    pub(super) fn client(&self) -> Client {
        *lock(&self.client)
    }

    pub(super) fn set_client(&self, client: Client) {
        *lock(&self.client) = client;
    }

    /// The number of changes so far.
    pub(super) fn generation(&self) -> u64 {
        lock(&self.pending).generation
    }

    /// Tells the analysis what changed. A running one is cancelled.
    pub(super) fn wake(&self, change: impl FnOnce(&mut Pending)) {
        let mut pending = lock(&self.pending);
        change(&mut pending);
        pending.generation += 1;
        drop(self.cancel.next());
        self.woken.notify_all();
    }

    /// Blocks until there is something to do, and takes it. `None` when the client is gone.
    pub(super) fn next(&self, done: u64) -> Option<Pending> {
        let mut pending = lock(&self.pending);
        while pending.generation == done && !pending.stopped {
            pending = self.woken.wait(pending).unwrap_or_else(PoisonError::into_inner);
        }
        if pending.stopped {
            return None;
        }
        let (generation, changed, reload) =
            (pending.generation, std::mem::take(&mut pending.changed), pending.reload.take());
        Some(Pending { changed, reload, generation, stopped: false })
    }

    pub(super) fn versions(&self) -> HashMap<PathBuf, i32> {
        lock(&self.documents).iter().map(|(path, document)| (path.clone(), document.version())).collect()
    }

    pub(super) fn open(&self, path: PathBuf, text: &str, version: i32) {
        let document = Document::open(text, Language::of(&path), version);
        self.overlay.set(&path, document.text());
        lock(&self.documents).insert(path.clone(), document);
        self.wake(|p| {
            p.changed.insert(path);
        });
    }

    /// Applies an edit. One that does not fit leaves the text as it was; the next full text puts it right.
    pub(super) fn change(&self, path: PathBuf, version: i32, events: Vec<TextDocumentContentChangeEvent>) {
        let encoding = self.client().encoding;
        {
            let mut documents = lock(&self.documents);
            let Some(document) = documents.get_mut(&path) else { return };
            if let Err(error) = document.apply(version, &convert::changes(events), encoding) {
                anstream::eprintln!("svclint: an edit of {} was refused: {error}", path.display());
                return;
            }
            self.overlay.set(&path, document.text());
        }
        self.wake(|p| {
            p.changed.insert(path);
        });
    }

    pub(super) fn close(&self, path: PathBuf) {
        lock(&self.documents).remove(&path);
        self.overlay.remove(&path);
        self.wake(|p| {
            p.changed.insert(path);
        });
    }
}
