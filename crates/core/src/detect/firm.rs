//! Who is who on the network: the hosts inside, and the places outside they go to.
//!
//! Three detectors ask the same two questions: how many of the firm's hosts go to this place, and
//! since when. See `docs/detectors/beacon.md`.

use super::hash;
use super::snapshot::kept;
use super::table::{Remembered, Table};

/// Most places outside: 16,384, at 32 bytes each.
pub type Places = Table<Place, 1_024>;
/// Most hosts inside: 1,024, at 72 bytes each.
pub type Hosts = Table<Host, 64>;
/// While so much was seen in all, nothing counts as new. Three days: a working day is among them
/// whatever the week.
pub const LEARNING_SECONDS: u32 = 3 * DAY_SECONDS;
/// A place that was first seen less long ago is new (RITA's figure).
const NEW_SECONDS: u32 = 7 * DAY_SECONDS;
/// For so long after a visit answers may still come.
const IN_USE_SECONDS: u32 = 3_600;
const DAY_SECONDS: u32 = 86_400;

/// What is known of a place outside.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    hosts: u64,
    first: u32,
    last: u32,
    /// Different days on which it was visited, at most 255.
    days: u8,
}

kept!(Place {
    hosts,
    first,
    last,
    days
});

impl Place {
    /// How many hosts inside go there.
    pub fn hosts(&self) -> u32 {
        hash::distinct(self.hosts)
    }
}

impl Place {
    /// Whether somebody inside went there within the hour.
    pub const fn is_in_use(&self, now: u32) -> bool {
        now.abs_diff(self.last) < IN_USE_SECONDS
    }
}

impl Remembered for Place {
    fn last(&self) -> u32 {
        self.last
    }

    fn evidence(&self) -> u32 {
        self.days.min(30).into()
    }

    /// One less for each day of silence.
    fn strength(&self, now: u32) -> u32 {
        let idle_days = now.saturating_sub(self.last) / DAY_SECONDS;
        self.evidence().saturating_sub(idle_days)
    }
}

/// What is known of a host inside.
#[derive(Clone, Copy, Debug, Default)]
pub struct Host {
    first: u32,
    last: u32,
    /// When somebody outside last reached its mail service.
    pub receives_mail: u32,
    /// How many days' uploads to one place had so many bytes, by power of two from 1 MiB.
    pub uploads: [u16; 24],
}

kept!(Host {
    first,
    last,
    receives_mail,
    uploads
});

impl Remembered for Host {
    fn last(&self) -> u32 {
        self.last
    }

    /// For how many days it is known.
    fn evidence(&self) -> u32 {
        1 + self.last.saturating_sub(self.first) / DAY_SECONDS
    }

    /// One less for each day of silence.
    fn strength(&self, now: u32) -> u32 {
        let idle_days = now.saturating_sub(self.last) / DAY_SECONDS;
        self.evidence().saturating_sub(idle_days)
    }
}

/// The hosts and places seen so far.
#[derive(Clone, Debug, Default)]
pub struct Firm {
    places: Places,
    hosts: Hosts,
    origin: u32,
}

kept!(Firm {
    places,
    hosts,
    origin
});

impl Firm {
    /// Notes that `host` went to `place`.
    pub fn visit(&mut self, host: u64, place: u64, now: u32) {
        self.begin(now);
        self.host(host, now);
        if let Some(row) = self.places.admit(place, now, 1) {
            if row.first == 0 {
                row.first = now;
                row.days = 1;
            } else if now / DAY_SECONDS > row.last / DAY_SECONDS {
                row.days = row.days.saturating_add(1);
            }
            row.last = row.last.max(now);
            row.hosts |= hash::bit(hash::mix(host));
        }
    }

    /// The row of `host`, made if need be.
    pub fn host(&mut self, host: u64, now: u32) -> Option<&mut Host> {
        self.begin(now);
        let row = self.hosts.admit(host, now, 1)?;
        if row.first == 0 {
            row.first = now;
        }
        row.last = row.last.max(now);
        Some(row)
    }

    /// What is known of `place`.
    pub fn place(&mut self, place: u64) -> Option<Place> {
        self.places.find(place).copied()
    }

    /// How many hosts were seen.
    pub const fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// Whether too little was seen to call anything new.
    pub const fn is_learning(&self, now: u32) -> bool {
        now.saturating_sub(self.origin) < LEARNING_SECONDS
    }

    /// Whether `place` appeared lately, after the learning.
    pub fn is_new_place(&mut self, place: u64, now: u32) -> bool {
        let origin = self.origin;
        !self.is_learning(now)
            && self.places.find(place).is_none_or(|row| {
                now.saturating_sub(row.first) < NEW_SECONDS
                    && row.first.saturating_sub(origin) >= LEARNING_SECONDS
            })
    }

    /// Whether `host` was there long before: a machine that changed its ways, not a new one.
    pub fn is_old_host(&mut self, host: u64, now: u32) -> bool {
        self.hosts
            .find(host)
            .is_some_and(|row| now.saturating_sub(row.first) >= LEARNING_SECONDS)
    }

    const fn begin(&mut self, now: u32) {
        if self.origin == 0 {
            self.origin = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u32 = 1_700_000_000;

    #[test]
    fn tables_stay_within_their_bytes() {
        const { assert!(Places::MAX_BYTES <= 544 * 1_024) };
        const { assert!(Hosts::MAX_BYTES <= 80 * 1_024) };
    }

    #[test]
    fn a_place_is_new_only_after_the_learning() {
        let mut firm = Firm::default();
        firm.visit(1, 10, START);
        assert!(!firm.is_new_place(10, START));
        let later = START + 10 * DAY_SECONDS;
        firm.visit(1, 11, later);
        firm.visit(2, 11, later);
        assert!(firm.is_new_place(11, later));
        assert!(!firm.is_new_place(10, later));
        assert!(!firm.is_new_place(11, later + NEW_SECONDS));
        assert_eq!(firm.place(11).map(|place| place.hosts()), Some(2));
        assert!(firm.is_old_host(1, later));
        assert!(!firm.is_old_host(2, later));
        assert_eq!(firm.hosts(), 2);
    }

    #[test]
    fn a_place_of_every_day_outlasts_a_flood_of_strange_ones() {
        let mut firm = Firm::default();
        for day in 0..5 {
            firm.visit(1, 10, START + day * DAY_SECONDS);
        }
        for place in 0..200_000 {
            firm.visit(2, hash::mix(place), START + 4 * DAY_SECONDS + 60);
        }
        assert!(firm.place(10).is_some());
    }
}
