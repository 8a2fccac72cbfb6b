//! From the wire to a sighting that the hub keeps: in itself it is checked where the wire ends
//! (`larum_link::convert`), here against the hub's clock.
//!
//! A sighting that cannot be kept is set aside with its reason and the rest of the batch counts: one
//! device with a wrong clock must not hold up what the firm saw besides.

use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;
use larum_link::convert::Misfit;

/// How far past the hub's clock an event may lie: 24 hours.
pub const MAX_AHEAD_MS: i64 = 86_400_000;
/// How old an event may be: 400 days, which is what the hub keeps.
pub const MAX_AGE_MS: i64 = 400 * 86_400_000;

/// Why a sighting could not be kept: the word in the receipt and the metric label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SetAside {
    /// The id is not 32 hexadecimal digits.
    Id,
    /// The key has no shape that is shared: it could hold content.
    Key,
    /// The detector's name is empty, too long, or not of visible ASCII characters.
    Detector,
    /// A word that this hub does not know (category, severity, outcome).
    UnknownWord,
    /// An id that is not ATT&CK's, or too many.
    Attack,
    /// Confidence above 100, or a count of nothing.
    Number,
    /// Its last event lies before its first.
    TimeOrder,
    /// An event further in the future than a wrong time zone explains: a wrong clock.
    TimeAhead,
    /// An event older than the hub keeps.
    TimeTooOld,
    /// No source, or too many.
    Sources,
    /// A source that is not on the public internet: an inside address must never leave a firm.
    InsideAddress,
}

impl SetAside {
    /// Every reason.
    pub const ALL: [Self; 11] = [
        Self::Id,
        Self::Key,
        Self::Detector,
        Self::UnknownWord,
        Self::Attack,
        Self::Number,
        Self::TimeOrder,
        Self::TimeAhead,
        Self::TimeTooOld,
        Self::Sources,
        Self::InsideAddress,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Key => "key",
            Self::Detector => "detector",
            Self::UnknownWord => "unknown-word",
            Self::Attack => "attack",
            Self::Number => "number",
            Self::TimeOrder => "time-order",
            Self::TimeAhead => "time-ahead",
            Self::TimeTooOld => "time-too-old",
            Self::Sources => "sources",
            Self::InsideAddress => "inside-address",
        }
    }
}

impl From<Misfit> for SetAside {
    fn from(misfit: Misfit) -> Self {
        match misfit {
            Misfit::Id => Self::Id,
            Misfit::Key => Self::Key,
            Misfit::Detector => Self::Detector,
            Misfit::Category | Misfit::Severity | Misfit::Outcome => Self::UnknownWord,
            Misfit::Attack => Self::Attack,
            Misfit::Confidence | Misfit::Count => Self::Number,
            Misfit::Times => Self::TimeOrder,
            Misfit::Sources => Self::Sources,
            Misfit::InsideAddress => Self::InsideAddress,
        }
    }
}

/// Checks what was read, in itself and then against the hub's clock. Its sources come out sorted, each
/// once.
///
/// # Errors
/// The first thing found wrong.
pub fn check(read: Result<Sighting, Misfit>, now: Timestamp) -> Result<Sighting, SetAside> {
    let mut sighting = read?;
    if sighting.last > now.plus_millis(MAX_AHEAD_MS) {
        return Err(SetAside::TimeAhead);
    }
    if sighting.first < now.plus_millis(-MAX_AGE_MS) {
        return Err(SetAside::TimeTooOld);
    }
    sighting.sources.sort_unstable();
    sighting.sources.dedup();
    Ok(sighting)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use larum_link::wire::WireSighting;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    type Spoil = Box<dyn Fn(&mut WireSighting)>;

    fn good() -> WireSighting {
        WireSighting {
            id: "0123456789abcdef0123456789abcdef".into(),
            key: "tcp/3389".into(),
            detector: "port-scan".into(),
            category: "scan".into(),
            attack: vec!["T1046".into(), "T1110.001".into()],
            severity: "medium".into(),
            confidence: 80,
            outcome: "blocked".into(),
            first: NOW.as_millis() - 60_000,
            last: NOW.as_millis(),
            count: 12,
            sources: vec!["203.0.113.9".parse().unwrap()],
        }
    }

    #[test]
    fn a_good_one_is_kept_and_mapped_addresses_become_plain() {
        let mut wire = good();
        wire.sources.push("::ffff:203.0.113.9".parse().unwrap());
        let sighting = check(Sighting::try_from(&wire), NOW).unwrap();
        assert_eq!(sighting.sources, ["203.0.113.9".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn each_wrong_field_has_its_reason() {
        let day_ms = 86_400_000;
        let cases: Vec<(SetAside, Spoil)> = vec![
            (SetAside::Id, Box::new(|wire| wire.id = "xyz".into())),
            (SetAside::Key, Box::new(|wire| wire.key.clear())),
            (SetAside::Key, Box::new(|wire| wire.key = "a b".into())),
            (SetAside::Key, Box::new(|wire| wire.key = "x".repeat(129))),
            (
                SetAside::Detector,
                Box::new(|wire| wire.detector = "\n".into()),
            ),
            (
                SetAside::UnknownWord,
                Box::new(|wire| wire.category = "x".into()),
            ),
            (
                SetAside::UnknownWord,
                Box::new(|wire| wire.severity = "HIGH".into()),
            ),
            (
                SetAside::UnknownWord,
                Box::new(|wire| wire.outcome = String::new()),
            ),
            (
                SetAside::Attack,
                Box::new(|wire| wire.attack = vec!["1046".into()]),
            ),
            (
                SetAside::Attack,
                Box::new(|wire| wire.attack = vec!["T1046".into(); 17]),
            ),
            (
                SetAside::Attack,
                Box::new(|wire| wire.attack = vec!["T1046.1".into()]),
            ),
            (SetAside::Number, Box::new(|wire| wire.confidence = 101)),
            (SetAside::Number, Box::new(|wire| wire.count = 0)),
            (
                SetAside::TimeOrder,
                Box::new(|wire| wire.first = wire.last + 1),
            ),
            (
                SetAside::TimeAhead,
                Box::new(move |wire| wire.last += day_ms + 1),
            ),
            (
                SetAside::TimeTooOld,
                Box::new(move |wire| wire.first -= 400 * day_ms),
            ),
            (SetAside::TimeAhead, Box::new(|wire| wire.last = i64::MAX)),
            (SetAside::TimeTooOld, Box::new(|wire| wire.first = i64::MIN)),
            (SetAside::Sources, Box::new(|wire| wire.sources.clear())),
            (
                SetAside::Sources,
                Box::new(|wire| wire.sources = vec!["192.0.2.1".parse().unwrap(); 51]),
            ),
            (
                SetAside::InsideAddress,
                Box::new(|wire| wire.sources.push("10.0.0.1".parse().unwrap())),
            ),
        ];
        for (expected, spoil) in cases {
            let mut wire = good();
            spoil(&mut wire);
            assert_eq!(
                check(Sighting::try_from(&wire), NOW).err(),
                Some(expected),
                "{wire:?}"
            );
        }
    }

    #[test]
    fn words_that_could_hold_content_are_set_aside() {
        for key in ["someone@example.org", "web/etc/passwd", "example.org"] {
            let mut wire = good();
            wire.key = key.into();
            assert_eq!(
                check(Sighting::try_from(&wire), NOW).err(),
                Some(SetAside::Key),
                "{key}"
            );
        }
        let mut wire = good();
        wire.detector = "x".repeat(65);
        assert_eq!(
            check(Sighting::try_from(&wire), NOW).err(),
            Some(SetAside::Detector)
        );
    }
}
