//! The language server: a thin face of the engine.
//!
//! tower-lsp-server stands behind three wrappers: [`guard`] lets only well-formed frames through, [`pump`] keeps a client that
//! does not read from stopping us, and [`barrier`] turns a panic into an error answer. Texts change before a handler's first
//! await; analysis runs on a thread of its own over a snapshot; one publisher owns diagnostics.

mod analysis;
mod barrier;
mod convert;
mod guard;
mod navigate;
mod pump;
mod server;
mod session;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tower_lsp_server::{LspService, Server};

use guard::Seen;

/// Bytes on the way between guard, framework and pump.
const IN_BUFFER: usize = 256 << 10;
const OUT_BUFFER: usize = 64 << 10;
/// How long what is still to be written may take at the end.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Serves stdin and stdout until the client is gone. Exit status 0 after an orderly `shutdown`, else 1.
pub(crate) fn run() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            anstream::eprintln!("error: the language server cannot start: {error}");
            return ExitCode::from(2);
        }
    };
    let seen = Arc::new(Seen::default());
    runtime.block_on(serve(seen.clone()));
    // stdin may keep a blocking read open for ever, so nothing waits for it.
    runtime.shutdown_background();
    if seen.shutdown() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

async fn serve(seen: Arc<Seen>) {
    let (service, socket) = LspService::new(server::Backend::new);
    let (guarded, input) = tokio::io::duplex(IN_BUFFER);
    let (output, pumped) = tokio::io::duplex(OUT_BUFFER);
    tokio::spawn(guard::guard(tokio::io::stdin(), guarded, seen.clone()));
    let pump = tokio::spawn(pump::pump(pumped, tokio::io::stdout()));
    let served = Server::new(input, output, socket).concurrency_level(512).serve(barrier::Barrier(service));
    tokio::select! {
        () = served => {}
        () = seen.exited() => {}
    }
    let _ = tokio::time::timeout(LAST_WORDS, pump).await;
}
