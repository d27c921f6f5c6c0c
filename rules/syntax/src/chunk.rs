//! Chunks: the units in which a Rust file is hashed, parsed and lowered.
//!
//! An edit touches one chunk; a moved chunk costs nothing; a broken chunk hurts only itself.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::Span;
use crate::split::{Piece, by_brackets, by_layout, head};

/// Blocks of at least this many bytes are cut into their members.
const LARGE_BLOCK: usize = 4 << 10;
/// Small neighbours are put into one chunk up to this many bytes.
const GROUP: usize = 1 << 10;
/// How deep modules in modules are cut.
const MAX_NESTING: u32 = 4;

/// How a chunk is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ChunkKind {
    /// Items.
    Items,
    /// Members of an `impl`.
    ImplMembers,
    /// Members of a trait.
    TraitMembers,
    /// The head of a block that was cut: attributes up to and with `{`.
    Container,
    /// A `#[cfg(test)]` module: never parsed.
    Tests,
}

/// A part of a Rust file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Where it lies in the document.
    pub span: Span,
    /// How it is parsed.
    pub kind: ChunkKind,
    /// The chunk of the block that it is a member of: an index into the same list.
    pub container: Option<u32>,
    /// Of kind and text.
    pub hash: u64,
}

/// Cuts a file. Everything but whitespace, the prelude (byte order mark and `#!` line) and the closing braces of cut blocks
/// lies in exactly one chunk.
pub fn chunks(text: &str) -> Vec<Chunk> {
    let range = prelude_len(text)..text.len();
    let mut cutter = Cutter { text, chunks: Vec::new() };
    match by_brackets(text, range.clone()) {
        Some(pieces) => cutter.add(&pieces, ChunkKind::Items, None, 0),
        None => cutter.add(&by_layout(text, range, 0), ChunkKind::Items, None, 0),
    }
    cutter.chunks
}

/// Finer chunks for one that does not parse; `container` counts in the returned list. Empty when there are none finer.
pub fn recover(text: &str, chunk: &Chunk) -> Vec<Chunk> {
    let range = chunk.span.start as usize..chunk.span.end as usize;
    let mut cutter = Cutter { text, chunks: Vec::new() };
    if let Some(pieces) = by_brackets(text, range.clone()).filter(|p| p.len() > 1) {
        cutter.each(&pieces, chunk.kind);
        return cutter.chunks;
    }
    let pieces = by_layout(text, range.clone(), column_of(text, range.start, range.end));
    if pieces.len() > 1 {
        cutter.each(&pieces, chunk.kind);
    } else if let Some((open, kind)) = open_block(text, range.clone()) {
        let inside = open + 1..inside_end(text, open + 1, range.end);
        let members = by_layout(text, inside.clone(), column_of(text, inside.start, inside.end));
        let container = cutter.push(range.start..open + 1, ChunkKind::Container, None);
        for member in &members {
            cutter.push(member.range.clone(), kind, Some(container));
        }
    }
    cutter.chunks
}

/// Length of what syn would silently strip: a byte order mark and a `#!` line.
pub fn prelude_len(text: &str) -> usize {
    let mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let rest = &text[mark..];
    let is_shebang = rest.starts_with("#!") && !rest[2..].trim_start().starts_with('[');
    mark + if is_shebang { rest.find('\n').unwrap_or(rest.len()) } else { 0 }
}

struct Cutter<'t> {
    text: &'t str,
    chunks: Vec<Chunk>,
}

impl Cutter<'_> {
    fn push(&mut self, range: Range<usize>, kind: ChunkKind, container: Option<u32>) -> u32 {
        let text = &self.text[range.clone()];
        let hash = xxh3_64_with_seed(text.as_bytes(), kind as u64);
        let span = Span::new(range.start as u32, range.end as u32);
        self.chunks.push(Chunk { span, kind, container, hash });
        self.chunks.len() as u32 - 1
    }

    /// Every piece a chunk of its own.
    fn each(&mut self, pieces: &[Piece], kind: ChunkKind) {
        for piece in pieces {
            self.push(piece.range.clone(), kind, None);
        }
    }

    /// Large blocks cut, small neighbours together.
    fn add(&mut self, pieces: &[Piece], kind: ChunkKind, container: Option<u32>, depth: u32) {
        let mut group: Option<Range<usize>> = None;
        for piece in pieces {
            let tests = kind == ChunkKind::Items && is_test_module(self.text, piece);
            let members = if tests { None } else { self.members(piece, depth) };
            if (tests || members.is_some())
                && let Some(range) = group.take()
            {
                self.push(range, kind, container);
            }
            match members {
                _ if tests => {
                    self.push(piece.range.clone(), ChunkKind::Tests, container);
                }
                Some((members, member_kind, open)) => {
                    let index = self.push(piece.range.start..open + 1, ChunkKind::Container, container);
                    self.add(&members, member_kind, Some(index), depth + 1);
                }
                None => match &mut group {
                    Some(range) if piece.range.end - range.start <= GROUP => range.end = piece.range.end,
                    _ => {
                        if let Some(range) = group.replace(piece.range.clone()) {
                            self.push(range, kind, container);
                        }
                    }
                },
            }
        }
        if let Some(range) = group {
            self.push(range, kind, container);
        }
    }

    /// The members of a large block, how they are parsed, and where its brace opens.
    fn members(&self, piece: &Piece, depth: u32) -> Option<(Vec<Piece>, ChunkKind, usize)> {
        let body = piece.body.clone().filter(|b| b.len() >= LARGE_BLOCK && depth < MAX_NESTING)?;
        let kind = member_kind(head(self.text, piece.range.clone()).keyword)?;
        let members = by_brackets(self.text, body.start + 1..body.end - 1)?;
        Some((members, kind, body.start))
    }
}

fn member_kind(keyword: &str) -> Option<ChunkKind> {
    match keyword {
        "impl" => Some(ChunkKind::ImplMembers),
        "trait" => Some(ChunkKind::TraitMembers),
        "mod" => Some(ChunkKind::Items),
        _ => None,
    }
}

fn is_test_module(text: &str, piece: &Piece) -> bool {
    if piece.body.is_none() {
        return false;
    }
    let head = head(text, piece.range.clone());
    head.keyword == "mod" && head.attrs.lines().any(|l| l.trim_start().starts_with("#[cfg(test)]"))
}

/// The brace that opens an unbalanced `impl`, `trait` or `mod`, on the line of its keyword or a following one.
fn open_block(text: &str, range: Range<usize>) -> Option<(usize, ChunkKind)> {
    let head = head(text, range.clone());
    let kind = member_kind(head.keyword)?;
    let open = head.at + text.get(head.at..range.end)?.find('{')?;
    Some((open, kind))
}

/// Without a closing brace that ends the block itself.
fn inside_end(text: &str, from: usize, to: usize) -> usize {
    let trimmed = text[from..to].trim_end();
    match trimmed.strip_suffix('}') {
        Some(inside) if trimmed.lines().last().is_some_and(|l| l.trim() == "}") => from + inside.len(),
        _ => to,
    }
}

/// The column of the first line with text: where the items of the range begin.
fn column_of(text: &str, from: usize, to: usize) -> usize {
    let before = text[..from].rfind('\n').map_or(0, |i| i + 1);
    let lines = std::iter::once(&text[before..to]).flat_map(str::lines);
    let first = if text[before..from].trim().is_empty() { 0 } else { 1 };
    lines.skip(first).find(|l| !l.trim().is_empty()).map_or(0, |l| l.len() - l.trim_start().len())
}
