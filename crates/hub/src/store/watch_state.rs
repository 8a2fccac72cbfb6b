//! What the live watch runs on: edges in the order they arrived, its looks, its kept state, and which
//! episode each threat is.
//!
//! A look is written before it is done: the edges of all batches up to `up_to`, judged at `at`. The
//! same looks over the same edges give the same alarms, whenever and wherever they are done again.

use std::collections::BTreeSet;
use std::net::IpAddr;

use larum_core::time::Timestamp;

use super::StoreError;
use super::watch::ThreatRow;
use crate::id::MemberId;

/// An edge as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivedEdge {
    /// Start of its hour.
    pub hour: Timestamp,
    /// What.
    pub key: String,
    /// Who saw it.
    pub member: MemberId,
    /// Who did it.
    pub source: IpAddr,
    /// Greatest count of a sighting behind it, in the batch that brought it.
    pub count: u64,
}

/// One look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// The newest batch whose edges it knew.
    pub up_to: u64,
}

/// Where a member is and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The member.
    pub member: MemberId,
    /// Its force area.
    pub area: String,
    /// Its sector.
    pub sector: String,
    /// The network its collectors call from, the first of several; empty where it is not known.
    pub network: String,
    /// When its first collector enrolled; nothing while it has none.
    pub enrolled: Option<Timestamp>,
}

/// A threat that is not closed.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenThreat {
    /// Its number.
    pub id: i64,
    /// The watch's episode.
    pub episode: u64,
    /// The threat.
    pub row: ThreatRow,
}

/// What the live watch needs of the store.
pub trait WatchState {
    /// The number of the newest batch, zero when there is none.
    ///
    /// # Errors
    /// When the store fails; so for every call here.
    fn newest_receipt(&self) -> Result<u64, StoreError>;

    /// The edges of batches after `after` up to `up_to`, in order of batch, hour, key and source. Of a
    /// later word about a finding only those that the earlier did not bring; another finding may bring
    /// an edge again.
    ///
    /// # Errors
    /// When the store fails.
    fn arrived(&self, after: u64, up_to: u64) -> Result<Vec<ArrivedEdge>, StoreError>;

    /// Where every member is.
    ///
    /// # Errors
    /// When the store fails.
    fn places(&self) -> Result<Vec<Place>, StoreError>;

    /// Writes that a look is done now, and forgets looks before `since`.
    ///
    /// # Errors
    /// When the store fails.
    fn begin_look(&self, at: Timestamp, up_to: u64, since: Timestamp) -> Result<Look, StoreError>;

    /// The looks numbered above `after`, in order.
    ///
    /// # Errors
    /// When the store fails.
    fn looks(&self, after: i64) -> Result<Vec<Look>, StoreError>;

    /// Keeps the watch's state as it is after a look, over what was kept before.
    ///
    /// # Errors
    /// When the store fails.
    fn keep_state(&self, look: i64, state: &[u8]) -> Result<(), StoreError>;

    /// The look after which state was kept, and the state.
    ///
    /// # Errors
    /// When the store fails.
    fn kept_state(&self) -> Result<Option<(Look, Vec<u8>)>, StoreError>;

    /// The threat that is this episode, with its number.
    ///
    /// # Errors
    /// When the store fails.
    fn threat_of_episode(&self, episode: u64) -> Result<Option<(i64, ThreatRow)>, StoreError>;

    /// Notes which episode a threat is.
    ///
    /// # Errors
    /// When the store fails.
    fn note_episode(&self, threat: i64, episode: u64) -> Result<(), StoreError>;

    /// Notes that a threat turned out to be one with another.
    ///
    /// # Errors
    /// When the store fails.
    fn note_merged(&self, threat: i64, into: i64) -> Result<(), StoreError>;

    /// Forgets which threats are which episodes: the watch begins anew and numbers from one.
    ///
    /// # Errors
    /// When the store fails.
    fn forget_episodes(&self) -> Result<(), StoreError>;

    /// Threats that are not closed.
    ///
    /// # Errors
    /// When the store fails.
    fn open_threats(&self) -> Result<Vec<OpenThreat>, StoreError>;

    /// Members with a warning about `key` from another threat than `threat` that is still good at
    /// `now`: nobody is told the same twice.
    ///
    /// # Errors
    /// When the store fails.
    fn warned_elsewhere(
        &self,
        key: &str,
        threat: Option<i64>,
        now: Timestamp,
    ) -> Result<BTreeSet<MemberId>, StoreError>;
}
