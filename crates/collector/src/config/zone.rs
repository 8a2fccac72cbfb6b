//! The zone of time stamps that name none.

use std::sync::Arc;

use jiff::tz::TimeZone;
use larum_core::time::Timestamp;

/// A zone by name (IANA time zone database) or by fixed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(Arc<TimeZone>);

impl Zone {
    /// From `Europe/London`, `UTC`, `+01:00` or `-05:30`; `None` for anything else.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let zone = match text.as_bytes() {
            [sign @ (b'+' | b'-'), h, hh, b':', m, mm] => fixed(*sign, [*h, *hh, *m, *mm])?,
            _ => TimeZone::get(text).ok()?,
        };
        Some(Self(Arc::new(zone)))
    }

    /// As in the configuration: `Europe/London`, `UTC`, `+01:00`.
    #[must_use]
    pub fn name(&self) -> String {
        match self.0.iana_name() {
            Some(name) => name.to_owned(),
            None => self.0.to_fixed_offset().map_or_else(
                |_| "UTC".to_owned(),
                |offset| {
                    let minutes = offset.seconds() / 60;
                    let sign = if minutes < 0 { '-' } else { '+' };
                    let minutes = minutes.abs();
                    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
                },
            ),
        }
    }

    /// Universal time.
    #[must_use]
    pub fn utc() -> Self {
        Self(Arc::new(TimeZone::UTC))
    }

    /// Seconds east of UTC at `moment`.
    #[must_use]
    pub fn offset_seconds_at(&self, moment: Timestamp) -> i32 {
        jiff::Timestamp::from_microsecond(moment.as_micros())
            .map_or(0, |moment| self.0.to_offset(moment).seconds())
    }
}

fn fixed(sign: u8, digits: [u8; 4]) -> Option<TimeZone> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let [h, hh, m, mm] = digits.map(|digit| i32::from(digit - b'0'));
    let (hours, minutes) = (h * 10 + hh, m * 10 + mm);
    if hours > 14 || minutes > 59 {
        return None;
    }
    let seconds = hours * 3_600 + minutes * 60;
    let signed = if sign == b'-' { -seconds } else { seconds };
    Some(TimeZone::fixed(
        jiff::tz::Offset::from_seconds(signed).ok()?,
    ))
}

impl Default for Zone {
    /// Europe/London, where the firms are.
    fn default() -> Self {
        Self::from_text("Europe/London").unwrap_or_else(Self::utc)
    }
}
