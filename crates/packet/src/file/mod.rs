//! Capture files: pcap and pcapng, as the bytes come.
//!
//! Limits: a frame holds at most [`MAX_FRAME_BYTES`], a pcapng file describes at most
//! [`next_generation::MAX_INTERFACES`] interfaces. The caller keeps what was not consumed and needs never
//! keep more than [`MAX_BLOCK_BYTES`]. A place that cannot be read is counted once, and reading goes on
//! at the next place that looks like a packet.
//!
//! pcap (draft-ietf-opsawg-pcap): a header of 24 bytes, then for each packet 16 bytes (time, captured
//! length, length on the wire) and its bytes. Both byte orders, micro- and nanoseconds, and the form
//! with 8 further bytes a packet that some Linux systems wrote.

mod classic;
pub mod next_generation;

use larum_core::time::Timestamp;

use crate::link::LinkType;
use crate::unread::Unread;

/// Longest frame, in bytes: what capture programs take as "everything".
pub const MAX_FRAME_BYTES: usize = 262_144;
/// Most bytes that have to be in memory to read on.
pub const MAX_BLOCK_BYTES: usize = MAX_FRAME_BYTES + 64 * 1_024;
/// Latest time a stamp can mean, in microseconds: the end of the year 9999.
const MAX_MICROS: i64 = 253_402_300_799_000_000;

/// A captured frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// When it was captured.
    pub at: Timestamp,
    /// What its first bytes are.
    pub link: LinkType,
    /// Its bytes, as far as they were kept.
    pub bytes: &'a [u8],
    /// How long it was on the wire, in bytes.
    pub wire_bytes: u32,
}

/// What the next bytes of a capture file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// A frame.
    Frame(Frame<'a>),
    /// A frame that cannot be had.
    Unread(Unread),
    /// Nothing to be told, more bytes may be at hand.
    Again,
    /// More bytes are needed.
    More,
}

/// Whether a file that begins with `head` (four bytes) is a capture.
#[must_use]
pub fn is_capture(head: &[u8]) -> bool {
    classic::Form::of(head).is_some() || head.starts_with(&next_generation::SECTION)
}

/// Reads a capture file as its bytes come.
#[derive(Debug, Default)]
pub struct Capture {
    form: Form,
    /// Bytes still to be passed over.
    skip: u64,
    lost: u64,
}

#[derive(Debug, Default)]
enum Form {
    #[default]
    Unknown,
    Classic(classic::Classic),
    Next(next_generation::Sections),
    Broken,
}

impl Capture {
    /// What `bytes` begin with, and how many of them that takes. With [`Step::More`] and nothing
    /// consumed, the same bytes and more of them are wanted; [`MAX_BLOCK_BYTES`] are always enough.
    pub fn next<'b>(&mut self, bytes: &'b [u8]) -> (usize, Step<'b>) {
        if self.skip > 0 {
            let passed = usize::try_from(self.skip)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            self.skip = self.skip.saturating_sub(u64::try_from(passed).unwrap_or(0));
            let step = if self.skip > 0 {
                Step::More
            } else {
                Step::Again
            };
            return (passed, step);
        }
        let (used, step) = match &mut self.form {
            Form::Unknown => return self.begin(bytes),
            Form::Classic(file) => file.next(bytes),
            Form::Next(file) => file.next(bytes, &mut self.lost),
            Form::Broken => return (bytes.len(), Step::More),
        };
        if used > bytes.len() {
            self.skip = u64::try_from(used - bytes.len()).unwrap_or(0);
            return (bytes.len(), step);
        }
        (used, step)
    }

    /// The end of the file with `rest` not consumed: what that means for the sums.
    #[must_use]
    pub fn finish(&self, rest: &[u8]) -> Option<Unread> {
        match self.form {
            Form::Broken => None,
            _ if self.skip > 0 || !rest.is_empty() => Some(Unread::BrokenFile),
            _ => None,
        }
    }

    /// Packets that whoever captured says were lost.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    fn begin<'b>(&mut self, bytes: &'b [u8]) -> (usize, Step<'b>) {
        if bytes.len() < 24 {
            return (0, Step::More);
        }
        if bytes.starts_with(&next_generation::SECTION) {
            self.form = Form::Next(next_generation::Sections::default());
            return (0, Step::Again);
        }
        if let Some(file) = classic::Classic::of(bytes) {
            self.form = Form::Classic(file);
            return (24, Step::Again);
        }
        self.form = Form::Broken;
        (bytes.len(), Step::Unread(Unread::BrokenFile))
    }
}

/// A moment from a foreign number of microseconds.
fn moment(micros: i128) -> Timestamp {
    let micros = micros.clamp(0, i128::from(MAX_MICROS));
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(MAX_MICROS))
}

#[cfg(test)]
mod tests;
