//! Facts of a Rust file.

mod body;
mod item;

pub use body::*;
pub use item::*;
