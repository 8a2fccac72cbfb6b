//! The audit ledger: who read whose data, and every administrative act; append-only, hash-chained.

use larum_core::time::Timestamp;

use super::StoreError;
use crate::access::{Role, Scope, Viewer};
use crate::id::MemberId;

/// Most rows one call hands out.
pub const MAX_AUDIT_ROWS: u32 = 200;

/// What stands in the ledger for a role taken in an emergency.
const EMERGENCY: &str = "emergency";

/// Who did it: a person, or a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The person's identity, or the name of a program such as `command-line`.
    pub name: String,
    /// The person's role, or `program`.
    pub role: &'static str,
}

impl Actor {
    /// The person who is asking.
    #[must_use]
    pub fn of(viewer: &Viewer) -> Self {
        Self {
            name: viewer.person.to_string(),
            role: if viewer.emergency {
                EMERGENCY
            } else {
                viewer.role.as_str()
            },
        }
    }

    /// A program, such as `command-line` or `demo`.
    #[must_use]
    pub fn program(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            role: "program",
        }
    }
}

/// What is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The act: a word of [`Action`](crate::access::Action), or an administrative act such as
    /// `add-person`.
    pub action: String,
    /// Whose data, if it is a member's.
    pub member: Option<MemberId>,
    /// On what: a path, an identity; never personal data.
    pub subject: String,
}

/// A row as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Number, growing.
    pub id: u64,
    /// When.
    pub at: Timestamp,
    /// Name of the person, or of the program.
    pub who: String,
    /// Role as it was then.
    pub role: String,
    /// Area the person works in, if it is one.
    pub area: Option<String>,
    /// The act.
    pub action: String,
    /// On what.
    pub subject: String,
}

impl AuditRow {
    /// The role, if it is a person's.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        Role::from_word(&self.role)
    }
}

/// What checking the chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// Every row is as it was written.
    Whole {
        /// Rows checked.
        rows: u64,
        /// Hash of the last; keep it elsewhere to notice a ledger cut short.
        head: String,
    },
    /// The chain breaks.
    Broken {
        /// Number of the first row that does not fit.
        at: u64,
    },
}

/// The ledger's part of the store.
pub trait Audit: Send + Sync {
    /// Appends `entries`, all or none.
    ///
    /// # Errors
    /// When they cannot be kept durably.
    fn record(&self, actor: &Actor, entries: &[Entry], now: Timestamp) -> Result<(), StoreError>;

    /// Who read the data of the one member in `scope`, newest first, from before row `before`; at
    /// most [`MAX_AUDIT_ROWS`]. Empty for any other scope: the ledger is the member's.
    ///
    /// # Errors
    /// When the engine fails.
    fn readers(
        &self,
        scope: &Scope,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError>;

    /// Administrative acts (never reads of a member's data), newest first, from before row `before`;
    /// at most [`MAX_AUDIT_ROWS`].
    ///
    /// # Errors
    /// When the engine fails.
    fn acts(&self, before: Option<u64>, limit: u32) -> Result<Vec<AuditRow>, StoreError>;

    /// Whether row `row` has the hash `head` (hexadecimal), as [`Verified::Whole`] said once: then nothing up
    /// to that row was changed or taken away since. Follow the chain first; this looks at the one row.
    ///
    /// # Errors
    /// When the engine fails.
    fn holds(&self, row: u64, head: &str) -> Result<bool, StoreError>;

    /// Number and hash of the last row: what somebody keeps elsewhere to ask [`Audit::holds`] about later.
    ///
    /// # Errors
    /// When the engine fails.
    fn head(&self) -> Result<(u64, String), StoreError>;

    /// Recomputes the chain over the last `rows` rows, so that it takes the same time however long the ledger is.
    ///
    /// # Errors
    /// When the engine fails.
    fn verify_last(&self, rows: u64) -> Result<Verified, StoreError>;

    /// Recomputes the whole chain.
    ///
    /// # Errors
    /// When the engine fails.
    fn verify(&self) -> Result<Verified, StoreError>;
}
