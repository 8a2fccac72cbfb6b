//! A sighting as a row of the table `sighting`.

use std::sync::Arc;

use larum_core::finding::{AttackOutcome, Category, FindingId, Severity};
use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;

use super::super::rollups::day_of;
use super::rows::{Rows, Writer};
use crate::store::StoreError;

/// The columns in their order.
pub const COLUMNS: &str =
    "firm, day, id, receipt, sender, short, key, detector, category, severity, outcome,
    attack, confidence, first, lasted, count, sources";

/// What tells findings apart: firm, day of the first event, identity.
pub type Finding = (i64, i64, [u8; 16]);

/// What is known of a finding.
#[derive(Clone, Debug)]
pub struct Word {
    /// The batch that brought it.
    pub receipt: i64,
    /// The number of the collector that sent that.
    pub sender: i64,
    /// The day of the first event, in the range that the table can hold.
    pub day: i64,
    /// Whether it counts for the watch in its last hour only.
    pub short: bool,
    /// Whose.
    pub firm: i64,
    /// What it says.
    pub sighting: Sighting,
}

impl Word {
    /// Which finding it is about.
    pub const fn finding(&self) -> Finding {
        (self.firm, self.day, self.sighting.id.0)
    }

    /// Writes it as a row.
    pub fn write(&self, out: &mut Writer) {
        let sighting = &self.sighting;
        out.u32(self.firm);
        out.i32(self.day);
        out.raw(&sighting.id.0);
        out.i64(self.receipt);
        out.u32(self.sender);
        out.raw(&[self.short.into()]);
        out.bytes(sighting.key.as_bytes());
        out.bytes(sighting.detector.as_bytes());
        out.bytes(sighting.category.as_str().as_bytes());
        out.bytes(sighting.severity.as_str().as_bytes());
        out.bytes(sighting.outcome.as_str().as_bytes());
        out.length(sighting.attack.len());
        for id in &sighting.attack {
            out.bytes(id.as_bytes());
        }
        out.raw(&[sighting.confidence]);
        out.i64(sighting.first.as_millis());
        let (first, last) = (sighting.first.as_millis(), sighting.last.as_millis());
        out.i64(last.wrapping_sub(first));
        out.u64(sighting.count);
        out.length(sighting.sources.len());
        for source in &sighting.sources {
            out.address(*source);
        }
    }

    /// Reads a row.
    pub fn read(rows: &mut Rows<'_>) -> Result<Self, StoreError> {
        let (firm, day, id) = (rows.u32()?, rows.i32()?, FindingId(rows.raw()?));
        let (receipt, sender, short) = (rows.number()?, rows.u32()?, rows.u8()? != 0);
        let (key, detector) = (rows.text()?.to_owned(), Arc::from(rows.text()?));
        let category = word(rows, Category::from_word)?;
        let severity = word(rows, Severity::from_word)?;
        let outcome = word(rows, AttackOutcome::from_word)?;
        let length = rows.length()?;
        let attack = (0..length)
            .map(|_| rows.text().map(Arc::from))
            .collect::<Result<_, _>>()?;
        let confidence = rows.u8()?;
        let (first, lasted, count) = (rows.i64()?, rows.i64()?, rows.u64()?);
        let length = rows.length()?;
        let sources = (0..length)
            .map(|_| rows.address())
            .collect::<Result<_, _>>()?;
        Ok(Self {
            receipt,
            sender,
            day,
            short,
            firm,
            sighting: Sighting {
                id,
                key,
                detector,
                category,
                attack,
                severity,
                confidence,
                outcome,
                first: Timestamp::from_millis(first),
                last: Timestamp::from_millis(first.wrapping_add(lasted)),
                count,
                sources,
            },
        })
    }
}

/// Reads one of several words.
pub fn word<T>(rows: &mut Rows<'_>, read: fn(&str) -> Option<T>) -> Result<T, StoreError> {
    read(rows.text()?).ok_or_else(|| StoreError::malformed(0))
}

/// The day by which a sighting's finding is found, in the range that the table can hold.
pub fn day(sighting: &Sighting) -> i64 {
    day_of(sighting.first).clamp(i32::MIN.into(), i32::MAX.into())
}
