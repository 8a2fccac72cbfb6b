//! Times and numbers for people.

use larum_core::time::Timestamp;

use crate::config::Zone;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// `22 Nov 2026, 19:24`, in `zone`.
#[must_use]
pub fn moment(at: Timestamp, zone: &Zone) -> String {
    let local = at.plus_seconds(i64::from(zone.offset_seconds_at(at)));
    let (year, month, day) = local.civil_date();
    let minute = local.as_seconds().rem_euclid(86_400) / 60;
    let month = usize::try_from(month - 1)
        .ok()
        .and_then(|month| MONTHS.get(month))
        .unwrap_or(&"");
    format!(
        "{day} {month} {year}, {:02}:{:02}",
        minute / 60,
        minute % 60
    )
}

/// `12,345`.
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_numbers_read_well() {
        let at = Timestamp::from_civil((2026, 7, 1), (22, 30, 0), 0).unwrap();
        assert_eq!(moment(at, &Zone::default()), "1 Jul 2026, 23:30");
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_234_567), "1,234,567");
    }
}
