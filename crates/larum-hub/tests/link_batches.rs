//! Batches: every sighting exactly once, whatever the network, the hub and copied folders do.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod link_rig;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use larum_collector::identity::Identity;
use larum_collector::uplink::Report;
use larum_collector::uplink::connection::CallError;
use larum_core::finding::Severity;
use larum_core::watch::{Kind, State};

use larum_hub_lib::store::ingest::Totals;
use larum_hub_lib::store::people::People as _;
use larum_hub_lib::store::watch::{NewWarning, ThreatChange, ThreatRow, WatchStore};
use larum_link::clock::Clock;
use larum_link::receipt;
use larum_link::token::HubAddress;
use larum_link::wire::{
    Batch, CHAIN_START, MAX_BATCH_SIGHTINGS, Receipt, RefusalCode, WIRE_VERSION, WireWarning, path,
};
use larum_spool::{FolderStorage, Ledger};
use link_rig::{Collector, Hub, PATIENCE, copy_folder, sighting, start, still};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

fn counted(totals: Totals, sightings: u64) {
    assert_eq!(totals.arrived, sightings);
    assert_eq!(totals.findings, sightings);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sent_batches_are_receipted_and_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let clock = still();
    let hub = Hub::new(&folder.path().join("hub"), &clock).await;
    let token = hub.token(hub.member("Bakery", start()), start());
    let state = folder.path().join("c");
    // Spooled before it has joined: nothing is lost, and it goes out as soon as it may.
    let mut collector = Collector::run(&state, &clock);
    let last = collector.spool(0..2_500, start());
    collector
        .wait(|report| matches!(report, Report::NotJoined).then_some(()))
        .await;
    Collector::join(&state, &token, &clock).await;
    collector.receipted(last).await;
    counted(hub.totals(), 2_500);
    let state = collector.stop().await;

    let config = hub.stop().await;
    let hub = Hub::run(config, &clock).await;
    let kept = Ledger::look(FolderStorage::read_only(state.join("ledger")).unwrap()).unwrap();
    let identity = Identity::load(&state).unwrap().unwrap();
    let entries = kept.entries(1, u64::MAX).unwrap();
    assert_eq!(entries.len(), 3);
    for entry in entries {
        let receipt: Receipt = serde_json::from_slice(&entry.receipt.unwrap()).unwrap();
        let authority = identity.authorities().pop().unwrap();
        receipt::verify(&receipt, identity.collector(), &authority).unwrap();
    }
    let mut collector = Collector::run(&state, &clock);
    let last = collector.spool(2_500..2_600, start());
    collector.receipted(last).await;
    counted(hub.totals(), 2_600);
    assert_eq!(collector.spool.lock().unwrap().pending().frames, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_down_for_hours_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // An hour in about a second.
    let clock = Clock::scaled(start(), 3_600.0);
    let hub = Hub::new(&folder.path().join("hub"), &clock).await;
    let token = hub.token(hub.member("Bakery", clock.now()), clock.now());
    let state = folder.path().join("c");
    Collector::join(&state, &token, &clock).await;
    let mut collector = Collector::run(&state, &clock);
    let last = collector.spool(0..10, clock.now());
    collector.receipted(last).await;
    let config = hub.stop().await;
    let down = clock.now();
    let mut last = 0;
    while clock.now().millis_since(down) < 6 * 3_600_000 {
        let number = 10 + last.max(10) - 10;
        last = collector.spool(number..number + 50, clock.now());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    collector.hub_says("unreachable").await;
    let hub = Hub::run(config, &clock).await;
    collector.receipted(last).await;
    counted(hub.totals(), last);
}

/// Breaks each connection after some thousands of bytes, so that answers get lost after the hub has
/// counted, and requests are cut in half.
async fn flaky(listener: TcpListener, hub: SocketAddr, harmless: Arc<AtomicBool>) {
    let mut seed = 7_u64;
    while let Ok((mut near, _)) = listener.accept().await {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let harmless = harmless.load(Ordering::Relaxed);
        let (up, down) = if harmless {
            (u64::MAX, u64::MAX)
        } else {
            (2_500 + (seed >> 33) % 40_000, 1_600 + (seed >> 45) % 2_500)
        };
        tokio::spawn(async move {
            let Ok(mut far) = TcpStream::connect(hub).await else {
                return;
            };
            let (near_in, mut near_out) = near.split();
            let (far_in, mut far_out) = far.split();
            let (mut up, mut down) = (near_in.take(up), far_in.take(down));
            // The first direction to reach its end takes the other with it.
            tokio::select! {
                _ = tokio::io::copy(&mut up, &mut far_out) => {}
                _ = tokio::io::copy(&mut down, &mut near_out) => {}
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_and_cut_requests_count_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    // Fast, so that the waits between attempts are short.
    let clock = Clock::scaled(start(), 600.0);
    let hub = Hub::new(&folder.path().join("hub"), &clock).await;
    let state = folder.path().join("c");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let through = listener.local_addr().unwrap();
    let harmless = Arc::new(AtomicBool::new(true));
    let proxy = tokio::spawn(flaky(listener, hub.running.link_addr, harmless.clone()));
    let address = HubAddress::new("127.0.0.1", through.port()).unwrap();
    let member = hub.member("Bakery", clock.now());
    let token = larum_hub_lib::enrol::invite(
        &*hub.running.store,
        &hub.running.authority,
        address,
        member,
        "shop",
        clock.now(),
        24,
    )
    .unwrap();
    // A token is good once, so joining is spared.
    Collector::join(&state, &token, &clock).await;
    harmless.store(false, Ordering::Relaxed);
    let mut collector = Collector::run(&state, &clock);
    let (mut last, mut broken) = (0, 0);
    for round in 0..12 {
        last = collector.spool(round * 100..round * 100 + 100, clock.now());
        collector
            .wait(|report| match report {
                Report::Receipted { up_to, .. } => (up_to >= last).then_some(()),
                Report::Hub { state, .. } => {
                    broken += u32::from(state != "connected");
                    None
                }
                _ => None,
            })
            .await;
    }
    assert!(broken > 0, "the proxy broke nothing");
    counted(hub.totals(), last);
    assert_eq!(hub.totals().conflicts, 0);
    proxy.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copied_identity_is_noticed_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let clock = still();
    let hub = Hub::new(&folder.path().join("hub"), &clock).await;
    let member = hub.member("Bakery", start());
    let state = folder.path().join("c");
    Collector::join(&state, &hub.token(member, start()), &clock).await;
    let mut first = Collector::run(&state, &clock);
    let last = first.spool(0..10, start());
    first.receipted(last).await;
    let state = first.stop().await;
    let copy = folder.path().join("copy");
    copy_folder(&state, &copy);

    let mut first = Collector::run(&state, &clock);
    let last = first.spool(10..20, start());
    first.receipted(last).await;
    let mut second = Collector::run(&copy, &clock);
    let last = second.spool(20..30, start());
    second.hub_says("sequence-conflict").await;
    assert_eq!(hub.totals().conflicts, 1);
    counted(hub.totals(), 20);

    // Joining again gives the copy an identity of its own, and what it held back goes out.
    Collector::join(&copy, &hub.token(member, start()), &clock).await;
    let more = second.spool(30..35, start());
    second.receipted(more.max(last)).await;
    let last = first.spool(40..45, start());
    first.receipted(last).await;
    counted(hub.totals(), 40);
    let kept: Vec<_> = std::fs::read_dir(&copy)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("ledger"))
        .collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
}

async fn post(identity: &Identity, batch: &Batch) -> Result<Receipt, CallError> {
    let client = identity.client(&still()).unwrap();
    let answered = client.post_json::<Receipt>(path::BATCHES, batch).await?;
    Ok(answered.value)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_batches_are_refused_and_good_ones_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let clock = still();
    let hub = Hub::new(&folder.path().join("hub"), &clock).await;
    let token = hub.token(hub.member("Bakery", start()), start());
    let identity = Collector::join(&folder.path().join("c"), &token, &clock).await;
    let client = identity.client(&clock).unwrap();
    let batch = |sequence, count| Batch {
        version: WIRE_VERSION,
        sequence,
        previous: CHAIN_START.into(),
        created: start().as_millis(),
        sightings: (0..count).map(|number| sighting(number, start())).collect(),
    };
    let over = u64::try_from(MAX_BATCH_SIGHTINGS).unwrap() + 1;
    let wrong_version = Batch {
        version: 9,
        ..batch(1, 1)
    };
    let bodies: [(Vec<u8>, RefusalCode); 7] = [
        (b"garbage".to_vec(), RefusalCode::BodyMalformed),
        (Vec::new(), RefusalCode::BodyMalformed),
        (vec![b' '; 20_000_000], RefusalCode::BodyMalformed),
        (
            serde_json::to_vec(&batch(1, over)).unwrap(),
            RefusalCode::BodyMalformed,
        ),
        (
            serde_json::to_vec(&wrong_version).unwrap(),
            RefusalCode::BodyMalformed,
        ),
        (
            serde_json::to_vec(&batch(2, 1)).unwrap(),
            RefusalCode::SequenceConflict,
        ),
        (
            serde_json::to_vec(&batch(0, 1)).unwrap(),
            RefusalCode::BodyMalformed,
        ),
    ];
    for (body, expected) in bodies {
        match client.post(path::BATCHES, &body).await {
            Err(CallError::Refused(refusal)) => {
                assert_eq!(refusal.code, expected);
                assert!(!refusal.message.contains('«'));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(hub.totals().batches, 0);

    let mut mixed = batch(1, 3);
    mixed.sightings[1].sources = vec!["10.0.0.1".parse().unwrap()];
    mixed.sightings[2].last = start().as_millis() + 2 * 86_400_000;
    let receipt = post(&identity, &mixed).await.unwrap();
    assert_eq!(receipt.set_aside.values().sum::<u64>(), 2);
    // Asked again, the hub says the same; only the signature is made anew.
    let mut again = post(&identity, &mixed).await.unwrap();
    assert_ne!(again.signature, "");
    again.signature.clone_from(&receipt.signature);
    assert_eq!(again, receipt);
    let totals = hub.totals();
    assert_eq!((totals.batches, totals.arrived), (1, 1));
    let other = batch(1, 1);
    let Err(CallError::Refused(refusal)) = post(&identity, &other).await else {
        panic!("a second batch of the same number was counted");
    };
    assert_eq!(
        (refusal.code, refusal.expected),
        (RefusalCode::SequenceConflict, Some(2))
    );
}

fn threat(warning: &WireWarning, member: larum_hub_lib::id::MemberId) -> ThreatChange {
    ThreatChange {
        id: None,
        row: ThreatRow {
            key: warning.key.clone(),
            kind: Kind::Emerging,
            level: "region".into(),
            scope: "London".into(),
            state: State::Emerging,
            severity: Severity::High,
            opened: start(),
            updated: start(),
            closed: None,
            score: 9.0,
            sources: 5,
            members: 3,
            first: start(),
            evidence: "{}".into(),
        },
        reached: Vec::new(),
        warnings: vec![NewWarning {
            member,
            expires: start().plus_seconds(86_400),
            body: serde_json::to_string(warning).unwrap(),
        }],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_warning_reaches_the_collector_while_it_waits_and_only_its_own_member() {
    let folder = tempfile::tempdir().unwrap();
    let clock = still();
    let hub = Hub::new(&folder.path().join("hub"), &clock).await;
    let bakery = hub.member("Bakery", start());
    let garage = hub.member("Garage", start());
    let mut collectors = Vec::new();
    for (name, member) in [("b", bakery), ("g", garage)] {
        let state = folder.path().join(name);
        Collector::join(&state, &hub.token(member, start()), &clock).await;
        let mut collector = Collector::run(&state, &clock);
        collector.hub_says("connected").await;
        collectors.push(collector);
    }
    let warning = WireWarning {
        id: 0,
        issued: start().as_millis(),
        expires: start().as_millis() + 86_400_000,
        severity: "high".into(),
        key: "tcp/3389".into(),
        title: "Remote desktop is being attacked nearby".into(),
        why: "Three firms like yours were attacked today.".into(),
        actions: vec!["Close port 3389 to the internet.".into()],
        indicators: Vec::new(),
    };
    let change = threat(&warning, garage);
    hub.running.store.apply_threat(&change, start()).unwrap();
    let mut garage = collectors.pop().unwrap();
    let received = garage
        .wait(|report| match report {
            Report::Warning(warning) => Some(warning),
            _ => None,
        })
        .await;
    assert_eq!(received.title, warning.title);
    assert!(received.id > 0);
    // The bakery's call is still open: the hub stops within its time all the same.
    let stopped = tokio::time::timeout(PATIENCE, hub.stop()).await;
    assert!(stopped.is_ok());
    let mut bakery = collectors.pop().unwrap();
    let told = bakery
        .wait(|report| match report {
            Report::Warning(_) => Some(true),
            Report::Hub { state, .. } if state != "connected" => Some(false),
            _ => None,
        })
        .await;
    assert!(!told);
}

/// A collector that has brought its day's worth is asked to wait, is told why, and loses nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_brings_more_than_a_day_s_worth_waits_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // An hour in less than four seconds.
    let clock = Clock::scaled(start(), 1_000.0);
    let hub = Hub::new(&folder.path().join("hub"), &clock).await;
    let mut config = hub.stop().await;
    // The first batch of a thousand overdraws it by an hour.
    config.day_limits.collector = 960;
    let hub = Hub::run(config, &clock).await;
    let now = clock.now();
    let state = folder.path().join("c");
    Collector::join(&state, &hub.token(hub.member("Bakery", now), now), &clock).await;
    let mut collector = Collector::run(&state, &clock);
    let last = collector.spool(0..1_050, now);
    collector.hub_says("over-quota").await;
    // The hub has noted it, for the firm's page and for `doctor`.
    let noted = hub.running.store.counted(clock.now(), now).unwrap();
    assert_eq!(noted.over_quota, 1);
    collector.receipted(last).await;
    counted(hub.totals(), 1_050);
    collector.stop().await;
}
