use std::collections::BTreeMap;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

fn outbox(unreceipted: Option<u64>, pending_frames: u64) -> Outbox {
    Outbox {
        unreceipted,
        pending_frames,
        oldest: None,
    }
}

#[test]
fn the_oldest_unreceipted_batch_goes_first() {
    let forward = Forward::new(Settings::default());
    let check = |outbox, expected| assert_eq!(forward.decide(outbox, NOW), expected);
    check(outbox(None, 0), Action::Idle);
    check(outbox(None, 3), Action::MakeBatch { max: 1_000 });
    check(outbox(Some(7), 3), Action::SendPending(7));
    let fresh = |pending_frames, age_ms: i64| Outbox {
        oldest: Some(NOW.plus_millis(-age_ms)),
        ..outbox(None, pending_frames)
    };
    check(fresh(3, 100), Action::Wait(NOW.plus_millis(400)));
    check(fresh(3, 500), Action::MakeBatch { max: 1_000 });
    check(fresh(1_000, 100), Action::MakeBatch { max: 1_000 });
    check(fresh(3, -5_000), Action::MakeBatch { max: 1_000 });
}

#[test]
fn waits_double_up_to_fifteen_minutes_and_end_with_a_success() {
    let mut forward = Forward::new(Settings::default());
    let mut ceilings = Vec::new();
    for _ in 0..14 {
        // The largest random number gives the ceiling itself.
        let Action::Wait(until) = forward.failed(Failure::Unreachable, None, NOW, u64::MAX) else {
            panic!("must wait");
        };
        ceilings.push(until.millis_since(NOW) / 1_000);
        assert_eq!(forward.decide(outbox(Some(1), 0), NOW), Action::Wait(until));
        assert_eq!(
            forward.decide(outbox(Some(1), 0), until),
            Action::SendPending(1)
        );
    }
    assert_eq!(
        ceilings,
        [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]
    );
    assert_eq!(
        forward.failed(Failure::Unreachable, None, NOW, 0),
        Action::Wait(NOW.plus_millis(200)),
        "never at once"
    );
    forward.succeeded();
    assert_eq!(
        forward.decide(outbox(Some(1), 0), NOW),
        Action::SendPending(1)
    );
    assert_eq!(forward.failed_attempts(), 0);
}

#[test]
fn each_failure_has_its_remedy() {
    for failure in Failure::ALL {
        let mut forward = Forward::new(Settings::default());
        let action = forward.failed(*failure, None, NOW, u64::MAX);
        let waited_ms = match action {
            Action::Wait(until) => Some(until.millis_since(NOW)),
            _ => None,
        };
        match failure.remedy() {
            Remedy::Retry | Remedy::RetryOften => assert_eq!(waited_ms, Some(1_000), "{failure}"),
            Remedy::RetrySeldom => assert_eq!(waited_ms, Some(900_000), "{failure}"),
            Remedy::Stop(stop) => {
                assert_eq!(action, Action::Stop(stop));
                let later = NOW.plus_seconds(1_000_000);
                assert_eq!(
                    forward.decide(outbox(Some(1), 1), later),
                    Action::Stop(stop)
                );
                forward.resume();
                assert_eq!(
                    forward.decide(outbox(Some(1), 1), NOW),
                    Action::SendPending(1)
                );
            }
        }
    }
}

/// A small computer without a clock of its own starts years ago, and is right seconds later.
#[test]
fn a_clock_that_is_wrong_is_expected_to_be_set() {
    assert_eq!(Failure::ClockWrong.remedy(), Remedy::RetryOften);
    assert_eq!(Failure::HubUntrusted.remedy(), Remedy::RetrySeldom);
    let mut forward = Forward::new(Settings::default());
    let waits = [(); 9].map(|()| {
        let action = forward.failed(Failure::ClockWrong, None, NOW, u64::MAX);
        let Action::Wait(until) = action else {
            panic!("must wait");
        };
        until.millis_since(NOW) / 1_000
    });
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
}

#[test]
fn a_busy_hub_is_given_the_time_it_asks_for_within_reason() {
    let mut forward = Forward::new(Settings::default());
    let mut waits =
        |seconds, random| match forward.failed(Failure::Busy, Some(seconds), NOW, random) {
            Action::Wait(until) => until.millis_since(NOW) / 1_000,
            other => panic!("{other:?}"),
        };
    assert_eq!(waits(60, 0), 60);
    assert_eq!(waits(60, u64::MAX), 120);
    assert_eq!(waits(u32::MAX, u64::MAX), 7_200);
}

#[test]
fn a_clock_set_back_does_not_silence_it() {
    let mut forward = Forward::new(Settings::default());
    forward.failed(Failure::Unreachable, None, NOW, u64::MAX);
    let a_year_before = NOW.plus_seconds(-31_536_000);
    assert_eq!(
        forward.decide(outbox(Some(1), 0), a_year_before),
        Action::SendPending(1)
    );
}

/// A thousand collectors lose their hub in the same second and get it back three hours later.
#[test]
fn a_thousand_collectors_do_not_stampede() {
    const OUTAGE_SECONDS: i64 = 3 * 3_600;
    let mut random = 1_u64;
    let mut next_random = || {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let mixed = (random ^ (random >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
        mixed ^ (mixed >> 33)
    };
    let mut collectors = vec![Forward::new(Settings::default()); 1_000];
    let mut queue: BTreeMap<(Timestamp, usize), ()> = BTreeMap::new();
    for index in 0..collectors.len() {
        queue.insert((NOW, index), ());
    }
    let back = NOW.plus_seconds(OUTAGE_SECONDS);
    let mut per_second: BTreeMap<i64, u32> = BTreeMap::new();
    let mut last_success = NOW;
    while let Some(((at, index), ())) = queue.pop_first() {
        let forward = &mut collectors[index];
        match forward.decide(outbox(Some(1), 0), at) {
            Action::Wait(until) => {
                queue.insert((until, index), ());
            }
            Action::SendPending(_) => {
                *per_second.entry(at.millis_since(NOW) / 1_000).or_default() += 1;
                if at >= back {
                    forward.succeeded();
                    last_success = last_success.max(at);
                } else {
                    forward.failed(Failure::Unreachable, None, at, next_random());
                    queue.insert((at, index), ());
                }
            }
            other => panic!("{other:?}"),
        }
    }
    let peak = |from: i64| per_second.range(from..).map(|(_, count)| *count).max();
    assert!(peak(300) < Some(40), "five minutes in: {:?}", peak(300));
    assert!(peak(3_600) < Some(15), "an hour in: {:?}", peak(3_600));
    assert!(peak(OUTAGE_SECONDS) < Some(15), "at the return");
    let all_back = last_success.millis_since(back) / 1_000;
    assert!(all_back <= 900, "the last is back after {all_back} s");
}
