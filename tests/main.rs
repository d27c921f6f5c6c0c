//! The tests of the whole program, in one executable: each further one would be linked, and kept on the disk, anew.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::disallowed_methods)]

mod accepting;
mod baseline;
mod cli;
mod comfort;
mod configuring;
mod crash;
mod delivery;
mod lsp;
mod manifests;
mod neovim;
mod precision;
mod shop;
mod since;
mod support;
mod week;
