//! One connection with syslog, over TCP or TLS: each has a bounded buffer of its own.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::stream::{Caller, Lines};
use crate::chunk::{Chunk, MAX_RECORD_BYTES};
use crate::frame::{Framer, Framing, Leftover};
use crate::intake::NotSafe;
use crate::reason::Closed;
use crate::stop::until_stopped;
use crate::tally::Source;

/// Bytes read from a connection at once.
const READ_BYTES: usize = 16_384;
/// Bytes still taken from each connection at the stop.
const DRAINED_BYTES: usize = 1 << 20;

pub(super) async fn talk(stream: impl AsyncRead + Unpin, lines: &Lines, caller: Caller) {
    let mut connection = Connection {
        stream,
        source: Source::Sender(caller.sender),
        framer: Framer::new(Framing::Syslog, MAX_RECORD_BYTES),
        lines,
        caller,
    };
    // The queue only closes when the collector is gone, and with it everyone to tell.
    if connection.receive().await.is_ok() {
        drop(connection.end().await);
    }
}

struct Connection<'l, S> {
    stream: S,
    source: Source,
    framer: Framer,
    lines: &'l Lines,
    caller: Caller,
}

impl<S: AsyncRead + Unpin> Connection<'_, S> {
    async fn receive(&mut self) -> Result<(), NotSafe> {
        let mut buffer = vec![0; READ_BYTES];
        let mut stop = self.caller.stop.clone();
        loop {
            let read = tokio::select! {
                read = tokio::time::timeout(self.lines.idle, self.stream.read(&mut buffer)) => read,
                () = until_stopped(&mut stop) => break,
            };
            match read {
                Ok(Ok(0) | Err(_)) => return Ok(()),
                Ok(Ok(bytes)) => {
                    let chunk = self.frame(buffer.get(..bytes).unwrap_or_default());
                    let records = chunk.len();
                    self.caller.intake.hand_on(chunk).await?;
                    self.lines
                        .pace(self.caller.sender, records, &mut stop)
                        .await;
                }
                Err(_) => {
                    self.lines.board.closed(Closed::Idle);
                    return Ok(());
                }
            }
        }
        self.drain(&mut buffer).await
    }

    /// What has arrived before the stop and was not read yet.
    async fn drain(&mut self, buffer: &mut [u8]) -> Result<(), NotSafe> {
        let mut drained = 0;
        while drained < DRAINED_BYTES {
            // What is there is read before the time is looked at.
            let read = tokio::time::timeout(Duration::ZERO, self.stream.read(buffer)).await;
            let Ok(Ok(bytes @ 1..)) = read else {
                break;
            };
            drained += bytes;
            let chunk = self.frame(buffer.get(..bytes).unwrap_or_default());
            self.caller.intake.hand_on(chunk).await?;
        }
        Ok(())
    }

    fn frame(&mut self, bytes: &[u8]) -> Chunk {
        let mut chunk = self.lines.chunk();
        self.framer
            .push(bytes, |record| chunk.push(&self.source, record));
        chunk
    }

    async fn end(mut self) -> Result<(), NotSafe> {
        let mut chunk = self.lines.chunk();
        let leftover = self
            .framer
            .finish(|record| chunk.push(&self.source, record));
        if leftover == Leftover::CutShort {
            self.lines.cut_short(self.caller.sender);
        }
        self.caller.intake.hand_on(chunk).await
    }
}
