//! One connection with RELP, the Reliable Event Logging Protocol: each record is answered once it is on
//! disk, and what was not answered the sender sends again.
//!
//! Standard: RELP 0 as librelp has it. What a read brings is one chunk: it is kept, and then all its
//! records are answered, so that one sync answers a sender's whole window (128 records with rsyslog's
//! defaults).

mod frame;

use std::io::Write as _;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use self::frame::{Frame, Frames, NotRelp};
use super::stream::{Caller, Lines};
use crate::chunk::{Chunk, FULL_CHUNK_BYTES};
use crate::reason::Closed;
use crate::stop::until_stopped;
use crate::tally::Source;

/// What we answer to `open`.
const OFFER: &str = "200 OK\nrelp_version=0\nrelp_software=larum\ncommands=syslog";

/// How many frames a stream holds that is read in pieces of `piece` bytes, until it is RELP no more.
pub(crate) fn count_frames(bytes: &[u8], piece: usize) -> usize {
    let mut count = 0;
    let mut frames = Frames::default();
    for piece in bytes.chunks(piece.max(1)) {
        if frames.push(piece, |_| count += 1).is_err() {
            break;
        }
    }
    count
}

pub(super) async fn talk<S>(stream: S, lines: &Lines, caller: Caller)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut talk = Talk {
        stream,
        source: Source::Sender(caller.sender),
        frames: Frames::default(),
        opened: false,
        lines,
        caller,
    };
    if let Err(Some(reason)) = talk.run().await {
        lines.board.closed(reason);
    }
}

struct Talk<'l, S> {
    stream: S,
    source: Source,
    frames: Frames,
    opened: bool,
    lines: &'l Lines,
    caller: Caller,
}

/// What one read brought.
struct Brought {
    chunk: Chunk,
    answers: Vec<u8>,
    /// Whether the sender takes its leave.
    close: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<'_, S> {
    /// Until the sender goes or the collector stops; an error is a connection given up, with the reason
    /// where there is something to tell.
    async fn run(&mut self) -> Result<(), Option<Closed>> {
        let mut buffer = vec![0; FULL_CHUNK_BYTES];
        let mut stop = self.caller.stop.clone();
        loop {
            let read = tokio::select! {
                read = tokio::time::timeout(self.lines.idle, self.stream.read(&mut buffer)) => read,
                // What is not answered is sent again: nothing has to be drained.
                () = until_stopped(&mut stop) => return Ok(()),
            };
            let bytes = match read {
                Ok(Ok(0) | Err(_)) => return Ok(()),
                Ok(Ok(bytes)) => bytes,
                Err(_) => return Err(Some(Closed::Idle)),
            };
            let brought = self.take(buffer.get(..bytes).unwrap_or_default());
            let brought = brought.map_err(|_| Some(Closed::NotProtocol))?;
            let records = brought.chunk.len();
            let safe = self.caller.intake.keep(brought.chunk).await;
            let safe = safe.map_err(|_| Some(Closed::NotKept))?;
            safe.wait().await.map_err(|_| Some(Closed::NotKept))?;
            // A sender that reads no answers is one that is silent.
            let answered =
                tokio::time::timeout(self.lines.idle, self.stream.write_all(&brought.answers));
            match answered.await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(None),
                Err(_) => return Err(Some(Closed::Idle)),
            }
            if brought.close {
                // It has its answer; how the connection ends no longer matters.
                drop(self.stream.shutdown().await);
                return Ok(());
            }
            self.lines
                .pace(self.caller.sender, records, &mut stop)
                .await;
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<Brought, NotRelp> {
        let mut brought = Brought {
            chunk: self.lines.chunk(),
            answers: Vec::new(),
            close: false,
        };
        let Self {
            frames,
            opened,
            source,
            ..
        } = self;
        let mut wrong = false;
        frames.push(bytes, |frame| {
            wrong |= brought.answer(&frame, opened, source).is_err();
        })?;
        if wrong { Err(NotRelp) } else { Ok(brought) }
    }
}

impl Brought {
    fn answer(
        &mut self,
        frame: &Frame<'_>,
        opened: &mut bool,
        source: &Source,
    ) -> Result<(), NotRelp> {
        match frame.command {
            "open" => {
                *opened = true;
                self.respond(frame.number, OFFER)
            }
            "syslog" if *opened => {
                let record = frame.data.strip_suffix(b"\n").unwrap_or(frame.data);
                self.chunk.push(source, record);
                self.respond(frame.number, "200 OK")
            }
            "close" => {
                self.close = true;
                self.respond(frame.number, "")?;
                self.answers.extend_from_slice(b"0 serverclose 0\n");
                Ok(())
            }
            _ if *opened => self.respond(frame.number, "500 this command is not known here"),
            _ => Err(NotRelp),
        }
    }

    fn respond(&mut self, number: u32, text: &str) -> Result<(), NotRelp> {
        let space = if text.is_empty() { "" } else { " " };
        writeln!(self.answers, "{number} rsp {}{space}{text}", text.len()).map_err(|_| NotRelp)
    }
}
