//! What a batch brings: the latest word about each finding in one block, and the pages' sums. What the
//! watch counts is sorted later (`edges.rs`).

use std::borrow::{Borrow, Cow};
use std::collections::BTreeMap;

use super::engine::{OptionalExtension as _, Transaction, params};
use larum_core::sighting::Sighting;

use super::findings::{Findings, short_id};
use super::rollups::{Sums, day_of};
use crate::store::StoreError;
use crate::store::packed::{self, add_ids, pack_told};

/// Blocks kept at hand while a batch is taken in, for the words they hold.
const MAX_BLOCKS: usize = 16;

/// Whose batch it is.
pub(super) struct Place {
    pub firm: i64,
    pub sender: i64,
    pub receipt: i64,
}

/// What became of a batch's sightings.
#[derive(Default)]
pub(super) struct Kept {
    /// Findings that are new.
    pub new: usize,
    /// Sightings in its block.
    pub words: usize,
}

/// Keeps the sightings of a batch.
pub(super) fn keep_sightings(
    transaction: &Transaction<'_>,
    place: &Place,
    sightings: &[Sighting],
) -> Result<Kept, StoreError> {
    let (kept, sums) = keep_words(transaction, place, sightings)?;
    sums.put(transaction, place.firm)?;
    Ok(kept)
}

/// Keeps the sightings of a batch, but for what they add to the sums, which is given back.
pub(super) fn keep_words(
    transaction: &Transaction<'_>,
    place: &Place,
    sightings: &[Sighting],
) -> Result<(Kept, Sums), StoreError> {
    let mut taken = Taken {
        findings: Findings::of(place.firm),
        kept: Vec::with_capacity(sightings.len()),
        places: BTreeMap::new(),
        told: Vec::new(),
        sums: Sums::default(),
        new: 0,
        blocks: BTreeMap::new(),
    };
    for sighting in sightings {
        taken.take(transaction, place, sighting)?;
    }
    if taken.kept.is_empty() {
        return Ok((Kept::default(), taken.sums));
    }
    taken.findings.put(transaction)?;
    put_stale(transaction, place, &taken.told)?;
    put_chunk(transaction, place, &taken.kept, &taken.told)?;
    let kept = Kept {
        new: taken.new,
        words: taken.kept.len(),
    };
    Ok((kept, taken.sums))
}

/// What of a batch is taken in so far.
struct Taken<'b> {
    findings: Findings,
    /// The words that count.
    kept: Vec<Cow<'b, Sighting>>,
    /// Where in `kept` a finding is.
    places: BTreeMap<(i64, i64), usize>,
    /// Findings told before, with the earlier batch.
    told: Vec<(i64, i64)>,
    sums: Sums,
    new: usize,
    blocks: BTreeMap<i64, Vec<Sighting>>,
}

impl<'b> Taken<'b> {
    fn take(
        &mut self,
        transaction: &Transaction<'_>,
        place: &Place,
        sighting: &'b Sighting,
    ) -> Result<(), StoreError> {
        let finding = (day_of(sighting.first), short_id(&sighting.id));
        if let Some(known) = self.places.get(&finding) {
            if let Some(kept) = self.kept.get_mut(*known)
                && sighting.count >= kept.count
            {
                self.sums.add(kept, -1);
                *kept = Cow::Owned(later_word(kept, sighting));
                self.sums.add(kept, 1);
            }
            return Ok(());
        }
        let word = match self.findings.find(transaction, finding.0, finding.1)? {
            None => {
                self.findings.add(finding.0, finding.1, place.receipt);
                self.new += 1;
                Cow::Borrowed(sighting)
            }
            Some(receipt) => match self.replace(transaction, place, finding, receipt, sighting)? {
                Some(word) => word,
                None => return Ok(()),
            },
        };
        self.sums.add(&word, 1);
        self.places.insert(finding, self.kept.len());
        self.kept.push(word);
        Ok(())
    }

    /// The later word about a finding replaces the earlier; an older one that arrives late (a smaller
    /// count) changes nothing.
    fn replace(
        &mut self,
        transaction: &Transaction<'_>,
        place: &Place,
        (day, id): (i64, i64),
        receipt: i64,
        sighting: &'b Sighting,
    ) -> Result<Option<Cow<'b, Sighting>>, StoreError> {
        let word = match word_in(transaction, &mut self.blocks, receipt, id)? {
            Some(earlier) if sighting.count < earlier.count => return Ok(None),
            Some(earlier) => {
                self.sums.add(earlier, -1);
                Cow::Owned(later_word(earlier, sighting))
            }
            None => Cow::Borrowed(sighting),
        };
        self.findings
            .point_to(transaction, (day, id), place.receipt)?;
        self.told.push((id, receipt));
        Ok(Some(word))
    }
}

/// The new word, with the widest span that was told.
pub(super) fn later_word(earlier: &Sighting, later: &Sighting) -> Sighting {
    Sighting {
        first: earlier.first.min(later.first),
        last: earlier.last.max(later.last),
        ..later.clone()
    }
}

/// The word about a finding in the block of a batch.
pub(super) fn word_in<'b>(
    transaction: &Transaction<'_>,
    blocks: &'b mut BTreeMap<i64, Vec<Sighting>>,
    receipt: i64,
    id: i64,
) -> Result<Option<&'b Sighting>, StoreError> {
    if !blocks.contains_key(&receipt) {
        let body: Option<Vec<u8>> = transaction
            .prepare_cached("SELECT body FROM chunk WHERE receipt = ?1")?
            .query_row([receipt], |row| row.get(0))
            .optional()?;
        let mut words = match body {
            Some(body) => packed::unpack(&body).ok_or_else(|| StoreError::malformed(0))?,
            None => Vec::new(),
        };
        words.sort_by_cached_key(|word| short_id(&word.id));
        if blocks.len() >= MAX_BLOCKS {
            blocks.pop_first();
        }
        blocks.insert(receipt, words);
    }
    let words = blocks.get(&receipt).map(Vec::as_slice).unwrap_or_default();
    let found = words.binary_search_by_key(&id, |word| short_id(&word.id));
    Ok(found.ok().and_then(|place| words.get(place)))
}

/// Marks words of earlier batches about which there is a later one now.
fn put_stale(
    transaction: &Transaction<'_>,
    place: &Place,
    told: &[(i64, i64)],
) -> Result<(), StoreError> {
    let mut by_batch: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (id, receipt) in told {
        by_batch.entry(*receipt).or_default().push(*id);
    }
    let mut put = transaction.prepare_cached(
        "INSERT INTO stale (receipt, firm, words) VALUES (?1, ?2, ?3)
         ON CONFLICT (receipt) DO UPDATE SET words = excluded.words",
    )?;
    for (receipt, ids) in by_batch {
        let known: Option<Vec<u8>> = transaction
            .prepare_cached("SELECT words FROM stale WHERE receipt = ?1")?
            .query_row([receipt], |row| row.get(0))
            .optional()?;
        let mut words = known.unwrap_or_default();
        add_ids(&mut words, &ids);
        put.execute(params![receipt, place.firm, words])?;
    }
    Ok(())
}

/// Writes a block.
pub(super) fn put_chunk(
    transaction: &Transaction<'_>,
    place: &Place,
    kept: &[impl Borrow<Sighting>],
    told: &[(i64, i64)],
) -> Result<(), StoreError> {
    let (oldest, newest) = ends(kept.iter().map(Borrow::borrow));
    transaction
        .prepare_cached(
            "INSERT INTO chunk (receipt, firm, sender, oldest, newest, told, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            place.receipt,
            place.firm,
            place.sender,
            oldest,
            newest,
            pack_told(place.receipt, told),
            packed::pack(kept)
        ])?;
    Ok(())
}

/// The earliest and the latest of the last events.
pub(super) fn ends<'k>(kept: impl Iterator<Item = &'k Sighting>) -> (i64, i64) {
    kept.map(|sighting| sighting.last.as_millis())
        .fold(None, |ends: Option<(i64, i64)>, last| {
            Some(ends.map_or((last, last), |(oldest, newest)| {
                (oldest.min(last), newest.max(last))
            }))
        })
        .unwrap_or_default()
}
