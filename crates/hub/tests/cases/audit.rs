//! The ledger.

use larum_hub_lib::access::{Action, Role, Standing, Viewer, enter};
use larum_hub_lib::store::audit::{Actor, Audit as _, Entry, Verified};
use larum_hub_lib::store::sql::SqlStore;

use super::{at, firm, person_id, tell};

/// Rows in one chain; a member sees its own readers, administrators see acts.
pub fn chain(store: &SqlStore, told: &mut String) {
    let members = [firm(store, 1, "Bakery"), firm(store, 2, "Smithy")];
    let entry = |action: &str, member| Entry {
        action: action.to_owned(),
        member,
        subject: "/members/ä".to_owned(),
    };
    let [own, other] = members;
    let actor = Actor::program("test");
    assert!(matches!(
        store.verify().unwrap(),
        Verified::Whole { rows: 0, .. }
    ));
    let read = [
        entry("member-read", Some(own)),
        entry("member-read", Some(other)),
        entry("add-person", None),
    ];
    store.record(&actor, &read, at(0)).unwrap();
    let list = [entry("member-list", Some(own))];
    store.record(&actor, &list, at(1)).unwrap();
    tell(told, store.verify().unwrap());
    assert!(matches!(
        store.verify().unwrap(),
        Verified::Whole { rows: 4, .. }
    ));
    let viewer = Viewer {
        person: person_id(1),
        name: "Sam".to_owned(),
        role: Role::Officer,
        member: None,
        area: None,
        standing: Standing::Fresh,
        emergency: false,
    };
    // An officer's scope is nobody's own firm.
    let scope = enter(Some(&viewer), Action::MemberRead).unwrap();
    assert!(store.readers(&scope, None, 10).unwrap().is_empty());
    let acts = store.acts(None, 10).unwrap();
    assert_eq!(acts.len(), 1);
    tell(told, acts);
    assert!(store.acts(Some(3), 10).unwrap().is_empty());
}
