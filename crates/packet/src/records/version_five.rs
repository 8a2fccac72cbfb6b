//! NetFlow 5: a header of 24 bytes, then records of 48.

use larum_core::time::Timestamp;

use super::{Numbered, Record};
use crate::bytes::{be16, be32, u8_at};
use crate::unread::Unread;

/// Reads a datagram; `None` when it ends before what it says.
pub fn read(bytes: &[u8], each: &mut impl FnMut(Result<Record, Unread>)) -> Option<Numbered> {
    let count = usize::from(be16(bytes, 2)?);
    let uptime = i64::from(be32(bytes, 4)?);
    let now = i64::from(be32(bytes, 8)?) * 1_000 + i64::from(be32(bytes, 12)? / 1_000_000);
    // Two bits of mode, fourteen of interval.
    let rate = u64::from(be16(bytes, 22)? & 0x3FFF).max(1);
    for number in 0..count {
        let record = bytes.get(24 + number * 48..)?.get(..48)?;
        let address = |at: usize| Some(std::net::Ipv4Addr::from_bits(be32(record, at)?).into());
        let moment = |at: usize| {
            let millis = now - uptime + i64::from(be32(record, at)?);
            Some(Timestamp::from_millis(millis))
        };
        each(Ok(Record {
            source: address(0),
            target: address(4),
            source_port: be16(record, 32)?,
            target_port: be16(record, 34)?,
            protocol: u8_at(record, 38)?,
            bytes: u64::from(be32(record, 20)?).saturating_mul(rate),
            first: moment(24),
            last: moment(28),
            ..Record::default()
        }));
    }
    // Flows are numbered, by each engine for itself.
    Some(Numbered {
        part: be16(bytes, 20)?.into(),
        number: be32(bytes, 16)?,
        count: u32::try_from(count).ok(),
    })
}
