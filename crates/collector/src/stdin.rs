//! Standard input, line by line until it ends.

use larum_link::clock::Clock;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::{mpsc, watch};

use crate::chunk::{Chunk, FULL_CHUNK_BYTES, MAX_RECORD_BYTES};
use crate::frame::{Framer, Framing};
use crate::stop::until_stopped;
use crate::tally::Source;

/// Reads `input` until it ends or `stop` changes; the writer waits while the queue is full.
pub(crate) async fn run(
    mut input: impl AsyncRead + Unpin,
    clock: Clock,
    queue: mpsc::Sender<Chunk>,
    mut stop: watch::Receiver<bool>,
) {
    let source = Source::Named("stdin".into());
    let mut framer = Framer::new(Framing::Lines, MAX_RECORD_BYTES);
    let mut buffer = vec![0; FULL_CHUNK_BYTES];
    loop {
        let read = tokio::select! {
            read = input.read(&mut buffer) => read.unwrap_or(0),
            () = until_stopped(&mut stop) => 0,
        };
        let mut chunk = Chunk::new(clock.now(), false);
        framer.push(buffer.get(..read).unwrap_or_default(), |record| {
            chunk.push(&source, record);
        });
        if read == 0 {
            framer.finish(|record| chunk.push(&source, record));
        }
        if !chunk.is_empty() && queue.send(chunk).await.is_err() || read == 0 {
            return;
        }
    }
}
