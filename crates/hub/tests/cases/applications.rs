//! Firms that ask to join.

use larum_hub_lib::access::{Action, Role, Scope, Standing, Viewer, enter};
use larum_hub_lib::apply::{CONFIRM_SECONDS, KEEP_SECONDS, NewApplication, Register};
use larum_hub_lib::id::ApplicationId;
use larum_hub_lib::store::StoreError;
use larum_hub_lib::store::applications::{Applications as _, State};
use larum_hub_lib::store::audit::{Audit as _, Verified};
use larum_hub_lib::store::people::{NewPerson, People as _, Wanted};
use larum_hub_lib::store::sql::SqlStore;

use super::people::{by, person};
use super::{at, member_id, person_id, tell};

fn new(number: u32, region: &str) -> NewApplication {
    NewApplication {
        id: ApplicationId::parse(&format!("a{number:031x}")).unwrap(),
        secret_hash: format!("link {number}"),
        firm: format!("Firm {number}"),
        domain: "example.org".into(),
        contact: format!("Owner {number}"),
        email: format!("owner{number}@example.org"),
        register: Register::Company,
        number: "01234567".into(),
        ico: None,
        sector: "retail".into(),
        size: "micro".into(),
        postcode: "EX".into(),
        area: "E23000035".into(),
        region: region.into(),
        spoken: "oak book star moon".into(),
    }
}

fn officer(region: Option<&str>) -> Scope {
    let viewer = Viewer {
        person: person_id(1),
        name: "Rosa".into(),
        role: Role::Regional,
        member: None,
        area: region.map(str::to_owned),
        standing: Standing::Fresh,
        emergency: false,
    };
    enter(Some(&viewer), Action::VetRead).unwrap()
}

/// From the form to the firm and its owner, by officers of its region only, each step in the ledger.
#[expect(
    clippy::too_many_lines,
    reason = "one application from its beginning to its end"
)]
pub fn vetted(store: &SqlStore, told: &mut String) {
    let (south, north) = (officer(Some("south")), officer(Some("north")));
    let first = new(1, "south");
    store.add_application(&first, at(0)).unwrap();
    let twice = store.add_application(
        &NewApplication {
            id: new(2, "").id,
            ..first.clone()
        },
        at(1),
    );
    assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
    assert!(
        store.applications(&south).unwrap().is_empty(),
        "not confirmed yet"
    );
    assert!(matches!(
        store.application(&south, first.id),
        Err(StoreError::NotFound)
    ));
    assert!(matches!(
        store.confirm_application("link 9", at(2)),
        Err(StoreError::NotFound)
    ));
    assert!(store.confirm_application("link 1", at(2)).unwrap());
    assert!(!store.confirm_application("link 1", at(3)).unwrap(), "once");
    tell(told, store.applications(&south).unwrap());
    assert!(store.applications(&north).unwrap().is_empty());
    assert_eq!(store.applications(&officer(None)).unwrap().len(), 1);
    let nothing = store.answer_application("link 1", "Yes", at(4));
    assert!(matches!(nothing, Err(StoreError::Conflict(_))));
    let elsewhere = store.ask_application(&by(), &north, first.id, "Why?", at(4));
    assert!(matches!(elsewhere, Err(StoreError::NotFound)));
    store
        .ask_application(&by(), &south, first.id, "Why?", at(4))
        .unwrap();
    store
        .answer_application("link 1", "Because", at(5))
        .unwrap();
    tell(told, store.application(&south, first.id).unwrap());
    let (member, owner) = (member_id(7), person_id(7));
    let elsewhere = store.accept_application(&by(), &north, first.id, member, owner, at(6));
    assert!(matches!(elsewhere, Err(StoreError::NotFound)));
    store
        .accept_application(&by(), &south, first.id, member, owner, at(6))
        .unwrap();
    tell(
        told,
        (
            store.person(owner).unwrap(),
            store.member_entries(&Wanted::default()).unwrap(),
        ),
    );
    let late = store.refuse_application(&by(), &south, first.id, "No", at(7));
    assert!(matches!(late, Err(StoreError::Conflict(_))));
    // Whoever is here already is not added again, and nothing of it is kept.
    let second = NewApplication {
        email: first.email.clone(),
        ..new(3, "south")
    };
    store.add_application(&second, at(8)).unwrap();
    store.confirm_application("link 3", at(8)).unwrap();
    let (member, owner) = (member_id(8), person_id(8));
    let taken = store.accept_application(&by(), &south, second.id, member, owner, at(9));
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
    assert_eq!(store.member_entries(&Wanted::default()).unwrap().len(), 1);
    store
        .refuse_application(&by(), &south, second.id, "Here already", at(10))
        .unwrap();
    tell(told, store.application_by_link("link 3", at(11)).unwrap());
    tell(told, store.acts(None, 20).unwrap());
    assert!(matches!(
        store.verify().unwrap(),
        Verified::Whole { rows: 10, .. }
    ));
    for (number, region) in [(1, Some("south")), (2, Some("north")), (3, None)] {
        let new = NewPerson {
            area: region.map(str::to_owned),
            ..person(number, Role::Regional)
        };
        store.add_person(&by(), &new, at(12)).unwrap();
    }
    store
        .set_disabled(&by(), person_id(3), true, at(13))
        .unwrap();
    tell(told, store.officers_of("south").unwrap());
}

/// What nobody confirmed goes after a day, what was decided after its months.
pub fn forgotten(store: &SqlStore, told: &mut String) {
    let south = officer(Some("south"));
    for number in 1..=3 {
        store.add_application(&new(number, "south"), at(0)).unwrap();
    }
    store.confirm_application("link 2", at(1)).unwrap();
    store.confirm_application("link 3", at(1)).unwrap();
    store
        .refuse_application(&by(), &south, new(3, "").id, "No", at(2))
        .unwrap();
    let late = store.confirm_application("link 1", at(CONFIRM_SECONDS));
    assert!(matches!(late, Err(StoreError::NotFound)), "{late:?}");
    store
        .add_application(&new(4, "south"), at(CONFIRM_SECONDS))
        .unwrap();
    let again = NewApplication {
        secret_hash: "new link".into(),
        id: new(5, "").id,
        ..new(1, "south")
    };
    store
        .add_application(&again, at(CONFIRM_SECONDS + 1))
        .unwrap();
    store
        .add_application(&new(6, "south"), at(KEEP_SECONDS + 2))
        .unwrap();
    assert!(matches!(
        store.application(&south, new(3, "").id),
        Err(StoreError::NotFound)
    ));
    let waiting = store.applications(&south).unwrap();
    assert_eq!(waiting.len(), 1, "what waits for an officer stays");
    assert_eq!(waiting.first().unwrap().state, State::Waiting);
    tell(told, waiting);
}
