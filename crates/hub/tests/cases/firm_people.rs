//! A firm's owner chooses its people, and nobody else's.

use larum_hub_lib::access::{Action, Role, Scope, Viewer, enter};
use larum_hub_lib::id::InvitationId;
use larum_hub_lib::people::ProofKind;
use larum_hub_lib::store::StoreError;
use larum_hub_lib::store::audit::Audit as _;
use larum_hub_lib::store::firm_people::{
    FirmPeople as _, InvitationRefusal, MAX_FIRM_PEOPLE, NewInvitation, ShutOutBy, StaffRefusal,
};
use larum_hub_lib::store::people::{NewPerson, People as _};
use larum_hub_lib::store::sql::SqlStore;

use super::people::{by, person};
use super::proofs::new_session;
use super::{at, firm, member_id, person_id, tell};

const IDLE_MS: i64 = 30 * 60_000;

/// Adds somebody of firm `of` and signs them in with the session of their number.
fn joined(store: &SqlStore, number: u32, role: Role, of: u32) -> Viewer {
    let new = NewPerson {
        member: Some(member_id(of)),
        ..person(number, role)
    };
    store.add_person(&by(), &new, at(0)).unwrap();
    let hash = number.to_string();
    store
        .add_sign_in_link(&by(), new.id, &hash, at(500), at(0))
        .unwrap();
    let session = new_session(number, &hash, ProofKind::Passkey);
    store.redeem(&hash, &session, at(1)).unwrap().unwrap();
    seen(store, number).unwrap()
}

fn seen(store: &SqlStore, number: u32) -> Option<Viewer> {
    store
        .session(&number.to_string(), IDLE_MS, false, at(2))
        .unwrap()
}

fn own(viewer: &Viewer) -> Scope {
    enter(Some(viewer), Action::StaffAct).unwrap()
}

fn new(number: u32, email: &str) -> NewInvitation {
    NewInvitation {
        id: InvitationId::parse(&format!("{number:032x}")).unwrap(),
        secret_hash: format!("secret {number}"),
        email: email.to_owned(),
        name: format!("Guest {number}"),
        role: Role::Staff,
        expires: at(1_000),
    }
}

/// What may do, shut out, let in: only by an owner, only in the own firm, and never the last owner.
pub fn chosen(store: &SqlStore, told: &mut String) {
    for (number, name) in [(1, "Bakery"), (2, "Forge")] {
        firm(store, number, name);
    }
    let pat = joined(store, 1, Role::Member, 1);
    let kim = joined(store, 2, Role::Staff, 1);
    joined(store, 3, Role::Staff, 2);
    let scope = own(&pat);
    let role = |by: &Viewer, number, role| {
        store.set_firm_role(&scope, by, person_id(number), role, at(10))
    };
    let shut =
        |by: &Viewer, number, out| store.set_shut_out(&scope, by, person_id(number), out, at(11));
    tell(told, store.firm_people(&scope).unwrap());
    for (number, by) in [(3, &pat), (9, &pat), (1, &kim)] {
        let refused = role(by, number, Role::Reader);
        assert!(matches!(refused, Err(StoreError::NotFound)), "{number}");
        let refused = shut(by, number, true);
        assert!(matches!(refused, Err(StoreError::NotFound)), "{number}");
    }
    for outside in [Role::Officer, Role::Administrator, Role::Provider] {
        assert_eq!(role(&pat, 2, outside).unwrap(), Err(StaffRefusal::Role));
    }
    let last = Err(StaffRefusal::LastOwner);
    assert_eq!(role(&pat, 1, Role::Staff).unwrap(), last);
    assert_eq!(shut(&pat, 1, true).unwrap(), last);

    role(&pat, 2, Role::Reader).unwrap().unwrap();
    assert_eq!(seen(store, 2).unwrap().role, Role::Reader, "at once");
    shut(&pat, 2, true).unwrap().unwrap();
    assert!(seen(store, 2).is_none(), "at once");
    let kim_now = || store.firm_people(&scope).unwrap().pop().unwrap().shut_out;
    assert_eq!(kim_now(), Some(ShutOutBy::Firm));
    role(&pat, 2, Role::Member).unwrap().unwrap();
    assert_eq!(
        shut(&pat, 1, true).unwrap(),
        last,
        "who is shut out is none"
    );
    shut(&pat, 2, false).unwrap().unwrap();
    assert!(seen(store, 2).is_none(), "the session stays ended");

    store.set_disabled(&by(), kim.person, true, at(12)).unwrap();
    assert_eq!(kim_now(), Some(ShutOutBy::Hub));
    assert_eq!(shut(&pat, 2, false).unwrap(), Err(StaffRefusal::ByHub));
    store
        .set_disabled(&by(), kim.person, false, at(13))
        .unwrap();
    role(&pat, 1, Role::Staff).unwrap().unwrap();
    let refused = role(&pat, 2, Role::Staff);
    assert!(
        matches!(refused, Err(StoreError::NotFound)),
        "owner no more"
    );
    tell(told, store.firm_people(&scope).unwrap());
    for row in store.readers(&scope, None, 50).unwrap() {
        tell(told, (row.who, row.role, row.action, row.subject));
    }
}

/// An invitation is good once, for its time, as long as its owner is one; and it does not tell whether
/// its address is known elsewhere.
pub fn invited(store: &SqlStore, told: &mut String) {
    for (number, name) in [(1, "Bakery"), (2, "Forge")] {
        firm(store, number, name);
    }
    let pat = joined(store, 1, Role::Member, 1);
    let kim = joined(store, 2, Role::Staff, 1);
    joined(store, 3, Role::Member, 2);
    let scope = own(&pat);
    let invite = |by: &Viewer, new: NewInvitation| store.invite(&scope, by, &new, at(5));
    let accept = |number: u32, session: u32, now| {
        let begun = new_session(session, &session.to_string(), ProofKind::Link);
        let secret = format!("secret {number}");
        store
            .accept_invitation(&secret, person_id(session), &begun, at(now))
            .unwrap()
    };
    let refused = invite(&kim, new(1, "a@example.org"));
    assert!(matches!(refused, Err(StoreError::NotFound)));
    let owner = NewInvitation {
        role: Role::Member,
        ..new(1, "a@example.org")
    };
    assert_eq!(invite(&pat, owner).unwrap(), Err(StaffRefusal::Role));
    let here = invite(&pat, new(1, "sam2@example.org")).unwrap();
    assert_eq!(here, Err(StaffRefusal::Here));
    // Known elsewhere or not known: the same for the owner, to the last.
    for (number, email) in [(1, "sam3@example.org"), (2, "new@example.org")] {
        invite(&pat, new(number, email)).unwrap().unwrap();
    }
    tell(told, store.invitations(&scope, at(6)).unwrap());
    assert_eq!(accept(1, 11, 7), Err(InvitationRefusal::Taken));
    assert_eq!(store.invitations(&scope, at(8)).unwrap().len(), 2);
    let viewer = accept(2, 12, 8).unwrap();
    assert_eq!(
        (viewer.member, viewer.role),
        (Some(member_id(1)), Role::Staff)
    );
    tell(told, seen(store, 12).unwrap());
    assert_eq!(accept(2, 13, 8), Err(InvitationRefusal::Unknown), "once");

    invite(&pat, new(4, "four@example.org")).unwrap().unwrap();
    invite(&pat, new(5, "four@example.org")).unwrap().unwrap();
    assert_eq!(
        accept(4, 14, 8),
        Err(InvitationRefusal::Unknown),
        "replaced"
    );
    assert_eq!(
        accept(5, 15, 1_000),
        Err(InvitationRefusal::Unknown),
        "late"
    );
    let id = new(5, "").id;
    let others = own(&seen(store, 3).unwrap());
    let other = store.withdraw_invitation(&others, &seen(store, 3).unwrap(), id, at(9));
    assert!(matches!(other, Err(StoreError::NotFound)));
    store.withdraw_invitation(&scope, &pat, id, at(9)).unwrap();
    let gone = store.withdraw_invitation(&scope, &pat, id, at(9));
    assert!(matches!(gone, Err(StoreError::NotFound)));
    assert_eq!(accept(5, 15, 10), Err(InvitationRefusal::Unknown));

    invite(&pat, new(6, "six@example.org")).unwrap().unwrap();
    store.set_disabled(&by(), pat.person, true, at(12)).unwrap();
    assert_eq!(accept(6, 16, 13), Err(InvitationRefusal::Unknown));
    store
        .set_disabled(&by(), pat.person, false, at(14))
        .unwrap();
    assert!(store.invitation_by_link("secret 6", at(15)).is_ok());
    no_more_than_fit(|new| invite(&pat, new).unwrap());
}

/// Three people and two invitations are there already.
fn no_more_than_fit(invite: impl Fn(NewInvitation) -> Result<(), StaffRefusal>) {
    let room = MAX_FIRM_PEOPLE - 5;
    for number in 0..room {
        let email = format!("many{number}@example.org");
        invite(new(100 + number, &email)).unwrap();
    }
    let full = invite(new(99, "last@example.org"));
    assert_eq!(full, Err(StaffRefusal::TooMany));
}
