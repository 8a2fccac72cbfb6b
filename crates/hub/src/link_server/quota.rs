//! How much one collector, and one firm with all its collectors, may bring in a day: sightings, and bytes as
//! they come over the wire. A firm that is flooded, or a collector somebody has taken over, fills neither
//! the store nor the line of the others.
//!
//! What is used up comes back evenly over the day, so that whoever is over waits for minutes, not for
//! midnight. Nothing is lost: the collector keeps what it is not let send. Each hub counts for itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use larum_core::time::Timestamp;

use crate::enrol::identity::Peer;
use crate::id::{CollectorId, MemberId};

/// Bytes that go with each sighting of a quota: a batch has a tenth of it.
pub const SIGHTING_BYTES: u64 = 512;
/// Collectors and firms remembered; the ones that used least are forgotten first.
const MAX_REMEMBERED: usize = 20_000;
const DAY_MS: u64 = 86_400_000;

/// What each may bring in a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayLimits {
    /// Sightings of one collector.
    pub collector: u32,
    /// Sightings of one firm.
    pub member: u32,
}

/// What everybody used up.
pub struct DayQuotas(Mutex<Used>);

struct Used {
    collector_sightings: Day<CollectorId>,
    collector_bytes: Day<CollectorId>,
    member_sightings: Day<MemberId>,
    member_bytes: Day<MemberId>,
}

impl DayQuotas {
    /// Nobody has used anything yet.
    #[must_use]
    pub fn new(limits: DayLimits) -> Self {
        let (collector, member) = (u64::from(limits.collector), u64::from(limits.member));
        Self(Mutex::new(Used {
            collector_sightings: Day::new(collector),
            collector_bytes: Day::new(collector.saturating_mul(SIGHTING_BYTES)),
            member_sightings: Day::new(member),
            member_bytes: Day::new(member.saturating_mul(SIGHTING_BYTES)),
        }))
    }

    /// Whether `peer` may bring another batch.
    ///
    /// # Errors
    /// When its collector or its firm has used up its day: the seconds until there is room again.
    pub fn admit(&self, peer: Peer, now: Timestamp) -> Result<(), u32> {
        let used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = [
            used.collector_sightings.wait(peer.collector, now),
            used.collector_bytes.wait(peer.collector, now),
            used.member_sightings.wait(peer.member, now),
            used.member_bytes.wait(peer.member, now),
        ];
        waits.into_iter().max().flatten().map_or(Ok(()), Err)
    }

    /// Notes what a batch of `peer` brought.
    pub fn charge(&self, peer: Peer, sightings: u64, bytes: u64, now: Timestamp) {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.collector_sightings
            .charge(peer.collector, sightings, now);
        used.collector_bytes.charge(peer.collector, bytes, now);
        used.member_sightings.charge(peer.member, sightings, now);
        used.member_bytes.charge(peer.member, bytes, now);
    }
}

/// A bucket for each, which leaks a day's worth in a day.
struct Day<K> {
    a_day: u64,
    used: BTreeMap<K, (u64, Timestamp)>,
}

impl<K: Ord + Copy> Day<K> {
    const fn new(a_day: u64) -> Self {
        Self {
            a_day,
            used: BTreeMap::new(),
        }
    }

    fn used(&self, who: K, now: Timestamp) -> u64 {
        let Some((used, at)) = self.used.get(&who) else {
            return 0;
        };
        // A clock that was set back gives nothing back until it has caught up.
        let passed = u64::try_from(now.millis_since(*at)).unwrap_or(0);
        let leaked = u128::from(self.a_day) * u128::from(passed) / u128::from(DAY_MS);
        used.saturating_sub(u64::try_from(leaked).unwrap_or(u64::MAX))
    }

    fn wait(&self, who: K, now: Timestamp) -> Option<u32> {
        let over = (self.used(who, now) + 1).checked_sub(self.a_day.max(1))?;
        let seconds = u128::from(over) * u128::from(DAY_MS / 1_000) / u128::from(self.a_day.max(1));
        (over > 0).then(|| u32::try_from(seconds + 1).unwrap_or(u32::MAX))
    }

    fn charge(&mut self, who: K, amount: u64, now: Timestamp) {
        let used = self.used(who, now).saturating_add(amount);
        if !self.used.contains_key(&who) && self.used.len() >= MAX_REMEMBERED {
            self.forget(now);
        }
        self.used.insert(who, (used, now));
    }

    /// Half of them at once, so that a crowd of newcomers does not pay for a search each.
    fn forget(&mut self, now: Timestamp) {
        let mut amounts: Vec<u64> = self.used.keys().map(|who| self.used(*who, now)).collect();
        amounts.sort_unstable();
        let cut = amounts.get(amounts.len() / 2).copied().unwrap_or_default();
        let leave: Vec<K> = self
            .used
            .keys()
            .copied()
            .filter(|who| self.used(*who, now) <= cut)
            .collect();
        for who in leave {
            self.used.remove(&who);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: DayLimits = DayLimits {
        collector: 1_000,
        member: 2_000,
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn peer(member: MemberId) -> Peer {
        Peer {
            member,
            collector: CollectorId::random().unwrap(),
        }
    }

    #[test]
    fn a_collector_that_used_up_its_day_waits_for_as_long_as_it_overdrew() {
        let quotas = DayQuotas::new(LIMITS);
        let one = peer(MemberId::random().unwrap());
        quotas.charge(one, 999, 10, at(0));
        assert_eq!(quotas.admit(one, at(0)), Ok(()));
        quotas.charge(one, 101, 10, at(0));
        // 101 too many of 1,000 a day.
        let wait = quotas.admit(one, at(0)).unwrap_err();
        assert!((8_600..=8_730).contains(&wait), "{wait}");
        assert!(quotas.admit(one, at(i64::from(wait) - 100)).is_err());
        assert_eq!(quotas.admit(one, at(i64::from(wait))), Ok(()));
        // A clock set back changes nothing for good.
        assert!(quotas.admit(one, at(-100_000)).is_err());
    }

    #[test]
    fn bytes_count_too_and_a_firm_is_one_whatever_it_installs() {
        let quotas = DayQuotas::new(LIMITS);
        let one = peer(MemberId::random().unwrap());
        quotas.charge(one, 1, 1_000 * SIGHTING_BYTES, at(0));
        assert!(quotas.admit(one, at(0)).is_err());
        let member = MemberId::random().unwrap();
        let stranger = peer(MemberId::random().unwrap());
        for _ in 0..3 {
            let each = peer(member);
            assert_eq!(quotas.admit(each, at(0)), Ok(()));
            quotas.charge(each, 700, 10, at(0));
        }
        assert!(quotas.admit(peer(member), at(0)).is_err());
        assert_eq!(quotas.admit(stranger, at(0)), Ok(()));
    }

    #[test]
    fn the_table_is_bounded_and_those_over_stay_in_it() {
        let mut day = Day::new(10);
        day.charge(0, 50, at(0));
        for who in 1..MAX_REMEMBERED + 10_000 {
            day.charge(who, 1, at(0));
            assert!(day.used.len() <= MAX_REMEMBERED);
        }
        assert!(day.wait(0, at(0)).is_some());
    }
}
