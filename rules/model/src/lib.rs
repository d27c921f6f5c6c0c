//! What ALL files say together: packages and modules, names, types, calls, effects, values, services.
//!
//! The model is built whole from facts, in a few milliseconds, and is plain data afterwards: rules read it and nothing
//! else. Whatever cannot be known is [`Tri::Unknown`], and a rule that needs to know stays silent.
#![forbid(unsafe_code)]

mod bodies;
mod defs;
mod impls;
mod infer;
mod names;
mod packages;
mod place;
mod system;
mod ty;

pub use place::{FileFacts, FileId, Place, SourceFile, Tri};
pub use svclint_knowledge::{Effect, Limit, Protocol, Role};
pub use system::*;
