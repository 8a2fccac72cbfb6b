//! The hub changes its authority under collectors that go on sending: step by step, with one that slept
//! through it, and with one that never comes back.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod link_rig;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use larum_collector::identity::{self, Identity, JoinError};
use larum_collector::uplink::connection::{CallError, LinkProblem};
use larum_collector::uplink::proofs;
use larum_hub_lib::enrol::rotation::{self, RotationError, Step};
use larum_hub_lib::id::CollectorId;
use larum_hub_lib::store::enrol::EnrolStore as _;
use larum_link::clock::Clock;
use larum_link::receipt;
use larum_link::token::Token;
use larum_link::wire::Receipt;
use larum_spool::{FolderStorage, Ledger};
use link_rig::{Collector, Hub, VERSION, openssl, start};

/// A minute in less than a tenth of a second, a certificate's seven days in ten minutes.
const SPEED: f64 = 1_000.0;

struct Town {
    folder: tempfile::TempDir,
    clock: Clock,
    hub: Hub,
}

impl Town {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::scaled(start(), SPEED);
        let hub = Hub::new(&folder.path().join("hub"), &clock).await;
        Self { folder, clock, hub }
    }

    fn authority(&self) -> PathBuf {
        self.hub.config.authority_dir()
    }

    fn token(&self) -> Token {
        let now = self.clock.now();
        let member = self.hub.member("Bakery", now);
        self.hub.token(member, now)
    }

    async fn join(&self, name: &str) -> PathBuf {
        let state = self.folder.path().join(name);
        Collector::join(&state, &self.token(), &self.clock).await;
        state
    }

    /// Waits until the hub itself goes by what stands in the folder.
    async fn hub_knows(&self) {
        let wanted = rotation::standing(&self.authority()).unwrap().trust;
        until(|| self.hub.running.authority.trust() == wanted).await;
    }

    /// Waits until these many collectors say that they know how the authority stands.
    async fn known_by(&self, count: usize) {
        let wanted = rotation::standing(&self.authority()).unwrap().trust;
        until(|| {
            let now = self.clock.now();
            let all = self.hub.running.store.trust_entries(now).unwrap();
            let know = |entry: &&_| {
                let entry: &larum_hub_lib::store::enrol::TrustEntry = entry;
                entry.trust.as_ref() == Some(&wanted)
            };
            all.iter().filter(know).count() == count
        })
        .await;
    }
}

async fn until(mut holds: impl FnMut() -> bool) {
    let waited = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(link_rig::PATIENCE, waited)
        .await
        .expect("it comes to hold");
}

/// Every receipt in the ledger is proved by an authority that is kept beside it.
fn all_proved(state: &Path) -> usize {
    let folder = state.join("ledger");
    let authorities = proofs::kept(&folder).unwrap();
    let identity = Identity::load(state).unwrap().unwrap();
    let ledger = Ledger::look(FolderStorage::read_only(&folder).unwrap()).unwrap();
    for entry in ledger.entries(1, u64::MAX).unwrap() {
        let receipt: Receipt = serde_json::from_slice(&entry.receipt.unwrap()).unwrap();
        let proved =
            |authority: &_| receipt::verify(&receipt, identity.collector(), authority).is_ok();
        assert!(authorities.iter().any(proved), "{}", entry.sequence);
    }
    authorities.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_authority_changes_while_collectors_send_and_nothing_is_lost() {
    let town = Town::new().await;
    let folder = town.authority();
    let states = [town.join("a").await, town.join("b").await];
    let asleep = town.join("asleep").await;
    let before = town.token();
    let mut numbers = 0..;
    let mut collectors: Vec<_> = states
        .iter()
        .map(|state| Collector::run(state, &town.clock))
        .collect();
    let mut sent = 0_u64;
    let mut send = async |collectors: &mut Vec<Collector>| {
        for collector in collectors {
            let first: u64 = numbers.next().unwrap() * 100;
            let last = collector.spool(first..first + 20, town.clock.now());
            collector.receipted(last).await;
            sent += 20;
        }
        sent
    };
    send(&mut collectors).await;

    rotation::prepare(&folder, town.clock.now()).unwrap();
    assert!(matches!(
        rotation::prepare(&folder, town.clock.now()),
        Err(RotationError::Turn(Step::Prepared))
    ));
    send(&mut collectors).await;
    town.known_by(2).await;

    rotation::switch(&folder).unwrap();
    send(&mut collectors).await;
    town.known_by(2).await;
    send(&mut collectors).await;

    // Slept through all of it with what it trusted before: it finds the hub, and learns.
    collectors.push(Collector::run(&asleep, &town.clock));
    town.known_by(3).await;
    send(&mut collectors).await;
    // An invitation from before is still good.
    let late = town.folder.path().join("late");
    Collector::join(&late, &before, &town.clock).await;
    collectors.push(Collector::run(&late, &town.clock));
    town.known_by(4).await;

    // Who is shut out in the middle of it is out with the next call.
    let shut_out = Identity::load(&late).unwrap().unwrap();
    let id = CollectorId::parse(shut_out.collector()).unwrap();
    town.hub
        .running
        .store
        .revoke_collector(id, town.clock.now())
        .unwrap();
    collectors.pop().unwrap().stop().await;

    rotation::retire(&folder).unwrap();
    town.known_by(3).await;
    let sent = send(&mut collectors).await;
    let config = town.hub.stop().await;
    let hub = Hub::run(config, &town.clock).await;
    for collector in collectors {
        collector.stop().await;
    }
    assert_eq!(hub.totals().arrived, sent);
    for state in states.iter().chain([&asleep]) {
        assert_eq!(all_proved(state), 2);
        assert_eq!(
            Identity::load(state).unwrap().unwrap().authorities().len(),
            1
        );
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), 2);
}

/// One that knows nothing of it is shut out with the former authority, also on a connection that is open;
/// so is whoever stole that authority's key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_by_a_retired_authority_is_shut_out() {
    let town = Town::new().await;
    let folder = town.authority();
    let state = town.join("a").await;
    let token = town.token();
    let stolen = town.folder.path().join("stolen");
    link_rig::copy_folder(&folder, &stolen);
    let identity = Identity::load(&state).unwrap().unwrap();
    let client = identity.client(&town.clock).unwrap();
    let renew = async || {
        let elsewhere = town.folder.path().join("renewed");
        identity::renew(&identity, &client, &elsewhere).await
    };
    renew().await.unwrap();
    rotation::prepare(&folder, town.clock.now()).unwrap();
    rotation::switch(&folder).unwrap();
    town.hub_knows().await;
    renew().await.unwrap();
    rotation::retire(&folder).unwrap();
    town.hub_knows().await;
    let refused = renew().await.unwrap_err();
    assert!(
        matches!(&refused, JoinError::Call(CallError::Refused(_))),
        "{refused}"
    );
    let anew = identity.client(&town.clock).unwrap();
    let refused = identity::renew(&identity, &anew, &state).await.unwrap_err();
    let wrong_hub = CallError::Link(LinkProblem::WrongHub);
    assert!(matches!(refused, JoinError::Call(error) if error == wrong_hub));
    let other = town.folder.path().join("other");
    let joined = identity::join(&token, VERSION, &other, &town.clock).await;
    assert!(matches!(joined, Err(JoinError::Call(error)) if error == wrong_hub));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_in_place_of_a_stolen_one_needs_new_invitations() {
    let town = Town::new().await;
    let state = town.join("a").await;
    let (folder, clock) = (town.authority(), town.clock.clone());
    let config = town.hub.stop().await;
    rotation::prepare(&folder, clock.now()).unwrap();
    rotation::replace(&folder, clock.now()).unwrap();
    let hub = Hub::run(config, &clock).await;
    let mut collector = Collector::run(&state, &clock);
    collector.hub_says("wrong-hub").await;
    let last = collector.spool(0..10, clock.now());
    let now = clock.now();
    let token = hub.token(hub.member("Bakery", now), now);
    Collector::join(&state, &token, &clock).await;
    collector.receipted(last).await;
    assert_eq!(hub.totals().arrived, 10);
    collector.stop().await;
}

/// The next authority is one that a root elsewhere signed; its key never leaves the hub.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_authority_may_come_from_a_root_elsewhere() {
    let town = Town::new().await;
    let (folder, clock) = (town.authority(), town.clock.clone());
    let state = town.join("a").await;
    let now = clock.now();
    let none = rotation::prepare_signed(&folder, "", now);
    assert!(matches!(none, Err(RotationError::NoKey)));
    let request = rotation::request(&folder).unwrap();
    // Asked again it is the same key; the signature differs, and with it the length.
    let key = |request: &str| request.lines().nth(2).unwrap().to_owned();
    assert_eq!(key(&rotation::request(&folder).unwrap()), key(&request));
    let root = town.folder.path().join("root");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("next.csr"), request).unwrap();
    let usage = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n";
    fs::write(root.join("next.ext"), usage).unwrap();
    // The hub's clock is not this machine's: long enough for both.
    let dates = "-days 3650";
    openssl(
        &root,
        &format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key \
             -out root.crt {dates} -subj /CN=root"
        ),
    );
    let sign = "x509 -req -in next.csr -CA root.crt -CAkey root.key -CAcreateserial";
    openssl(
        &root,
        &format!("{sign} {dates} -extfile next.ext -out next.crt"),
    );
    openssl(&root, &format!("{sign} {dates} -out leaf.crt"));
    let pem = |name: &str| fs::read_to_string(root.join(name)).unwrap();
    for wrong in ["root.crt", "leaf.crt", "next.ext"] {
        let refused = rotation::prepare_signed(&folder, &pem(wrong), now);
        assert!(
            matches!(refused, Err(RotationError::Certificate)),
            "{wrong}"
        );
    }
    rotation::prepare_signed(&folder, &pem("next.crt"), now).unwrap();
    rotation::switch(&folder).unwrap();
    town.hub_knows().await;
    // It knows only the former one.
    let mut collector = Collector::run(&state, &clock);
    let last = collector.spool(0..10, clock.now());
    collector.receipted(last).await;
    town.known_by(1).await;
    rotation::retire(&folder).unwrap();
    town.known_by(1).await;
    collector.stop().await;
}

/// Wherever the switch was cut short, the files say one thing, and it can be finished.
#[test]
fn a_switch_cut_short_anywhere_can_be_finished() {
    use larum_hub_lib::enrol::authority::Authority;
    let made = tempfile::tempdir().unwrap();
    let before = made.path().join("authority");
    Authority::create(&before, start()).unwrap();
    rotation::prepare(&before, start()).unwrap();
    let old = Authority::load(&before).unwrap().sha256();
    let next = fs::read(before.join("next.crt")).unwrap();
    let cuts: [&[(&str, &str)]; 4] = [
        &[("authority.crt", "former.crt")],
        &[
            ("authority.crt", "former.crt"),
            ("next-cross.crt", "cross.crt"),
        ],
        &[
            ("authority.crt", "former.crt"),
            ("next-cross.crt", "cross.crt"),
            ("next.key", "authority.key"),
        ],
        &[],
    ];
    for (number, cut) in cuts.into_iter().enumerate() {
        let folder = made.path().join(number.to_string());
        link_rig::copy_folder(&before, &folder);
        for (from, to) in cut {
            fs::copy(folder.join(from), folder.join(to)).unwrap();
            if *from != "authority.crt" {
                fs::remove_file(folder.join(from)).unwrap();
            }
        }
        let loaded = Authority::load(&folder).unwrap();
        assert_eq!(loaded.trusted().len(), 2, "{number}");
        assert_eq!(loaded.sha256() == old, number != 2, "{number}");
        match rotation::switch(&folder) {
            Ok(()) => assert_ne!(number, 2),
            Err(RotationError::Turn(Step::Switched)) => assert_eq!(number, 2),
            Err(error) => unreachable!("{error}"),
        }
        assert_eq!(fs::read(folder.join("authority.crt")).unwrap(), next);
        assert!(!loaded.accepts(&[0; 32]));
        rotation::retire(&folder).unwrap();
        let last = Authority::load(&folder).unwrap();
        assert_ne!(last.sha256(), old);
        assert_eq!(last.trusted().len(), 1);
    }
}
