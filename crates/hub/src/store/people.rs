//! People, their one-time links and sessions, and the lists an administrator works with.

use larum_core::time::Timestamp;

use super::StoreError;
use super::audit::Actor;
use crate::access::{Role, Viewer};
use crate::id::{CollectorId, MemberId, PersonId, SessionId};
use crate::people::ProofKind;

/// Most rows of one page of an administrative list.
pub const MAX_ADMIN_ROWS: u32 = 500;
/// Most characters of what is looked for in one.
const MAX_FIND_CHARS: usize = 100;

/// A page of an administrative list, whose rows come by name and then identity, `I`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'a, I> {
    /// Part of a name; of Latin letters, small and capital are the same. Empty: every row.
    pub find: &'a str,
    /// Name and identity of the last row of the page before; none on the first page.
    pub after: Option<(&'a str, I)>,
    /// Most rows; at most [`MAX_ADMIN_ROWS`].
    pub limit: u32,
}

impl<I> Default for Wanted<'_, I> {
    fn default() -> Self {
        Self {
            find: "",
            after: None,
            limit: MAX_ADMIN_ROWS,
        }
    }
}

impl<I> Wanted<'_, I> {
    /// What is looked for as SQL's `LIKE` says it, with `\` before signs that it would take for its own.
    pub(super) fn pattern(&self) -> String {
        let mut pattern = String::from("%");
        for sign in self.find.chars().take(MAX_FIND_CHARS) {
            if matches!(sign, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(sign.to_ascii_lowercase());
        }
        pattern.push('%');
        pattern
    }
}

/// How much there is to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Firms.
    pub members: u64,
    /// People who may sign in.
    pub people: u64,
    /// Collectors not shut out.
    pub collectors: u64,
    /// Of these, not heard since the time asked for.
    pub quiet: u64,
    /// Of these, whose numbering contradicted the hub's.
    pub copied: u64,
    /// Of these, made to wait for their day's quota since the other time asked for.
    pub over_quota: u64,
}

/// A person to be added. [`crate::people::check_person`] makes sure of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPerson {
    /// Identity.
    pub id: PersonId,
    /// Electronic mail address, lower case; one person per address.
    pub email: String,
    /// Name, for pages.
    pub name: String,
    /// What they are.
    pub role: Role,
    /// The firm: role member, and only then.
    pub member: Option<MemberId>,
    /// The police force area, ONS code: officers; `None` is the whole hub.
    pub area: Option<String>,
}

/// A person as administrators see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Identity.
    pub id: PersonId,
    /// Address.
    pub email: String,
    /// Name.
    pub name: String,
    /// What they are.
    pub role: Role,
    /// The firm, if they belong to one.
    pub member: Option<MemberId>,
    /// The firm's name.
    pub member_name: Option<String>,
    /// The area they work in.
    pub area: Option<String>,
    /// When they were shut out, if they were.
    pub disabled: Option<Timestamp>,
}

/// Why a one-time link does not sign anybody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkRefusal {
    /// Nobody was ever given it (or it is long gone).
    #[error("unknown link")]
    Unknown,
    /// It was used before.
    #[error("link used")]
    Used,
    /// It is too old.
    #[error("link expired")]
    Expired,
    /// The person was shut out.
    #[error("person disabled")]
    Disabled,
}

impl LinkRefusal {
    /// The word for it in logs, metrics and the catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::Disabled => "disabled",
        }
    }
}

/// A session about to begin.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// SHA-256 of its token, hexadecimal.
    pub secret_hash: String,
    /// Its identity, for the list of one's own.
    pub id: SessionId,
    /// When it ends whatever happens.
    pub expires: Timestamp,
    /// What it rests on.
    pub proof: ProofKind,
    /// What kind of browser on what kind of device, in a few words.
    pub agent: String,
}

/// A firm as administrators see it: what it is, never what was seen there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberEntry {
    /// Identity.
    pub id: MemberId,
    /// Name.
    pub name: String,
    /// Police force area, ONS code.
    pub area: String,
    /// Line of business.
    pub sector: String,
    /// Size class.
    pub size: String,
    /// Collectors not revoked.
    pub collectors: u32,
    /// People who can sign in for it.
    pub people: u32,
}

/// A collector as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectorEntry {
    /// Identity.
    pub id: CollectorId,
    /// Name of its firm.
    pub member_name: String,
    /// Where it stands.
    pub site: String,
    /// When it joined.
    pub created: Timestamp,
    /// When it was last heard.
    pub last_seen: Option<Timestamp>,
    /// When it was shut out, if it was.
    pub revoked: Option<Timestamp>,
    /// When its numbering last contradicted the hub's.
    pub conflict: Option<Timestamp>,
    /// When it last had to wait because its day's quota was used up.
    pub over_quota: Option<Timestamp>,
}

/// An invitation as administrators see it; its secret is not kept anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenEntry {
    /// Name of the firm invited.
    pub member_name: String,
    /// For which place.
    pub site: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it stops being good.
    pub expires: Timestamp,
    /// When it was used, if it was.
    pub used: Option<Timestamp>,
}

/// What people and administration need of the store. Every change writes its row of the audit
/// ledger in the same transaction.
pub trait People: Send + Sync {
    /// Adds a person.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the address is taken or the firm does not exist.
    fn add_person(&self, by: &Actor, person: &NewPerson, now: Timestamp) -> Result<(), StoreError>;

    /// The person with this identity.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    fn person(&self, id: PersonId) -> Result<Person, StoreError>;

    /// The person with this address (any case).
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    fn person_by_email(&self, email: &str) -> Result<Person, StoreError>;

    /// People; looked for in their names and addresses.
    ///
    /// # Errors
    /// When the store fails.
    fn people(&self, wanted: &Wanted<'_, PersonId>) -> Result<Vec<Person>, StoreError>;

    /// Shuts a person out (their sessions and links end at once) or lets them in again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such person; [`StoreError::Conflict`] when it is the
    /// last administrator.
    fn set_disabled(
        &self,
        by: &Actor,
        person: PersonId,
        disabled: bool,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Keeps a one-time link's hash.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is no such person.
    fn add_sign_in_link(
        &self,
        by: &Actor,
        person: PersonId,
        secret_hash: &str,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Uses a link up and begins a session: all or nothing, so that of two who hold one link exactly
    /// one is let in.
    ///
    /// # Errors
    /// When the store fails.
    fn redeem(
        &self,
        link_hash: &str,
        session: &NewSession,
        now: Timestamp,
    ) -> Result<Result<Viewer, LinkRefusal>, StoreError>;

    /// Who holds the session and how well they have proved it, if it is alive: not past its end, used
    /// within `idle_ms`, its person not shut out. `touch` counts this as use (noted at most once a minute).
    ///
    /// # Errors
    /// When the store fails.
    fn session(
        &self,
        secret_hash: &str,
        idle_ms: i64,
        touch: bool,
        now: Timestamp,
    ) -> Result<Option<Viewer>, StoreError>;

    /// Ends a session; ending one that is not there is fine.
    ///
    /// # Errors
    /// When the store fails.
    fn end_session(&self, secret_hash: &str) -> Result<(), StoreError>;

    /// Forgets links and sessions whose time is over; gives how many.
    ///
    /// # Errors
    /// When the store fails.
    fn forget_ended(&self, now: Timestamp) -> Result<usize, StoreError>;

    /// Firms; looked for in their names.
    ///
    /// # Errors
    /// When the store fails.
    fn member_entries(&self, wanted: &Wanted<'_, MemberId>)
    -> Result<Vec<MemberEntry>, StoreError>;

    /// Collectors by the name of their firm; looked for in that and in where they stand.
    ///
    /// # Errors
    /// When the store fails.
    fn collector_entries(
        &self,
        wanted: &Wanted<'_, CollectorId>,
    ) -> Result<Vec<CollectorEntry>, StoreError>;

    /// How much there is; collectors count as quiet when they were not heard since `quiet`, as over
    /// their quota when they had to wait for it since `over`.
    ///
    /// # Errors
    /// When the store fails.
    fn counted(&self, quiet: Timestamp, over: Timestamp) -> Result<Counted, StoreError>;

    /// Invitations, newest first; at most [`MAX_ADMIN_ROWS`].
    ///
    /// # Errors
    /// When the store fails.
    fn token_entries(&self) -> Result<Vec<TokenEntry>, StoreError>;
}
