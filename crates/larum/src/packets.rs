//! A capture read block by block: where in each block the packets stand.

use std::io::{self, Read};

use larum_core::time::Timestamp;
use larum_packet::Unread;
use larum_packet::file::{Capture, Frame, MAX_BLOCK_BYTES, Step};
use larum_packet::link::LinkType;

/// Size of a block, in bytes; the rest of the block before it stands at its beginning.
const BLOCK_BYTES: usize = 1 << 20;
/// Blocks whose memory is kept for others.
const MAX_SPARE: usize = 8;

/// A block of a capture.
#[derive(Default)]
pub struct Block {
    /// Memory that was read into; its end may be older than the block.
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// Bytes of the capture that are told of in this block.
    pub read_bytes: u64,
}

/// What stands in a capture.
#[derive(Clone, Copy)]
enum Entry {
    Frame {
        at: Timestamp,
        link: LinkType,
        start: usize,
        length: usize,
        wire_bytes: u32,
    },
    Unread(Unread),
}

impl Block {
    /// Everything in the block, in order, with the place where a frame begins; what cannot be read
    /// with its reason.
    pub fn frames(&self) -> impl Iterator<Item = Result<(Frame<'_>, usize), Unread>> {
        self.entries.iter().map(|entry| match *entry {
            Entry::Unread(reason) => Err(reason),
            Entry::Frame {
                at,
                link,
                start,
                length,
                wire_bytes,
            } => {
                let frame = Frame {
                    at,
                    link,
                    bytes: self.slice(start..start + length),
                    wire_bytes,
                };
                Ok((frame, start))
            }
        })
    }

    /// Bytes of the block.
    pub fn slice(&self, range: std::ops::Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    /// The time of the first packet.
    pub fn first_time(&self) -> Option<Timestamp> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Frame { at, .. } => Some(*at),
            Entry::Unread(_) => None,
        })
    }
}

/// A capture, block by block.
pub struct Blocks {
    reader: Box<dyn Read>,
    /// Whether a block waits until it is full, so that blocks do not depend on how bytes arrive.
    waits: bool,
    capture: Capture,
    rest: Vec<u8>,
    /// Memory of blocks that are done with.
    spare: Vec<Block>,
    failed: Option<io::Error>,
    ended: bool,
}

impl Blocks {
    /// The capture that `reader` gives from its beginning.
    pub fn new(reader: impl Read + 'static, waits: bool) -> Self {
        Self {
            reader: Box::new(reader),
            waits,
            capture: Capture::default(),
            rest: Vec::new(),
            spare: Vec::new(),
            failed: None,
            ended: false,
        }
    }

    /// Packets that whoever captured says were lost.
    pub const fn lost(&self) -> u64 {
        self.capture.lost()
    }

    /// Gives back a block whose memory can be used again.
    pub fn give_back(&mut self, block: Block) {
        if self.spare.len() < MAX_SPARE {
            self.spare.push(block);
        }
    }

    /// The next block; `None` at the end.
    ///
    /// # Errors
    /// When it cannot be read on; what was read before is not lost.
    pub fn next_block(&mut self) -> io::Result<Option<Block>> {
        if self.ended {
            return self.failed.take().map_or(Ok(None), Err);
        }
        let mut block = self.spare.pop().unwrap_or_default();
        block.entries.clear();
        let mut bytes = std::mem::take(&mut block.bytes);
        let filled = self.fill(&mut bytes);
        let read = bytes.get(..filled).unwrap_or_default();
        let mut at = 0_usize;
        loop {
            let rest = read.get(at..).unwrap_or_default();
            let (used, step) = self.capture.next(rest);
            at += used;
            match step {
                Step::Frame(frame) => block.entries.push(Entry::Frame {
                    at: frame.at,
                    link: frame.link,
                    // A frame is the end of what was used, but for filling up and the closing length.
                    start: at - used + offset_in(rest, frame.bytes),
                    length: frame.bytes.len(),
                    wire_bytes: frame.wire_bytes,
                }),
                Step::Unread(reason) => block.entries.push(Entry::Unread(reason)),
                Step::Again => {}
                Step::More if used > 0 && at < filled => {}
                Step::More => break,
            }
        }
        let rest = read.get(at..).unwrap_or_default();
        if self.ended {
            let cut = self.capture.finish(rest).map(Entry::Unread);
            block.entries.extend(cut);
        } else {
            self.rest.extend_from_slice(rest);
        }
        block.read_bytes = u64::try_from(at).unwrap_or(0);
        block.bytes = bytes;
        Ok(Some(block))
    }

    /// Reads the rest of the block before and on behind it: to the end of a block, or as much as there is
    /// at once. How many bytes of `bytes` were filled; a failure is kept for later.
    fn fill(&mut self, bytes: &mut Vec<u8>) -> usize {
        let have = self.rest.len();
        let end = BLOCK_BYTES.max(have + MAX_BLOCK_BYTES);
        // Memory is made ready once, not for each block.
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        if let Some(start) = bytes.get_mut(..have) {
            start.copy_from_slice(&self.rest);
        }
        self.rest.clear();
        let mut filled = have;
        while filled < end {
            let room = bytes.get_mut(filled..end).unwrap_or_default();
            match self.reader.read(room) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.failed = Some(error);
                    self.ended = true;
                    break;
                }
            }
            if !self.waits {
                break;
            }
        }
        filled
    }
}

/// Where `part`, which is a part of `whole`, begins in it.
fn offset_in(whole: &[u8], part: &[u8]) -> usize {
    whole
        .element_offset(part.first().unwrap_or(&0))
        .unwrap_or(0)
}
