//! A firewall that writes local time without saying which, seven minutes ahead, and translates
//! addresses: zone, clock and the firm's own address are found, told, and known after a restart.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;

use std::net::UdpSocket;
use std::time::Duration;

use larum_collector::config::{Transport, Zone};
use larum_collector::learned::{Learned, OwnRow};
use larum_core::time::{DeviceTime, Timestamp};
use larum_link::clock::Clock;
use rig::{Started, config};

/// A device's day goes by this much faster here.
const SPEED: f64 = 50.0;
/// Two hours east, and seven minutes ahead.
const AHEAD_SECONDS: i64 = 7_200 + 420;
const RECORDS: u64 = 6;

fn line(clock: &Clock) -> String {
    let shown = clock.now().plus_seconds(AHEAD_SECONDS);
    let text = DeviceTime::stated(shown, 0).to_string();
    format!(
        "<189>date={} time={} devname=\"fw-1\" devid=\"FGT60F0000000001\" logid=\"0000000013\" \
         type=\"traffic\" subtype=\"forward\" level=\"notice\" vd=\"root\" srcip=10.1.100.11 \
         srcport=58012 srcintf=\"port1\" dstip=203.0.113.71 dstport=443 dstintf=\"port2\" proto=6 \
         action=\"close\" service=\"HTTPS\" trandisp=\"snat\" transip=192.0.2.8 transport=58012",
        &text[..10],
        &text[11..19],
    )
}

async fn send(started: &Started, clock: &Clock) {
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let before = started.total().received();
    for number in 1..=RECORDS {
        let sent = clock.now();
        sender
            .send_to(line(clock).as_bytes(), started.address(Transport::Udp))
            .unwrap();
        started.until_received(before + number).await;
        while clock.now() < sent.plus_seconds(6) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn posted(started: &Started) -> Learned {
    started.running.board.lock().learned.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zone_clock_and_own_address_are_learned_told_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let now = Timestamp::from_civil((2026, 11, 20), (12, 0, 0), 0).unwrap();
    let clock = Clock::scaled(now, SPEED);
    let started = Started::new(config(folder.path()), clock.clone()).await;
    send(&started, &clock).await;
    let board = std::sync::Arc::clone(&started.running.board);
    let total = started.stop().await;
    assert_eq!(total.events, RECORDS, "{total:?}");
    let learned = board.lock().learned.clone();
    let row = &learned.clocks[0];
    assert_eq!(row.zone_from, "learned");
    assert_eq!(row.zone_offset_seconds, 7_200);
    let wrong = row.wrong_seconds.unwrap();
    assert!((300..=420).contains(&wrong), "{row:?}");
    assert_eq!(
        learned.own,
        [OwnRow {
            network: "192.0.2.8/32".to_owned(),
            why: "translated".to_owned(),
            records: 6,
        }]
    );

    let again = Started::new(config(folder.path()), clock).await;
    assert_eq!(posted(&again).clocks, learned.clocks);
    assert_eq!(posted(&again).own, learned.own);
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_person_configured_goes_before_what_is_learned() {
    let folder = tempfile::tempdir().unwrap();
    let now = Timestamp::from_civil((2026, 11, 20), (12, 0, 0), 0).unwrap();
    let clock = Clock::scaled(now, SPEED);
    let mut config = config(folder.path());
    for listen in &mut config.listen {
        listen.zone = Zone::from_text("+01:00");
    }
    config.own_networks = vec!["198.51.100.0/29".parse().unwrap()];
    config.not_own_networks = vec!["192.0.2.0/24".parse().unwrap()];
    let started = Started::new(config, clock.clone()).await;
    send(&started, &clock).await;
    let board = std::sync::Arc::clone(&started.running.board);
    started.stop().await;
    let learned = board.lock().learned.clone();
    let row = &learned.clocks[0];
    assert_eq!(row.zone_from, "configured");
    assert_eq!(row.zone_offset_seconds, 3_600);
    let wrong = row.wrong_seconds.unwrap();
    assert!((3_900..=4_020).contains(&wrong), "{row:?}");
    let own: Vec<_> = learned.own.iter().map(|own| own.network.as_str()).collect();
    assert_eq!(own, ["198.51.100.0/29"]);
}
