//! What a batch brings: the latest word about each finding in one block, and the pages' sums. What the
//! watch counts is sorted later (`edges.rs`).

use std::borrow::{Borrow, Cow};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::engine::{Transaction, Value, numbers, params};
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
        blocks: Blocks::default(),
    };
    taken.look_up(transaction, sightings)?;
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
    blocks: Blocks,
}

impl<'b> Taken<'b> {
    /// Reads where the earlier words about a batch's findings stand.
    fn look_up(
        &mut self,
        transaction: &Transaction<'_>,
        sightings: &[Sighting],
    ) -> Result<(), StoreError> {
        let days = sightings.iter().map(|sighting| day_of(sighting.first));
        self.findings.read(transaction, days)?;
        let mut receipts = Vec::new();
        for sighting in sightings {
            let (day, id) = (day_of(sighting.first), short_id(&sighting.id));
            receipts.extend(self.findings.find(transaction, day, id)?);
        }
        self.blocks.want(receipts);
        Ok(())
    }

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
        let word = match self.blocks.word(transaction, receipt, id)? {
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

/// Blocks at hand, for the words they hold.
#[derive(Default)]
pub(super) struct Blocks {
    known: BTreeMap<i64, Vec<Sighting>>,
    /// Batches whose blocks will be asked for, in that order.
    wanted: VecDeque<i64>,
}

impl Blocks {
    /// The blocks of these batches will be asked for, about in this order.
    pub(super) fn want(&mut self, receipts: impl IntoIterator<Item = i64>) {
        let mut seen = BTreeSet::new();
        let is_new = |receipt: &i64| seen.insert(*receipt);
        self.wanted = receipts.into_iter().filter(is_new).collect();
    }

    /// The word about a finding in the block of a batch.
    pub(super) fn word(
        &mut self,
        transaction: &Transaction<'_>,
        receipt: i64,
        id: i64,
    ) -> Result<Option<&Sighting>, StoreError> {
        if !self.known.contains_key(&receipt) {
            self.read(transaction, receipt)?;
        }
        let words = self.known.get(&receipt);
        let words = words.map(Vec::as_slice).unwrap_or_default();
        let found = words.binary_search_by_key(&id, |word| short_id(&word.id));
        Ok(found.ok().and_then(|place| words.get(place)))
    }

    /// Reads a block, and those that are wanted next.
    fn read(&mut self, transaction: &Transaction<'_>, receipt: i64) -> Result<(), StoreError> {
        let mut missing = BTreeSet::from([receipt]);
        while missing.len() < MAX_BLOCKS
            && let Some(next) = self.wanted.pop_front()
        {
            if !self.known.contains_key(&next) {
                missing.insert(next);
            }
        }
        if self.known.len() + missing.len() > MAX_BLOCKS {
            self.known.clear();
        }
        let among = transaction.among("?1");
        let sql = format!("SELECT receipt, body FROM chunk WHERE receipt {among}");
        let mut statement = transaction.prepare_cached(&sql)?;
        let mut rows = statement.query([numbers(missing.iter().copied())])?;
        self.known
            .extend(missing.into_iter().map(|receipt| (receipt, Vec::new())));
        while let Some(row) = rows.next()? {
            let body: Vec<u8> = row.get(1)?;
            let mut words = packed::unpack(&body).ok_or_else(|| StoreError::malformed(1))?;
            words.sort_by_cached_key(|word| short_id(&word.id));
            self.known.insert(row.get(0)?, words);
        }
        Ok(())
    }
}

/// Marks words of earlier batches about which there is a later one now.
fn put_stale(
    transaction: &Transaction<'_>,
    place: &Place,
    told: &[(i64, i64)],
) -> Result<(), StoreError> {
    let mut by_batch: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    if told.is_empty() {
        return Ok(());
    }
    for (id, receipt) in told {
        by_batch.entry(*receipt).or_default().push(*id);
    }
    let among = transaction.among("?1");
    let sql = format!("SELECT receipt, words FROM stale WHERE receipt {among}");
    let mut statement = transaction.prepare_cached(&sql)?;
    let mut words: BTreeMap<i64, Vec<u8>> = BTreeMap::new();
    let mut rows = statement.query([numbers(by_batch.keys().copied())])?;
    while let Some(row) = rows.next()? {
        words.insert(row.get(0)?, row.get(1)?);
    }
    let rows: Vec<[Value<'_>; 3]> = by_batch
        .into_iter()
        .map(|(receipt, ids)| {
            let mut words = words.remove(&receipt).unwrap_or_default();
            add_ids(&mut words, &ids);
            let [receipt, firm] = [receipt, place.firm].map(Value::Integer);
            [receipt, firm, Value::Blob(words.into())]
        })
        .collect();
    transaction.execute_rows(
        "INSERT INTO stale (receipt, firm, words) VALUES (?1, ?2, ?3)
         ON CONFLICT (receipt) DO UPDATE SET words = excluded.words",
        &rows,
    )
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
