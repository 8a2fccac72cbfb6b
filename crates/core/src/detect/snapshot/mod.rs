//! What the detectors remember as bytes, so that it survives a restart.
//!
//! Byte 0 is the version of the frame, then eight bytes say how everything inside is laid out, then
//! the memory, then a check sum over all before it. The layout is reckoned from the names and sorts of
//! all fields, so nobody has to remember to count a version up: a program that remembers something else
//! refuses, and begins with an empty memory. Bytes that are cut short or changed are refused as well; no
//! bytes make it panic or take more memory than the tables may have. See `docs/design/0008-memory.md`.

mod basic;
mod reader;
#[cfg(test)]
mod tests;

use std::fmt;

pub(crate) use reader::Reader;

use super::sigma::{Correlator, RuleSet};
use super::source::Sources;
use super::story::Stories;
use super::{Detect, RecordClock, hash};

/// Version of the frame around the memory.
const VERSION: u8 = 1;
/// Version and layout.
const HEAD_BYTES: usize = 9;
const SUM_BYTES: usize = 8;

/// Why a snapshot cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotRefusal {
    /// Written by a program that remembers something else.
    OtherVersion,
    /// Cut short, or changed on the disk.
    Damaged,
}

impl fmt::Display for SnapshotRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherVersion => "it was written by another version",
            Self::Damaged => "it is damaged",
        })
    }
}

/// Something that is remembered, as bytes.
pub(crate) trait Snapshot: Sized {
    /// Sums up how it is laid out; another sum for every other layout.
    fn layout() -> u64;
    /// Appends it to `out`.
    fn write(&self, out: &mut Vec<u8>);
    /// Takes it from the front of `from`; `None` when that is not possible.
    fn read(from: &mut Reader<'_>) -> Option<Self>;
}

/// The layout of the field that `field` names.
pub(crate) fn layout_of<S, T: Snapshot>(_field: fn(&S) -> &T) -> u64 {
    T::layout()
}

/// Says how a struct is kept: by its fields in this order. What stands after `fresh` is not kept but
/// made anew. A field that is not named does not compile.
macro_rules! kept {
    ($name:ident { $($field:ident),+ $(,)? } $(fresh { $($made:ident: $value:expr),+ })?) => {
        impl $crate::detect::snapshot::Snapshot for $name {
            fn layout() -> u64 {
                use $crate::detect::{hash, snapshot};
                let sum = hash::bytes(stringify!($name $($field)+).as_bytes());
                $(let sum = hash::mix(sum ^ snapshot::layout_of(|it: &Self| &it.$field));)+
                sum
            }

            fn write(&self, out: &mut Vec<u8>) {
                let Self { $($field,)+ $($($made: _,)+)? } = self;
                $($crate::detect::snapshot::Snapshot::write($field, out);)+
            }

            fn read(from: &mut $crate::detect::snapshot::Reader<'_>) -> Option<Self> {
                Some(Self {
                    $($field: $crate::detect::snapshot::Snapshot::read(from)?,)+
                    $($($made: $value,)+)?
                })
            }
        }
    };
    ($name:ident(_)) => {
        impl $crate::detect::snapshot::Snapshot for $name {
            fn layout() -> u64 {
                use $crate::detect::{hash, snapshot};
                let sum = hash::bytes(stringify!($name).as_bytes());
                hash::mix(sum ^ snapshot::layout_of(|it: &Self| &it.0))
            }

            fn write(&self, out: &mut Vec<u8>) {
                $crate::detect::snapshot::Snapshot::write(&self.0, out);
            }

            fn read(from: &mut $crate::detect::snapshot::Reader<'_>) -> Option<Self> {
                $crate::detect::snapshot::Snapshot::read(from).map(Self)
            }
        }
    };
}

/// Says how one of a few choices is kept: by its place among them, of which there are at most 256.
macro_rules! kept_choice {
    ($name:ident of $choices:expr) => {
        impl $crate::detect::snapshot::Snapshot for $name {
            fn layout() -> u64 {
                let choices: &[Self] = $choices;
                $crate::detect::hash::bytes(format!("{choices:?}").as_bytes())
            }

            fn write(&self, out: &mut Vec<u8>) {
                let choices: &[Self] = $choices;
                let place = choices.iter().position(|choice| choice == self);
                out.push(
                    place
                        .and_then(|place| u8::try_from(place).ok())
                        .unwrap_or(0),
                );
            }

            fn read(from: &mut $crate::detect::snapshot::Reader<'_>) -> Option<Self> {
                let choices: &[Self] = $choices;
                let place: u8 = $crate::detect::snapshot::Snapshot::read(from)?;
                choices.get(usize::from(place)).copied()
            }
        }
    };
}

pub(crate) use {kept, kept_choice};

kept!(RecordClock {
    now,
    ahead,
    confirmed
});

impl Detect {
    /// Appends what is remembered to `out`; at most about as many bytes as the tables have.
    pub fn snapshot(&self, out: &mut Vec<u8>) {
        let from = out.len();
        out.push(VERSION);
        layout().write(out);
        rule_names(&self.rules).write(out);
        self.sources.write(out);
        self.flows.write(out);
        self.crowds.write(out);
        self.stories.write(out);
        self.incidents.write(out);
        self.pages.write(out);
        self.clock.write(out);
        self.rules.correlations_sum().write(out);
        self.correlator.write(out);
        let sum = hash::bytes(out.get(from..).unwrap_or_default());
        sum.write(out);
    }

    /// Goes on with what was remembered in `bytes`, in place of all it remembers now. Stories of rules
    /// that are gone are left out; what correlations were counting is kept only while the rules are
    /// the same.
    ///
    /// # Errors
    /// When the bytes cannot be used; nothing is changed then.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), SnapshotRefusal> {
        let memory = framed(bytes)?;
        self.read(&mut Reader::new(memory))
            .ok_or(SnapshotRefusal::Damaged)
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Option<()> {
        let names: Vec<u64> = Snapshot::read(from)?;
        from.renumber(&names, &rule_names(&self.rules));
        let sources = Sources::read(from)?;
        let flows = Snapshot::read(from)?;
        let crowds = Snapshot::read(from)?;
        let stories = Stories::read(from)?;
        let incidents = Snapshot::read(from)?;
        let pages = Snapshot::read(from)?;
        let clock = Snapshot::read(from)?;
        let same_rules = u64::read(from)? == self.rules.correlations_sum();
        let correlator = if same_rules {
            Correlator::read(from)?
        } else {
            Correlator::default()
        };
        (self.sources, self.flows, self.crowds) = (sources, flows, crowds);
        (self.stories, self.incidents, self.pages) = (stories, incidents, pages);
        (self.clock, self.correlator) = (clock, correlator);
        self.over.clear();
        Some(())
    }
}

/// The memory between head and check sum.
fn framed(bytes: &[u8]) -> Result<&[u8], SnapshotRefusal> {
    let damaged = SnapshotRefusal::Damaged;
    if bytes.first().ok_or(damaged)? != &VERSION {
        return Err(SnapshotRefusal::OtherVersion);
    }
    let end = bytes.len().checked_sub(SUM_BYTES).ok_or(damaged)?;
    let (all, sum) = bytes.split_at_checked(end).ok_or(damaged)?;
    if u64::read(&mut Reader::new(sum)) != Some(hash::bytes(all)) {
        return Err(damaged);
    }
    let (head, memory) = all.split_at_checked(HEAD_BYTES).ok_or(damaged)?;
    let written = head.get(1..).unwrap_or_default();
    if u64::read(&mut Reader::new(written)) != Some(layout()) {
        return Err(SnapshotRefusal::OtherVersion);
    }
    Ok(memory)
}

/// How everything is laid out.
fn layout() -> u64 {
    let parts = [
        layout_of(|it: &Detect| &it.sources),
        layout_of(|it: &Detect| &it.flows),
        layout_of(|it: &Detect| &it.crowds),
        layout_of(|it: &Detect| &it.stories),
        layout_of(|it: &Detect| &it.incidents),
        layout_of(|it: &Detect| &it.pages),
        layout_of(|it: &Detect| &it.clock),
        layout_of(|it: &Detect| &it.correlator),
    ];
    parts.iter().fold(0, |sum, part| hash::mix(sum ^ part))
}

/// The rules by the hashes of their ids: after a restart they may be numbered differently.
fn rule_names(rules: &RuleSet) -> Vec<u64> {
    let names = rules.rules().map(|rule| hash::bytes(rule.id.as_bytes()));
    names.collect()
}
