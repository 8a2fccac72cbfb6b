//! Keys: what they may do, how long, and that they end at once.

use larum_hub_lib::access::{Action, Role};
use larum_hub_lib::keys::{self, KeyError};
use larum_hub_lib::store::StoreError;
use larum_hub_lib::store::api::{ApiStore as _, MAX_KEYS};
use larum_hub_lib::store::audit::Actor;
use larum_hub_lib::store::people::People as _;
use larum_link::clock::Clock;
use serde_json::Value;

use crate::client::{Client, key, key_of_days};
use crate::firms::Firms;

async fn code(client: &Client, path: &str) -> (u16, String) {
    let answer = client.get(path).await;
    let body: Value = serde_json::from_str(answer.body()).unwrap();
    let code = body["code"].as_str().unwrap_or_default().to_owned();
    (answer.status().as_u16(), code)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_what_it_was_made_for_and_ends_at_once() {
    let firms = Firms::with_a_wave().await;
    let now = Clock::system().now();
    let by = Actor::program("test");
    let reader = key(
        &firms,
        Role::Member,
        Some(0),
        None,
        Some(&[Action::OwnRead]),
    );
    let client = Client::new(&firms, Some(&reader.text));
    assert_eq!(code(&client, "/own/summary").await.0, 200);
    let answer = client
        .send("PUT", "/own/warnings/1/acknowledgement", &[])
        .await;
    assert_eq!(answer.status(), 403);
    let about = client.json("/key").await;
    assert_eq!(about["actions"], serde_json::json!(["own-read"]));
    assert_eq!(about["member"], firms.members[0].to_string());

    let row = firms.store.keys_of(reader.person).unwrap().remove(0);
    assert!(row.last_used.is_some());
    firms
        .store
        .revoke_key(&by, reader.person, reader.id, now)
        .unwrap();
    let refused = code(&client, "/own/summary").await;
    assert_eq!(refused, (401, "key-revoked".to_owned()));

    let long_ago = now.plus_seconds(-3 * 86_400);
    let old = key_of_days(&firms, Role::Member, Some(0), None, None, 2, long_ago);
    let client = Client::new(&firms, Some(&old.text));
    let refused = code(&client, "/own/summary").await;
    assert_eq!(refused, (401, "key-expired".to_owned()));

    let leaver = key(&firms, Role::Member, Some(0), None, None);
    let client = Client::new(&firms, Some(&leaver.text));
    assert_eq!(code(&client, "/own/summary").await.0, 200);
    firms
        .store
        .set_disabled(&by, leaver.person, true, now)
        .unwrap();
    let refused = code(&client, "/own/summary").await;
    assert_eq!(refused, (401, "key-revoked".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_makes_no_sense_is_not_made() {
    let firms = Firms::with_a_wave().await;
    let now = Clock::system().now();
    let by = Actor::program("test");
    let made = key(&firms, Role::Member, Some(0), None, None);
    let person = made.person;
    let make = |name: &str, actions: &[Action], days| {
        let store = &*firms.store;
        keys::make(store, &by, person, Role::Member, name, actions, days, now)
    };
    let read = &[Action::OwnRead];
    assert!(matches!(make(" ", read, 9), Err(KeyError::Name)));
    assert!(matches!(make("a\nb", read, 9), Err(KeyError::Name)));
    assert!(matches!(
        make(&"x".repeat(61), read, 9),
        Err(KeyError::Name)
    ));
    assert!(matches!(make("x", read, 0), Err(KeyError::Days)));
    assert!(matches!(make("x", read, 367), Err(KeyError::Days)));
    for actions in [
        &[] as &[Action],
        &[Action::MemberRead],
        &[Action::OwnRead, Action::AdminAct],
        &[Action::Session],
    ] {
        assert!(matches!(make("x", actions, 9), Err(KeyError::Actions)));
    }
    for _ in 1..MAX_KEYS {
        make("x", read, 9).unwrap();
    }
    let many = make("x", read, 9);
    assert!(matches!(
        many,
        Err(KeyError::Store(StoreError::Conflict(_)))
    ));
    // One that was shut off makes room; somebody else's cannot be shut off.
    let other = key(&firms, Role::Member, Some(1), None, None);
    let theirs = firms.store.revoke_key(&by, person, other.id, now);
    assert!(matches!(theirs, Err(StoreError::NotFound)));
    firms.store.revoke_key(&by, person, made.id, now).unwrap();
    make("x", read, 9).unwrap();
}

/// A copy of the store opens nothing: no key stands in it.
#[tokio::test(flavor = "multi_thread")]
async fn no_key_stands_in_the_store() {
    let firms = Firms::with_a_wave().await;
    let made = key(&firms, Role::Member, Some(0), None, None);
    let secret = made.text.strip_prefix(keys::PREFIX).unwrap();
    let rows = format!("{:?}", firms.store.keys_of(made.person).unwrap());
    assert!(!rows.contains(secret));
    for file in firms.files() {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!found, "{}", file.display());
    }
}
