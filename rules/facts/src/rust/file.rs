//! From a text to its facts, chunk by chunk.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use svclint_syntax::{Bounds, Chunk, ChunkKind, chunks, parse, recover};

use super::item::{ChunkFacts, Comment, FileChunk, RustFile, SyntaxError};
use super::lower::lower_chunk;
use super::server_words::server_words;
use super::signature::signature;

/// How often a chunk that does not parse is cut finer.
const MAX_RECOVERY: u32 = 5;

/// Reads a file. Chunks that `previous` (an earlier state of the file) has too are taken from it; for a chunk that does not
/// parse, the last good facts of its place in `previous` stand in, marked stale. Needs a thread with
/// [`svclint_syntax::PARSER_STACK_BYTES`] of stack. Never fails: what cannot be read is an error of its chunk.
pub fn rust_file(text: &str, previous: Option<&RustFile>, bounds: &Bounds) -> RustFile {
    let known = previous.map(|p| p.chunks.iter().map(|c| (c.hash, c)).collect()).unwrap_or_default();
    let mut reader = Reader { text, bounds, previous, known, file: RustFile::default() };
    reader.file.generated = is_generated(text);
    // A chunk that is cut finer becomes several, so indices shift.
    let mut shifted = Vec::new();
    for chunk in chunks(text) {
        shifted.push(reader.file.chunks.len() as u32);
        let container = chunk.container.and_then(|c| shifted.get(c as usize).copied());
        reader.read(&chunk, container, 0);
    }
    reader.file
}

struct Reader<'a> {
    text: &'a str,
    bounds: &'a Bounds,
    previous: Option<&'a RustFile>,
    known: FxHashMap<u64, &'a FileChunk>,
    file: RustFile,
}

impl Reader<'_> {
    fn read(&mut self, chunk: &Chunk, container: Option<u32>, depth: u32) {
        if let Some(known) = self.known.get(&chunk.hash)
            && known.error.is_none()
        {
            return self.push(chunk, container, known.facts.clone(), None);
        }
        let text = chunk.span.text(self.text);
        match parse(text, chunk.kind, self.bounds, lower_chunk) {
            Ok(mut facts) => {
                facts.comments = comments(text);
                facts.server_words = server_words(text);
                if chunk.kind != ChunkKind::Tests {
                    facts.signature = signature(text, &facts);
                }
                self.push(chunk, container, Arc::new(facts), None);
            }
            Err(error) => {
                let parts = if depth < MAX_RECOVERY { recover(self.text, chunk) } else { Vec::new() };
                if parts.is_empty() {
                    let error = SyntaxError { span: error.span, message: error.message };
                    let facts = ChunkFacts { server_words: server_words(text), ..ChunkFacts::default() };
                    self.push(chunk, container, Arc::new(facts), Some(error));
                }
                let first = self.file.chunks.len() as u32;
                for part in &parts {
                    let container = part.container.map(|c| first + c).or(container);
                    self.read(part, container, depth + 1);
                }
            }
        }
    }

    fn push(
        &mut self,
        chunk: &Chunk,
        container: Option<u32>,
        facts: Arc<ChunkFacts>,
        error: Option<SyntaxError>,
    ) {
        let mut pushed = FileChunk {
            start: chunk.span.start,
            len: chunk.span.len(),
            hash: chunk.hash,
            is_container: chunk.kind == ChunkKind::Container,
            container,
            facts,
            stale: false,
            error,
        };
        if pushed.error.is_some()
            && let Some(last_good) = self.last_good(self.file.chunks.len())
        {
            pushed.facts = last_good;
            pushed.stale = true;
        }
        self.file.chunks.push(pushed);
    }

    /// The facts that stood at this place of the list before, if no chunk of the new text has them.
    fn last_good(&self, index: usize) -> Option<Arc<ChunkFacts>> {
        let before = self.previous?.chunks.get(index)?;
        let still_there = self.file.chunks.iter().any(|c| c.hash == before.hash);
        (!still_there).then(|| before.facts.clone())
    }
}

/// The marks that code generators leave near the top.
fn is_generated(text: &str) -> bool {
    const MARKED: usize = 10;
    const WRITTEN: usize = 60;
    let marked = text.lines().take(MARKED).any(|l| {
        let is_comment = l.trim_start().starts_with("//");
        is_comment && (l.contains("@generated") || l.contains("DO NOT EDIT"))
    });
    // prost and tonic of earlier years wrote no mark.
    marked
        || text.lines().take(WRITTEN).any(|l| {
            l.contains("::prost::Message)")
                || l.trim() == "/// Generated client implementations."
                || l.trim() == "/// Generated server implementations."
        })
}

fn comments(text: &str) -> Vec<Comment> {
    let directive = |comment: &str| {
        let inner = comment.trim_start_matches(['/', '*', '!']).trim_end_matches("*/").trim();
        inner.strip_prefix("svclint:").map(|d| d.trim().to_owned())
    };
    svclint_syntax::comments(text)
        .into_iter()
        .map(|span| Comment { span, directive: directive(span.text(text)) })
        .collect()
}
