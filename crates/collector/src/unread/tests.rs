use larum_core::time::Timestamp;

use super::*;
use crate::tally::Fate;

const NOON: i64 = 1_795_348_800;

fn now() -> Timestamp {
    Timestamp::from_seconds(NOON)
}

fn like(format: &str, why: Why) -> Likeness {
    Likeness::Format {
        format: format.into(),
        vendor: Some("Acme".into()),
        product: None,
        why,
    }
}

fn tally(device: &str, rows: &[(Hour, Fate, u64)]) -> Tally {
    let mut tally = Tally::new();
    let id = tally.device(device);
    for (hour, fate, count) in rows {
        tally.enter(id, *hour, *fate, *count);
    }
    tally
}

#[test]
fn counts_of_a_day_add_up_to_what_the_tally_says() {
    let hour = hour_of(now());
    let unknown = Fate::Rejected(Reject::UnknownFormat);
    let tally = tally(
        "192.0.2.7",
        &[
            (hour, Fate::Event, 90),
            (hour, unknown, 12),
            (hour, Fate::Rejected(Reject::NotOfInterest), 5),
            (hour - 1, Fate::Rejected(Reject::FieldUnreadable), 4),
            (hour - 30, unknown, 1_000),
        ],
    );
    let mut unread = Unread::default();
    let field = like("wall", Why::Field(Field::SrcIp));
    unread.add(hour, "192.0.2.7", Likeness::Nothing, 2);
    unread.add(hour - 1, "192.0.2.7", field.clone(), 3);
    unread.add(hour, "192.0.2.7", field.clone(), 1);
    unread.add(hour - 30, "192.0.2.7", field.clone(), 7);
    unread.add(hour, "198.51.100.9", field.clone(), 1);
    let day = unread.last_day(&tally, now());
    let expected = OfDevice {
        received: 111,
        unread: 16,
        likenesses: vec![
            (field, 4),
            (Likeness::Nothing, 2),
            (Likeness::NotLookedInto, 10),
        ],
    };
    assert_eq!(
        day.into_iter().collect::<Vec<_>>(),
        [("192.0.2.7".into(), expected)]
    );
}

#[test]
fn what_is_saved_comes_back() {
    let mut unread = Unread::default();
    unread.add(5, "a", like("wall", Why::Field(Field::SrcIp)), 3);
    unread.add(5, "a", like("wall", Why::Shape), 2);
    unread.add(6, "b", like("gate", Why::Marks), 1);
    unread.add(6, "b", Likeness::Nothing, 9);
    let text = serde_json::to_string(&unread.save()).unwrap();
    let saved: Vec<SavedUnread> = serde_json::from_str(&text).unwrap();
    assert_eq!(Unread::restore(&saved), unread);
}

#[test]
fn memory_is_bounded() {
    let mut unread = Unread::default();
    for number in 0..100 {
        unread.add(1, "one", like(&number.to_string(), Why::Shape), 1);
    }
    assert_eq!(unread.counts.len(), MAX_LIKENESSES);
    // A likeness that is there already still counts.
    unread.add(1, "one", like("0", Why::Shape), 1);
    assert!(unread.save().iter().any(|saved| saved.row.lines == 2));
    for number in 0..2 * MAX_COUNTS {
        unread.add(2, &number.to_string(), Likeness::Nothing, 1);
    }
    assert_eq!(unread.counts.len(), MAX_COUNTS);
    unread.forget_before(Timestamp::from_seconds((2 + KEPT_HOURS) * 3_600));
    assert!(unread.counts.is_empty());
}

#[test]
fn only_so_many_lines_are_looked_into_each_hour() {
    let formats = Formats::compile(&[]).unwrap();
    let mut tally = Tally::new();
    let (one, two) = (tally.device("one"), tally.device("two"));
    let mut sampler = Sampler::default();
    let mut look = |device, record: &[u8], reason, at| {
        let context = Context::at(Timestamp::from_seconds(at));
        sampler.look(&formats, device, record, reason, &context)
    };
    let unknown = Reject::UnknownFormat;
    assert_eq!(look(one, b"x", Reject::NotOfInterest, NOON), None);
    assert_eq!(look(one, b"", Reject::Empty, NOON), None);
    assert_eq!(
        look(one, &[b'x'; MAX_SAMPLE_BYTES + 1], unknown, NOON),
        None
    );
    for _ in 0..MAX_SAMPLES {
        assert_eq!(look(one, b"x", unknown, NOON), Some(Likeness::Nothing));
    }
    assert_eq!(look(one, b"x", unknown, NOON + 60), None);
    assert_eq!(look(two, b"x", unknown, NOON + 60), Some(Likeness::Nothing));
    assert_eq!(
        look(one, b"x", unknown, NOON + 3_600),
        Some(Likeness::Nothing)
    );
    let all = (0..200).map(|number| tally.device(&number.to_string()));
    let all: Vec<DeviceId> = all.collect();
    let looked: usize = all
        .iter()
        .flat_map(|device| std::iter::repeat_n(*device, 100))
        .filter(|device| look(*device, b"x", unknown, NOON + 7_200).is_some())
        .count();
    assert_eq!(u32::try_from(looked).unwrap(), MAX_SAMPLES_OF_ALL);
}
