//! What ALL files say together: packages and modules, names, types, calls, effects, values, services.
//!
//! The model is built whole from facts, in a few milliseconds, and is plain data afterwards: rules read it and nothing
//! else. Whatever cannot be known is [`Tri::Unknown`], and a rule that needs to know stays silent.
#![forbid(unsafe_code)]

mod bodies;
mod build;
mod clients;
mod defs;
mod duration;
mod effects;
mod flow;
mod fold;
mod functions;
mod impls;
mod infer;
mod limits;
mod links;
mod locks;
mod names;
mod packages;
mod place;
mod protos;
mod routes;
mod services;
mod settings;
mod sql;
mod system;
mod trace;
mod ty;
mod uses;
mod why;

pub use effects::{EffectKind, Summary, Witness};
pub use packages::normal_path;
pub use place::{FileFacts, FileId, Place, SourceFile, Tri};
pub use services::is_correlation_header;
pub use svclint_knowledge::{Access, Carries, Effect, Limit, Protocol, Role};
pub use system::*;
pub use why::{BlindKind, BlindSpot, Insight, blind_spots, why};
