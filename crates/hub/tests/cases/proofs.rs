//! What people prove themselves with: passkeys, codes, and the sessions that come of them.

use larum_hub_lib::access::Role;
use larum_hub_lib::id::SessionId;
use larum_hub_lib::people::ProofKind;
use larum_hub_lib::people::passkey::{NewKey, PasskeyRefusal};
use larum_hub_lib::store::StoreError;
use larum_hub_lib::store::codes::{CodeRefusal, Codes as _, MAX_WRONG, Typed};
use larum_hub_lib::store::people::{NewSession, People as _};
use larum_hub_lib::store::proofs::{Answered, Proofs as _};
use larum_hub_lib::store::sql::SqlStore;

use super::people::{by, person};
use super::{at, person_id, tell};

/// Session `number`, which ends at 10,000.
pub fn new_session(number: u32, hash: &str, proof: ProofKind) -> NewSession {
    NewSession {
        secret_hash: hash.to_owned(),
        expires: at(10_000),
        id: SessionId::parse(&format!("{number:032x}")).unwrap(),
        proof,
        agent: "Firefox on Linux".to_owned(),
    }
}

const fn answered(challenge: &str) -> Answered<'_> {
    Answered {
        challenge_hash: challenge,
        expires: at(300),
    }
}

fn key(credential: &str) -> NewKey {
    NewKey {
        credential: credential.to_owned(),
        public_key: vec![0x30, 0, 0xff],
        algorithm: -7,
        counter: 3,
        synced: true,
    }
}

/// A challenge counts once, a counter only rises, and the last proof stays.
pub fn passkeys(store: &SqlStore, told: &mut String) {
    let id = person_id(1);
    store
        .add_person(&by(), &person(1, Role::Analyst), at(0))
        .unwrap();
    let secret = store.challenge_key(&[7; 32]).unwrap();
    assert_eq!(store.challenge_key(&[8; 32]).unwrap(), secret, "made once");
    let add = |credential: &str, challenge| {
        let key = key(credential);
        store.add_passkey(&by(), id, "phone", &key, answered(challenge), at(1))
    };
    add("one", "a").unwrap();
    assert!(matches!(add("two", "a"), Err(StoreError::Conflict(_))));
    assert!(matches!(add("one", "b"), Err(StoreError::Conflict(_))));
    tell(told, store.credentials(id).unwrap());
    tell(told, store.passkey("one").unwrap());
    assert!(store.passkey("two").unwrap().is_none());
    let begin = |number, counter, challenge| {
        let hash = format!("s{number}");
        let session = new_session(number, &hash, ProofKind::Passkey);
        let begun = store.begin_with_passkey("one", counter, answered(challenge), &session, at(9));
        begun.unwrap()
    };
    tell(told, begin(1, 4, "c").unwrap());
    assert_eq!(begin(2, 5, "c"), Err(PasskeyRefusal::Challenge));
    assert_eq!(begin(3, 4, "d"), Err(PasskeyRefusal::Copied));
    tell(told, begin(4, 5, "e").unwrap());
    let sessions = store.sessions(id, "s4", 500_000, at(10)).unwrap();
    assert_eq!(sessions.len(), 2);
    tell(told, sessions);
    assert_eq!(store.end_other_sessions(id, "s4").unwrap(), 1);
    let next = new_session(5, "s5", ProofKind::Passkey);
    store.replace_session("s4", &next, at(11)).unwrap();
    assert!(
        store
            .session("s4", 500_000, false, at(12))
            .unwrap()
            .is_none()
    );
    tell(told, store.session("s5", 500_000, false, at(12)).unwrap());
    let only = store.passkeys(id).unwrap();
    let only = only.first().unwrap();
    assert!(only.synced);
    assert_eq!((only.created, only.last_used), (at(1), Some(at(9))));
    let last = store.remove_passkey(&by(), id, only.id, at(13));
    assert!(matches!(last, Err(StoreError::Conflict(_))), "{last:?}");
    assert_eq!(
        store.passkeys(id).unwrap().len(),
        1,
        "nothing was kept of it"
    );
    store.reset_proofs(&by(), id, at(14)).unwrap();
    assert!(store.passkeys(id).unwrap().is_empty());
}

/// An app's code counts once, a recovery code too, and guessing is locked out.
pub fn codes(store: &SqlStore, told: &mut String) {
    let id = person_id(1);
    store
        .add_person(&by(), &person(1, Role::Analyst), at(0))
        .unwrap();
    assert_eq!(store.offer_code_app(id, &[1, 0, 2]).unwrap(), [1, 0, 2]);
    assert_eq!(
        store.offer_code_app(id, &[9]).unwrap(),
        [1, 0, 2],
        "the first"
    );
    let hashes = ["r1".to_owned(), "r2".to_owned()];
    let confirm = |step: Option<i64>| {
        let check = move |_: &[u8]| step;
        store
            .confirm_code_app(&by(), id, &check, &hashes, at(5))
            .unwrap()
    };
    assert_eq!(confirm(None), Err(CodeRefusal::Wrong));
    assert_eq!(confirm(Some(40)), Ok(()));
    assert_eq!(confirm(Some(41)), Err(CodeRefusal::NoApp));
    tell(told, store.code_app(id).unwrap());
    store
        .add_sign_in_link(&by(), id, "link", at(100), at(0))
        .unwrap();
    let session = new_session(1, "s1", ProofKind::Link);
    store.redeem("link", &session, at(6)).unwrap().unwrap();
    let prove = |old: &str, number: u32, typed: Typed<'_>, now| {
        let session = new_session(number, &format!("s{number}"), ProofKind::Code);
        store
            .prove_with_code(id, typed, old, &session, at(now))
            .unwrap()
    };
    assert_eq!(prove("s1", 2, Typed::Recovery("r1"), 7), Ok(()));
    assert_eq!(
        prove("s2", 3, Typed::Recovery("r1"), 8),
        Err(CodeRefusal::Wrong)
    );
    let later = |_: &[u8], last: Option<i64>| (last == Some(40)).then_some(42);
    assert_eq!(prove("s2", 4, Typed::Code(&later), 9), Ok(()));
    assert_eq!(
        prove("s4", 5, Typed::Code(&later), 10),
        Err(CodeRefusal::Wrong)
    );
    for _ in 1..MAX_WRONG {
        assert_eq!(
            prove("s4", 6, Typed::Recovery("no"), 11),
            Err(CodeRefusal::Wrong)
        );
    }
    assert_eq!(
        prove("s4", 7, Typed::Recovery("r2"), 12),
        Err(CodeRefusal::Locked)
    );
    tell(told, store.code_app(id).unwrap());
    tell(told, store.session("s4", 500_000, false, at(13)).unwrap());
    let last = store.remove_code_app(&by(), id, at(14));
    assert!(matches!(last, Err(StoreError::Conflict(_))), "{last:?}");
}
