//! Blocklists: the devices that fetch them, what stands on them, what members took off.

use std::net::IpAddr;

use larum_core::time::Timestamp;

use super::StoreError;
use crate::id::MemberId;

/// Devices of one member at most.
pub const MAX_DEVICES: usize = 50;
/// Entries of one member's list at most.
pub const MAX_ENTRIES: usize = 100_000;

/// A device of a member that may fetch the member's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its number.
    pub id: u64,
    /// Whose.
    pub member: MemberId,
    /// What the member calls it.
    pub name: String,
    /// SHA-256 of its token, hexadecimal.
    pub secret_hash: String,
    /// Most entries it can hold.
    pub size: usize,
    /// When it was let in.
    pub created: Timestamp,
    /// When it last asked.
    pub fetched: Option<Timestamp>,
}

/// One line of a member's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Whom to block.
    pub source: IpAddr,
    /// Its place, from 1; the likeliest first.
    pub rank: usize,
    /// Members that saw it in the last month.
    pub witnesses: usize,
    /// When it was last seen.
    pub last: Timestamp,
    /// When the entry is no longer good.
    pub expires: Timestamp,
}

/// An edge of the past, for learning lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastEdge {
    /// Start of its hour.
    pub hour: Timestamp,
    /// Who saw it.
    pub member: MemberId,
    /// Who did it.
    pub source: IpAddr,
    /// What.
    pub key: String,
    /// Greatest count of a sighting behind it.
    pub count: u64,
}

/// The lists' part of the store.
pub trait Lists: Send + Sync {
    /// Lets a device in.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the member has [`MAX_DEVICES`] already.
    fn add_device(
        &self,
        member: MemberId,
        name: &str,
        secret_hash: &str,
        size: usize,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The devices of a member that are let in, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    fn devices(&self, member: MemberId) -> Result<Vec<Device>, StoreError>;

    /// Shuts a device of the member out.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the member has no such device.
    fn revoke_device(&self, member: MemberId, id: u64, now: Timestamp) -> Result<(), StoreError>;

    /// The device that has the secret, and notes that it asked.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when no device has it.
    fn device(&self, secret_hash: &str, now: Timestamp) -> Result<Device, StoreError>;

    /// Members with a device that is let in, and the most entries any of theirs can hold.
    ///
    /// # Errors
    /// When the store fails.
    fn list_readers(&self) -> Result<Vec<(MemberId, usize)>, StoreError>;

    /// Edges of the hours from `from` up to but without `to`, in order of time.
    ///
    /// # Errors
    /// When the store fails.
    fn past_edges(&self, from: Timestamp, to: Timestamp) -> Result<Vec<PastEdge>, StoreError>;

    /// Puts a new list in place of a member's old one.
    ///
    /// # Errors
    /// When the store fails.
    fn put_list(&self, member: MemberId, entries: &[Listed]) -> Result<(), StoreError>;

    /// The first `limit` entries of a member's list that are still good at `now`, without what the
    /// member took off.
    ///
    /// # Errors
    /// When the store fails.
    fn list(
        &self,
        member: MemberId,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Listed>, StoreError>;

    /// The entry of a member's list for an address, taken off or not.
    ///
    /// # Errors
    /// When the store fails.
    fn listed(&self, member: MemberId, source: IpAddr) -> Result<Option<Listed>, StoreError>;

    /// Takes an address off the member's list for good; once is enough.
    ///
    /// # Errors
    /// When the store fails.
    fn appeal(&self, member: MemberId, source: IpAddr, now: Timestamp) -> Result<(), StoreError>;

    /// What a member took off, newest first.
    ///
    /// # Errors
    /// When the store fails.
    fn appeals(&self, member: MemberId) -> Result<Vec<(IpAddr, Timestamp)>, StoreError>;
}
