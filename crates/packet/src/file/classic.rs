//! pcap.

use larum_core::time::Timestamp;

use super::{Frame, MAX_FRAME_BYTES, Step, moment};
use crate::bytes::{be32, le32};
use crate::link::LinkType;
use crate::unread::Unread;

/// A time this far from the one before it does not look like the next packet, in seconds.
const FAR_SECONDS: i64 = 7 * 86_400;

/// How a file's numbers are written.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    big: bool,
    nanoseconds: bool,
    /// Bytes before each packet.
    header: usize,
}

impl Form {
    /// By the first four bytes.
    pub fn of(head: &[u8]) -> Option<Self> {
        let (big, magic) = match (be32(head, 0)?, le32(head, 0)?) {
            (magic @ (0xA1B2_C3D4 | 0xA1B2_3C4D | 0xA1B2_CD34), _) => (true, magic),
            (_, magic @ (0xA1B2_C3D4 | 0xA1B2_3C4D | 0xA1B2_CD34)) => (false, magic),
            _ => return None,
        };
        Some(Self {
            big,
            nanoseconds: magic == 0xA1B2_3C4D,
            header: if magic == 0xA1B2_CD34 { 24 } else { 16 },
        })
    }

    fn word(self, bytes: &[u8], at: usize) -> Option<u32> {
        if self.big {
            be32(bytes, at)
        } else {
            le32(bytes, at)
        }
    }
}

/// A pcap file after its header.
#[derive(Debug)]
pub struct Classic {
    form: Form,
    link: LinkType,
    last: Option<Timestamp>,
    /// Looking for the next packet after a broken place.
    lost_place: bool,
}

/// What stands before a packet.
struct Head {
    at: Timestamp,
    kept: usize,
    wire: u32,
    fraction: u32,
}

impl Classic {
    /// From the 24 bytes of the header.
    pub fn of(header: &[u8]) -> Option<Self> {
        let form = Form::of(header)?;
        // The upper half says how long the frame's check sum is.
        let link = form.word(header, 20)? & 0xFFFF;
        Some(Self {
            form,
            link: LinkType(u16::try_from(link).ok()?),
            last: None,
            lost_place: false,
        })
    }

    fn head(&self, bytes: &[u8]) -> Option<Head> {
        let seconds = self.form.word(bytes, 0)?;
        let fraction = self.form.word(bytes, 4)?;
        let (kept, wire) = (self.form.word(bytes, 8)?, self.form.word(bytes, 12)?);
        // Some versions before 2.4 wrote the two lengths the other way round.
        let (kept, wire) = if kept > wire && wire > 0 {
            (wire, kept)
        } else {
            (kept, wire)
        };
        let micros = if self.form.nanoseconds {
            fraction / 1_000
        } else {
            fraction
        };
        Some(Head {
            at: moment(i128::from(seconds) * 1_000_000 + i128::from(micros)),
            kept: usize::try_from(kept).unwrap_or(usize::MAX),
            wire: wire.max(kept),
            fraction,
        })
    }

    fn is_plausible(&self, head: &Head) -> bool {
        let fraction_limit = if self.form.nanoseconds {
            1_000_000_000
        } else {
            1_000_000
        };
        let near = self.last.is_none_or(|last| {
            let apart = head.at.as_seconds().saturating_sub(last.as_seconds());
            apart.abs() <= FAR_SECONDS
        });
        near && head.kept <= MAX_FRAME_BYTES && head.kept > 0 && head.fraction < fraction_limit
    }

    /// As [`super::Capture::next`]; more may be consumed than there is.
    pub fn next<'b>(&mut self, bytes: &'b [u8]) -> (usize, Step<'b>) {
        if self.lost_place {
            return self.find(bytes);
        }
        let Some(head) = self.head(bytes).filter(|_| bytes.len() >= self.form.header) else {
            return (0, Step::More);
        };
        if head.kept > MAX_FRAME_BYTES {
            self.lost_place = true;
            return (1, Step::Unread(Unread::BrokenFile));
        }
        let end = self.form.header + head.kept;
        let Some(frame) = bytes.get(self.form.header..end) else {
            return (0, Step::More);
        };
        self.last = Some(head.at);
        let frame = Frame {
            at: head.at,
            link: self.link,
            bytes: frame,
            wire_bytes: head.wire,
        };
        (end, Step::Frame(frame))
    }

    /// The next place where two packets in a row, or the last one, seem to stand.
    fn find<'b>(&mut self, bytes: &'b [u8]) -> (usize, Step<'b>) {
        for at in 0..bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(head) = self.head(rest).filter(|_| rest.len() >= self.form.header) else {
                return (at, Step::More);
            };
            if !self.is_plausible(&head) {
                continue;
            }
            let after = rest.get(self.form.header + head.kept..);
            let Some(after) = after else {
                // Not all of it is here; whether it is one can be told once it is.
                if rest.len() < MAX_FRAME_BYTES {
                    return (at, Step::More);
                }
                continue;
            };
            match self.head(after) {
                Some(second) if !self.is_plausible(&second) => {}
                None if !after.is_empty() => return (at, Step::More),
                _ => {
                    self.lost_place = false;
                    return (at, Step::Again);
                }
            }
        }
        (bytes.len(), Step::More)
    }
}
