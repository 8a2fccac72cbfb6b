//! sFlow 5: samples of packets, each standing for so many.

use std::net::IpAddr;

use super::{Numbered, Record};
use crate::bytes::{be16, be32};
use crate::ip;
use crate::link::{self, LinkType};
use crate::unread::Unread;

/// Samples of one datagram, at most, and records of one sample.
const MAX_SAMPLES: u32 = 256;

/// Reads a datagram; `None` when it is none, or ends before what it says.
pub fn read(bytes: &[u8], each: &mut impl FnMut(Result<Record, Unread>)) -> Option<Numbered> {
    if be32(bytes, 0)? != 5 {
        return None;
    }
    let agent = match be32(bytes, 4)? {
        1 => 4,
        2 => 16,
        _ => return None,
    };
    // After the agent's address: number of the part, of the datagram, time since start, samples.
    let mut at = 8 + agent + 12;
    let samples = be32(bytes, at)?.min(MAX_SAMPLES);
    at += 4;
    for _ in 0..samples {
        let (kind, length) = (
            be32(bytes, at)?,
            usize::try_from(be32(bytes, at + 4)?).ok()?,
        );
        let body = bytes.get(at + 8..)?.get(..length)?;
        match kind {
            1 => sample(body, 8, 28, each)?,
            // The same with larger numbers of interfaces.
            3 => sample(body, 12, 40, each)?,
            // Counters, and what makers add.
            _ => {}
        }
        at = at.checked_add(8 + length)?;
    }
    // Datagrams are numbered, by each part of the agent for itself.
    Some(Numbered {
        part: be32(bytes, 8 + agent)?,
        number: be32(bytes, 12 + agent)?,
        count: Some(1),
    })
}

/// A flow sample: its rate stands at `rate_at`, the number of its records at `count_at`.
fn sample(
    body: &[u8],
    rate_at: usize,
    count_at: usize,
    each: &mut impl FnMut(Result<Record, Unread>),
) -> Option<()> {
    let rate = u64::from(be32(body, rate_at)?).max(1);
    let records = be32(body, count_at)?.min(MAX_SAMPLES);
    let mut at = count_at + 4;
    for _ in 0..records {
        let (kind, length) = (be32(body, at)?, usize::try_from(be32(body, at + 4)?).ok()?);
        let value = body.get(at + 8..)?.get(..length)?;
        let found = match kind {
            1 => Some(header(value, rate)),
            3 => plain(value, 4, rate).map(Ok),
            4 => plain(value, 16, rate).map(Ok),
            _ => None,
        };
        if let Some(found) = found {
            each(found);
        }
        at = at.checked_add(8 + length)?;
    }
    Some(())
}

/// The first bytes of a packet.
fn header(value: &[u8], rate: u64) -> Result<Record, Unread> {
    let word = |at: usize| be32(value, at).ok_or(Unread::Malformed);
    let (kind, wire) = (word(0)?, u64::from(word(4)?));
    let length = usize::try_from(word(12)?).map_err(|_| Unread::Malformed)?;
    let frame = value.get(16..).unwrap_or_default();
    let frame = frame.get(..length).unwrap_or(frame);
    let link = match kind {
        1 => LinkType::ETHERNET,
        11 | 12 => LinkType::RAW,
        7 => LinkType(9),
        4 => LinkType(107),
        _ => return Err(Unread::UnknownLink),
    };
    let offset = link::ip_offset(link, frame)?;
    let datagram = ip::read(frame.get(offset..).unwrap_or_default())?;
    let port = |at| be16(datagram.payload, at).unwrap_or(0);
    // A later fragment has no ports.
    let is_first = datagram.fragment.is_none_or(|piece| piece.offset == 0);
    Ok(Record {
        source: Some(datagram.source),
        target: Some(datagram.target),
        source_port: if is_first { port(0) } else { 0 },
        target_port: if is_first { port(2) } else { 0 },
        protocol: datagram.protocol,
        bytes: wire.saturating_mul(rate),
        ..Record::default()
    })
}

/// Addresses and ports alone.
fn plain(value: &[u8], width: usize, rate: u64) -> Option<Record> {
    let address = |at: usize| -> Option<IpAddr> {
        let bytes = value.get(at..)?;
        if width == 4 {
            Some(IpAddr::from(*bytes.first_chunk::<4>()?))
        } else {
            Some(IpAddr::from(*bytes.first_chunk::<16>()?))
        }
    };
    let ports = 8 + 2 * width;
    let port = |at| u16::try_from(be32(value, at)? & 0xFFFF).ok();
    Some(Record {
        source: address(8),
        target: address(8 + width),
        source_port: port(ports)?,
        target_port: port(ports + 4)?,
        protocol: u8::try_from(be32(value, 4)? & 0xFF).ok()?,
        bytes: u64::from(be32(value, 0)?).saturating_mul(rate),
        ..Record::default()
    })
}
