//! Joining: good and bad tokens, wrong clocks, wrong hubs, certificates that end or are renewed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::panic, reason = "a test fails by panicking")]

mod link_rig;

use std::time::Duration;

use larum_collector::identity::{self, Identity, JoinError};
use larum_collector::uplink::connection::{CallError, LinkProblem};
use larum_hub_lib::id::CollectorId;
use larum_hub_lib::store::enrol::EnrolStore;
use larum_link::clock::Clock;
use larum_link::token::Token;
use larum_link::wire::{EnrolRequest, Enrolled, Heartbeat, RefusalCode, Tally, path};
use link_rig::{Collector, Hub, VERSION, start, still};

const DAY_SECONDS: i64 = 86_400;

async fn refused(token: &Token, clock: &Clock) -> CallError {
    let folder = tempfile::tempdir().unwrap();
    let joined = identity::join(token, VERSION, folder.path(), clock).await;
    assert_eq!(Identity::load(folder.path()).unwrap(), None);
    match joined {
        Err(JoinError::Call(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn code(error: &CallError) -> Option<RefusalCode> {
    match error {
        CallError::Refused(refusal) => Some(refusal.code),
        _ => None,
    }
}

async fn beat(identity: &Identity, clock: &Clock) -> Result<(), CallError> {
    let heartbeat = Heartbeat {
        version: VERSION.into(),
        now: clock.now().as_millis(),
        total: Tally::default(),
        spool_bytes: 0,
        devices: 0,
        last_heard: None,
        concerns: Vec::new(),
        trust: None,
    };
    let body = serde_json::to_vec(&heartbeat).unwrap();
    let client = identity.client(clock).unwrap();
    client.post(path::HEARTBEAT, &body).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_good_once_and_says_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let clock = still();
    let hub = Hub::new(&folder.path().join("hub"), &clock).await;
    let member = hub.member("Bakery", start());
    let token = hub.token(member, start());
    let state = folder.path().join("collector");
    let identity = Collector::join(&state, &token, &clock).await;
    assert_eq!(identity.member(), "Bakery");
    assert_eq!(Identity::load(&state).unwrap(), Some(identity.clone()));
    beat(&identity, &clock).await.unwrap();

    let used = refused(&token, &clock).await;
    assert_eq!(code(&used), Some(RefusalCode::TokenUsed));
    let old = hub.token(member, start().plus_seconds(-DAY_SECONDS));
    let expired = refused(&old, &clock).await;
    assert_eq!(code(&expired), Some(RefusalCode::TokenExpired));
    let invented = Token::random(old.hub.clone(), old.authority_sha256).unwrap();
    let unknown = refused(&invented, &clock).await;
    assert_eq!(code(&unknown), Some(RefusalCode::TokenUnknown));
    let other_hub = Token::random(old.hub.clone(), [7; 32]).unwrap();
    let wrong = refused(&other_hub, &clock).await;
    assert_eq!(wrong, CallError::Link(LinkProblem::WrongHub));
    hub.stop().await;
    let nobody = refused(&old, &clock).await;
    assert_eq!(nobody, CallError::Link(LinkProblem::Unreachable));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_callers_with_one_token_make_one_collector() {
    let folder = tempfile::tempdir().unwrap();
    let clock = still();
    let hub = Hub::new(&folder.path().join("hub"), &clock).await;
    let token = hub.token(hub.member("Bakery", start()), start());
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (token, clock) = (token.clone(), clock.clone());
        let state = folder.path().join(number.to_string());
        tasks.spawn(async move {
            identity::join(&token, VERSION, &state, &clock)
                .await
                .is_ok()
        });
    }
    let joined = tasks.join_all().await.into_iter().filter(|ok| *ok).count();
    assert_eq!(joined, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_a_year_off_is_told_as_that() {
    let folder = tempfile::tempdir().unwrap();
    let clock = still();
    let hub = Hub::new(&folder.path().join("hub"), &clock).await;
    let token = hub.token(hub.member("Bakery", start()), start());
    for years in [-1, 1] {
        let wrong = Clock::scaled(start().plus_seconds(years * 365 * DAY_SECONDS), 1.0);
        let error = refused(&token, &wrong).await;
        assert_eq!(error, CallError::Link(LinkProblem::Clock), "{years}");
    }
    // The token is still good once the clock is right.
    let identity = Collector::join(&folder.path().join("c"), &token, &clock).await;

    // The other way about: the hub's clock is wrong, the collector's is right.
    let config = hub.stop().await;
    for years in [-1, 1] {
        let wrong = Clock::scaled(start().plus_seconds(years * 365 * DAY_SECONDS), 1.0);
        let hub = Hub::run(config.clone(), &wrong).await;
        let error = beat(&identity, &clock).await.unwrap_err();
        assert_eq!(error, CallError::Link(LinkProblem::Clock), "{years}");
        hub.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_certificate_and_a_revoked_collector_are_shut_out() {
    let folder = tempfile::tempdir().unwrap();
    let clock = still();
    let hub = Hub::new(&folder.path().join("hub"), &clock).await;
    let member = hub.member("Bakery", start());
    let state = folder.path().join("c");
    let identity = Collector::join(&state, &hub.token(member, start()), &clock).await;
    beat(&identity, &clock).await.unwrap();
    let collector = CollectorId::parse(identity.collector()).unwrap();
    hub.running
        .store
        .revoke_collector(collector, start())
        .unwrap();
    let error = beat(&identity, &clock).await.unwrap_err();
    assert_eq!(code(&error), Some(RefusalCode::Revoked));

    let later = Clock::scaled(start().plus_seconds(8 * DAY_SECONDS), 1.0);
    assert!(identity.has_ended(later.now()));
    let config = hub.stop().await;
    let _hub = Hub::run(config, &later).await;
    let error = beat(&identity, &later).await.unwrap_err();
    assert_eq!(error, CallError::Link(LinkProblem::HubClock));
}

/// Seven days in about two seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_renewed_before_two_thirds_of_its_life() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::scaled(start(), 60_000.0);
    let hub = Hub::new(&folder.path().join("hub"), &clock).await;
    let member = hub.member("Bakery", start());
    let token = hub.token(member, clock.now());
    let state = folder.path().join("c");
    let first = Collector::join(&state, &token, &clock).await;
    for random in [0, 500, 999, u64::MAX] {
        let gone = first.renew_at(random).millis_since(first.not_after()) / 1_000 + 7 * DAY_SECONDS;
        assert!(gone > 7 * DAY_SECONDS * 2 / 5 && gone < 7 * DAY_SECONDS * 2 / 3);
    }
    let collector = Collector::run(&state, &clock);
    let renewed = tokio::time::timeout(link_rig::PATIENCE, async {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let now = Identity::load(&state).unwrap().unwrap();
            if now.not_after() > first.not_after() {
                return now;
            }
        }
    });
    let renewed = renewed.await.unwrap();
    assert_eq!(renewed.collector(), first.collector());
    let keys = |identity: &Identity| serde_json::to_value(identity).unwrap()["key_pem"].clone();
    assert_ne!(keys(&renewed), keys(&first));
    beat(&renewed, &clock).await.unwrap();
    collector.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_attempts_get_twenty_answers() {
    let folder = tempfile::tempdir().unwrap();
    let clock = still();
    let hub = Hub::new(&folder.path().join("hub"), &clock).await;
    let token = hub.token(hub.member("Bakery", start()), start());
    let config = larum_link::tls::enrolling_client(token.authority_sha256, clock.clone()).unwrap();
    let client = larum_collector::uplink::connection::Client::new(token.hub.clone(), config);
    let (mut answered, mut busy) = (0, 0);
    for number in 0..1_000 {
        let request = EnrolRequest {
            secret: format!("guess-{number}"),
            csr_pem: String::new(),
            version: VERSION.into(),
        };
        let error = client
            .post_json::<Enrolled>(path::ENROL, &request)
            .await
            .unwrap_err();
        match code(&error).unwrap() {
            RefusalCode::TokenUnknown => answered += 1,
            RefusalCode::Busy => {
                assert!(error.retry_after().unwrap() > 0);
                busy += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert!((20..30).contains(&answered), "{answered}");
    assert_eq!(answered + busy, 1_000);
}
