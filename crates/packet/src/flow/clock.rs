//! The time of a capture as a whole: the latest time of its packets, but a stamp far ahead of all others
//! (a flipped bit, a card with a wrong clock) moves it only once others confirm it.

use larum_core::time::Timestamp;

/// A jump ahead that needs confirming, in seconds.
const JUMP_SECONDS: i64 = 3_600;
/// Packets near the jump that confirm it.
const CONFIRMATIONS: u8 = 3;

#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    now: Option<Timestamp>,
    ahead: Option<Timestamp>,
    confirmed: u8,
}

impl Clock {
    /// The time, once a packet was seen.
    pub const fn now(&self) -> Option<Timestamp> {
        self.now
    }

    /// A packet of `at` came: the time of the capture, and the time to take for the packet.
    pub fn see(&mut self, at: Timestamp) -> (Timestamp, Timestamp) {
        let now = *self.now.get_or_insert(at);
        if at <= now.plus_seconds(JUMP_SECONDS) {
            let now = now.max(at);
            self.now = Some(now);
            return (now, at);
        }
        let near = self.ahead.is_some_and(|ahead| {
            at >= ahead.plus_seconds(-JUMP_SECONDS) && at <= ahead.plus_seconds(JUMP_SECONDS)
        });
        self.confirmed = if near {
            self.confirmed.saturating_add(1)
        } else {
            1
        };
        self.ahead = Some(at);
        if self.confirmed < CONFIRMATIONS {
            return (now, now);
        }
        self.now = Some(at);
        self.confirmed = 0;
        (at, at)
    }
}
