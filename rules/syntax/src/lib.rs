//! Documents, positions, chunks, and the one door to syn.
#![forbid(unsafe_code)]

mod bounds;
mod chunk;
pub mod containerfile;
mod document;
mod door;
mod language;
mod lines;
pub mod macros;
mod scan;
mod span;
mod split;
pub mod yaml;

pub use bounds::{Bounds, PARSER_STACK_BYTES};
pub use chunk::{Chunk, ChunkKind, chunks, prelude_len, recover};
pub use document::{Change, Document, DocumentError};
pub use door::{ParseError, SpanMap, Tree, parse, with_parser_stack};
pub use language::Language;
pub use lines::{Encoding, LineIndex, Position};
pub use scan::comments;
pub use span::Span;
pub use {proc_macro2, syn};
