//! A database over the network: encrypted, the server's certificate checked, the password never sent.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod engines;

use std::path::Path;

use larum_core::time::Timestamp;
use larum_hub_lib::config::HubConfig;
use larum_hub_lib::config::store::{PostgresConfig, StoreConfig};
use larum_hub_lib::store::StoreError;
use larum_hub_lib::store::lead::Lead as _;
use larum_hub_lib::store::people::{People as _, Wanted};
use larum_hub_lib::store::sql::SqlStore;
use larum_hub_lib::store::watch_state::WatchState as _;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

const PASSWORD: &str = "correct horse battery";

/// An authority; the key and certificate of a server called `localhost` it signed.
fn authority() -> (String, String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let named = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = named.signed_by(&key, &issuer).unwrap();
    (issuer.pem(), key.serialize_pem(), certificate.pem())
}

/// The hub's settings for a server on this port.
fn settings(folder: &Path, port: u16) -> PostgresConfig {
    let mut settings = PostgresConfig::new("localhost");
    settings.port = port;
    settings.password_file = Some(folder.join("password"));
    settings.ca_file = folder.join("ca.pem");
    settings
}

fn open(settings: PostgresConfig) -> Result<SqlStore, StoreError> {
    let mut config = HubConfig::new("/nonexistent".into(), "hub.example.org");
    config.store = StoreConfig::Postgres(settings);
    config.open_store()
}

#[track_caller]
fn refused(settings: PostgresConfig, why: &str) {
    let said = open(settings).err().unwrap().to_string();
    assert!(said.contains(why), "{said}");
}

#[test]
fn a_server_over_the_network_is_checked_and_all_is_encrypted() {
    let Some(mut server) = engines::Server::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (ca, key, certificate) = authority();
    std::fs::write(folder.path().join("ca.pem"), ca).unwrap();
    std::fs::write(folder.path().join("password"), format!("{PASSWORD}\n")).unwrap();
    server.database("larum");

    // Without TLS it is not spoken to, whatever it offers.
    let plain = server.on_network(None, PASSWORD);
    refused(settings(folder.path(), plain), "TLS");

    let port = server.on_network(Some((&key, &certificate)), PASSWORD);
    let good = settings(folder.path(), port);
    let store = open(good.clone()).unwrap();
    assert!(
        store
            .collector_entries(&Wanted::default())
            .unwrap()
            .is_empty()
    );
    assert_eq!(store.term().unwrap(), Some(1));
    let seen = server.encrypted("larum");
    assert_eq!(seen, "true");

    // By another name, signed by nobody we know, or with a wrong password: refused, and told why.
    let mut other = good.clone();
    other.host = "127.0.0.1".into();
    refused(other, "certificate");
    let mut stranger = good.clone();
    stranger.ca_file = folder.path().join("stranger.pem");
    std::fs::write(&stranger.ca_file, authority().0).unwrap();
    refused(stranger, "invalid peer certificate");
    let mut wrong = good.clone();
    wrong.password_file = Some(folder.path().join("wrong"));
    std::fs::write(folder.path().join("wrong"), "guess").unwrap();
    refused(wrong, "password authentication failed");
    let mut nowhere = good;
    nowhere.database = "nowhere".into();
    refused(nowhere, "nowhere");
    // An address on the network cannot be slipped in past the checks.
    let bare = SqlStore::connect(&format!("host=127.0.0.1 port={port} user=larum"));
    assert!(matches!(bare, Err(StoreError::NotPrivate)));
}

#[test]
fn one_hub_leads_and_another_follows_when_it_ends() {
    let Some(server) = engines::Server::start() else {
        return;
    };
    let address = server.database("lead");
    let first = SqlStore::connect(&address).unwrap();
    let second = SqlStore::connect(&address).unwrap();
    assert_eq!(first.term().unwrap(), Some(1));
    assert_eq!(second.term().unwrap(), None);
    assert_eq!(first.term().unwrap(), Some(1));
    assert!(first.others().unwrap() > 0);
    drop(first);
    // The server gives the lock back when it sees the session end.
    let term = std::iter::repeat_with(|| {
        std::thread::yield_now();
        second.term().unwrap()
    })
    .find_map(|term| term);
    assert_eq!(term, Some(1));
    // After a crash all begins again: the same hub may lead, in a new term.
    server.crash();
    server.up();
    assert_eq!(second.term().unwrap(), Some(2));
    engines::embedded(|store| assert_eq!(store.term().unwrap(), Some(1)));
}

/// A hub that stood still while another took the lead goes on where it was: nothing of that is kept.
#[test]
fn a_hub_that_lost_the_lead_writes_nothing_of_the_watch() {
    let Some(server) = engines::Server::start() else {
        return;
    };
    let address = server.database("fence");
    let first = SqlStore::connect(&address).unwrap();
    let second = SqlStore::connect(&address).unwrap();
    assert_eq!(first.term().unwrap(), Some(1));
    let now = Timestamp::from_seconds(1_800_000_000);
    let look = first.begin_look(now, 0, now).unwrap();
    // Its session with the lead is gone, as after a pause longer than the network's patience.
    server.end_lead("fence");
    let term = std::iter::repeat_with(|| {
        std::thread::yield_now();
        second.term().unwrap()
    })
    .find_map(|term| term);
    assert_eq!(term, Some(1));
    assert!(matches!(
        first.keep_state(look.id, b"old"),
        Err(StoreError::LeadLost)
    ));
    assert!(matches!(
        first.begin_look(now, 1, now),
        Err(StoreError::LeadLost)
    ));
    second.keep_state(look.id, b"new").unwrap();
    assert_eq!(first.term().unwrap(), None);
    let (_, state) = second.kept_state().unwrap().unwrap();
    assert_eq!(state, b"new");
    // In a term of its own again, it may.
    drop(second);
    let term = std::iter::repeat_with(|| {
        std::thread::yield_now();
        first.term().unwrap()
    })
    .find_map(|term| term);
    assert_eq!(term, Some(2));
    first.keep_state(look.id, b"again").unwrap();
}
