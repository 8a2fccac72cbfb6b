//! TCP headers.

use super::state::Done;
use super::stream::Segment;
use super::{is_service, ports};
use crate::bytes::{be32, u8_at};
use crate::ip::Datagram;
use crate::unread::Unread;

pub const FIN: u8 = 1;
pub const SYN: u8 = 2;
pub const RST: u8 = 4;
pub const ACK: u8 = 16;

/// A TCP header (RFC 9293, section 3.1) and what follows it.
pub struct Header<'a> {
    pub from: u16,
    pub to: u16,
    pub seq: u32,
    pub ack: u32,
    pub flags: u8,
    pub body: &'a [u8],
    pub missing: u32,
}

impl<'a> Header<'a> {
    pub fn of(datagram: &Datagram<'a>) -> Result<Self, Unread> {
        let bytes = datagram.payload;
        let (from, to) = ports(datagram)?;
        let read = || -> Option<Self> {
            let length = usize::from(u8_at(bytes, 12)? >> 4) * 4;
            Some(Self {
                from,
                to,
                seq: be32(bytes, 4)?,
                ack: be32(bytes, 8)?,
                flags: u8_at(bytes, 13)?,
                body: bytes.get(length.max(20)..).unwrap_or_default(),
                missing: u32::try_from(datagram.missing).unwrap_or(u32::MAX),
            })
        };
        // Headers that are cut still say whose packet it is.
        Ok(read().unwrap_or(Self {
            from,
            to,
            seq: be32(bytes, 4).unwrap_or(0),
            ack: 0,
            flags: u8_at(bytes, 13).unwrap_or(0),
            body: &[],
            missing: 0,
        }))
    }

    pub const fn is_opening(&self) -> bool {
        self.flags & (SYN | ACK | RST) == SYN
    }

    /// Whether the sender of the first packet seen is the client.
    pub const fn is_from_client(&self) -> bool {
        if self.flags & SYN != 0 {
            return self.flags & ACK == 0;
        }
        !is_service(self.from, self.to)
    }

    pub fn done(&self) -> Done {
        let mut done = Done::default();
        let syn = self.flags & SYN != 0;
        let ack = self.flags & ACK != 0;
        let sorts = [
            (syn && !ack, Done::SYN),
            (syn && ack, Done::ANSWER),
            (
                ack && !syn && self.flags & (RST | FIN) == 0 && self.body.is_empty(),
                Done::ACK,
            ),
            (self.flags & FIN != 0, Done::FIN),
            (self.flags & RST != 0, Done::RESET),
        ];
        for (is, what) in sorts {
            if is {
                done = done.with(what);
            }
        }
        done
    }

    pub const fn segment(&self) -> Segment<'a> {
        let seq = if self.flags & SYN != 0 {
            self.seq.wrapping_add(1)
        } else {
            self.seq
        };
        Segment {
            seq,
            bytes: self.body,
            missing: self.missing,
        }
    }
}
