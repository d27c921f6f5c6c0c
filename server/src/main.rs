//! The program `svclint`: a thin face of the engine for terminals, CI and editors.
#![forbid(unsafe_code)]

mod cli;
mod evidence;
mod lsp;
mod report;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run()
}
