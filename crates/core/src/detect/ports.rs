//! The most recent distinct closed ports, each with the time it was last tried: exact counts of "how
//! many different ports in the last hour" and "in three days", in 24 bytes.

use super::snapshot::kept;

/// Ports remembered.
const MAX_PORTS: usize = 8;
/// Times are kept in steps of this: an hour is three of them, told to within one.
const STEP_SECONDS: u32 = 1_200;
/// Steps after which a port is forgotten: three days.
const MAX_AGE_STEPS: u32 = 216;
/// Codes of a step, 1 to 255; they come round after 85 hours, long after a port is forgotten.
const CODES: u32 = 255;

/// Up to eight ports; the one tried longest ago gives way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ports {
    ports: [u16; MAX_PORTS],
    /// When each was last tried; 0 marks a free place.
    steps: [u8; MAX_PORTS],
}

kept!(Ports { ports, steps });

impl Ports {
    /// Forgets what is too old at `now`; must be called before each [`Self::note`], with `last`, the
    /// time of the call before. Seconds since the epoch.
    pub fn advance(&mut self, now: u32, last: u32) {
        let (step, before) = (now / STEP_SECONDS, last / STEP_SECONDS);
        if step == before {
            return;
        }
        let since = step.saturating_sub(before);
        for at in &mut self.steps {
            if *at != 0 && age(before, *at).saturating_add(since) > MAX_AGE_STEPS {
                *at = 0;
            }
        }
    }

    /// Notes `port` tried at `now`; whether it is new here.
    pub fn note(&mut self, port: u16, now: u32) -> bool {
        let step = now / STEP_SECONDS;
        let places = || self.ports.iter().zip(&self.steps).enumerate();
        let known = places().find(|(_, (held, at))| **at != 0 && **held == port);
        let oldest = || {
            places().max_by_key(|(_, (_, at))| match **at {
                0 => u32::MAX,
                at => age(step, at),
            })
        };
        let is_new = known.is_none();
        let place = known.or_else(oldest).map_or(0, |(place, _)| place);
        if let (Some(held), Some(at)) = (self.ports.get_mut(place), self.steps.get_mut(place)) {
            *held = port;
            *at = code(step);
        }
        is_new
    }

    /// How many were tried within the hour before `now`, the time of the last note.
    pub fn within_hour(&self, now: u32) -> u8 {
        let step = now / STEP_SECONDS;
        let near = |at: &&u8| **at != 0 && age(step, **at) <= 3_600 / STEP_SECONDS;
        count(self.steps.iter().filter(near))
    }

    /// How many are remembered.
    pub fn len(&self) -> u8 {
        count(self.steps.iter().filter(|at| **at != 0))
    }

    /// The ports remembered, in no special order.
    pub fn values(&self) -> impl Iterator<Item = u16> + '_ {
        let places = self.ports.iter().zip(&self.steps);
        places.filter(|(_, at)| **at != 0).map(|(port, _)| *port)
    }
}

fn count<'a>(steps: impl Iterator<Item = &'a u8>) -> u8 {
    u8::try_from(steps.count()).unwrap_or(u8::MAX)
}

fn code(step: u32) -> u8 {
    u8::try_from(step % CODES + 1).unwrap_or(1)
}

/// Steps from the step of code `at` to `step`.
fn age(step: u32, at: u8) -> u32 {
    (u32::from(code(step)) + CODES - u32::from(at)) % CODES
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_port_tried_longest_ago_gives_way() {
        let mut ports = Ports::default();
        let mut last = 0;
        for (n, port) in (0..10_u32).zip(1_000..) {
            let now = 1_000_000 + n * STEP_SECONDS;
            ports.advance(now, last);
            assert!(ports.note(port, now));
            last = now;
        }
        assert!(!ports.note(1_009, last));
        let mut held: Vec<u16> = ports.values().collect();
        held.sort_unstable();
        assert_eq!(held, (1_002..1_010).collect::<Vec<_>>());
        assert_eq!(ports.within_hour(last), 4);
    }

    proptest! {
        /// Against a list of everything that happened.
        #[test]
        fn counts_like_a_complete_list(
            tries in prop::collection::vec((0..12_u16, 0..200_000_u32), 1..60),
        ) {
            let mut ports = Ports::default();
            let mut list: Vec<(u16, u32)> = Vec::new();
            let (mut now, mut last) = (1_700_000_000_u32, 0);
            for (port, pause) in tries {
                now += pause;
                let step = |at: u32| at / STEP_SECONDS;
                list.retain(|(_, at)| step(now) - step(*at) <= MAX_AGE_STEPS);
                let known = list.iter().any(|(held, _)| *held == port);
                list.retain(|(held, _)| *held != port);
                list.push((port, now));
                if list.len() > MAX_PORTS {
                    list.remove(0);
                }
                ports.advance(now, last);
                prop_assert_eq!(ports.note(port, now), !known);
                last = now;
                let hour = list.iter().filter(|(_, at)| step(now) - step(*at) <= 3).count();
                prop_assert_eq!(usize::from(ports.within_hour(now)), hour);
                prop_assert_eq!(usize::from(ports.len()), list.len());
            }
        }
    }
}
