//! People, links and sessions.

use larum_hub_lib::access::Role;
use larum_hub_lib::people::ProofKind;
use larum_hub_lib::store::StoreError;
use larum_hub_lib::store::audit::Actor;
use larum_hub_lib::store::enrol::EnrolStore as _;
use larum_hub_lib::store::ingest::IngestStore as _;
use larum_hub_lib::store::people::{
    Counted, LinkRefusal, MemberEntry, NewPerson, People as _, Wanted,
};
use larum_hub_lib::store::sql::SqlStore;

use super::proofs::new_session;
use super::{at, collector, firm, member_id, person_id, tell};

pub fn by() -> Actor {
    Actor::program("test")
}

pub fn person(number: u32, role: Role) -> NewPerson {
    NewPerson {
        id: person_id(number),
        email: format!("Sam{number}@Example.org"),
        name: format!("Sam {number}"),
        role,
        member: None,
        area: None,
    }
}

/// A session lives while it is used, until its end, and not for somebody shut out.
pub fn sessions(store: &SqlStore, told: &mut String) {
    for number in [1, 2] {
        let new = person(number, Role::Administrator);
        store.add_person(&by(), &new, at(0)).unwrap();
    }
    let id = person_id(1);
    store
        .add_sign_in_link(&by(), id, "link", at(100), at(0))
        .unwrap();
    let viewer = store
        .redeem("link", &new_session(1, "s", ProofKind::Link), at(1))
        .unwrap();
    tell(told, viewer.unwrap());
    let alive = |now, touch| store.session("s", 500_000, touch, at(now)).unwrap();
    tell(told, alive(2, true));
    assert!(alive(400, true).is_some(), "idle for less than 500 seconds");
    assert!(alive(800, false).is_some(), "used at 400");
    assert!(alive(901, false).is_none(), "idle since 400");
    assert!(alive(10_000, false).is_none(), "ended");
    assert!(store.session("t", 500_000, true, at(2)).unwrap().is_none());
    store.set_disabled(&by(), id, true, at(410)).unwrap();
    assert!(alive(420, true).is_none());
    store.set_disabled(&by(), id, false, at(420)).unwrap();
    assert!(alive(430, true).is_none(), "shutting out ends sessions");
    store.end_session("s").unwrap();
    tell(told, store.person(id).unwrap());
}

/// A link is good once and for its time.
pub fn links(store: &SqlStore, told: &mut String) {
    store
        .add_person(&by(), &person(1, Role::Officer), at(0))
        .unwrap();
    let id = person_id(1);
    for hash in ["one", "two", "three"] {
        store
            .add_sign_in_link(&by(), id, hash, at(100), at(0))
            .unwrap();
    }
    let refused = |hash, session: &str, now| {
        let number = session.parse().unwrap();
        let redeemed = store
            .redeem(
                hash,
                &new_session(number, session, ProofKind::Link),
                at(now),
            )
            .unwrap();
        redeemed.err()
    };
    assert_eq!(refused("none", "1", 1), Some(LinkRefusal::Unknown));
    assert_eq!(refused("one", "1", 1), None);
    assert_eq!(refused("one", "2", 1), Some(LinkRefusal::Used));
    assert_eq!(refused("two", "3", 100), Some(LinkRefusal::Expired));
    store.set_disabled(&by(), id, true, at(5)).unwrap();
    assert_eq!(refused("three", "4", 6), Some(LinkRefusal::Disabled));
    tell(told, store.forget_ended(at(9_999)).unwrap());
    tell(told, store.forget_ended(at(86_400 * 30)).unwrap());
    assert_eq!(refused("one", "5", 1), Some(LinkRefusal::Unknown));
}

/// Lists are sorted; an address belongs to one person; one administrator stays.
pub fn lists(store: &SqlStore, told: &mut String) {
    let member = firm(store, 2, "beta");
    for (number, name) in [(3, "Alpha"), (4, "Übel"), (5, "alpha"), (6, "Zeta")] {
        firm(store, number, name);
    }
    collector(store, member, 1);
    let mut sam = person(1, Role::Member);
    sam.member = Some(member);
    store.add_person(&by(), &sam, at(0)).unwrap();
    store
        .add_person(&by(), &person(2, Role::Administrator), at(0))
        .unwrap();
    let twice = store.add_person(&by(), &person(1, Role::Officer), at(0));
    assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
    let mut taken = person(3, Role::Officer);
    taken.email = "SAM1@example.org".to_owned();
    let taken = store.add_person(&by(), &taken, at(0));
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
    let last = store.set_disabled(&by(), person_id(2), true, at(1));
    assert!(matches!(last, Err(StoreError::Conflict(_))), "{last:?}");
    let nobody = store.set_disabled(&by(), person_id(9), false, at(1));
    assert!(matches!(nobody, Err(StoreError::NotFound)));
    tell(told, store.person_by_email("sam1@EXAMPLE.org").unwrap());
    tell(told, store.people(&Wanted::default()).unwrap());
    let entries = store.member_entries(&Wanted::default()).unwrap();
    let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(
        names,
        ["Alpha", "Zeta", "alpha", "beta", "Übel"],
        "by bytes"
    );
    tell(told, &entries);
    let collectors = store.collector_entries(&Wanted::default()).unwrap();
    tell(told, &collectors);
    tell(told, store.token_entries().unwrap());
    pages_join_to_the_list(store, &entries);
    for (find, found) in [
        ("ALPH", vec!["Alpha", "alpha"]),
        ("Übe", vec!["Übel"]),
        ("_", vec![]),
        ("%", vec![]),
        ("\\", vec![]),
    ] {
        let wanted = Wanted {
            find,
            ..Wanted::default()
        };
        let entries = store.member_entries(&wanted).unwrap();
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, found, "{find}");
    }
    let by_address = Wanted {
        find: "sam2@",
        ..Wanted::default()
    };
    let people = store.people(&by_address).unwrap();
    assert_eq!(people.len(), 1, "{people:?}");
    counts(store, told);
}

/// However many rows a page holds, all pages together are the list.
fn pages_join_to_the_list(store: &SqlStore, all: &[MemberEntry]) {
    for limit in 1..=3 {
        let mut joined: Vec<MemberEntry> = Vec::new();
        loop {
            let after = joined.last().map(|row| (row.name.clone(), row.id));
            let wanted = Wanted {
                after: after.as_ref().map(|(name, id)| (name.as_str(), *id)),
                limit,
                ..Wanted::default()
            };
            let page = store.member_entries(&wanted).unwrap();
            if page.is_empty() {
                break;
            }
            joined.extend(page);
        }
        assert_eq!(joined, all, "{limit} a page");
    }
}

/// Whoever is shut out no longer counts; who was never heard is quiet.
fn counts(store: &SqlStore, told: &mut String) {
    let heard = collector(store, member_id(3), 2);
    let out = collector(store, member_id(3), 3);
    store.heartbeat(heard, "{}", at(50)).unwrap();
    store.revoke_collector(out, at(60)).unwrap();
    store
        .set_disabled(&by(), person_id(1), true, at(60))
        .unwrap();
    store.note_over_quota(heard, at(55)).unwrap();
    store.note_over_quota(out, at(55)).unwrap();
    let counted = store.counted(at(50), at(55)).unwrap();
    let expected = Counted {
        members: 5,
        people: 1,
        collectors: 2,
        quiet: 1,
        copied: 0,
        over_quota: 1,
    };
    assert_eq!(counted, expected);
    let later = store.counted(at(51), at(56)).unwrap();
    assert_eq!((later.quiet, later.over_quota), (2, 0));
    tell(told, counted);
}
