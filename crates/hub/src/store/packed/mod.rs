//! Sightings as the store keeps them: a batch of them in one block of bytes; what the watch asks of a key
//! and day, where the latest words stand, and a day's sums in others.
//!
//! Blocks are written once, read whole, and need nothing beside them. Numbers are variable in length
//! (seven bits a byte, the lowest first); those that may be negative fold the sign into the lowest bit.
//! Words stand once in a block. Why it is so: `docs/design/0014-sightings.md`.

pub(in crate::store) mod bytes;
mod places;
mod span;
mod sums;

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::sync::Arc;

use larum_core::finding::{AttackOutcome, Category, FindingId, Severity};
use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;

use bytes::{Reader, put_address, put_number, put_signed, size};
pub use places::{add_ids, ids, pack_places, pack_told, unpack_places, unpack_told};
pub use span::{Span, hours_between, pack_spans, unpack_spans};
pub use sums::{DaySums, pack_day, unpack_day};

/// The layout of a block.
const LAYOUT: u8 = 1;
/// Most sightings read from one block.
const MAX_SIGHTINGS: usize = 1_000_000;

/// What many sightings have in common.
type Common<'s> = (
    &'s str,
    Category,
    Severity,
    AttackOutcome,
    u8,
    &'s [Arc<str>],
);

/// The words and kinds of a block while it is written.
#[derive(Default)]
struct Tables<'s> {
    words: Vec<&'s str>,
    places: BTreeMap<&'s str, usize>,
    kinds: Vec<Common<'s>>,
    kind_places: BTreeMap<Common<'s>, usize>,
}

impl<'s> Tables<'s> {
    fn word(&mut self, word: &'s str) -> usize {
        if let Some(place) = self.places.get(word) {
            return *place;
        }
        let place = self.words.len();
        self.words.push(word);
        self.places.insert(word, place);
        place
    }

    fn kind(&mut self, sighting: &'s Sighting) -> usize {
        let kind = (
            &*sighting.detector,
            sighting.category,
            sighting.severity,
            sighting.outcome,
            sighting.confidence,
            sighting.attack.as_slice(),
        );
        if let Some(place) = self.kind_places.get(&kind) {
            return *place;
        }
        let place = self.kinds.len();
        self.kinds.push(kind);
        self.kind_places.insert(kind, place);
        place
    }

    /// The kinds as bytes; their words are put among the others.
    fn packed_kinds(&mut self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.kinds.len() * 8 + 2);
        put_number(&mut out, size(self.kinds.len()));
        for (detector, category, severity, outcome, confidence, attack) in
            std::mem::take(&mut self.kinds)
        {
            for word in [
                detector,
                category.as_str(),
                severity.as_str(),
                outcome.as_str(),
            ] {
                put_number(&mut out, size(self.word(word)));
            }
            out.push(confidence);
            put_number(&mut out, size(attack.len()));
            for word in attack {
                put_number(&mut out, size(self.word(word)));
            }
        }
        out
    }
}

/// Packs sightings into a block.
#[must_use]
pub fn pack<S: Borrow<Sighting>>(sightings: &[S]) -> Vec<u8> {
    let mut tables = Tables::default();
    let all = || sightings.iter().map(Borrow::borrow);
    let base = all()
        .map(|sighting| sighting.first)
        .min()
        .unwrap_or(Timestamp::from_millis(0));
    let mut rows = Vec::with_capacity(sightings.len() * 40);
    put_number(&mut rows, size(sightings.len()));
    for sighting in all() {
        rows.extend_from_slice(&sighting.id.0);
        put_number(&mut rows, size(tables.kind(sighting)));
        put_number(&mut rows, size(tables.word(&sighting.key)));
        put_signed(&mut rows, sighting.first.millis_since(base));
        put_signed(&mut rows, sighting.last.millis_since(sighting.first));
        put_number(&mut rows, sighting.count);
        put_number(&mut rows, size(sighting.sources.len()));
        for source in &sighting.sources {
            put_address(&mut rows, *source);
        }
    }
    let kinds = tables.packed_kinds();
    let mut block = Vec::with_capacity(rows.len() + kinds.len() + 256);
    block.push(LAYOUT);
    put_signed(&mut block, base.as_millis());
    put_number(&mut block, size(tables.words.len()));
    for word in &tables.words {
        put_number(&mut block, size(word.len()));
        block.extend_from_slice(word.as_bytes());
    }
    block.extend_from_slice(&kinds);
    block.extend_from_slice(&rows);
    block
}

/// What many sightings of a block have in common, read.
struct ReadKind {
    detector: Arc<str>,
    category: Category,
    severity: Severity,
    outcome: AttackOutcome,
    confidence: u8,
    attack: Vec<Arc<str>>,
}

/// Unpacks a block; `None` when it is none.
#[must_use]
pub fn unpack(block: &[u8]) -> Option<Vec<Sighting>> {
    unpack_where(block, None)
}

/// Unpacks the sightings of a block that have this key; `None` when it is no block. A block without the
/// key costs next to nothing.
#[must_use]
pub fn unpack_key(block: &[u8], key: &str) -> Option<Vec<Sighting>> {
    unpack_where(block, Some(key))
}

fn unpack_where(block: &[u8], wanted: Option<&str>) -> Option<Vec<Sighting>> {
    let mut reader = Reader(block);
    if reader.byte()? != LAYOUT {
        return None;
    }
    let base = reader.signed()?;
    let mut words: Vec<&str> = Vec::new();
    for _ in 0..reader.number()? {
        let length = reader.size()?;
        words.push(std::str::from_utf8(reader.take(length)?).ok()?);
    }
    if wanted.is_some_and(|wanted| !words.contains(&wanted)) {
        return Some(Vec::new());
    }
    let mut kinds = Vec::new();
    for _ in 0..reader.number()? {
        kinds.push(read_kind(&mut reader, &words)?);
    }
    let count = reader.size().filter(|count| *count <= MAX_SIGHTINGS)?;
    let mut sightings = Vec::new();
    if wanted.is_none() {
        sightings.reserve(count.min(block.len() / 16));
    }
    for _ in 0..count {
        let id = FindingId(reader.take(16)?.try_into().ok()?);
        let kind = kinds.get(reader.size()?)?;
        let key = *words.get(reader.size()?)?;
        let first = base.checked_add(reader.signed()?)?;
        let last = first.checked_add(reader.signed()?)?;
        let count = reader.number()?;
        let is_wanted = wanted.is_none_or(|wanted| wanted == key);
        let mut sources = Vec::new();
        for _ in 0..reader.number()? {
            let source = reader.address()?;
            if is_wanted {
                sources.push(source);
            }
        }
        if !is_wanted {
            continue;
        }
        sightings.push(Sighting {
            id,
            key: key.to_owned(),
            detector: kind.detector.clone(),
            category: kind.category,
            attack: kind.attack.clone(),
            severity: kind.severity,
            confidence: kind.confidence,
            outcome: kind.outcome,
            first: Timestamp::from_millis(first),
            last: Timestamp::from_millis(last),
            count,
            sources,
        });
    }
    Some(sightings)
}

fn read_kind(reader: &mut Reader<'_>, words: &[&str]) -> Option<ReadKind> {
    let mut word = || words.get(reader.size()?).copied();
    let detector = Arc::from(word()?);
    let category = Category::from_word(word()?)?;
    let severity = Severity::from_word(word()?)?;
    let outcome = AttackOutcome::from_word(word()?)?;
    let confidence = reader.byte()?;
    let mut attack = Vec::new();
    for _ in 0..reader.number()? {
        attack.push(Arc::from(*words.get(reader.size()?)?));
    }
    Some(ReadKind {
        detector,
        category,
        severity,
        outcome,
        confidence,
        attack,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sighting() -> impl Strategy<Value = Sighting> {
        let words = (
            any::<[u8; 16]>(),
            "[ -~]{0,20}",
            "[a-z\u{1F35E}]{1,9}",
            0..Category::ALL.len(),
            0..Severity::ALL.len(),
            0..AttackOutcome::ALL.len(),
        );
        let numbers = (
            prop::collection::vec("T[0-9]{4}", 0..3),
            any::<u8>(),
            -1_000_000_000_000_i64..4_000_000_000_000,
            -100_i64..1_000_000_000,
            any::<u64>(),
            prop::collection::vec(any::<std::net::IpAddr>(), 0..5),
        );
        (words, numbers).prop_map(|(words, numbers)| {
            let (id, key, detector, category, severity, outcome) = words;
            let (attack, confidence, first, lasted, count, sources) = numbers;
            Sighting {
                id: FindingId(id),
                key,
                detector: detector.as_str().into(),
                category: Category::ALL[category],
                attack: attack.iter().map(|id| id.as_str().into()).collect(),
                severity: Severity::ALL[severity],
                confidence,
                outcome: AttackOutcome::ALL[outcome],
                first: Timestamp::from_millis(first),
                last: Timestamp::from_millis(first + lasted),
                count,
                sources,
            }
        })
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out_again(sightings in prop::collection::vec(sighting(), 0..30)) {
            let block = pack(&sightings);
            for one in &sightings {
                let of_key: Vec<Sighting> =
                    sightings.iter().filter(|other| other.key == one.key).cloned().collect();
                prop_assert_eq!(unpack_key(&block, &one.key), Some(of_key));
            }
            prop_assert_eq!(unpack(&block), Some(sightings));
        }

        #[test]
        fn damage_is_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut block = vec![LAYOUT];
            block.extend(bytes);
            // Whatever comes out, nothing breaks and no memory is asked for that is not there.
            drop(unpack(&block));
            prop_assert_eq!(unpack(block.get(1..).unwrap_or_default()).is_some_and(|all| all.len() > 200), false);
        }
    }

    #[test]
    fn a_usual_sighting_takes_few_bytes() {
        let sightings: Vec<Sighting> = (0..500_u32)
            .map(|number| Sighting {
                id: FindingId::of(&[&number.to_le_bytes()]),
                key: format!("tcp/{}", number % 50),
                detector: "sequential-scan".into(),
                category: Category::Scan,
                attack: vec!["T1046".into()],
                severity: Severity::Low,
                confidence: 90,
                outcome: AttackOutcome::Blocked,
                first: Timestamp::from_seconds(1_800_000_000 + i64::from(number)),
                last: Timestamp::from_seconds(1_800_000_060 + i64::from(number)),
                count: 100,
                sources: vec![std::net::Ipv4Addr::new(192, 0, 2, 1).into()],
            })
            .collect();
        let each = pack(&sightings).len() / sightings.len();
        assert!(each <= 36, "{each} bytes");
    }
}
