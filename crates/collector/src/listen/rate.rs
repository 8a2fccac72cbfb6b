//! How fast one sender may send: so many records a second, and as many at once.
//!
//! Limit: [`MAX_SENDERS`] are remembered for each listener (64 KiB). When there are more, the one heard
//! longest ago is forgotten, so that whoever invents senders gets each of them one second's worth, and
//! nobody's own allowance shrinks.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Most senders remembered.
pub(super) const MAX_SENDERS: usize = 1_024;
const MICROS_PER_SECOND: u64 = 1_000_000;

/// The allowances of one listener's senders.
#[derive(Debug)]
pub(super) struct Rates {
    per_second: Option<u32>,
    begun: Instant,
    senders: Mutex<BTreeMap<IpAddr, Allowance>>,
}

/// One sender's: the moment from which on it has a full second's worth again. (The generic cell rate
/// algorithm, ITU-T I.371 annex A: one number says it all.)
#[derive(Clone, Copy, Debug, Default)]
struct Allowance {
    full_at_micros: u64,
    heard_micros: u64,
}

impl Allowance {
    /// Takes `records` at `now`; how long they come too early, in microseconds.
    fn take(&mut self, records: u64, per_second: u32, now_micros: u64) -> u64 {
        self.heard_micros = now_micros;
        let cost = records.saturating_mul(MICROS_PER_SECOND) / u64::from(per_second.max(1));
        let full_at = self.full_at_micros.max(now_micros).saturating_add(cost);
        self.full_at_micros = full_at;
        full_at.saturating_sub(now_micros.saturating_add(MICROS_PER_SECOND))
    }
}

impl Rates {
    pub(super) fn new(per_second: Option<u32>) -> Self {
        Self {
            per_second,
            begun: Instant::now(),
            senders: Mutex::default(),
        }
    }

    /// Takes `records` of `sender`; how long its next ones are to wait.
    pub(super) fn wait(&self, sender: IpAddr, records: u64) -> Duration {
        let Some(per_second) = self.per_second else {
            return Duration::ZERO;
        };
        let early = self.with(sender, |allowance, now| {
            allowance.take(records, per_second, now)
        });
        Duration::from_micros(early)
    }

    /// Whether one more record of `sender` may come now; one that may not is not taken.
    pub(super) fn permits(&self, sender: IpAddr) -> bool {
        let Some(per_second) = self.per_second else {
            return true;
        };
        self.with(sender, |allowance, now| {
            let mut taken = *allowance;
            let permitted = taken.take(1, per_second, now) == 0;
            if permitted {
                *allowance = taken;
            }
            permitted
        })
    }

    fn with<R>(&self, sender: IpAddr, act: impl FnOnce(&mut Allowance, u64) -> R) -> R {
        let now = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        if senders.len() >= MAX_SENDERS && !senders.contains_key(&sender) {
            let oldest = senders.iter().min_by_key(|(_, one)| one.heard_micros);
            if let Some(oldest) = oldest.map(|(ip, _)| *ip) {
                senders.remove(&oldest);
            }
        }
        act(senders.entry(sender).or_default(), now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_s_worth_at_once_and_then_the_rate() {
        let mut allowance = Allowance::default();
        assert_eq!(allowance.take(100, 100, 5), 0);
        assert_eq!(allowance.take(50, 100, 5), 500_000);
        // Half a second later it is paid for, and the next one waits its turn.
        assert_eq!(allowance.take(1, 100, 500_005), 10_000);
        assert_eq!(allowance.take(100, 100, 10_000_000), 0);
    }

    #[test]
    fn invented_senders_are_bounded_and_without_a_rate_nobody_waits() {
        let rates = Rates::new(Some(1));
        for number in 0..5_000_u32 {
            assert!(rates.permits(IpAddr::from(number.to_be_bytes())));
        }
        assert!(rates.senders.lock().unwrap().len() <= MAX_SENDERS);
        let one = IpAddr::from([192, 0, 2, 1]);
        assert!(rates.permits(one));
        assert!(!rates.permits(one));
        assert!(rates.wait(one, 10) > Duration::from_secs(5));
        let free = Rates::new(None);
        assert_eq!(free.wait(one, u64::MAX), Duration::ZERO);
        assert!(free.permits(one));
    }
}
