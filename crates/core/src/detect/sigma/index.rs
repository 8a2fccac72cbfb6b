//! All rules in one matcher: literals of every rule in one automaton per text, numbers in one sorted
//! table per field. An event costs its length plus what hits, whatever the number of rules.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::collections::BTreeMap;

use super::expression::{MIN_LITERAL_BYTES, rarity, short_exact};
use super::predicate::{Predicate, Test};
use super::skip::{Skip, SkipReason};
use super::slot::{Group, Kinds, Slot, texts};
use crate::detect::hash;
use crate::detect::recall::Recall;
use crate::event::{Event, Value};

/// Up to so many bytes of literals an automaton is a table of all transitions (fastest, about 200
/// bytes per byte of literal); beyond, it is packed.
const MAX_TABLE_LITERAL_BYTES: usize = 16 * 1024;

/// The most hits in one text that are remembered for when it comes again.
const MAX_HITS_KEPT: usize = 16;

/// Predicates by the literal they need, and whether the literal is all they need.
type Asking = BTreeMap<Vec<u8>, Vec<(u32, bool)>>;

/// Predicates that a text may make true, and whether it surely does.
type Hits = Box<[(u32, bool)]>;

/// What the automata found in the last few texts of their fields.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Which index it was.
    index: u64,
    /// Per automaton.
    texts: Vec<Recall<Hits>>,
}

/// Finds the indexed predicates that are true of an event.
#[derive(Default)]
pub(super) struct Index {
    texts: Vec<TextIndex>,
    numbers: Vec<NumberIndex>,
    /// Equal for indexes that find the same in every text.
    mark: u64,
}

struct TextIndex {
    group: Group,
    kinds: Kinds,
    automaton: Option<AhoCorasick>,
    /// Predicates by literal, and whether finding the literal already answers them.
    literals: Vec<Vec<(u32, bool)>>,
    /// Whole values too short for the automaton.
    short: Vec<(Vec<u8>, u32)>,
}

struct NumberIndex {
    slot: Slot,
    kinds: Kinds,
    values: BTreeMap<u64, u32>,
}

impl Index {
    /// Over `predicates`, each with the kinds of event for which some rule asks it.
    pub(super) fn new(predicates: &[Predicate], kinds: &[Kinds]) -> Result<Self, Skip> {
        let mut index = Self::default();
        let mut literals: BTreeMap<Group, Asking> = BTreeMap::new();
        for ((number, predicate), asked) in (0_u32..).zip(predicates).zip(kinds) {
            if rarity(predicate).is_none() || *asked == Kinds::NONE {
                continue;
            }
            if let Test::Number(value) = predicate.test {
                let table = index.numbers_of(predicate.slot);
                table.kinds = table.kinds.and_also(*asked);
                table.values.insert(value, number);
                continue;
            }
            let Some(group) = predicate.slot.group() else {
                continue;
            };
            let table = index.texts_of(group);
            table.kinds = table.kinds.and_also(*asked);
            if predicate.literal.len() >= MIN_LITERAL_BYTES {
                let by_literal = literals.entry(group).or_default();
                let asking = by_literal.entry(predicate.literal.clone()).or_default();
                asking.push((number, literal_is_all(predicate)));
            } else if let Some(value) = short_exact(predicate) {
                table.short.push((value, number));
            }
        }
        for (group, by_literal) in literals {
            index.mark = hash::mix(index.mark ^ mark_of(group, &by_literal));
            let table = index.texts_of(group);
            table.automaton = Some(automaton(by_literal.keys())?);
            table.literals = by_literal.into_values().collect();
        }
        Ok(index)
    }

    fn texts_of(&mut self, group: Group) -> &mut TextIndex {
        let at = self.texts.iter().position(|table| table.group == group);
        let at = at.unwrap_or_else(|| {
            self.texts.push(TextIndex {
                group,
                kinds: Kinds::NONE,
                automaton: None,
                literals: Vec::new(),
                short: Vec::new(),
            });
            self.texts.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "just found or added")]
        &mut self.texts[at]
    }

    fn numbers_of(&mut self, slot: Slot) -> &mut NumberIndex {
        let at = self.numbers.iter().position(|table| table.slot == slot);
        let at = at.unwrap_or_else(|| {
            self.numbers.push(NumberIndex {
                slot,
                kinds: Kinds::NONE,
                values: BTreeMap::new(),
            });
            self.numbers.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "just found or added")]
        &mut self.numbers[at]
    }

    /// Calls `hit` with predicates that may be true of `event` (with `true` where they surely are).
    /// Every indexed predicate that is true is named at least once.
    pub(super) fn find(
        &self,
        event: &Event<'_>,
        record: Option<&str>,
        found: &mut Found,
        hit: &mut impl FnMut(u32, bool),
    ) {
        if found.index != self.mark || found.texts.len() != self.texts.len() {
            found.index = self.mark;
            found.texts.clear();
            found.texts.resize_with(self.texts.len(), Recall::default);
        }
        for (table, found) in self.texts.iter().zip(&mut found.texts) {
            if !table.kinds.has(event.kind) {
                continue;
            }
            match table.group {
                Group::Field(field) => {
                    if let Some(Value::Text(text)) = event.get(field) {
                        table.find(text, found, hit);
                    }
                }
                Group::AnyText => {
                    texts(event, record).for_each(|text| table.find(text, found, hit));
                }
            }
        }
        for table in &self.numbers {
            if !table.kinds.has(event.kind) {
                continue;
            }
            if let Some(Value::Number(number)) = table.slot.value(event)
                && let Some(predicate) = table.values.get(&number)
            {
                hit(*predicate, true);
            }
        }
    }
}

impl TextIndex {
    fn find(&self, text: &str, known: &mut Recall<Hits>, hit: &mut impl FnMut(u32, bool)) {
        if text.len() < MIN_LITERAL_BYTES {
            for (value, predicate) in &self.short {
                if text.as_bytes().eq_ignore_ascii_case(value) {
                    hit(*predicate, true);
                }
            }
        }
        let Some(automaton) = &self.automaton else {
            return;
        };
        if let Some(hits) = known.get(text) {
            hits.iter()
                .for_each(|(predicate, sure)| hit(*predicate, *sure));
            return;
        }
        let Ok(found) = automaton.try_find_overlapping_iter(text) else {
            return;
        };
        let mut few = [(0, false); MAX_HITS_KEPT];
        let mut count = 0;
        for literal in found {
            let asking = self.literals.get(literal.pattern().as_usize());
            for (predicate, sure) in asking.into_iter().flatten() {
                hit(*predicate, *sure);
                if let Some(place) = few.get_mut(count) {
                    *place = (*predicate, *sure);
                }
                count += 1;
            }
        }
        if let Some(hits) = few.get(..count) {
            known.put(text, hits.into());
        }
    }
}

/// A hash of what is looked for in a field, and of who asks.
fn mark_of(group: Group, literals: &Asking) -> u64 {
    hash::bytes(format!("{group:?} {literals:?}").as_bytes())
}

/// Whether the predicate is true wherever its literal stands in the text that is scanned for it.
fn literal_is_all(predicate: &Predicate) -> bool {
    let whole_text = match predicate.slot {
        Slot::Field(_) | Slot::AnyText => true,
        Slot::UrlPath | Slot::UrlQuery | Slot::UrlExtension => false,
    };
    whole_text && matches!(&predicate.test, Test::Glob(glob) if glob.is_plain_contains())
}

fn automaton<'l>(literals: impl Iterator<Item = &'l Vec<u8>>) -> Result<AhoCorasick, Skip> {
    let literals: Vec<&Vec<u8>> = literals.collect();
    let bytes: usize = literals.iter().map(|literal| literal.len()).sum();
    let kind = if bytes <= MAX_TABLE_LITERAL_BYTES {
        AhoCorasickKind::DFA
    } else {
        AhoCorasickKind::ContiguousNFA
    };
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(kind))
        .build(literals)
        .map_err(|error| (SkipReason::TooMany, error.to_string()))
}
