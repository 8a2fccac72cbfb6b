//! A firm's events and findings of one day, by hour and outcome.

use std::collections::BTreeMap;

use larum_core::finding::AttackOutcome;

use super::bytes::{Reader, put_signed};

/// Outcomes of an hour that have a number.
const OUTCOMES: u8 = 8;
const HOURS: u8 = 24;

/// Events and findings by hour of the day and outcome.
pub type DaySums = BTreeMap<(u8, AttackOutcome), (i64, i64)>;

/// Packs a day's sums; those of nothing are left out.
#[must_use]
pub fn pack_day(sums: &DaySums) -> Vec<u8> {
    let mut out = Vec::with_capacity(sums.len() * 5);
    for ((hour, outcome), (events, findings)) in sums {
        if (*events, *findings) == (0, 0) {
            continue;
        }
        let known = AttackOutcome::ALL.iter().position(|one| one == outcome);
        let number = u8::try_from(known.unwrap_or(0)).unwrap_or(0);
        out.push(hour.saturating_mul(OUTCOMES).saturating_add(number));
        put_signed(&mut out, *events);
        put_signed(&mut out, *findings);
    }
    out
}

/// Unpacks a day's sums; `None` when they are none.
#[must_use]
pub fn unpack_day(bytes: &[u8]) -> Option<DaySums> {
    let mut reader = Reader(bytes);
    let mut sums = DaySums::new();
    while !reader.0.is_empty() {
        let slot = reader.byte()?;
        let (hour, number) = (slot / OUTCOMES, slot % OUTCOMES);
        let outcome = *AttackOutcome::ALL.get(usize::from(number))?;
        if hour >= HOURS {
            return None;
        }
        sums.insert((hour, outcome), (reader.signed()?, reader.signed()?));
    }
    Some(sums)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_out_again(
            sums in prop::collection::btree_map((0..HOURS, 0..4_usize), (1..i64::MAX, any::<i64>()), 0..50)
        ) {
            let sums: DaySums = sums
                .into_iter()
                .map(|((hour, outcome), sum)| ((hour, AttackOutcome::ALL[outcome]), sum))
                .collect();
            prop_assert_eq!(unpack_day(&pack_day(&sums)), Some(sums));
        }

        #[test]
        fn damage_is_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(unpack_day(&bytes).is_none_or(|sums| sums.len() <= bytes.len() / 3));
        }
    }

    #[test]
    fn outcomes_keep_their_numbers() {
        let words: Vec<&str> = AttackOutcome::ALL.iter().map(|one| one.as_str()).collect();
        assert_eq!(words, ["attempt", "blocked", "success", "unknown"]);
    }
}
