//! Marks that may stand anywhere in a record, of all recognisers in one automaton: however many turns there
//! are, a record is walked once, and no further than somebody asks.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::{Anchored, StartKind, dfa};
use smallvec::SmallVec;

/// So many marks are noted without memory being asked for; few records have as many.
const USUAL_HITS: usize = 32;
/// The same for words of a bit for each mark that is known.
const USUAL_WORDS: usize = 16;

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
    /// None where there are no marks.
    automaton: Option<(dfa::DFA, StateID)>,
    marks: Vec<Mark>,
}

impl Marks {
    /// Of one stop, those that were given first are found first.
    ///
    /// # Errors
    /// When there are too many.
    pub fn build(marks: Vec<Mark>) -> Result<Self, String> {
        let automaton = if marks.is_empty() {
            None
        } else {
            let automaton = dfa::Builder::new()
                .start_kind(StartKind::Unanchored)
                .prefilter(false)
                .build(marks.iter().map(|mark| mark.text.as_bytes()))
                .map_err(|error| error.to_string())?;
            let start = automaton
                .start_state(Anchored::No)
                .map_err(|error| error.to_string())?;
            Some((automaton, start))
        };
        Ok(Self { automaton, marks })
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

/// The marks that stand in a record, in the order in which they end there; each once, so that a mark said
/// a thousand times costs once.
pub(super) struct Hits<'m> {
    marks: &'m Marks,
    record: &'m [u8],
    walk: Option<Walk>,
}

/// How far the record was walked.
struct Walk {
    state: StateID,
    at: usize,
    found: SmallVec<[u32; USUAL_HITS]>,
    seen: SmallVec<[u64; USUAL_WORDS]>,
}

impl Hits<'_> {
    /// The mark of this number; `None` where there are not so many.
    pub fn get(&mut self, number: usize) -> Option<&Mark> {
        let (automaton, start) = self.marks.automaton.as_ref()?;
        let walk = self.walk.get_or_insert_with(|| Walk {
            state: *start,
            at: 0,
            found: SmallVec::new(),
            seen: SmallVec::from_elem(0, self.marks.marks.len() / 64 + 1),
        });
        while walk.found.len() <= number {
            walk.on(automaton, self.record)?;
        }
        self.marks.marks.get(*walk.found.get(number)? as usize)
    }
}

impl Walk {
    /// Walks on to the next place where a mark ends; `None` at the record's end.
    fn on(&mut self, automaton: &dfa::DFA, record: &[u8]) -> Option<()> {
        let mut state = self.state;
        let mut bytes = record.get(self.at..)?.iter();
        while let Some(byte) = bytes.next() {
            state = automaton.next_state(Anchored::No, state, *byte);
            if automaton.is_special(state) && automaton.is_match(state) {
                for number in 0..automaton.match_len(state) {
                    self.note(automaton.match_pattern(state, number).as_u32());
                }
                self.state = state;
                self.at = record.len() - bytes.as_slice().len();
                return Some(());
            }
        }
        self.at = record.len() + 1;
        None
    }

    fn note(&mut self, mark: u32) {
        let bit = 1 << (mark & 63);
        let word = self.seen.get_mut(mark as usize / 64);
        if let Some(word) = word.filter(|word| **word & bit == 0) {
            *word |= bit;
            self.found.push(mark);
        }
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
}
