//! The whole town in one process: real hub, real collectors, real links; only the traffic is made
//! up. What went in at the devices has to come out as one threat and timely warnings, and nothing
//! may be lost or counted twice on the way.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use larum_core::time::Timestamp;
use larum_hub::town::{self, Plan, Report, WAVE_KEY};
use tokio::sync::mpsc;

/// Early afternoon, so that the wave is over before midnight.
const START: Timestamp = Timestamp::from_seconds(1_795_352_400);
/// How much faster than life the town's clock runs.
const SPEED: u32 = 360;
/// How long the town lives, in seconds of ours.
const LIFE_SECONDS: u32 = 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn town_wave_is_called_and_warned_of_in_time_and_nothing_is_lost() {
    let plan = Plan {
        port: 0,
        members: 10,
        speed: SPEED.into(),
        duration: Some(Duration::from_secs(LIFE_SECONDS.into())),
        seed: 7,
        start: START,
    };
    let mut said = Vec::new();
    let (_ask, asks) = mpsc::channel(1);
    let report = town::run(
        plan,
        &mut |line| said.push(line),
        asks,
        std::future::pending(),
    )
    .await
    .unwrap();
    let story = said.join("\n");
    one_threat_is_called(&report, &story);
    warnings_come_before_the_attack(&report, &story);
    nothing_is_lost(&report);
    assert!(!report.folder.exists());
    assert!(story.contains("/sign-in/"), "{story}");
    assert!(!story.contains('«'), "{story}");
}

fn one_threat_is_called(report: &Report, story: &str) {
    // Collectors that are stopped tell what was still going on; what the hub makes of that after the
    // end is no part of the town's life.
    let end = START.plus_seconds((LIFE_SECONDS * SPEED).into());
    let keys: Vec<&str> = report
        .threats
        .iter()
        .filter(|(threat, _)| threat.opened < end)
        .map(|(threat, _)| threat.key.as_str())
        .collect();
    assert_eq!(keys, [WAVE_KEY], "{story}");
    let (threat, _) = report.threats.first().unwrap();
    assert!(threat.members >= 5 && threat.sources >= 3, "{threat:?}");
}

fn warnings_come_before_the_attack(report: &Report, story: &str) {
    let (threat, warnings) = report.threats.first().unwrap();
    let hit: Vec<_> = warnings.iter().filter(|one| one.hit.is_some()).collect();
    assert!(hit.len() >= 3, "{story}");
    for warning in hit {
        assert!(warning.issued >= threat.opened);
        assert!(
            warning.delivered.unwrap() <= warning.hit.unwrap(),
            "{warning:?}"
        );
    }
    assert!(warnings.iter().all(|one| one.delivered.is_some()));
    // The first firm hit is a reason for the warnings: it is told, but was hit before.
    let first = report.script.first().unwrap();
    let told = warnings.iter().find(|one| one.member == *first).unwrap();
    assert_eq!(told.hit, None, "{told:?}");
}

fn nothing_is_lost(report: &Report) {
    let (mut received, mut receipted) = (0, 0);
    for firm in &report.firms {
        let sum = &firm.counted;
        let rejected: u64 = sum.rejected.values().sum();
        let dropped: u64 = sum.dropped.values().sum();
        let withheld: u64 = sum.withheld.values().sum();
        assert_eq!(sum.received, sum.events + rejected + dropped, "{firm:?}");
        assert_eq!(sum.findings, sum.sightings + withheld, "{firm:?}");
        assert!(
            sum.sightings >= sum.sent && sum.sent >= sum.receipted,
            "{firm:?}"
        );
        assert_eq!(rejected, 0, "{firm:?}");
        received += sum.received;
        receipted += sum.receipted;
    }
    assert_eq!(received, report.written);
    assert_eq!(
        receipted, report.counted.sightings,
        "each counted exactly once"
    );
}
