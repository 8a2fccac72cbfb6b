use super::*;
use proptest::prelude::*;

const START: Timestamp = Timestamp::from_seconds(1_800_000_000);
const LOOK_SECONDS: i64 = 10;

/// A collector without anything wrong; lines of one device every look.
fn well<'a>(devices: &'a [DeviceVitals<'a>], now: Timestamp) -> Vitals<'a> {
    Vitals {
        devices,
        received: 10,
        hub: Some(HubVitals {
            last_answer: Some(now),
            clock_offset_ms: Some(20),
        }),
        spool_bytes: (0, 1 << 20),
        disk_bytes: Some((50 << 30, 100 << 30)),
        ..Vitals::default()
    }
}

const fn device(last: Timestamp, unread: u64) -> DeviceVitals<'static> {
    DeviceVitals {
        name: "192.168.1.1",
        last_heard: Some(last),
        received: 10,
        unread,
        clock_wrong_seconds: None,
    }
}

/// Runs for so many seconds with what `change` makes of a good state, and gives what was told: after
/// how many seconds, which way, what.
fn told(
    seconds: i64,
    change: impl Fn(i64, &mut DeviceVitals<'static>, &mut Option<Timestamp>) -> Edit,
) -> Vec<(i64, Turn, Kind)> {
    let mut health = Health::default();
    let mut told = Vec::new();
    let mut last = START;
    for second in (0..seconds).step_by(usize::try_from(LOOK_SECONDS).unwrap()) {
        let now = START.plus_seconds(second);
        let mut one = device(now, 0);
        let mut heard = Some(now);
        let edit = change(second, &mut one, &mut heard);
        last = heard.unwrap_or(last);
        one.last_heard = Some(last);
        if heard.is_none() {
            (one.received, one.unread) = (0, 0);
        }
        let devices = [one];
        let mut vitals = well(&devices, now);
        edit(&mut vitals);
        for change in health.look(&vitals, now) {
            told.push((second, change.turn, change.standing.concern.kind));
        }
    }
    told
}

type Edit = Box<dyn Fn(&mut Vitals<'_>)>;

fn nothing() -> Edit {
    Box::new(|_| {})
}

/// One concern that began soon after 4,000 seconds and ended soon after 8,000.
#[track_caller]
fn told_once(told: &[(i64, Turn, Kind)], kind: Kind, begin_within: i64, end_within: i64) {
    let [(began, Turn::Began, first), (over, Turn::Over, second)] = told else {
        panic!("{told:?}");
    };
    assert_eq!((*first, *second), (kind, kind));
    assert!((4_000..=4_000 + begin_within).contains(began), "{told:?}");
    assert!((8_000..=8_000 + end_within).contains(over), "{told:?}");
}

const fn ill(second: i64) -> bool {
    4_000 <= second && second < 8_000
}

#[test]
fn nothing_is_told_of_what_is_well() {
    assert_eq!(told(90_000, |_, _, _| nothing()), []);
}

#[test]
fn each_concern_is_told_within_minutes_and_once() {
    let silent = told(12_000, |second, _, heard| {
        if ill(second) {
            *heard = None;
        }
        nothing()
    });
    told_once(&silent, Kind::DeviceSilent, 960, 120);
    let unread = told(12_000, |second, device, _| {
        device.unread = if ill(second) { 8 } else { 1 };
        nothing()
    });
    told_once(&unread, Kind::UnreadJump, 240, 960);
    let clock = told(12_000, |second, device, _| {
        device.clock_wrong_seconds = ill(second).then_some(900);
        nothing()
    });
    told_once(&clock, Kind::DeviceClock, 120, 660);
    let lost = told(12_000, |second, _, _| {
        let lost = if ill(second) { 5 } else { 0 };
        Box::new(move |vitals: &mut Vitals<'_>| vitals.lost = lost)
    });
    told_once(&lost, Kind::LinesLost, 60, 1_260);
    let hub = told(12_000, |second, _, _| {
        let answer = START.plus_seconds(if ill(second) { 4_000 } else { second });
        Box::new(move |vitals: &mut Vitals<'_>| {
            vitals.hub = Some(HubVitals {
                last_answer: Some(answer),
                clock_offset_ms: None,
            });
        })
    });
    told_once(&hub, Kind::HubUnreached, 360, 660);
    let own = told(12_000, |second, _, _| {
        let offset = if ill(second) { 90_000 } else { 100 };
        Box::new(move |vitals: &mut Vitals<'_>| {
            if let Some(hub) = &mut vitals.hub {
                hub.clock_offset_ms = Some(offset);
            }
        })
    });
    told_once(&own, Kind::OwnClock, 180, 660);
    let spool = told(12_000, |second, _, _| {
        let waiting = match second {
            0..4_000 => u64::try_from(second % 100).unwrap(),
            4_000..8_000 => u64::try_from(second - 3_900).unwrap(),
            _ => 0,
        };
        Box::new(move |vitals: &mut Vitals<'_>| vitals.waiting = waiting)
    });
    told_once(&spool, Kind::SpoolGrows, 720, 360);
    let disk = told(12_000, |second, _, _| {
        let free = if ill(second) { 100 << 20 } else { 10 << 30 };
        Box::new(move |vitals: &mut Vitals<'_>| vitals.disk_bytes = Some((free, 32 << 30)))
    });
    told_once(&disk, Kind::DiskFilling, 120, 360);
}

#[test]
fn what_was_told_before_a_restart_is_not_told_again() {
    let mut health = Health::default();
    let mut now = START;
    let mut began = 0;
    for second in 0..6_000 {
        now = START.plus_seconds(second * 10);
        let devices = [device(now, 0)];
        let mut vitals = well(&devices, now);
        vitals.disk_bytes = Some((1, 1 << 40));
        began += health.look(&vitals, now).len();
    }
    assert_eq!(began, 1);
    let standing: Vec<_> = health.standing().collect();
    let memories: Vec<_> = health.memories().collect();
    let mut again = Health::restore(memories.clone(), standing.clone());
    assert_eq!(again.standing().collect::<Vec<_>>(), standing);
    assert_eq!(again.memories().collect::<Vec<_>>(), memories);
    let devices = [device(now, 0)];
    let mut vitals = well(&devices, now);
    vitals.disk_bytes = Some((1, 1 << 40));
    assert_eq!(again.look(&vitals, now.plus_seconds(30)), []);
}

#[test]
fn a_device_that_is_no_longer_counted_is_no_longer_told() {
    let mut health = Health::default();
    let mut now = START;
    for second in 0..40 {
        now = START.plus_seconds(second * 10);
        let mut one = device(now, 0);
        one.clock_wrong_seconds = Some(-3_600);
        health.look(&well(&[one], now), now);
    }
    assert_eq!(health.standing().count(), 1);
    let changes = health.look(&well(&[], now), now.plus_seconds(10));
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].turn, Turn::Over);
    assert_eq!(health.memories().count(), 0);
}

proptest! {
    /// Whatever is counted: beginnings and endings take turns, what stands is what began, and the
    /// number of devices told is bounded.
    #[test]
    fn turns_alternate_and_what_stands_is_bounded(
        looks in proptest::collection::vec(
            (1_i64..2_000, 0_u64..40, 0_u64..40, 0_u64..2_000, any::<bool>(), 0_u64..200),
            0..120,
        ),
        count in 1_usize..60,
    ) {
        let names: Vec<String> = (0..count).map(|number| format!("10.0.0.{number}")).collect();
        let mut health = Health::default();
        let mut now = START;
        let mut open = std::collections::BTreeSet::new();
        for (later, all, part, lost, bad, waiting) in looks {
            now = now.plus_seconds(later);
            let devices: Vec<_> = names.iter().map(|name| DeviceVitals {
                name,
                last_heard: bad.then_some(now),
                received: all,
                unread: part.min(all),
                clock_wrong_seconds: bad.then_some(200),
            }).collect();
            let vitals = Vitals {
                devices: &devices,
                received: all,
                lost: lost.min(all),
                waiting,
                disk_bytes: Some((waiting << 22, 10 << 30)),
                ..Vitals::default()
            };
            for change in health.look(&vitals, now) {
                let concern = change.standing.concern;
                match change.turn {
                    Turn::Began => prop_assert!(open.insert(concern)),
                    Turn::Over => prop_assert!(open.remove(&concern)),
                }
            }
            let standing: std::collections::BTreeSet<_> =
                health.standing().map(|one| one.concern).collect();
            prop_assert_eq!(&standing, &open);
            prop_assert!(open.len() <= MAX_TOLD * 3 + 5);
        }
    }
}
