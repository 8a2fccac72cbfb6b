use super::*;
use proptest::prelude::*;

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Event),
        proptest::sample::select(Reject::ALL.to_vec()).prop_map(Fate::Rejected),
        proptest::sample::select(Dropped::ALL.to_vec()).prop_map(Fate::Dropped),
        proptest::sample::select(Withheld::ALL.to_vec()).prop_map(Fate::Withheld),
        Just(Fate::Sighting),
        Just(Fate::Sent),
        Just(Fate::Receipted),
    ]
}

proptest! {
    /// Whatever comes in, and however much is folded away: rows + earlier = total, and each sum holds.
    #[test]
    fn the_sums_hold_at_every_moment_and_survive_a_restart(
        entries in proptest::collection::vec(("[a-e]", 0_i64..100, fate(), 0_u64..9), 0..200),
        now_hour in 0_i64..200,
    ) {
        let mut tally = Tally::new();
        let mut records = 0;
        let mut findings = 0;
        for (name, hour, fate, count) in &entries {
            let device = tally.device(name);
            tally.enter(device, *hour, *fate, *count);
            match fate {
                Fate::Event | Fate::Rejected(_) | Fate::Dropped(_) => records += count,
                Fate::Withheld(_) | Fate::Sighting => findings += count,
                Fate::Sent | Fate::Receipted => {}
            }
            prop_assert_eq!(tally.total().received(), records);
            prop_assert_eq!(tally.total().findings(), findings);
        }
        tally.forget_before(Timestamp::from_seconds(now_hour * SECONDS_PER_HOUR));
        let mut sum = *tally.earlier();
        for (_, hour, row) in tally.rows() {
            prop_assert!(hour >= now_hour - KEPT_HOURS);
            sum.add(row);
        }
        prop_assert_eq!(&sum, tally.total());
        let saved = tally.save();
        let restored = Tally::restore(&saved);
        prop_assert_eq!(restored.total(), tally.total());
        prop_assert_eq!(restored.save(), saved);
    }
}

#[test]
fn more_devices_than_places_share_one_row_and_nothing_is_lost() {
    let mut tally = Tally::new();
    for number in 0..3_000_u64 {
        let device = tally.device(&format!("sender {number}"));
        tally.enter(device, 1, Fate::Event, 1);
    }
    assert_eq!(tally.devices().count(), MAX_DEVICES);
    assert_eq!(tally.total().events, 3_000);
    let other = tally
        .rows()
        .find(|(device, ..)| *device == OTHER)
        .unwrap()
        .2;
    assert_eq!(other.events, 3_000 - (1_024 - 1));
}

#[test]
fn a_silent_devices_place_is_given_away_once_its_hours_are_folded() {
    let mut tally = Tally::new();
    for number in 0..MAX_DEVICES {
        let device = tally.device(&format!("sender {number}"));
        tally.enter(device, 1, Fate::Event, 1);
    }
    assert_eq!(tally.device("late"), OTHER);
    tally.forget_before(Timestamp::from_seconds(100 * SECONDS_PER_HOUR));
    assert_ne!(tally.device("late"), OTHER);
    assert_eq!(tally.total().events, 1_024);
}

#[test]
fn long_names_are_cut_at_a_character() {
    let mut tally = Tally::new();
    let device = tally.device(&"ä".repeat(1_000));
    assert_eq!(tally.name(device).len(), MAX_NAME_BYTES);
}
