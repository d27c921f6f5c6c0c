//! The only door to syn.
//!
//! proc-macro2 keeps the text of everything it reads in a table of the thread until told otherwise; so the table is
//! emptied on the way in and on the way out, spans become byte offsets before that, and no tree leaves this module alive.

use proc_macro2::LineColumn;
use syn::parse::{Parse, ParseStream, Parser};

use crate::{Bounds, ChunkKind, Span};

/// A parsed chunk.
pub enum Tree {
    /// Inner attributes and items.
    Items(Vec<syn::Attribute>, Vec<syn::Item>),
    /// Members of an `impl`.
    ImplMembers(Vec<syn::ImplItem>),
    /// Members of a trait.
    TraitMembers(Vec<syn::TraitItem>),
}

/// A text that does not parse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// Where, relative to the text.
    pub span: Span,
    /// The parser's words, or why the text was not given to it.
    pub message: String,
}

/// Turns the parser's spans into bytes of the text.
pub struct SpanMap<'t> {
    text: &'t str,
    /// proc-macro2 ends lines at `\n` alone and counts columns in characters: a table of its own.
    starts: Vec<u32>,
    ascii: bool,
}

impl<'t> SpanMap<'t> {
    fn new(text: &'t str) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|i| i as u32 + 1));
        SpanMap { text, starts, ascii: text.is_ascii() }
    }

    /// The text.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The byte at which a token begins or ends.
    pub fn byte(&self, at: LineColumn) -> u32 {
        let start = self.starts.get(at.line.wrapping_sub(1)).copied().unwrap_or(0);
        let end = self.text.len() as u32;
        if self.ascii {
            return (start + at.column as u32).min(end);
        }
        let line = self.text.get(start as usize..).unwrap_or("");
        line.char_indices().nth(at.column).map_or(end, |(i, _)| start + i as u32)
    }

    /// The bytes of a token.
    pub fn span(&self, span: proc_macro2::Span) -> Span {
        Span::new(self.byte(span.start()), self.byte(span.end()).min(self.text.len() as u32))
    }
}

/// Parses a chunk's text and gives the tree to `read`. Spans are relative to the text. Needs a thread with
/// [`crate::PARSER_STACK_BYTES`] of stack. Never call it from inside `read`.
///
/// # Errors
/// When the text is no Rust of that kind, or passes the bounds.
pub fn parse<R>(
    text: &str,
    kind: ChunkKind,
    bounds: &Bounds,
    read: impl FnOnce(&Tree, &SpanMap<'_>) -> R,
) -> Result<R, ParseError> {
    if let Some(message) = bounds.refuse(text) {
        return Err(ParseError { span: Span::at(0), message });
    }
    let _clear = ClearSpans::now();
    let map = SpanMap::new(text);
    match tree(text, kind) {
        Ok(tree) => Ok(read(&tree, &map)),
        Err(error) => Err(ParseError { span: map.span(error.span()), message: error.to_string() }),
    }
}

fn tree(text: &str, kind: ChunkKind) -> syn::Result<Tree> {
    let items = |text: &str| {
        let read = |input: ParseStream<'_>| Ok((input.call(syn::Attribute::parse_inner)?, all(input)?));
        read.parse_str(text).map(|(attrs, items)| Tree::Items(attrs, items))
    };
    match kind {
        ChunkKind::Tests => Ok(Tree::Items(Vec::new(), Vec::new())),
        ChunkKind::Container => items(&format!("{text}}}")),
        ChunkKind::ImplMembers => members.parse_str(text).map(Tree::ImplMembers),
        ChunkKind::TraitMembers => members.parse_str(text).map(Tree::TraitMembers),
        // A method whose `impl` header was lost to a syntax error still says what it says.
        ChunkKind::Items => {
            items(text).or_else(|error| all.parse_str(text).map(Tree::ImplMembers).map_err(|_| error))
        }
    }
}

/// Members of a block, which may begin with attributes of the block itself: `#![allow(..)]`.
fn members<T: Parse>(input: ParseStream<'_>) -> syn::Result<Vec<T>> {
    input.call(syn::Attribute::parse_inner)?;
    all(input)
}

fn all<T: Parse>(input: ParseStream<'_>) -> syn::Result<Vec<T>> {
    let mut parsed = Vec::new();
    while !input.is_empty() {
        parsed.push(input.parse()?);
    }
    Ok(parsed)
}

struct ClearSpans;

impl ClearSpans {
    fn now() -> Self {
        proc_macro2::extra::invalidate_current_thread_spans();
        ClearSpans
    }
}

impl Drop for ClearSpans {
    fn drop(&mut self) {
        proc_macro2::extra::invalidate_current_thread_spans();
    }
}

/// Runs something on a thread that may parse. `None` when the thread cannot be started or panics.
pub fn with_parser_stack<R: Send>(run: impl FnOnce() -> R + Send) -> Option<R> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(crate::PARSER_STACK_BYTES)
            .spawn_scoped(scope, run)
            .ok()?;
        thread.join().ok()
    })
}
