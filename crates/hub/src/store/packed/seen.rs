//! What one batch said about a key and an hour: when, how bad, and which sources how often.

use std::collections::BTreeMap;
use std::net::IpAddr;

use larum_core::finding::Severity;
use larum_core::time::Timestamp;

use super::bytes::{Reader, put_address, put_number, put_signed};

/// The part of one batch in a key and an hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The first event of the sightings in it, which may lie before the hour.
    pub first: Timestamp,
    /// Their last event, which may lie after it.
    pub last: Timestamp,
    /// The worst severity.
    pub severity: Severity,
    /// Whether an attack worked.
    pub success: bool,
    /// For each source, the greatest count of a sighting that names it.
    pub sources: BTreeMap<IpAddr, u64>,
}

impl Seen {
    /// As bytes; `hour` is the start of the hour.
    #[must_use]
    pub fn pack(&self, hour: Timestamp) -> Vec<u8> {
        let mut out = Vec::with_capacity(10 + 7 * self.sources.len());
        put_signed(&mut out, self.first.millis_since(hour));
        put_signed(&mut out, self.last.millis_since(hour));
        let rank = Severity::ALL.iter().position(|one| *one == self.severity);
        let rank = u8::try_from(rank.unwrap_or(0)).unwrap_or(0);
        out.push(rank << 1 | u8::from(self.success));
        for (source, count) in &self.sources {
            put_address(&mut out, *source);
            put_number(&mut out, *count);
        }
        out
    }

    /// From bytes; `None` when they are none.
    #[must_use]
    pub fn unpack(bytes: &[u8], hour: Timestamp) -> Option<Self> {
        let mut reader = Reader(bytes);
        let first = hour.plus_millis(reader.signed()?);
        let last = hour.plus_millis(reader.signed()?);
        let flags = reader.byte()?;
        let severity = *Severity::ALL.get(usize::from(flags >> 1))?;
        let mut sources = BTreeMap::new();
        while !reader.0.is_empty() {
            let source = reader.address()?;
            sources.insert(source, reader.number()?);
        }
        Some(Self {
            first,
            last,
            severity,
            success: flags & 1 == 1,
            sources,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again() {
        let hour = Timestamp::from_seconds(1_800_000_000);
        let seen = Seen {
            first: hour.plus_millis(-5),
            last: hour.plus_millis(7_200_000),
            severity: Severity::Critical,
            success: true,
            sources: [
                ("192.0.2.1".parse().unwrap(), 1),
                ("2001:db8::".parse().unwrap(), 300),
                ("2001:db8::1".parse().unwrap(), u64::MAX),
                ("::".parse().unwrap(), 2),
            ]
            .into(),
        };
        let bytes = seen.pack(hour);
        assert_eq!(Seen::unpack(&bytes, hour), Some(seen));
        for end in 1..bytes.len() {
            let cut = Seen::unpack(bytes.get(..end).unwrap(), hour);
            assert!(cut.is_none_or(|cut| cut.sources.len() < 4), "{end}");
        }
    }
}
