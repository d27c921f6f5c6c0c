//! Writes what the server says, from a queue without a bound: a client that does not read must not keep us from reading.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

/// Runs until the server has nothing more to say, or the client is gone.
pub(super) async fn pump(mut from: impl AsyncRead + Unpin + Send + 'static, mut to: impl AsyncWrite + Unpin) {
    let (queue, mut queued) = mpsc::unbounded_channel::<Vec<u8>>();
    tokio::spawn(async move {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            if queue.send(buffer[..read].to_vec()).is_err() {
                break;
            }
        }
    });
    while let Some(bytes) = queued.recv().await {
        let written = to.write_all(&bytes).await;
        if written.is_err() || queued.is_empty() && to.flush().await.is_err() {
            break;
        }
    }
}
