//! Keys of programs, officers' verdicts, and firms' acknowledgements.

use larum_core::watch::Verdict;
use larum_hub_lib::access::{Action, Opener, Role, Standing, Viewer, enter};
use larum_hub_lib::id::{KeyId, MemberId};
use larum_hub_lib::store::StoreError;
use larum_hub_lib::store::api::{ApiStore as _, KeyRefusal, NewKey};
use larum_hub_lib::store::audit::Actor;
use larum_hub_lib::store::people::{NewPerson, People as _};
use larum_hub_lib::store::sql::SqlStore;
use larum_hub_lib::store::verdicts::Verdicts as _;
use larum_hub_lib::store::watch::WatchStore as _;

use super::{at, firm, person_id, tell, watch};

fn owner(store: &SqlStore, number: u32, member: MemberId) -> Viewer {
    let person = NewPerson {
        id: person_id(number),
        email: format!("p{number}@example.org"),
        name: format!("Person {number}"),
        role: Role::Member,
        member: Some(member),
        area: None,
    };
    store
        .add_person(&Actor::program("test"), &person, at(0))
        .unwrap();
    Viewer {
        person: person.id,
        name: person.name,
        role: person.role,
        member: person.member,
        area: None,
        standing: Standing::Fresh,
        emergency: false,
    }
}

/// A key opens what it says until it ends, is revoked, or its owner is shut out.
pub fn keys(store: &SqlStore, told: &mut String) {
    let by = Actor::program("test");
    let member = firm(store, 1, "Bakery");
    let sam = owner(store, 1, member);
    let key = |number: u32, expires| NewKey {
        id: KeyId::parse(&format!("{number:032x}")).unwrap(),
        secret_hash: format!("hash {number}"),
        person: sam.person,
        name: "till".to_owned(),
        actions: vec![Action::OwnRead, Action::OwnAct],
        expires: at(expires),
    };
    store.add_key(&by, &key(1, 100), at(1)).unwrap();
    store.add_key(&by, &key(2, 50), at(2)).unwrap();
    let nobody = NewKey {
        person: person_id(9),
        ..key(3, 100)
    };
    assert!(store.add_key(&by, &nobody, at(2)).is_err());
    let used = store.use_key("hash 1", at(10)).unwrap().unwrap();
    assert_eq!(used.1.person, sam.person);
    tell(told, used);
    let refused = |hash, now| store.use_key(hash, at(now)).unwrap().unwrap_err();
    assert_eq!(refused("hash 0", 10), KeyRefusal::Unknown);
    assert_eq!(refused("hash 2", 50), KeyRefusal::Expired);
    tell(told, store.keys_of(sam.person).unwrap());
    assert!(store.keys_of(person_id(9)).unwrap().is_empty());
    let second = key(2, 50).id;
    for now in [20, 30] {
        store.revoke_key(&by, sam.person, second, at(now)).unwrap();
    }
    assert_eq!(refused("hash 2", 21), KeyRefusal::Revoked);
    let other = store.revoke_key(&by, person_id(9), second, at(31));
    assert!(matches!(other, Err(StoreError::NotFound)));
    tell(told, store.keys_of(sam.person).unwrap());
}

/// The newest word on a threat counts; each threat once.
pub fn verdicts(store: &SqlStore, told: &mut String) {
    let member = firm(store, 1, "Bakery");
    let call = |key| {
        let called = store.apply_threat(&watch::change(key, &[member]), at(5));
        u64::try_from(called.unwrap().threat).unwrap()
    };
    let (first, second, _third) = (call("tcp/1"), call("tcp/2"), call("tcp/3"));
    assert_eq!(store.verdict(first).unwrap(), None);
    for (threat, verdict, now) in [
        (first, Verdict::Benign, 6),
        (first, Verdict::Confirmed, 7),
        (second, Verdict::Duplicate, 8),
    ] {
        store.give_verdict(threat, "sam", verdict, at(now)).unwrap();
    }
    assert_eq!(
        store.verdict(first).unwrap(),
        Some((Verdict::Confirmed, at(7)))
    );
    let missing = store.give_verdict(999, "sam", Verdict::Benign, at(9));
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
    let judged = store.judged(at(0)).unwrap();
    assert_eq!(
        (judged.confirmed, judged.duplicate, judged.waiting),
        (1, 1, 1)
    );
    tell(told, judged);
    tell(told, store.judged(at(6)).unwrap());
}

/// A firm's own warnings, page by page, and the first word that one was read.
pub fn acknowledgements(store: &SqlStore, told: &mut String) {
    let members = [firm(store, 1, "Bakery"), firm(store, 2, "Smithy")];
    let [own, other] = members;
    let sam = owner(store, 1, own);
    let eve = owner(store, 2, other);
    for key in ["tcp/1", "tcp/2", "tcp/3"] {
        store
            .apply_threat(&watch::change(key, &members), at(5))
            .unwrap();
    }
    let scope = enter(Some(&sam), Action::OwnAct).unwrap();
    let page = |before, limit| {
        let sealed = store.warnings_before(&scope, own, before, limit).unwrap();
        let mut opener = Opener::new(store, &sam, Action::OwnRead, "/home".to_owned(), at(9));
        opener.open(sealed).unwrap()
    };
    let all = page(None, 10);
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|(_, read)| read.is_none()));
    tell(told, &all);
    let oldest = all.last().unwrap().0.id;
    let said = store
        .acknowledge(&scope, own, oldest, &sam, at(10))
        .unwrap();
    let again = store
        .acknowledge(&scope, own, oldest, &sam, at(20))
        .unwrap();
    assert_eq!(said, again);
    tell(told, page(None, 2));
    tell(told, page(all.get(1).map(|row| row.0.id), 2));
    // Another firm's warning is not there for this one, nor this one's for the other.
    let theirs = enter(Some(&eve), Action::OwnAct).unwrap();
    for (member, by) in [(own, &eve), (other, &eve)] {
        let refused = store.acknowledge(&theirs, member, oldest, by, at(30));
        assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    }
}
