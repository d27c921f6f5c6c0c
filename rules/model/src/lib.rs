//! What ALL files say together: packages and modules, names, types, calls, effects, values, services.
//!
//! The model is built whole from facts, in a few milliseconds, and is plain data afterwards: rules read it and nothing
//! else. Whatever cannot be known is [`Tri::Unknown`], and a rule that needs to know stays silent.
#![forbid(unsafe_code)]

mod place;
mod system;

pub use place::{FileFacts, FileId, Place, SourceFile, Tri};
pub use svclint_knowledge::{Limit, Protocol};
pub use system::*;
