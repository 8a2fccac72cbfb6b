//! Times as devices write them. All in UTC.

use larum_core::time::Timestamp;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A moment taken apart.
pub(crate) struct Civil {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
}

impl Civil {
    pub(crate) fn of(at: Timestamp) -> Self {
        let (year, month, day) = at.civil_date();
        let of_day = at.as_seconds().rem_euclid(86_400);
        Self {
            year,
            month,
            day,
            hour: of_day / 3_600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
        }
    }

    pub(crate) fn month_name(&self) -> &'static str {
        usize::try_from(self.month - 1)
            .ok()
            .and_then(|index| MONTHS.get(index))
            .copied()
            .unwrap_or("Jan")
    }

    /// `19:54:15`.
    pub(crate) fn clock(&self) -> String {
        format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }

    /// `Nov  2 19:54:15`, RFC 3164.
    pub(crate) fn bsd(&self) -> String {
        format!("{} {:>2} {}", self.month_name(), self.day, self.clock())
    }

    /// `02/Nov/2026:19:54:15 +0000`, Apache's common log format.
    pub(crate) fn web(&self) -> String {
        format!(
            "{:02}/{}/{:04}:{} +0000",
            self.day,
            self.month_name(),
            self.year,
            self.clock()
        )
    }

    /// `2026-11-02T19:54:15.123456+00:00`, RFC 3339 as rsyslog and RFC 5424 senders write it.
    pub(crate) fn iso(&self, micros: i64) -> String {
        format!(
            "{:04}-{:02}-{:02}T{}.{micros:06}+00:00",
            self.year,
            self.month,
            self.day,
            self.clock()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_each_dialect() {
        let at = Timestamp::from_civil((2026, 11, 2), (9, 4, 5), 0).unwrap();
        let civil = Civil::of(at);
        assert_eq!(civil.bsd(), "Nov  2 09:04:05");
        assert_eq!(civil.web(), "02/Nov/2026:09:04:05 +0000");
        assert_eq!(civil.iso(7), "2026-11-02T09:04:05.000007+00:00");
    }
}
