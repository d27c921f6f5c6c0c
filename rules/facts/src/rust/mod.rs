//! Facts of a Rust file.

mod body;
mod file;
mod item;
mod lower;
mod server_words;
mod signature;

pub use body::*;
pub use file::rust_file;
pub use item::*;
