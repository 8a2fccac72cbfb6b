//! Dates as lists write them.

use crate::time::{DeviceTime, Timestamp};

/// A moment: RFC 3339, a date and time without zone (taken as UTC, as feeds mean it), a date alone
/// (its beginning), or seconds or milliseconds since 1970.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let text = text
        .strip_suffix("UTC")
        .or_else(|| text.strip_suffix("GMT"))
        .map_or(text, str::trim_end);
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return counted(text);
    }
    let whole = |text: &str| DeviceTime::parse_rfc3339(text.as_bytes()).map(|time| time.at);
    if let Some(at) = whole(text) {
        return Some(at);
    }
    if text.len() == 10 {
        return whole(&format!("{text}T00:00:00Z"));
    }
    match text.len() {
        // Minutes without seconds.
        16 => whole(&format!("{text}:00Z")),
        17..=40 => whole(&format!("{text}Z")),
        _ => None,
    }
}

/// Seconds, milliseconds or microseconds since 1970, told apart by their size; 20261122 is a date.
fn counted(text: &str) -> Option<Timestamp> {
    let number: i64 = text.parse().ok()?;
    match text.len() {
        8 => {
            let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
            Timestamp::from_civil((year, month, day), (0, 0, 0), 0)
        }
        9..=10 => Some(Timestamp::from_seconds(number)),
        13 => Some(Timestamp::from_millis(number)),
        16 => Some(Timestamp::from_micros(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_lists_write_them() {
        for (text, expected) in [
            ("2026-11-22T10:00:00Z", Some("2026-11-22T10:00:00Z")),
            (
                "2026-11-22T10:00:00.5+01:00",
                Some("2026-11-22T09:00:00.500Z"),
            ),
            ("2026-11-22 10:00:00", Some("2026-11-22T10:00:00Z")),
            ("2026-11-22 10:00:00 UTC", Some("2026-11-22T10:00:00Z")),
            ("2026-11-22 10:00", Some("2026-11-22T10:00:00Z")),
            (
                "2026-11-22T10:00:00.123456",
                Some("2026-11-22T10:00:00.123456Z"),
            ),
            ("2026-11-22", Some("2026-11-22T00:00:00Z")),
            ("20261122", Some("2026-11-22T00:00:00Z")),
            ("1795305600", Some("2026-11-22T00:00:00Z")),
            ("1795305600000", Some("2026-11-22T00:00:00Z")),
            ("tomorrow", None),
            ("2026-13-22", None),
            ("", None),
            ("22/11/2026", None),
        ] {
            let found = moment(text).map(|at| at.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
