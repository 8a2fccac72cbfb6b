//! What three firms see, sixty are warned of: over real links, each collector with a key of its own. The time
//! it takes is measured by `larum-bench warned`, not asserted here.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod link_rig;

use std::time::{Duration, Instant};

use larum_collector::uplink::Report;
use larum_core::time::Timestamp;
use larum_hub_lib::id::MemberId;
use larum_hub_lib::store::ingest::IngestStore as _;
use larum_hub_lib::store::watch::WatchStore as _;
use larum_hub_lib::store::watch_state::WatchState as _;
use larum_link::clock::Clock;
use larum_link::wire::{WireSighting, WireWarning};
use link_rig::{Collector, Hub, PATIENCE, sighting, start};

const FIRMS: u8 = 60;
/// Firms that the campaign reaches before it is called, each from as many sources.
const HIT: u8 = 3;
const KEY: &str = "tcp/5900";
const DAY_SECONDS: i64 = 86_400;
/// The watch looks once a minute of the hub's clock: twice a second.
const SPEED: f64 = 120.0;
const PAUSE: Duration = Duration::from_millis(50);

fn seen(number: u8, key: &str, network: u8, at: Timestamp) -> WireSighting {
    let source = std::net::Ipv4Addr::new(198, 51, network, number);
    WireSighting {
        id: format!("{network:016x}{number:016x}"),
        key: key.into(),
        sources: vec![source.into()],
        ..sighting(0, at)
    }
}

struct Firm {
    member: MemberId,
    collector: Collector,
}

/// Firms with collectors that have been there for weeks, as far as the hub can tell.
async fn firms(folder: &std::path::Path, hub: &Hub, clock: &Clock) -> Vec<Firm> {
    let mut firms = Vec::new();
    for number in 0..FIRMS {
        let state = folder.join(format!("c{number}"));
        let member = hub.member(&format!("Firm {number}"), clock.now());
        Collector::join(&state, &hub.token(member, clock.now()), clock).await;
        let collector = Collector::run(&state, clock);
        let past = (1..=35).map(|day| {
            let at = start().plus_seconds(-i64::from(day) * DAY_SECONDS);
            seen(number, "tcp/23", 100 + day, at)
        });
        collector.spool_all(past);
        firms.push(Firm { member, collector });
    }
    firms
}

/// Waits until the watch has looked at all that the hub has counted.
async fn until_watched(hub: &Hub, sightings: u64) {
    let store = &hub.running.store;
    let begun = Instant::now();
    loop {
        let looked = store.looks(0).unwrap().last().map(|look| look.up_to);
        let is_counted = store.totals().unwrap().arrived == sightings;
        if is_counted && looked == Some(store.newest_receipt().unwrap()) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "the watch looks");
        tokio::time::sleep(PAUSE).await;
    }
}

async fn warned(collector: &mut Collector) -> WireWarning {
    collector
        .wait(|report| match report {
            Report::Warning(warning) => Some(warning),
            _ => None,
        })
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_three_firms_see_all_are_warned_of_those_not_hit_first() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::scaled(start(), SPEED);
    let hub = Hub::new(&folder.path().join("hub"), &clock).await;
    let mut firms = firms(folder.path(), &hub, &clock).await;
    until_watched(&hub, u64::from(FIRMS) * 35).await;
    let store = &hub.running.store;
    assert!(store.threats(10).unwrap().is_empty());

    let now = clock.now();
    for (number, firm) in (0..HIT).zip(&firms) {
        let sources = (0..4).map(|network| seen(number, KEY, network, now));
        firm.collector.spool_all(sources);
    }
    let mut told = Vec::new();
    for firm in &mut firms {
        let warning = warned(&mut firm.collector).await;
        assert_eq!(warning.key, KEY);
        told.push(warning);
    }

    let threats = store.threats(10).unwrap();
    let (threat, row) = threats.first().expect("a threat");
    assert_eq!((threats.len(), row.key.as_str()), (1, KEY));
    assert_eq!(row.members, usize::from(HIT));
    assert!(row.opened >= now, "called after it was seen");
    let (hit, ahead) = told.split_at(HIT.into());
    let first_hit = hit.iter().map(|warning| warning.id).min().unwrap();
    assert!(ahead.iter().all(|warning| warning.id < first_hit));
    assert!(ahead.iter().all(|warning| warning.why != hit[0].why));
    let states = store.warning_states(*threat).unwrap();
    assert_eq!(states.len(), firms.len(), "each is warned once");
    for firm in &firms {
        let state = states.iter().find(|state| state.member == firm.member);
        let state = state.expect("everybody is warned");
        assert!(state.issued >= row.opened);
        assert!(state.delivered.unwrap() >= state.issued);
        assert_eq!(state.hit, None, "nobody was hit after the warning");
    }
    for firm in firms {
        firm.collector.stop().await;
    }
    hub.stop().await;
}
