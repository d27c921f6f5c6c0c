//! What an answer was read from: it holds until some of that changes.

use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashSet, FxHasher};
use smol_str::SmolStr;

use crate::bodies::BodyId;
use crate::defs::{AdtId, FnIdx};
use crate::place::FileId;

/// Something besides a body that a question may look at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// Who calls a function.
    Calls(FnIdx),
    /// What is written to a field.
    Writes(AdtId, SmolStr),
    /// Where clients of a type are completed.
    Clients(SmolStr),
    /// Whether a function waits for a parameter with a limit.
    Bounds(FnIdx),
    /// Where items stand in a chunk of a file.
    Chunk(FileId, u32),
}

impl Key {
    /// Two keys with one number only cost an answer that is asked for again without need.
    fn number(&self) -> u64 {
        let mut hasher = FxHasher::default();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// Notes what a question looks at while it is answered.
#[derive(Default)]
pub(crate) struct Recorder {
    last: Cell<Option<BodyId>>,
    bodies: RefCell<FxHashSet<BodyId>>,
    keys: RefCell<FxHashSet<u64>>,
}

impl Recorder {
    pub(crate) fn body(&self, body: BodyId) {
        if self.last.replace(Some(body)) != Some(body) {
            self.bodies.borrow_mut().insert(body);
        }
    }

    pub(crate) fn key(&self, key: &Key) {
        self.keys.borrow_mut().insert(key.number());
    }

    pub(crate) fn finish(self) -> Reads {
        Reads {
            bodies: self.bodies.into_inner().into_iter().collect(),
            keys: self.keys.into_inner().into_iter().collect(),
        }
    }
}

/// What an answer was read from.
pub(crate) struct Reads {
    bodies: Box<[BodyId]>,
    keys: Box<[u64]>,
}

/// What is not as it was.
#[derive(Default)]
pub(crate) struct Changed {
    bodies: FxHashSet<BodyId>,
    keys: FxHashSet<u64>,
}

impl Changed {
    pub(crate) fn body(&mut self, body: BodyId) {
        self.bodies.insert(body);
    }

    pub(crate) fn key(&mut self, key: &Key) {
        self.keys.insert(key.number());
    }

    /// How many bodies are not as they were.
    pub(crate) fn bodies(&self) -> usize {
        self.bodies.len()
    }

    /// Whether an answer may be another one now.
    pub(crate) fn touches(&self, reads: &Reads) -> bool {
        reads.bodies.iter().any(|b| self.bodies.contains(b))
            || reads.keys.iter().any(|k| self.keys.contains(k))
    }
}

/// An answer with what it was read from.
pub(crate) struct Kept<T> {
    pub(crate) answer: T,
    pub(crate) reads: Reads,
}

impl<T> Kept<T> {
    /// Asks a question and notes what it looks at.
    pub(crate) fn ask(question: impl FnOnce(&Recorder) -> T) -> Kept<T> {
        let recorder = Recorder::default();
        let answer = question(&recorder);
        Kept { answer, reads: recorder.finish() }
    }
}
