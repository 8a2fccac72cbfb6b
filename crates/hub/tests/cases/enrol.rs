//! Firms, tokens, collectors, settings.

use larum_hub_lib::store::StoreError;
use larum_hub_lib::store::enrol::{EnrolStore as _, NewMember, TokenRefusal};
use larum_hub_lib::store::ingest::IngestStore as _;
use larum_hub_lib::store::sql::SqlStore;

use super::{at, collector, collector_id, firm, issued, member_id, tell, token};

/// A token is good once and for its time, and needs a member.
pub fn tokens(store: &SqlStore, told: &mut String) {
    let member = firm(store, 1, "Bakery");
    for (hash, expires) in [("one", 100), ("two", 100), ("three", 100)] {
        store
            .add_token(&token(hash, member, expires), at(0))
            .unwrap();
    }
    let refused = |hash, number, now| store.enrol(hash, &issued(number), at(now)).unwrap().err();
    assert_eq!(refused("none", 1, 1), Some(TokenRefusal::Unknown));
    tell(told, store.invitation("one", at(1)).unwrap());
    assert_eq!(refused("one", 1, 1), None);
    assert_eq!(refused("one", 2, 2), Some(TokenRefusal::Used));
    assert_eq!(refused("two", 3, 99), None);
    assert_eq!(refused("three", 4, 100), Some(TokenRefusal::Expired));
    let orphan = store.add_token(&token("x", member_id(9), 1), at(0));
    assert!(matches!(orphan, Err(StoreError::Conflict(_))), "{orphan:?}");
    let twice = store.add_token(&token("one", member, 1), at(0));
    assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
    let again = NewMember {
        id: member,
        name: String::new(),
        area: String::new(),
        region: String::new(),
        sector: String::new(),
        size: String::new(),
    };
    let again = store.add_member(&again, at(0));
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
}

/// Revoked since the first time; unknown ones are not found.
pub fn collectors(store: &SqlStore, told: &mut String) {
    let member = firm(store, 1, "Bakery");
    let id = collector(store, member, 1);
    tell(told, store.standing(id).unwrap());
    store.renew(&issued(2), at(5)).unwrap_err();
    let mut renewed = issued(1);
    renewed.serial = "f".repeat(40);
    store.renew(&renewed, at(5)).unwrap();
    store.revoke_collector(id, at(5)).unwrap();
    store.revoke_collector(id, at(6)).unwrap();
    assert_eq!(store.standing(id).unwrap().revoked, Some(at(5)));
    let nobody = collector_id(9);
    assert!(matches!(store.standing(nobody), Err(StoreError::NotFound)));
    let gone = store.revoke_collector(nobody, at(0));
    assert!(matches!(gone, Err(StoreError::NotFound)));
}

/// Those that can still call say whom they trust.
pub fn trust(store: &SqlStore, told: &mut String) {
    let member = firm(store, 1, "Bakery");
    let [silent, says, out] = [1, 2, 3].map(|number| collector(store, member, number));
    let beat = r#"{"version":"1","now":0,"total":{"received":0,"events":0,"rejected":{},"dropped":{},
        "findings":0,"withheld":{},"sightings":0,"sent":0,"receipted":0},"spool_bytes":0,"devices":0,
        "trust":"abc"}"#;
    for id in [says, out] {
        store.heartbeat(id, beat, at(1)).unwrap();
    }
    store.revoke_collector(out, at(1)).unwrap();
    let entries = store.trust_entries(at(1)).unwrap();
    let known: Vec<_> = entries
        .iter()
        .map(|entry| (entry.collector, entry.trust.as_deref()))
        .collect();
    assert_eq!(known, [(silent, None), (says, Some("abc"))]);
    tell(told, entries);
    let ended = issued(1).not_after;
    assert!(store.trust_entries(ended).unwrap().is_empty());
}

/// Bytes come back as they went in; the later replaces the earlier.
pub fn settings(store: &SqlStore, told: &mut String) {
    assert!(matches!(store.setting("a"), Err(StoreError::NotFound)));
    store.set_setting("a", &[0, 255, 39, 0]).unwrap();
    store.set_setting("b", b"").unwrap();
    store.set_setting("a", &[1, 0, 254]).unwrap();
    assert_eq!(store.setting("a").unwrap(), [1, 0, 254]);
    tell(told, store.setting("b").unwrap());
}
