//! The watch's state as bytes, so that a hub goes on after a restart as if it had never stopped.
//!
//! Byte 0 is the version, then eight bytes say how everything inside is laid out (reckoned from the
//! names and sorts of all fields), then the state, then a check sum. Bytes of another layout, or
//! damaged ones, are refused; the hub then replays what it has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::members::{Members, Places};
use super::{Budget, Counted, Fold, KeyState};
use crate::detect::SnapshotRefusal;
use crate::detect::hash;
use crate::detect::snapshot::{Reader, Snapshot, kept};
use crate::watch::Day;

const VERSION: u8 = 1;
const SUM_BYTES: usize = 8;

kept!(Day {
    capped,
    trimmed,
    shared,
    known
});
kept!(KeyState { edges, days });
kept!(Counted {
    taken,
    late,
    past,
    refused
});

/// What is kept of the whole, in this order.
type Whole = (
    (Option<i64>, Vec<(String, KeyState)>, Members),
    (
        BTreeMap<usize, i64>,
        BTreeSet<usize>,
        (super::Past, super::Places, Counted),
    ),
    (
        super::Calibration,
        super::Episodes,
        (super::Waves, super::Campaigns),
    ),
);

impl Fold {
    /// The state as bytes; the budget is none of it.
    #[must_use]
    pub fn keep(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        Whole::layout().write(&mut out);
        self.hour.write(&mut out);
        self.keys.write(&mut out);
        self.members.write(&mut out);
        self.touched.write(&mut out);
        self.fresh.write(&mut out);
        self.past.write(&mut out);
        self.places.write(&mut out);
        self.counted.write(&mut out);
        self.calibration.write(&mut out);
        self.episodes.write(&mut out);
        self.waves.write(&mut out);
        self.campaigns.write(&mut out);
        let sum = hash::bytes(&out);
        sum.write(&mut out);
        out
    }

    /// A watch that goes on from what [`Fold::keep`] gave.
    ///
    /// # Errors
    /// When the bytes are damaged or of another version.
    pub fn restore(budget: Budget, bytes: &[u8]) -> Result<Self, SnapshotRefusal> {
        let damaged = SnapshotRefusal::Damaged;
        let end = bytes.len().checked_sub(SUM_BYTES).ok_or(damaged)?;
        let (all, sum) = bytes.split_at_checked(end).ok_or(damaged)?;
        if u64::read(&mut Reader::new(sum)) != Some(hash::bytes(all)) {
            return Err(damaged);
        }
        let mut from = Reader::new(all);
        let head = <(u8, u64)>::read(&mut from).ok_or(damaged)?;
        if head != (VERSION, Whole::layout()) {
            return Err(SnapshotRefusal::OtherVersion);
        }
        let (first, second, third) = Whole::read(&mut from).ok_or(damaged)?;
        let mut fold = Self::new(budget);
        (fold.hour, fold.keys, fold.members) = first;
        (
            fold.touched,
            fold.fresh,
            (fold.past, fold.places, fold.counted),
        ) = second;
        (
            fold.calibration,
            fold.episodes,
            (fold.waves, fold.campaigns),
        ) = third;
        for (place, (name, _)) in fold.keys.iter().enumerate() {
            fold.names.insert(name.clone(), place);
        }
        Ok(fold)
    }
}

impl Snapshot for Arc<str> {
    fn layout() -> u64 {
        String::layout()
    }

    fn write(&self, out: &mut Vec<u8>) {
        u32::try_from(self.len()).unwrap_or(u32::MAX).write(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        String::read(from).map(Self::from)
    }
}

kept!(Places {
    numbers,
    names,
    members
});
