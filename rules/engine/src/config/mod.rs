//! Configuration: `svclint.toml`, `[workspace.metadata.svclint]`, and how they come together.

mod date;
mod effective;
mod exception;
mod file;
mod layers;
mod levels;
mod mistake;
mod schema;

pub use date::Date;
pub use effective::{Effective, EffectiveException};
pub use levels::LevelSource;
pub use schema::schema;

pub(crate) use layers::{Configuration, Source, is_config, sources};

/// The name of the file.
pub const FILE: &str = "svclint.toml";
