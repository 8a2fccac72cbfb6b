//! Marks that may stand anywhere in a record, of all recognisers in one automaton: however many turns there
//! are, a record is walked once, and no further than somebody asks.
//!
//! The automaton knows how marks begin, no more: knowing long ones to their ends takes twice the room. Where a
//! beginning stands the rest is compared.

use std::collections::{BTreeMap, VecDeque};

use smallvec::SmallVec;

/// So many marks are noted without memory being asked for; few records have as many.
const USUAL_HITS: usize = 32;
/// The same for words of a bit for each mark that is known.
const USUAL_WORDS: usize = 16;
/// The same for marks of which only the beginning was walked over.
const USUAL_WAITING: usize = 8;

/// So many bytes of a mark the automaton knows. With fewer it is smaller, and more begins in vain: many marks in
/// JSON begin alike.
const KNOWN_BYTES: usize = 10;
/// A row of the automaton has a cell for each of so many bytes. Those above share the cell of the byte with the
/// same lower bits, which costs a comparison now and then.
const ROW: usize = LAST as usize + 1;
/// The last cell of a row.
const LAST: u8 = 127;

/// A mark inside.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    /// What stands there.
    pub text: Box<str>,
    /// The recogniser that looks for it.
    pub recogniser: u8,
    /// The way it belongs to.
    pub way: usize,
}

/// All marks inside.
#[derive(Debug)]
pub(super) struct Marks {
    beginnings: Beginnings,
    marks: Vec<Mark>,
}

impl Marks {
    /// Of one stop, those that were given first are found first.
    ///
    /// # Errors
    /// When there are too many.
    pub fn build(marks: Vec<Mark>) -> Result<Self, String> {
        let beginnings = Trie::of(&marks)
            .and_then(|trie| trie.finish())
            .ok_or("too many marks inside records")?;
        Ok(Self { beginnings, marks })
    }

    /// To be looked for in `record`.
    pub fn hits<'m>(&'m self, record: &'m str) -> Hits<'m> {
        Hits {
            marks: self,
            record: record.as_bytes(),
            walk: None,
        }
    }
}

/// An Aho-Corasick automaton of how marks begin.
#[derive(Debug)]
struct Beginnings {
    /// For each state and byte the next state.
    rows: Vec<[u16; ROW]>,
    /// In this state and those behind it some beginning ends.
    first_end: u16,
    /// Which marks begin so, for each of those.
    ends: Vec<Box<[u32]>>,
}

impl Beginnings {
    /// Walks on to where a beginning ends, or to the end of `text`: the state there, and how many bytes were
    /// walked over.
    fn walk(&self, mut state: u16, text: &[u8]) -> (u16, usize) {
        for (number, byte) in text.iter().enumerate() {
            let row = self.rows.get(usize::from(state));
            state = row.map_or(0, |row| cell(row, *byte));
            if state >= self.first_end {
                return (state, number + 1);
            }
        }
        (state, text.len())
    }

    /// The marks whose beginning ends in `state`.
    fn ending(&self, state: u16) -> &[u32] {
        let place = state.checked_sub(self.first_end).map(usize::from);
        let ends = place.and_then(|place| self.ends.get(place));
        ends.map_or(&[], |ends| ends)
    }
}

#[inline]
fn cell(row: &[u16; ROW], byte: u8) -> u16 {
    row.get(usize::from(byte & LAST)).copied().unwrap_or(0)
}

/// An automaton on the way to be [`Beginnings`]; the root is the first node.
#[derive(Default)]
struct Trie {
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    next: BTreeMap<u8, u16>,
    ends: Vec<u32>,
    /// The node of the longest end of this one's text that is another's text.
    fallback: u16,
    row: Vec<u16>,
}

impl Trie {
    /// `None` when there are too many.
    fn of(marks: &[Mark]) -> Option<Self> {
        let mut trie = Self {
            nodes: vec![Node::default()],
        };
        for (number, mark) in (0..).zip(marks) {
            let mut at = 0_u16;
            for byte in mark.text.bytes().take(KNOWN_BYTES) {
                let new = u16::try_from(trie.nodes.len()).ok()?;
                let node = trie.nodes.get_mut(usize::from(at))?;
                at = *node.next.entry(byte & LAST).or_insert(new);
                if at == new {
                    trie.nodes.push(Node::default());
                }
            }
            trie.nodes.get_mut(usize::from(at))?.ends.push(number);
        }
        // Nothing is found where nothing stands.
        trie.nodes.first_mut()?.ends.clear();
        Some(trie)
    }

    /// Fills the nodes' rows, the shorter texts first, and puts those in which a beginning ends last.
    fn finish(mut self) -> Option<Beginnings> {
        let mut waiting = VecDeque::from([0_u16]);
        while let Some(number) = waiting.pop_front() {
            let node = self.nodes.get(usize::from(number))?;
            let (next, fallback) = (node.next.clone(), node.fallback);
            let other = self.nodes.get(usize::from(fallback))?;
            let mut row = match number {
                0 => vec![0; ROW],
                _ => other.row.clone(),
            };
            let ends = if number == 0 {
                Vec::new()
            } else {
                other.ends.clone()
            };
            for (byte, child) in next {
                let cell = row.get_mut(usize::from(byte))?;
                // Where the text without its first byte leads.
                self.nodes.get_mut(usize::from(child))?.fallback = *cell;
                *cell = child;
                waiting.push_back(child);
            }
            let node = self.nodes.get_mut(usize::from(number))?;
            node.row = row;
            node.ends.extend(ends);
        }
        let (ending, passing): (Vec<_>, Vec<_>) = (0_u16..)
            .zip(self.nodes)
            .partition(|(_, node)| !node.ends.is_empty());
        let first_end = u16::try_from(passing.len()).ok()?;
        let mut places = vec![0_u16; passing.len() + ending.len()];
        let all = || passing.iter().chain(&ending);
        for (place, (number, _)) in (0..).zip(all()) {
            *places.get_mut(usize::from(*number))? = place;
        }
        let place = |node: u16| places.get(usize::from(node)).copied().unwrap_or(0);
        let rows = all().map(|(_, node)| {
            let mut row = [0; ROW];
            for (cell, next) in row.iter_mut().zip(&node.row) {
                *cell = place(*next);
            }
            row
        });
        Some(Beginnings {
            rows: rows.collect(),
            first_end,
            ends: ending
                .into_iter()
                .map(|(_, node)| node.ends.into())
                .collect(),
        })
    }
}

/// The marks that stand in a record, in the order in which they end there; each once, so that a mark said
/// a thousand times costs once.
pub(super) struct Hits<'m> {
    marks: &'m Marks,
    record: &'m [u8],
    walk: Option<Walk>,
}

/// How far the record was walked.
struct Walk {
    state: u16,
    at: usize,
    found: SmallVec<[u32; USUAL_HITS]>,
    seen: SmallVec<[u64; USUAL_WORDS]>,
    /// Marks that stand where the walk has passed their beginning only, the first to end first.
    waiting: SmallVec<[Hit; USUAL_WAITING]>,
}

/// A mark that stands in the record. Of those that end together the longest comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    end: usize,
    start: usize,
    mark: u32,
}

impl Hits<'_> {
    /// The mark of this number; `None` where there are not so many.
    pub fn get(&mut self, number: usize) -> Option<&Mark> {
        let walk = self.walk.get_or_insert_with(|| Walk {
            state: 0,
            at: 0,
            found: SmallVec::new(),
            seen: SmallVec::from_elem(0, self.marks.marks.len() / 64 + 1),
            waiting: SmallVec::new(),
        });
        while walk.found.len() <= number {
            walk.on(self.marks, self.record)?;
        }
        self.marks.marks.get(*walk.found.get(number)? as usize)
    }
}

impl Walk {
    /// Walks on to the next place where a mark ends; `None` at the record's end.
    fn on(&mut self, marks: &Marks, record: &[u8]) -> Option<()> {
        loop {
            let first = self.waiting.first().copied();
            if let Some(hit) = first.filter(|hit| hit.end <= self.at) {
                self.waiting.remove(0);
                self.found.push(hit.mark);
                return Some(());
            }
            // What ends later than the first that waits must not come before it.
            let stop = first.map_or(record.len(), |hit| hit.end);
            let rest = record.get(self.at..stop).filter(|rest| !rest.is_empty())?;
            let (state, walked) = marks.beginnings.walk(self.state, rest);
            self.state = state;
            self.at += walked;
            for mark in marks.beginnings.ending(state) {
                self.note(*mark, marks, record);
            }
        }
    }

    /// Notes the mark of this number, if it stands where its beginning was walked over.
    fn note(&mut self, mark: u32, marks: &Marks, record: &[u8]) -> Option<()> {
        let text = marks.marks.get(mark as usize)?.text.as_bytes();
        let start = self.at.checked_sub(text.len().min(KNOWN_BYTES))?;
        let bit = 1 << (mark & 63);
        let word = self.seen.get_mut(mark as usize / 64)?;
        if *word & bit == 0 && record.get(start..)?.starts_with(text) {
            *word |= bit;
            let end = start + text.len();
            let hit = Hit { end, start, mark };
            let place = self.waiting.partition_point(|other| *other < hit);
            self.waiting.insert(place, hit);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mark_is_found_once_where_it_ends() {
        let texts = ["bc", "abc", "x", "bc", "zz"];
        let marks = (0..).zip(texts).map(|(way, text)| Mark {
            text: text.into(),
            recogniser: 0,
            way,
        });
        let marks = Marks::build(marks.collect()).unwrap();
        let mut hits = marks.hits("x abc x bc abc");
        let mut found = Vec::new();
        while let Some(mark) = hits.get(found.len()) {
            found.push(mark.way);
        }
        // Of those that end together the longest comes first, then the order in which they were given.
        assert_eq!(found, [2, 1, 0, 3]);
        assert!(hits.get(0).is_some_and(|mark| mark.way == 2));
        assert!(hits.get(4).is_none());
    }

    #[test]
    fn without_marks_nothing_is_found() {
        assert!(
            Marks::build(Vec::new())
                .unwrap()
                .hits("abc")
                .get(0)
                .is_none()
        );
    }

    proptest::proptest! {
        #[test]
        fn marks_are_found_as_when_each_is_searched_for(
            texts in proptest::collection::vec("[ab\u{e9}]{1,14}", 1..12),
            pieces in proptest::collection::vec((0..12_usize, 0..15_usize, "[ab\u{e9}]{0,3}"), 0..9),
        ) {
            let mut record = String::new();
            for (number, length, between) in &pieces {
                let text = &texts[number % texts.len()];
                record.extend(text.chars().take(*length));
                record.push_str(between);
            }
            let marks = (0..).zip(&texts).map(|(way, text)| Mark {
                text: text.as_str().into(),
                recogniser: 0,
                way,
            });
            let marks = Marks::build(marks.collect()).unwrap();
            let mut hits = marks.hits(&record);
            let mut found = Vec::new();
            while let Some(mark) = hits.get(found.len()) {
                found.push(mark.way);
            }
            let ends = (0..).zip(&texts).filter_map(|(way, text): (usize, &String)| {
                let start = record.find(text.as_str())?;
                Some((start + text.len(), start, way))
            });
            let mut expected: Vec<_> = ends.collect();
            expected.sort_unstable();
            let expected: Vec<usize> = expected.into_iter().map(|(.., way)| way).collect();
            proptest::prop_assert_eq!(found, expected);
        }
    }
}
