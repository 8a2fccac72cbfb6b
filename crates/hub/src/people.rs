//! People: who may be added, one-time sign-in links, and sessions.
//!
//! There are no passwords. A link and a session are both 256 random bits; the store keeps their
//! SHA-256 only, so that a copy of the store signs nobody in. People are timed by the machine's
//! clock, also where the hub's own clock runs faster than life.
//!
//! Each way to prove who somebody is ends in a session: a link ([`redeem`]), a passkey
//! ([`sign_in`]). A link alone lets nobody further than to their own proof: to make the first, or to
//! show the one they have (see `docs/security/access.md`).

pub mod challenge;
pub mod codes;
pub mod mail;
pub mod oidc;
pub mod passkey;
pub mod sign_in;
pub mod totp;

use larum_core::time::Timestamp;
pub use larum_link::secret::hash as secret_hash;
use larum_link::secret::{NoRandomness, random_text};

use crate::access::{Role, Standing, Viewer};
use crate::id::{MemberId, PersonId, SessionId};
use crate::store::StoreError;
use crate::store::audit::Actor;
use crate::store::people::{LinkRefusal, NewPerson, NewSession, People};

/// How long a sign-in link is good, in seconds.
pub const LINK_SECONDS: i64 = 10 * 60;
/// How long an invitation to a firm is good, in seconds: a weekend and a bit.
pub const INVITATION_SECONDS: i64 = 72 * 3_600;
/// A session that is not used for this long ends, in seconds.
pub const IDLE_SECONDS: i64 = 30 * 60;
/// A session ends this long after signing in, in seconds.
pub const SESSION_SECONDS: i64 = 12 * 3_600;
/// For sensitive acts the proof must be no older than this, in seconds.
pub const FRESH_SECONDS: i64 = 15 * 60;
/// Longest address, in bytes (RFC 5321).
pub const MAX_EMAIL_BYTES: usize = 254;
/// Longest name, in characters.
pub const MAX_NAME_CHARS: usize = 100;
/// Characters of a secret as text.
pub const SECRET_CHARS: usize = 43;

/// What a session rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofKind {
    /// A one-time link, alone.
    Link,
    /// A passkey, with the device's check of its holder.
    Passkey,
    /// A link, and a code of an app.
    Code,
    /// A link, and a recovery code.
    Recovery,
    /// The word of their own organisation's sign-on.
    Provider,
}

impl ProofKind {
    const ALL: [Self; 5] = [
        Self::Link,
        Self::Passkey,
        Self::Code,
        Self::Recovery,
        Self::Provider,
    ];

    /// The one spelling, in the store and the catalogue (`hub-proof-…`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Passkey => "passkey",
            Self::Code => "code",
            Self::Recovery => "recovery",
            Self::Provider => "provider",
        }
    }

    /// The kind spelled `word`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How well a session that rests on `proof`, shown at `proved`, proves who holds it; `has_proof` says
/// whether the person has anything of their own to prove themselves with.
#[must_use]
pub fn standing(
    proof: Option<ProofKind>,
    proved: Timestamp,
    has_proof: bool,
    now: Timestamp,
) -> Standing {
    match proof {
        None => Standing::Half,
        Some(ProofKind::Link) if has_proof => Standing::Half,
        Some(ProofKind::Link) => Standing::New,
        Some(_) if now < proved.plus_seconds(FRESH_SECONDS) => Standing::Fresh,
        Some(_) => Standing::Whole,
    }
}

/// A session to be: its token, which only the browser gets, and what the store keeps.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn new_session(
    proof: ProofKind,
    agent: &str,
    now: Timestamp,
) -> Result<(String, NewSession), NoRandomness> {
    let token = random_text()?;
    let session = NewSession {
        secret_hash: secret_hash(&token),
        id: SessionId::random()?,
        expires: now.plus_seconds(SESSION_SECONDS),
        proof,
        agent: agent.to_owned(),
    };
    Ok((token, session))
}

/// Why signing in, or making it possible, failed.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// The operating system gave no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The store failed or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The person's fields do not fit together.
    #[error("{0}")]
    Unfit(Unfit),
}

/// What is wrong with a person to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// No name, or one longer than [`MAX_NAME_CHARS`].
    Name,
    /// Not an electronic mail address.
    Email,
    /// A member without a firm.
    NeedsMember,
    /// Somebody who is not a member, with a firm.
    HasMember,
    /// Somebody who is not an officer, with an area.
    HasArea,
    /// An officer without an area.
    NeedsArea,
    /// Not the code of a police force area.
    Area,
}

impl Unfit {
    /// The word for it in the catalogue (`unfit-…`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::NeedsMember => "needs-member",
            Self::HasMember => "has-member",
            Self::HasArea => "has-area",
            Self::NeedsArea => "needs-area",
            Self::Area => "area",
        }
    }
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A person to be added, if the fields make sense together.
///
/// # Errors
/// The first field that does not.
pub fn check_person(
    id: PersonId,
    name: &str,
    email: &str,
    role: Role,
    member: Option<MemberId>,
    area: Option<&str>,
) -> Result<NewPerson, Unfit> {
    let name = name.trim();
    if name.is_empty()
        || name.chars().count() > MAX_NAME_CHARS
        || name.chars().any(char::is_control)
    {
        return Err(Unfit::Name);
    }
    let email = email.trim().to_lowercase();
    if !is_email(&email) {
        return Err(Unfit::Email);
    }
    match (role.of_firm(), member) {
        (true, None) => return Err(Unfit::NeedsMember),
        (true, Some(_)) | (false, None) => {}
        (false, Some(_)) => return Err(Unfit::HasMember),
    }
    match (role, area) {
        (Role::Officer, None) => return Err(Unfit::NeedsArea),
        (Role::Officer, Some(area)) if !is_area_code(area) => return Err(Unfit::Area),
        (Role::Regional, Some(region)) if !is_region(region) => return Err(Unfit::Area),
        (Role::Officer | Role::Regional, _) | (_, None) => {}
        (_, Some(_)) => return Err(Unfit::HasArea),
    }
    Ok(NewPerson {
        id,
        email,
        name: name.to_owned(),
        role,
        member,
        area: area.map(str::to_owned),
    })
}

/// Whether `code` has the shape of an ONS area code: a letter and eight digits.
#[must_use]
pub fn is_area_code(code: &str) -> bool {
    let mut bytes = code.bytes();
    code.len() == 9
        && bytes.next().is_some_and(|first| first.is_ascii_uppercase())
        && bytes.all(|byte| byte.is_ascii_digit())
}

/// A region is a name, as firms have it.
fn is_region(name: &str) -> bool {
    !name.trim().is_empty()
        && !is_area_code(name)
        && name.chars().count() <= MAX_NAME_CHARS
        && !name.chars().any(char::is_control)
}

/// One `@` with something on both sides and nothing that could break a header: whether mail arrives
/// is for the mail to show.
pub(crate) fn is_email(text: &str) -> bool {
    text.len() <= MAX_EMAIL_BYTES
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && text
            .split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'))
}

/// Makes a one-time link for `person`, good for [`LINK_SECONDS`] from `now`: the address to open.
/// `page_url` is where the pages are, without a slash at its end.
///
/// # Errors
/// When there is no such person, or the store or the randomness fails.
pub fn sign_in_link<S: People + ?Sized>(
    store: &S,
    by: &Actor,
    person: PersonId,
    page_url: &str,
    now: Timestamp,
) -> Result<String, PeopleError> {
    let secret = random_text()?;
    store.add_sign_in_link(
        by,
        person,
        &secret_hash(&secret),
        now.plus_seconds(LINK_SECONDS),
        now,
    )?;
    Ok(format!(
        "{}/sign-in/{secret}",
        page_url.trim_end_matches('/')
    ))
}

/// Uses a link's secret up: the new session's token and who it is. `agent` says in a few words with
/// what they came.
///
/// # Errors
/// When the store or the randomness fails. A link that is not good is the inner result.
pub fn redeem<S: People + ?Sized>(
    store: &S,
    secret: &str,
    agent: &str,
    now: Timestamp,
) -> Result<Result<(String, Viewer), LinkRefusal>, PeopleError> {
    let (token, session) = new_session(ProofKind::Link, agent, now)?;
    // Whoever signs in pays for the sweep: a few indexed rows, and no job to forget about.
    store.forget_ended(now)?;
    let redeemed = store.redeem(&secret_hash(secret), &session, now)?;
    Ok(redeemed.map(|viewer| (token, viewer)))
}

/// Who holds the session `token`, if it is alive; `touch` counts this as use.
///
/// # Errors
/// When the store fails.
pub fn session<S: People + ?Sized>(
    store: &S,
    token: &str,
    touch: bool,
    now: Timestamp,
) -> Result<Option<Viewer>, StoreError> {
    store.session(&secret_hash(token), IDLE_SECONDS * 1_000, touch, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::enrol::{EnrolStore as _, NewMember};
    use crate::store::proofs::Proofs as _;
    use crate::store::sql::SqlStore;

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn a_person_must_make_sense() {
        let firm = MemberId::parse(&"a".repeat(32));
        let check = |name: &str, email: &str, role, member, area, expected| {
            let id = PersonId::parse(&"1".repeat(32)).unwrap();
            assert_eq!(
                check_person(id, name, email, role, member, area).err(),
                expected,
                "{name} {email} {role}"
            );
        };
        let ok = "sam@example.org";
        check("Sam", ok, Role::Member, firm, None, None);
        check("Ali", ok, Role::Officer, None, Some("E23000035"), None);
        check("Ali", ok, Role::Officer, None, None, Some(Unfit::NeedsArea));
        check("Ali", ok, Role::Regional, None, None, None);
        check("Ali", ok, Role::Regional, None, Some("South West"), None);
        check(
            "Ali",
            ok,
            Role::Regional,
            None,
            Some(" "),
            Some(Unfit::Area),
        );
        check(
            "Ali",
            ok,
            Role::Regional,
            None,
            Some("E23000035"),
            Some(Unfit::Area),
        );
        check("Kim", ok, Role::Staff, firm, None, None);
        check(
            "Kim",
            ok,
            Role::Reader,
            None,
            None,
            Some(Unfit::NeedsMember),
        );
        check("Max", ok, Role::Provider, None, None, None);
        check(
            "Max",
            ok,
            Role::Provider,
            firm,
            None,
            Some(Unfit::HasMember),
        );
        check(" ", ok, Role::Analyst, None, None, Some(Unfit::Name));
        check("A\nB", ok, Role::Analyst, None, None, Some(Unfit::Name));
        for wrong in [
            "",
            "sam",
            "@example.org",
            "sam@",
            "a@b@c",
            "a b@c",
            "a@b\r\nBcc: c@d",
        ] {
            check("Sam", wrong, Role::Analyst, None, None, Some(Unfit::Email));
        }
        check(
            "Sam",
            ok,
            Role::Member,
            None,
            None,
            Some(Unfit::NeedsMember),
        );
        check("Sam", ok, Role::Officer, firm, None, Some(Unfit::HasMember));
        check(
            "Sam",
            ok,
            Role::Analyst,
            None,
            Some("E23000035"),
            Some(Unfit::HasArea),
        );
        check(
            "Sam",
            ok,
            Role::Officer,
            None,
            Some("Devon"),
            Some(Unfit::Area),
        );
    }

    fn hub() -> (tempfile::TempDir, SqlStore, PersonId) {
        let folder = tempfile::tempdir().unwrap();
        let store = SqlStore::open(&folder.path().join("hub.sqlite")).unwrap();
        let member = MemberId::random().unwrap();
        store
            .add_member(
                &NewMember {
                    id: member,
                    name: "Oak Street Books".into(),
                    area: "E23000035".into(),
                    region: "South West".into(),
                    sector: "retail".into(),
                    size: "micro".into(),
                },
                at(0),
            )
            .unwrap();
        let id = PersonId::random().unwrap();
        let person = check_person(
            id,
            "Sam",
            "Sam@Example.org",
            Role::Member,
            Some(member),
            None,
        );
        let by = Actor::program("test");
        store.add_person(&by, &person.unwrap(), at(0)).unwrap();
        (folder, store, id)
    }

    fn link(store: &SqlStore, person: PersonId, now: Timestamp) -> String {
        let by = Actor::program("test");
        let url = sign_in_link(store, &by, person, "https://hub.example.org/", now).unwrap();
        let secret = url
            .strip_prefix("https://hub.example.org/sign-in/")
            .unwrap();
        assert_eq!(secret.len(), SECRET_CHARS);
        secret.to_owned()
    }

    #[test]
    fn a_link_signs_in_once_and_for_ten_minutes() {
        let (_folder, store, sam) = hub();
        let secret = link(&store, sam, at(0));
        assert_eq!(
            redeem(&store, "guess", "test", at(1)).unwrap().err(),
            Some(LinkRefusal::Unknown)
        );
        let (_, viewer) = redeem(&store, &secret, "test", at(LINK_SECONDS - 1))
            .unwrap()
            .unwrap();
        assert_eq!((viewer.person, viewer.role), (sam, Role::Member));
        assert_eq!(
            redeem(&store, &secret, "test", at(2)).unwrap().err(),
            Some(LinkRefusal::Used)
        );
        let late = link(&store, sam, at(0));
        assert_eq!(
            redeem(&store, &late, "test", at(LINK_SECONDS))
                .unwrap()
                .err(),
            Some(LinkRefusal::Expired)
        );
    }

    #[test]
    fn a_session_ends_when_idle_when_old_and_on_signing_out() {
        let (_folder, store, sam) = hub();
        let begin = || {
            redeem(&store, &link(&store, sam, at(0)), "test", at(0))
                .unwrap()
                .unwrap()
                .0
        };
        let alive = |token: &str, touch, seconds| {
            session(&store, token, touch, at(seconds))
                .unwrap()
                .is_some()
        };
        let idle = begin();
        assert!(
            alive(&idle, false, IDLE_SECONDS - 1),
            "looking without touching"
        );
        assert!(!alive(&idle, true, IDLE_SECONDS), "idle");
        let busy = begin();
        let mut now = 0;
        while now + IDLE_SECONDS - 1 < SESSION_SECONDS {
            now += IDLE_SECONDS - 1;
            assert!(alive(&busy, true, now), "{now}");
        }
        assert!(!alive(&busy, true, SESSION_SECONDS), "absolute");
        let ended = begin();
        store.end_session(&secret_hash(&ended)).unwrap();
        assert!(!alive(&ended, true, 1));
        assert!(!alive("guess", true, 1));
    }

    #[test]
    fn a_session_stands_for_less_as_its_proof_grows_old() {
        let (_folder, store, sam) = hub();
        let (token, _) = redeem(&store, &link(&store, sam, at(0)), "test", at(0))
            .unwrap()
            .unwrap();
        let standing = |token: &str, seconds| {
            let viewer = session(&store, token, true, at(seconds)).unwrap();
            viewer.map(|viewer| viewer.standing)
        };
        assert_eq!(standing(&token, 1), Some(Standing::New));
        let (whole, new) = new_session(ProofKind::Passkey, "test", at(2)).unwrap();
        store
            .replace_session(&secret_hash(&token), &new, at(2))
            .unwrap();
        assert_eq!(standing(&token, 3), None, "the older one has ended");
        assert_eq!(standing(&whole, 3), Some(Standing::Fresh));
        assert_eq!(standing(&whole, FRESH_SECONDS + 1), Some(Standing::Fresh));
        assert_eq!(standing(&whole, FRESH_SECONDS + 2), Some(Standing::Whole));
    }

    #[test]
    fn shutting_a_person_out_ends_sessions_and_links_at_once() {
        let (_folder, store, sam) = hub();
        let (token, _) = redeem(&store, &link(&store, sam, at(0)), "test", at(0))
            .unwrap()
            .unwrap();
        let waiting = link(&store, sam, at(0));
        let by = Actor::program("test");
        store.set_disabled(&by, sam, true, at(1)).unwrap();
        assert!(session(&store, &token, true, at(2)).unwrap().is_none());
        assert_eq!(
            redeem(&store, &waiting, "test", at(2)).unwrap().err(),
            Some(LinkRefusal::Disabled)
        );
        store.set_disabled(&by, sam, false, at(3)).unwrap();
        assert_eq!(
            redeem(&store, &waiting, "test", at(4)).unwrap().err(),
            Some(LinkRefusal::Used),
            "a link from before stays dead"
        );
    }

    #[test]
    fn one_address_is_one_person_and_an_administrator_stays() {
        let (_folder, store, _) = hub();
        let by = Actor::program("test");
        let add = |name: &str, email: &str| {
            let id = PersonId::random().unwrap();
            let new = check_person(id, name, email, Role::Administrator, None, None).unwrap();
            store.add_person(&by, &new, at(0)).map(|()| id)
        };
        assert!(matches!(
            add("Sam", "SAM@example.org"),
            Err(StoreError::Conflict(_))
        ));
        let first = add("Ada", "ada@example.org").unwrap();
        assert!(matches!(
            store.set_disabled(&by, first, true, at(1)),
            Err(StoreError::Conflict(_))
        ));
        add("Ben", "ben@example.org").unwrap();
        store.set_disabled(&by, first, true, at(1)).unwrap();
    }
}
