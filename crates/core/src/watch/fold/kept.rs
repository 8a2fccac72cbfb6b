//! The watch's state as bytes, so that a hub goes on after a restart as if it had never stopped.
//!
//! Byte 0 is the version, then eight bytes say how everything inside is laid out (reckoned from the
//! names and sorts of all fields), then the state, then a check sum. Bytes of another layout, or
//! damaged ones, are refused; the hub then replays what it has.

use super::members::{Members, Places, Standing};
use super::{Budget, Counted, Fold, KeyState, Measured};
use crate::detect::SnapshotRefusal;
use crate::detect::hash;
use crate::detect::snapshot::{Reader, Snapshot, kept};

const VERSION: u8 = 1;
const SUM_BYTES: usize = 8;

kept!(KeyState { edges, days, latest, fresh } fresh { usual: None });
kept!(Measured {
    day,
    capped,
    trimmed,
    shared,
    roaming
});
kept!(Counted {
    taken,
    late,
    past,
    refused
});

/// What is kept of the whole, in this order.
type Whole = (
    (Option<i64>, Vec<(String, KeyState)>, (Members, Standing)),
    (
        Vec<usize>,
        (Vec<usize>, u32, Option<i64>),
        (
            super::Past,
            (super::Places, super::Slow, Vec<super::slow::Waiting>),
            Counted,
        ),
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
        self.counting.write(&mut out);
        self.touched.write(&mut out);
        self.fresh.write(&mut out);
        self.pressure.write(&mut out);
        self.first_closed.write(&mut out);
        self.past.write(&mut out);
        self.places.write(&mut out);
        self.slow.write(&mut out);
        self.contacts.write(&mut out);
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
        (fold.hour, fold.keys, (fold.members, fold.counting)) = first;
        (
            fold.touched,
            (fold.fresh, fold.pressure, fold.first_closed),
            (
                fold.past,
                (fold.places, fold.slow, fold.contacts),
                fold.counted,
            ),
        ) = second;
        (
            fold.calibration,
            fold.episodes,
            (fold.waves, fold.campaigns),
        ) = third;
        fold.index = super::indexed(&fold.keys);
        Ok(fold)
    }
}

kept!(Places {
    numbers,
    names,
    members
});
