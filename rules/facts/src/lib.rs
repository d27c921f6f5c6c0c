//! What ONE file says, with the span of everything it says.
//!
//! Facts are a function of the file's bytes alone: plain owned data, comparable, serialisable, without a trace of the
//! parser that made them. Nothing is resolved here: a path is the words that were written.
#![forbid(unsafe_code)]

pub mod docker;
pub mod env;
pub mod helm;
pub mod proto;
pub mod rust;

/// An identifier. Most are short, and short ones live inline.
pub type Name = smol_str::SmolStr;

pub mod cargo;
pub mod sql;
