//! Forwards well-formed frames and drops the others, so that one bad message does not end the session.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::Notify;

/// Longer messages are skipped.
const MAX_BODY: usize = 64 << 20;
/// Longer header lines end the session: this is no client.
const MAX_HEADER: u64 = 8 << 10;

/// What went past.
#[derive(Default)]
pub(super) struct Seen {
    shutdown: AtomicBool,
    exit: Notify,
}

impl Seen {
    /// Whether the client asked for an orderly end.
    pub(super) fn shutdown(&self) -> bool {
        self.shutdown.load(Ordering::SeqCst)
    }

    /// Until the client says `exit`, or is gone.
    pub(super) async fn exited(&self) {
        self.exit.notified().await;
    }
}

#[derive(Deserialize)]
struct Peek {
    method: Option<String>,
    id: Option<serde_json::Value>,
}

/// Runs until the client is gone.
pub(super) async fn guard(
    source: impl AsyncRead + Unpin,
    mut sink: impl AsyncWrite + Unpin,
    seen: Arc<Seen>,
) {
    let mut reader = BufReader::with_capacity(64 << 10, source);
    let mut body = Vec::new();
    while let Some(length) = header(&mut reader).await {
        let Some(length) = length else { continue };
        if length > MAX_BODY {
            log(&format!("a message of {length} bytes was skipped"));
            let mut skipped = (&mut reader).take(length as u64);
            if tokio::io::copy(&mut skipped, &mut tokio::io::sink()).await.is_err() {
                break;
            }
            continue;
        }
        body.resize(length, 0);
        if reader.read_exact(&mut body).await.is_err() {
            break;
        }
        let exit = match serde_json::from_slice::<Peek>(&body) {
            Ok(peek) if peek.method.is_some() || peek.id.is_some() => note(&peek, &seen),
            Ok(_) => continue,
            Err(error) => {
                log(&format!("a message that is no JSON-RPC was skipped: {error}"));
                continue;
            }
        };
        let head = format!("Content-Length: {length}\r\n\r\n");
        if sink.write_all(head.as_bytes()).await.is_err() || sink.write_all(&body).await.is_err() {
            break;
        }
        if exit {
            break;
        }
    }
    drop(sink);
    seen.exit.notify_one();
}

/// Whether the session ends with this message.
fn note(peek: &Peek, seen: &Seen) -> bool {
    match peek.method.as_deref() {
        Some("shutdown") => {
            seen.shutdown.store(true, Ordering::SeqCst);
            false
        }
        method => method == Some("exit"),
    }
}

/// The length that a header announces: `Some(None)` for a header without one, `None` at the end.
async fn header(reader: &mut (impl AsyncBufReadExt + Unpin)) -> Option<Option<usize>> {
    let mut length = None;
    let mut any = false;
    loop {
        let mut line = Vec::new();
        let read = (&mut *reader).take(MAX_HEADER).read_until(b'\n', &mut line).await.ok()?;
        if read == 0 || !line.ends_with(b"\n") {
            return None;
        }
        let line = line.trim_ascii();
        if line.is_empty() {
            if any {
                return Some(length);
            }
            continue;
        }
        any = true;
        let text = String::from_utf8_lossy(line);
        if let Some((name, value)) = text.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok();
        }
    }
}

fn log(message: &str) {
    anstream::eprintln!("svclint: {message}");
}
