//! Marks that may stand anywhere in a record, of all recognisers in one automaton: however many turns there
//! are, a record is walked once, and no further than somebody asks.
//!
//! The automaton knows how marks begin, no more: knowing long ones to their ends takes twice the room. Where a
//! beginning stands the rest is compared. In JSON only quotes are looked at ([`quoted`]).
//!
//! [`quoted`]: super::quoted

use std::collections::{BTreeMap, VecDeque};

use smallvec::SmallVec;

use super::quoted::{Quoted, quote_in};
use super::scan;

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

/// Marks that are to be looked for.
#[derive(Default)]
pub(super) struct Given {
    all: Vec<Mark>,
    /// Of those that count in JSON one with a quote for each way; the first where it has none.
    in_json: Vec<Mark>,
}

impl Given {
    /// Adds the first of the marks that must all be there, and what is looked for in JSON where they count there.
    pub fn add(&mut self, marks: &[String], in_json: bool, mark: impl Fn(&str) -> Mark) {
        let first = marks.first();
        self.all.extend(first.map(|text| mark(text)));
        if in_json {
            let quoted = marks
                .iter()
                .rev()
                .max_by_key(|text| quote_in(text.as_bytes()).map(|place| place.known));
            self.in_json.extend(quoted.map(|text| mark(text)));
        }
    }
}

/// All marks inside.
#[derive(Debug)]
pub(super) struct Marks {
    beginnings: Beginnings,
    marks: Vec<Mark>,
    /// The same for JSON, where all that count there have a quote.
    quoted: Option<(Quoted, Vec<Mark>)>,
}

impl Marks {
    /// Of one stop, those that were given first are found first.
    ///
    /// # Errors
    /// When there are too many.
    pub fn build(given: Given) -> Result<Self, String> {
        let Given { all, in_json } = given;
        let beginnings = Trie::of(&all)
            .and_then(|trie| trie.finish())
            .ok_or("too many marks inside records")?;
        Ok(Self {
            beginnings,
            marks: all,
            quoted: Quoted::new(&in_json).map(|quoted| (quoted, in_json)),
        })
    }

    /// To be looked for in `record`; of a JSON object only those that count there.
    pub fn hits<'m>(&'m self, record: &'m str, is_json: bool) -> Hits<'m> {
        let quoted = self.quoted.as_ref().filter(|_| is_json);
        Hits {
            way: quoted.map_or(Through::Bytes(&self.beginnings), |(q, _)| {
                Through::Quotes(q)
            }),
            marks: quoted.map_or(&self.marks, |(_, marks)| marks),
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
    way: Through<'m>,
    marks: &'m [Mark],
    record: &'m [u8],
    walk: Option<Walk>,
}

/// What is looked at on the way.
#[derive(Clone, Copy)]
enum Through<'m> {
    Bytes(&'m Beginnings),
    Quotes(&'m Quoted),
}

/// How far the record was walked.
struct Walk {
    state: u16,
    at: usize,
    /// The quotes of the last block that were not looked at, a bit each, and where the next block begins.
    quotes: u32,
    block: usize,
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
            quotes: 0,
            block: 0,
            found: SmallVec::new(),
            seen: SmallVec::from_elem(0, self.marks.len() / 64 + 1),
            waiting: SmallVec::new(),
        });
        while walk.found.len() <= number {
            walk.on(self.way, self.marks, self.record)?;
        }
        self.marks.get(*walk.found.get(number)? as usize)
    }
}

impl Walk {
    /// Walks on to the next place where a mark ends; `None` at the record's end.
    fn on(&mut self, through: Through<'_>, marks: &[Mark], record: &[u8]) -> Option<()> {
        loop {
            // What ends later than the first that waits must not come before it.
            let first = self.waiting.first().copied();
            if let Some(hit) = first.filter(|hit| hit.end <= self.at) {
                self.waiting.remove(0);
                self.found.push(hit.mark);
                return Some(());
            }
            match through {
                Through::Bytes(beginnings) => {
                    let stop = first.map_or(record.len(), |hit| hit.end);
                    let rest = record.get(self.at..stop).filter(|rest| !rest.is_empty())?;
                    let (state, walked) = beginnings.walk(self.state, rest);
                    self.state = state;
                    self.at += walked;
                    for mark in beginnings.ending(state) {
                        let text = marks.get(*mark as usize).map(|mark| mark.text.len());
                        let start = self.at.checked_sub(text.unwrap_or(0).min(KNOWN_BYTES));
                        self.note(*mark, start?, marks, record);
                    }
                }
                Through::Quotes(quoted) => self.step_to_quote(quoted, marks, record)?,
            }
        }
    }

    /// Walks on behind the next quote, or to the record's end; `None` where it is there already. A mark with a
    /// quote further on ends further on.
    fn step_to_quote(&mut self, quoted: &Quoted, marks: &[Mark], record: &[u8]) -> Option<()> {
        while self.quotes == 0 {
            if self.block >= record.len() {
                let is_new = self.at < record.len();
                self.at = record.len();
                return is_new.then_some(());
            }
            self.quotes = scan::marked(b'"', record, self.block);
            self.block += scan::BLOCK;
        }
        let quote = self.block - scan::BLOCK + self.quotes.trailing_zeros() as usize;
        self.quotes &= self.quotes.wrapping_sub(1);
        self.at = quote + 1;
        quoted.around(record, quote, |mark, start| {
            self.note(mark, start, marks, record);
        });
        Some(())
    }

    /// Notes the mark of this number, if it stands at `start`.
    fn note(&mut self, mark: u32, start: usize, marks: &[Mark], record: &[u8]) -> Option<()> {
        let text = marks.get(mark as usize)?.text.as_bytes();
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
        let marks = Marks::build(given(marks)).unwrap();
        let mut hits = marks.hits("x abc x bc abc", false);
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
            Marks::build(Given::default())
                .unwrap()
                .hits("abc", false)
                .get(0)
                .is_none()
        );
    }

    /// The marks, all of which count in JSON.
    fn given(marks: impl Iterator<Item = Mark>) -> Given {
        let all: Vec<Mark> = marks.collect();
        Given {
            in_json: all.clone(),
            all,
        }
    }

    #[test]
    fn all_that_ships_is_looked_for_at_quotes_in_json() {
        let formats = crate::parse::Formats::built_in().unwrap();
        assert!(formats.inside.quoted.is_some());
    }

    /// The ways of the marks that stand in `record`, as they are found.
    fn found(marks: &Marks, record: &str, is_json: bool) -> Vec<usize> {
        let mut hits = marks.hits(record, is_json);
        let mut found = Vec::new();
        while let Some(mark) = hits.get(found.len()) {
            found.push(mark.way);
        }
        found
    }

    proptest::proptest! {
        #[test]
        fn marks_are_found_as_when_each_is_searched_for(
            texts in proptest::collection::vec("[ab\u{e9}]{1,14}", 1..12),
            quoted in proptest::collection::vec("[ab]{0,5}\"[ab\"]{0,5}", 1..12),
            pieces in proptest::collection::vec((0..12_usize, 0..15_usize, "[ab\u{e9}]{0,3}"), 0..9),
        ) {
            for (texts, is_json) in [(&texts, false), (&quoted, false), (&quoted, true)] {
                let mut record = String::new();
                for (number, length, between) in &pieces {
                    let text = &texts[number % texts.len()];
                    record.extend(text.chars().take(*length));
                    record.push_str(between);
                }
                let marks = (0..).zip(texts).map(|(way, text)| Mark {
                    text: text.as_str().into(),
                    recogniser: 0,
                    way,
                });
                let marks = Marks::build(given(marks)).unwrap();
                proptest::prop_assert_eq!(marks.quoted.is_some(), std::ptr::eq(texts, &quoted));
                let ends = (0..).zip(texts).filter_map(|(way, text): (usize, &String)| {
                    let start = record.find(text.as_str())?;
                    Some((start + text.len(), start, way))
                });
                let mut expected: Vec<_> = ends.collect();
                expected.sort_unstable();
                let expected: Vec<usize> = expected.into_iter().map(|(.., way)| way).collect();
                proptest::prop_assert_eq!(found(&marks, &record, is_json), expected);
            }
        }
    }
}
