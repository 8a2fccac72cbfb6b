//! Numbers that exporters count their datagrams or records with: a gap is what the network lost.
//!
//! What comes late, after others, was counted as lost before it came, and is read all the same. A number
//! far from the one expected means that the exporter began anew, and nothing is concluded from it.
//!
//! Limits: [`MAX_STREAMS`] counters of one exporter; with more, all begin anew.

use std::collections::BTreeMap;

/// Counters of one exporter, at most: one for each domain, engine or part.
pub const MAX_STREAMS: usize = 256;
/// Largest gap that is believed.
pub const MAX_GAP: u32 = 100_000;

/// What one exporter is expected to send next.
#[derive(Debug, Default)]
pub struct Sequences {
    /// By version and part; none where the number of records in the last datagram is not known.
    next: BTreeMap<(u16, u32), u32>,
}

impl Sequences {
    /// A datagram with this `number`, which moves the counter of `stream` on by `count` (`None`: nobody
    /// knows). How many are missing before it.
    pub fn see(&mut self, stream: (u16, u32), number: u32, count: Option<u32>) -> u64 {
        let expected = self.next.get(&stream).copied();
        let ahead = expected.map_or(0, |expected| number.wrapping_sub(expected));
        // Half of all numbers are ahead, the other half behind: late.
        let is_late = ahead > u32::MAX - MAX_GAP;
        if is_late {
            return 0;
        }
        match count {
            None => {
                self.next.remove(&stream);
            }
            Some(count) => {
                if self.next.len() >= MAX_STREAMS && expected.is_none() {
                    self.next.clear();
                }
                self.next.insert(stream, number.wrapping_add(count));
            }
        }
        if ahead > MAX_GAP { 0 } else { ahead.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: (u16, u32) = (10, 7);

    /// Numbers, each with how many it stands for, and what is missing before each.
    #[track_caller]
    fn check(seen: &[(u32, Option<u32>, u64)]) {
        let mut sequences = Sequences::default();
        for (number, count, missing) in seen {
            assert_eq!(
                sequences.see(STREAM, *number, *count),
                *missing,
                "at {number}"
            );
        }
    }

    #[test]
    fn gaps_are_counted_once() {
        check(&[
            (5, Some(2), 0),
            (7, Some(1), 0),
            (11, Some(1), 3),
            (12, Some(1), 0),
        ]);
        // Around the end of all numbers.
        check(&[(u32::MAX, Some(1), 0), (0, Some(1), 0), (3, Some(1), 2)]);
    }

    #[test]
    fn what_is_late_or_anew_is_no_gap() {
        check(&[
            (5, Some(1), 0),
            (9, Some(1), 3),
            (7, Some(1), 0),
            (10, Some(1), 0),
        ]);
        check(&[
            (500_000, Some(1), 0),
            (0, Some(1), 0),
            (1, Some(1), 0),
            (3, Some(1), 1),
        ]);
    }

    #[test]
    fn after_what_cannot_be_counted_nothing_is_concluded() {
        check(&[
            (5, Some(1), 0),
            (6, None, 0),
            (60, Some(1), 0),
            (62, Some(1), 1),
        ]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut sequences = Sequences::default();
        for part in 0..10_000 {
            sequences.see((9, part), 1, Some(1));
            assert!(sequences.next.len() <= MAX_STREAMS);
        }
    }
}
