//! Emergencies, acts to which a second person must agree, and accounts elsewhere.

use larum_hub_lib::access::{Action, Role, Viewer, enter};
use larum_hub_lib::people::ProofKind;
use larum_hub_lib::people::oidc::{Arrived, OidcRefusal};
use larum_hub_lib::store::StoreError;
use larum_hub_lib::store::audit::{Actor, Audit as _, Entry};
use larum_hub_lib::store::identities::Identities as _;
use larum_hub_lib::store::pages::Pages as _;
use larum_hub_lib::store::people::{NewPerson, People as _, Wanted};
use larum_hub_lib::store::proofs::Proofs as _;
use larum_hub_lib::store::sql::SqlStore;
use larum_hub_lib::store::watchful::{APPROVAL_SECONDS, EMERGENCY_SECONDS, Kind, Watchful as _};

use super::pages::{officer, open};
use super::people::{by, person};
use super::proofs::new_session;
use super::{at, firm, person_id, tell};

const IDLE_MS: i64 = 30 * 60_000;

/// For an hour, in one session, told to the firms that were read.
#[expect(
    clippy::too_many_lines,
    reason = "one emergency from its beginning to its end"
)]
pub fn emergency(store: &SqlStore, told: &mut String) {
    let member = firm(store, 1, "Bakery");
    for number in [1, 2] {
        store
            .add_person(&by(), &person(number, Role::Administrator), at(0))
            .unwrap();
    }
    let ada = person_id(1);
    for (number, link) in [(1, "a"), (2, "b")] {
        let later = at(5_000);
        store
            .add_sign_in_link(&by(), ada, link, later, at(0))
            .unwrap();
        let session = new_session(number, link, ProofKind::Passkey);
        store.redeem(link, &session, at(1)).unwrap().unwrap();
    }
    let viewer = |hash: &str, seconds| {
        store
            .session(hash, i64::MAX / 4, false, at(seconds))
            .unwrap()
    };
    let begin = |who, hash: &str| {
        store.begin_emergency(
            &by(),
            who,
            hash,
            "north",
            "The town is under attack",
            at(10),
        )
    };
    assert!(matches!(
        begin(person_id(2), "a"),
        Err(StoreError::NotFound)
    ));
    begin(ada, "a").unwrap();
    let taken = viewer("a", 11).unwrap();
    tell(told, &taken);
    assert!(taken.emergency && taken.role == Role::Regional);
    assert!(
        !viewer("b", 11).unwrap().emergency,
        "the other session has nothing of it"
    );
    let scope = enter(Some(&taken), Action::MemberRead).unwrap();
    assert_eq!(store.member_count(&scope).unwrap(), 1);
    let read = Entry {
        action: "member-read".into(),
        member: Some(member),
        subject: "/members".into(),
    };
    store.record(&Actor::of(&taken), &[read], at(12)).unwrap();
    let owner = NewPerson {
        member: Some(member),
        ..person(3, Role::Member)
    };
    store.add_person(&by(), &owner, at(12)).unwrap();
    store
        .add_sign_in_link(&by(), owner.id, "c", at(5_000), at(12))
        .unwrap();
    let session = new_session(3, "c", ProofKind::Passkey);
    store.redeem("c", &session, at(13)).unwrap().unwrap();
    let own = enter(Some(&viewer("c", 14).unwrap()), Action::OwnRead).unwrap();
    let mut shown = store.emergencies(&own).unwrap();
    assert_eq!(shown.len(), 1);
    let shown = shown.remove(0);
    tell(
        told,
        (
            shown.who,
            shown.region,
            shown.reason,
            shown.began,
            shown.ends,
        ),
    );
    assert!(
        store.emergencies(&scope).unwrap().is_empty(),
        "for the firm alone"
    );
    assert!(
        !viewer("a", 10 + EMERGENCY_SECONDS).unwrap().emergency,
        "an hour is over"
    );
    store.end_emergency(&by(), "b", at(20)).unwrap();
    assert!(viewer("a", 21).unwrap().emergency);
    store.end_emergency(&by(), "a", at(22)).unwrap();
    assert_eq!(viewer("a", 23).unwrap().role, Role::Administrator);
}

/// Asked, agreed by another, taken once, within a day.
pub fn two_persons(store: &SqlStore, told: &mut String) {
    for number in 1..=3 {
        store
            .add_person(&by(), &person(number, Role::Administrator), at(0))
            .unwrap();
    }
    let (ada, ben, cat) = (person_id(1), person_id(2), person_id(3));
    let subject = cat.to_string();
    let ask = |seconds| store.ask_approval(&by(), ada, Kind::Reset, &subject, "Lost", at(seconds));
    ask(0).unwrap();
    assert!(matches!(ask(1), Err(StoreError::Conflict(_))));
    assert!(store.approvals(Kind::Export, at(1)).unwrap().is_empty());
    let id = store.approvals(Kind::Reset, at(1)).unwrap().remove(0).id;
    let take = |who, seconds| store.take_approval(&by(), who, id, at(seconds)).map(|_| ());
    assert!(
        matches!(take(ada, 2), Err(StoreError::NotFound)),
        "nobody agreed yet"
    );
    let own = store.agree(&by(), ada, id, at(2));
    assert!(matches!(own, Err(StoreError::Conflict(_))));
    let late = store.agree(&by(), ben, id, at(APPROVAL_SECONDS));
    assert!(matches!(late, Err(StoreError::NotFound)));
    store.agree(&by(), ben, id, at(3)).unwrap();
    let twice = store.agree(&by(), cat, id, at(3));
    assert!(matches!(twice, Err(StoreError::Conflict(_))));
    assert!(
        matches!(take(ben, 4), Err(StoreError::NotFound)),
        "who asked takes"
    );
    assert!(matches!(
        take(ada, APPROVAL_SECONDS),
        Err(StoreError::NotFound)
    ));
    store
        .add_sign_in_link(&by(), cat, "link", at(100), at(0))
        .unwrap();
    let session = new_session(1, "s", ProofKind::Passkey);
    store.redeem("link", &session, at(1)).unwrap().unwrap();
    take(ada, 5).unwrap();
    assert!(
        store.session("s", IDLE_MS, false, at(6)).unwrap().is_none(),
        "reset"
    );
    assert!(matches!(take(ada, 6), Err(StoreError::NotFound)), "once");
    let words: Vec<String> = store
        .acts(None, 20)
        .unwrap()
        .into_iter()
        .map(|row| row.action)
        .collect();
    tell(told, words);
}

/// A region's word is one for national analysts, is told to its firms, and ends when it is taken back.
pub fn sharing(store: &SqlStore, told: &mut String) {
    let near = firm(store, 1, "Near");
    let region = "north";
    let (viewer, all) = officer(None);
    store
        .add_person(&by(), &person(1, Role::Regional), at(0))
        .unwrap();
    let national = Viewer {
        role: Role::National,
        ..viewer
    };
    let scope = enter(Some(&national), Action::MemberRead).unwrap();
    let seen = |now| {
        let page = store.members(&scope, &Wanted::default(), at(now)).unwrap();
        let rows = open(store, page);
        rows.into_iter().map(|row| row.card.id).collect::<Vec<_>>()
    };
    assert!(seen(1).is_empty());
    store
        .share_region(&by(), person_id(1), "south", "no firm of ours", at(1))
        .unwrap();
    assert!(seen(1).is_empty());
    for reason in ["first", "a wave on tills"] {
        store
            .share_region(&by(), person_id(1), region, reason, at(2))
            .unwrap();
    }
    assert_eq!(seen(3), [near]);
    assert!(store.member(&scope, near).is_ok());
    let shares = store.shares(&all).unwrap();
    assert_eq!(shares.len(), 2);
    assert_eq!(shares.first().unwrap().reason, "a wave on tills");
    tell(told, shares);
    assert!(
        store.shares(&scope).unwrap().is_empty(),
        "it is the officers' list"
    );
    store.end_share(&by(), region, at(4)).unwrap();
    let again = store.end_share(&by(), region, at(5));
    assert!(matches!(again, Err(StoreError::NotFound)));
    assert!(seen(6).is_empty());
    let hidden = store.member(&scope, near);
    assert!(matches!(hidden, Err(StoreError::NotFound)));
    let words: Vec<String> = store
        .acts(None, 20)
        .unwrap()
        .into_iter()
        .map(|row| row.action)
        .collect();
    tell(told, words);
}

/// One account is one person's, signs in once for each answer, and goes with a reset.
pub fn identities(store: &SqlStore, told: &mut String) {
    for number in [1, 2] {
        store
            .add_person(&by(), &person(number, Role::National), at(0))
            .unwrap();
    }
    let arrived = |number: u32| Arrived {
        issuer: "https://id.example.org".into(),
        subject: "pat".into(),
        challenge_hash: format!("challenge {number}"),
        expires: at(300),
    };
    let begin = |number, hash: &str| {
        let session = new_session(number, hash, ProofKind::Provider);
        store
            .begin_with_identity(&arrived(number), &session, at(2))
            .unwrap()
            .map(|viewer| viewer.person)
    };
    let add = |who, number| {
        store
            .add_identity(&by(), who, &arrived(number), at(1))
            .unwrap()
    };
    assert_eq!(begin(1, "a"), Err(OidcRefusal::Unknown));
    assert_eq!(add(person_id(1), 1), Err(OidcRefusal::State), "used");
    assert_eq!(add(person_id(1), 2), Ok(()));
    assert_eq!(add(person_id(2), 3), Err(OidcRefusal::Taken));
    assert_eq!(add(person_id(1), 4), Ok(()), "again is fine");
    assert_eq!(begin(5, "b"), Ok(person_id(1)));
    assert_eq!(begin(5, "c"), Err(OidcRefusal::State), "replayed");
    tell(told, store.identities(person_id(1)).unwrap());
    tell(told, store.session("b", IDLE_MS, false, at(3)).unwrap());
    let issuer = "https://id.example.org";
    let last = store.remove_identity(&by(), person_id(1), issuer, at(4));
    assert!(matches!(last, Err(StoreError::Conflict(_))), "{last:?}");
    store
        .set_disabled(&by(), person_id(1), true, at(5))
        .unwrap();
    assert_eq!(begin(6, "d"), Err(OidcRefusal::Disabled));
    store.reset_proofs(&by(), person_id(1), at(6)).unwrap();
    assert_eq!(begin(7, "e"), Err(OidcRefusal::Unknown));
}
