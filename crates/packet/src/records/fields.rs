//! What the fields of a record mean (IANA registry of IPFIX information elements).

use std::net::IpAddr;

use larum_core::time::Timestamp;

use super::Record;

/// When a datagram was sent, and how long its exporter had been up.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Milliseconds since 1970.
    pub at_millis: i64,
    /// Milliseconds since the exporter started; of IPFIX from a field, if any.
    pub started_millis: Option<i64>,
}

/// Enterprise number of fields that tell of the way back (RFC 5103).
pub const REVERSE: u32 = 29_305;

/// Rates of sampling that a record or an options record names.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sampling {
    /// Which sampler.
    pub sampler: u64,
    /// One packet in so many.
    pub interval: u64,
    /// Packets taken, and left out, in turn.
    pub taken: u64,
    pub space: u64,
}

impl Sampling {
    /// One packet in so many, if it says so.
    pub const fn rate(&self) -> Option<u64> {
        if self.interval > 1 {
            Some(self.interval)
        } else if self.taken > 0 && self.space > 0 {
            Some(self.space.saturating_add(self.taken) / self.taken)
        } else {
            None
        }
    }

    /// Takes a field of an options record or a record.
    pub fn take(&mut self, id: u16, value: u64) {
        match id {
            34 | 50 => self.interval = value,
            48 | 302 => self.sampler = value,
            305 => self.taken = value,
            306 => self.space = value,
            _ => {}
        }
    }
}

/// A number of up to eight bytes.
pub fn number(value: &[u8]) -> u64 {
    let start = value.len().saturating_sub(8);
    let digits = value.get(start..).unwrap_or_default();
    digits
        .iter()
        .fold(0, |sum, digit| sum << 8 | u64::from(*digit))
}

/// Writes the field `id` of `enterprise` into `record`.
pub fn take(record: &mut Record, sent: Sent, (id, enterprise): (u16, u32), value: &[u8]) {
    let plain = number(value);
    if enterprise == REVERSE {
        if id == 1 {
            record.back_bytes = Some(plain);
        }
        return;
    }
    if enterprise != 0 {
        return;
    }
    let port = || u16::try_from(plain & 0xFFFF).unwrap_or(0);
    let byte = || u8::try_from(plain & 0xFF).unwrap_or(0);
    match id {
        1 | 85 | 231 => record.bytes = plain,
        232 => record.back_bytes = Some(plain),
        4 => record.protocol = byte(),
        7 => record.source_port = port(),
        11 => record.target_port = port(),
        8 | 27 => record.source = address(value).or(record.source),
        12 | 28 => record.target = address(value).or(record.target),
        225 | 281 => record.source_nat = address(value),
        226 | 282 => record.target_nat = address(value),
        233 => record.firewall_event = byte(),
        22 | 150 | 152 | 154 | 156 | 158 => record.first = moment(id, sent, value).or(record.first),
        21 | 151 | 153 | 155 | 157 | 159 => record.last = moment(id, sent, value).or(record.last),
        _ => {}
    }
}

/// An address that is not all zero, as exporters write for the family a flow is not of.
fn address(value: &[u8]) -> Option<IpAddr> {
    let ip: IpAddr = match value.len() {
        4 => IpAddr::from(*value.first_chunk::<4>()?),
        16 => IpAddr::from(*value.first_chunk::<16>()?),
        _ => return None,
    };
    (!ip.is_unspecified()).then_some(ip)
}

fn moment(id: u16, sent: Sent, value: &[u8]) -> Option<Timestamp> {
    let plain = i64::try_from(number(value)).ok()?;
    let millis = match id {
        21 | 22 => sent.started_millis?.checked_add(plain)?,
        150 | 151 => plain.checked_mul(1_000)?,
        152 | 153 => plain,
        // Seconds since 1900 and parts of 2^32 (RFC 7011, section 6.1.9).
        154..=157 => {
            let bits = number(value);
            let seconds = i64::try_from(bits >> 32).ok()?.checked_sub(2_208_988_800)?;
            let parts = i64::try_from(((bits & 0xFFFF_FFFF) * 1_000) >> 32).ok()?;
            seconds.checked_mul(1_000)?.checked_add(parts)?
        }
        // Microseconds before the datagram was sent.
        _ => sent.at_millis.checked_sub(plain / 1_000)?,
    };
    // Nothing before 1970 or after the year 9999 is a time of a flow.
    (0..253_402_300_799_000)
        .contains(&millis)
        .then(|| Timestamp::from_millis(millis))
}
