//! pcapng (draft-ietf-opsawg-pcapng): blocks of a type, a length, a body and the length again.
//! Sections may follow one another in other byte orders, each with interfaces of its own.

use larum_core::time::Timestamp;

use super::{Frame, MAX_BLOCK_BYTES, MAX_FRAME_BYTES, Step, moment};
use crate::bytes::{be16, be32, le16, le32, u8_at};
use crate::link::LinkType;
use crate::unread::Unread;

/// Interfaces of one section, at most; packets of others are counted as of an unknown link.
pub const MAX_INTERFACES: usize = 4_096;
/// First bytes of a section, the same in both byte orders.
pub const SECTION: [u8; 4] = [0x0A, 0x0D, 0x0D, 0x0A];

/// An interface of a section.
#[derive(Clone, Copy, Debug)]
struct Interface {
    link: LinkType,
    /// Captured bytes of each packet, at most; 0 for no limit.
    keeps: u32,
    resolution: u8,
    offset_seconds: i64,
    /// Packets its statistics say were dropped.
    dropped: u64,
}

/// The sections of a file.
#[derive(Debug, Default)]
pub struct Sections {
    big: bool,
    interfaces: Vec<Interface>,
    last: Option<Timestamp>,
    lost_place: bool,
    begun: bool,
}

impl Sections {
    fn word(&self, bytes: &[u8], at: usize) -> Option<u32> {
        if self.big {
            be32(bytes, at)
        } else {
            le32(bytes, at)
        }
    }

    fn half(&self, bytes: &[u8], at: usize) -> Option<u16> {
        if self.big {
            be16(bytes, at)
        } else {
            le16(bytes, at)
        }
    }

    fn long(&self, bytes: &[u8], at: usize) -> Option<u64> {
        let (first, second) = (self.word(bytes, at)?, self.word(bytes, at.checked_add(4)?)?);
        let (high, low) = if self.big {
            (first, second)
        } else {
            (second, first)
        };
        Some(u64::from(high) << 32 | u64::from(low))
    }

    /// As [`super::Capture::next`]; more may be consumed than there is.
    pub fn next<'b>(&mut self, bytes: &'b [u8], lost: &mut u64) -> (usize, Step<'b>) {
        if self.lost_place {
            return self.find(bytes);
        }
        if bytes.len() < 12 {
            return (0, Step::More);
        }
        if bytes.starts_with(&SECTION) {
            match be32(bytes, 8) {
                Some(0x1A2B_3C4D) => self.big = true,
                Some(0x4D3C_2B1A) => self.big = false,
                _ => return self.broken(),
            }
            self.begun = true;
            self.interfaces.clear();
        }
        let length = self
            .word(bytes, 4)
            .and_then(|length| usize::try_from(length).ok());
        let Some(length) = length.filter(|length| *length >= 12 && self.begun) else {
            return self.broken();
        };
        let kind = self.word(bytes, 0).unwrap_or(0);
        // Blocks end on four bytes, whatever they say.
        let whole = length.saturating_add(3) & !3;
        if whole > MAX_BLOCK_BYTES {
            // A long block of another sort is passed over.
            return match kind {
                2 | 3 | 6 => self.broken(),
                _ if whole > 1 << 30 => self.broken(),
                _ => (whole, Step::Again),
            };
        }
        let Some(block) = bytes.get(..whole) else {
            return (0, Step::More);
        };
        if self.word(block, whole - 4) != self.word(block, 4) {
            return self.broken();
        }
        let body = block.get(8..whole - 4).unwrap_or_default();
        (whole, self.block(kind, body, lost))
    }

    fn broken<'b>(&mut self) -> (usize, Step<'b>) {
        self.lost_place = true;
        (1, Step::Unread(Unread::BrokenFile))
    }

    fn block<'b>(&mut self, kind: u32, body: &'b [u8], lost: &mut u64) -> Step<'b> {
        let frame = match kind {
            1 => {
                if self.interfaces.len() < MAX_INTERFACES {
                    self.interfaces.extend(self.interface(body));
                }
                return Step::Again;
            }
            5 => {
                self.statistics(body, lost);
                return Step::Again;
            }
            6 => self.packet(body, self.word(body, 0), 4),
            // The older form: two bytes of interface, two of packets dropped before it.
            2 => {
                let drops = self.half(body, 2).filter(|drops| *drops != u16::MAX);
                *lost = lost.saturating_add(drops.map_or(0, u64::from));
                self.packet(body, self.half(body, 0).map(u32::from), 4)
            }
            3 => self.simple(body),
            _ => return Step::Again,
        };
        match frame {
            Ok(frame) => {
                self.last = Some(frame.at);
                Step::Frame(frame)
            }
            Err(reason) => Step::Unread(reason),
        }
    }

    fn interface(&self, body: &[u8]) -> Option<Interface> {
        let mut interface = Interface {
            link: LinkType(self.half(body, 0)?),
            keeps: self.word(body, 4)?,
            resolution: 6,
            offset_seconds: 0,
            dropped: 0,
        };
        self.options(body.get(8..)?, |code, value| match code {
            9 => interface.resolution = u8_at(value, 0).unwrap_or(6),
            14 => {
                let offset = self.long(value, 0).unwrap_or(0);
                interface.offset_seconds = offset.cast_signed();
            }
            _ => {}
        });
        Some(interface)
    }

    /// Calls `each` with every option: a code, a length, a value filled up to four bytes.
    fn options(&self, mut bytes: &[u8], mut each: impl FnMut(u16, &[u8])) {
        while let (Some(code), Some(length)) = (self.half(bytes, 0), self.half(bytes, 2)) {
            let length = usize::from(length);
            let Some(value) = bytes.get(4..4 + length).filter(|_| code != 0) else {
                return;
            };
            each(code, value);
            bytes = bytes.get(4 + ((length + 3) & !3)..).unwrap_or_default();
        }
    }

    fn statistics(&mut self, body: &[u8], lost: &mut u64) {
        let Some(index) = self
            .word(body, 0)
            .and_then(|index| usize::try_from(index).ok())
        else {
            return;
        };
        let mut dropped = 0_u64;
        self.options(body.get(12..).unwrap_or_default(), |code, value| {
            // By the interface, and by the system.
            if matches!(code, 5 | 7) {
                dropped = dropped.saturating_add(self.long(value, 0).unwrap_or(0));
            }
        });
        // Later statistics count on from earlier ones.
        if let Some(interface) = self.interfaces.get_mut(index) {
            *lost = lost.saturating_add(dropped.saturating_sub(interface.dropped));
            interface.dropped = interface.dropped.max(dropped);
        }
    }

    fn packet<'b>(
        &self,
        body: &'b [u8],
        interface: Option<u32>,
        at: usize,
    ) -> Result<Frame<'b>, Unread> {
        let interface = interface
            .and_then(|index| self.interfaces.get(usize::try_from(index).ok()?))
            .ok_or(Unread::UnknownLink)?;
        let word = |place: usize| self.word(body, at + place).ok_or(Unread::BrokenFile);
        let ticks = u64::from(word(0)?) << 32 | u64::from(word(4)?);
        let (kept, wire) = (word(8)?, word(12)?);
        let kept = usize::try_from(kept).map_err(|_| Unread::TooLong)?;
        if kept > MAX_FRAME_BYTES {
            return Err(Unread::TooLong);
        }
        let bytes = body.get(at + 16..).and_then(|rest| rest.get(..kept));
        let bytes = bytes.ok_or(Unread::BrokenFile)?;
        Ok(Frame {
            at: interface.moment(ticks),
            link: interface.link,
            bytes,
            wire_bytes: wire.max(u32::try_from(kept).unwrap_or(0)),
        })
    }

    /// A packet without time or interface: those of the first interface, at the time of the one before.
    fn simple<'b>(&self, body: &'b [u8]) -> Result<Frame<'b>, Unread> {
        let interface = self.interfaces.first().ok_or(Unread::UnknownLink)?;
        let wire = self.word(body, 0).ok_or(Unread::BrokenFile)?;
        let kept = if interface.keeps == 0 {
            wire
        } else {
            wire.min(interface.keeps)
        };
        let kept = usize::try_from(kept).map_err(|_| Unread::TooLong)?;
        let bytes = body.get(4..).and_then(|rest| rest.get(..kept));
        Ok(Frame {
            at: self.last.unwrap_or(Timestamp::from_micros(0)),
            link: interface.link,
            bytes: bytes.ok_or(Unread::BrokenFile)?,
            wire_bytes: wire,
        })
    }

    /// The next block of a known sort whose two lengths agree.
    fn find<'b>(&mut self, bytes: &'b [u8]) -> (usize, Step<'b>) {
        for at in 0..bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            if rest.len() < 12 {
                return (at, Step::More);
            }
            if rest.starts_with(&SECTION)
                && matches!(be32(rest, 8), Some(0x1A2B_3C4D | 0x4D3C_2B1A))
            {
                self.lost_place = false;
                return (at, Step::Again);
            }
            let known = matches!(self.word(rest, 0), Some(1..=6 | 10));
            let length = self
                .word(rest, 4)
                .and_then(|length| usize::try_from(length).ok());
            let Some(length) = length.filter(|length| {
                known && self.begun && (12..=MAX_BLOCK_BYTES).contains(length) && length % 4 == 0
            }) else {
                continue;
            };
            if rest.len() < length && rest.len() < MAX_BLOCK_BYTES {
                return (at, Step::More);
            }
            if self.word(rest, length - 4) == self.word(rest, 4) {
                self.lost_place = false;
                return (at, Step::Again);
            }
        }
        (bytes.len(), Step::More)
    }
}

impl Interface {
    fn moment(&self, ticks: u64) -> Timestamp {
        let ticks = i128::from(ticks);
        let power = u32::from(self.resolution & 0x7F);
        let micros = if self.resolution & 0x80 != 0 {
            // Parts of a second by powers of two; finer than a microsecond's 2^63 part is nobody's.
            (ticks * 1_000_000).checked_shr(power).unwrap_or(0)
        } else {
            match power.checked_sub(6) {
                Some(finer) => ticks / 10_i128.checked_pow(finer).unwrap_or(i128::MAX),
                None => ticks * 10_i128.pow(6 - power),
            }
        };
        moment(micros.saturating_add(i128::from(self.offset_seconds) * 1_000_000))
    }
}
