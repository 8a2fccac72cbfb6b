//! Data about members that cannot be looked at without a row in the audit ledger.

use std::collections::BTreeSet;

use larum_core::time::Timestamp;

use super::{Action, Viewer};
use crate::id::MemberId;
use crate::store::StoreError;
use crate::store::audit::{Actor, Audit, Entry};

/// A value read from the store together with whose data it is. Only an [`Opener`] gets it out.
#[derive(Debug)]
#[must_use]
pub struct Sealed<T> {
    members: Vec<MemberId>,
    value: T,
}

impl<T> Sealed<T> {
    /// Seals `value`, which holds data of `members`.
    pub(crate) const fn new(members: Vec<MemberId>, value: T) -> Self {
        Self { members, value }
    }
}

/// Opens what is sealed for one request, after writing down who reads whose data.
pub struct Opener<'a> {
    ledger: &'a dyn Audit,
    viewer: &'a Viewer,
    action: Action,
    subject: String,
    now: Timestamp,
    /// Members already written down for this request: one page is one read.
    recorded: BTreeSet<MemberId>,
}

impl<'a> Opener<'a> {
    /// For `viewer` doing `action` on `subject` (a path without its query).
    #[must_use]
    pub const fn new(
        ledger: &'a dyn Audit,
        viewer: &'a Viewer,
        action: Action,
        subject: String,
        now: Timestamp,
    ) -> Self {
        Self {
            ledger,
            viewer,
            action,
            subject,
            now,
            recorded: BTreeSet::new(),
        }
    }

    /// Whether `member` is the firm the reader belongs to; who looks after a firm does not.
    fn own(&self, member: MemberId) -> bool {
        self.viewer.role.of_firm() && self.viewer.member == Some(member)
    }

    /// The value. Before it is handed out, each member whose data it holds and who is not the
    /// reader's own gets a row in the audit ledger.
    ///
    /// # Errors
    /// When the ledger cannot be written: then nothing is shown.
    pub fn open<T>(&mut self, sealed: Sealed<T>) -> Result<T, StoreError> {
        let Sealed { members, value } = sealed;
        let fresh: BTreeSet<MemberId> = members
            .into_iter()
            .filter(|member| !self.own(*member))
            .filter(|member| !self.recorded.contains(member))
            .collect();
        if !fresh.is_empty() {
            let actor = Actor::of(self.viewer);
            let entries: Vec<Entry> = fresh
                .iter()
                .map(|member| Entry {
                    action: self.action.as_str().to_owned(),
                    member: Some(*member),
                    subject: self.subject.clone(),
                })
                .collect();
            self.ledger.record(&actor, &entries, self.now)?;
            self.recorded.extend(fresh);
        }
        Ok(value)
    }
}
