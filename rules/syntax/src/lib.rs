//! Documents, positions, chunks, and the one door to syn.
#![forbid(unsafe_code)]

mod span;

pub use span::Span;
