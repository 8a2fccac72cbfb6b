//! Which formats may have written a message: by the header's program, by how the message starts, by
//! what it contains. All marks of all formats are searched in one pass each, so the cost does not
//! grow with the number of formats.
//!
//! A program that a format names belongs to that format alone: text inside such a message, which an
//! attacker may have chosen, can then not make it pass for another product's.

use aho_corasick::{
    AhoCorasick, AhoCorasickKind, Anchored, Input, StartKind, automaton::OverlappingState,
};

use memchr::memmem::Finder;

use super::file::Recognise;
use super::keys::KeyTable;

/// The most formats that are tried on one record.
pub(super) const MAX_CANDIDATES: usize = 8;

/// The most ways to recognise, all formats together.
const MAX_WAYS: usize = 512;

/// Formats to try, most likely first.
#[derive(Default)]
pub(super) struct Candidates {
    list: [u16; MAX_CANDIDATES],
    length: usize,
}

impl Candidates {
    fn push(&mut self, format: u16) {
        if self.as_slice().contains(&format) {
            return;
        }
        if let Some(place) = self.list.get_mut(self.length) {
            *place = format;
            self.length += 1;
        }
    }

    pub fn as_slice(&self) -> &[u16] {
        self.list.get(..self.length).unwrap_or_default()
    }
}

/// One way to recognise one format.
#[derive(Debug)]
struct Way {
    format: u16,
    starts: Vec<Box<str>>,
    contains: Vec<Finder<'static>>,
}

impl Way {
    fn holds(&self, message: &str) -> bool {
        let starts = self.starts.is_empty()
            || self
                .starts
                .iter()
                .any(|mark| message.starts_with(mark.as_ref()));
        starts
            && self
                .contains
                .iter()
                .all(|mark| mark.find(message.as_bytes()).is_some())
    }
}

/// All recognisers together.
#[derive(Debug)]
pub(super) struct Recogniser {
    ways: Vec<Way>,
    programs: KeyTable,
    /// For each program, the ways that name it.
    by_program: Vec<Vec<usize>>,
    starts: Option<Marks>,
    contains: Option<Marks>,
}

/// Marks in one automaton, with the way each belongs to.
#[derive(Debug)]
struct Marks {
    automaton: AhoCorasick,
    ways: Vec<usize>,
}

impl Marks {
    fn build(marks: &[(Box<str>, usize)], start: StartKind) -> Result<Option<Self>, String> {
        if marks.is_empty() {
            return Ok(None);
        }
        let automaton = AhoCorasick::builder()
            .start_kind(start)
            .kind(Some(AhoCorasickKind::DFA))
            .build(marks.iter().map(|(mark, _)| mark.as_bytes()))
            .map_err(|error| error.to_string())?;
        Ok(Some(Self {
            automaton,
            ways: marks.iter().map(|(_, way)| *way).collect(),
        }))
    }

    /// Calls `found` with the way of every mark that occurs (`Anchored::Yes`: that the message starts
    /// with), once per occurrence, until it says that it has enough.
    fn each(&self, message: &str, anchored: Anchored, mut found: impl FnMut(usize) -> bool) {
        let mut state = OverlappingState::start();
        loop {
            let input = Input::new(message).anchored(anchored);
            if self
                .automaton
                .try_find_overlapping(input, &mut state)
                .is_err()
            {
                return;
            }
            let Some(hit) = state.get_match() else {
                return;
            };
            if let Some(way) = self.ways.get(hit.pattern().as_usize())
                && found(*way)
            {
                return;
            }
        }
    }
}

impl Recogniser {
    /// Compiles the recognisers of all formats; formats are numbered in order.
    ///
    /// # Errors
    /// When there are too many ways or marks.
    pub fn build(formats: &[&[Recognise]]) -> Result<Self, String> {
        let mut ways = Vec::new();
        let mut program_names: Vec<&str> = Vec::new();
        let mut by_program: Vec<Vec<usize>> = Vec::new();
        let mut starts = Vec::new();
        let mut contains = Vec::new();
        for (format, recognisers) in (0..).zip(formats) {
            for way in *recognisers {
                let number = ways.len();
                let boxed =
                    |marks: &[String]| marks.iter().map(|mark| mark.as_str().into()).collect();
                ways.push(Way {
                    format,
                    starts: boxed(&way.starts),
                    contains: way
                        .contains
                        .iter()
                        .map(|mark| Finder::new(mark).into_owned())
                        .collect(),
                });
                for program in &way.programs {
                    let known = program_names
                        .iter()
                        .position(|name| name.eq_ignore_ascii_case(program));
                    let at = known.unwrap_or(program_names.len());
                    if known.is_none() {
                        program_names.push(program);
                        by_program.push(Vec::new());
                    }
                    if let Some(list) = by_program.get_mut(at) {
                        list.push(number);
                    }
                }
                if !way.programs.is_empty() {
                    continue;
                }
                if way.starts.is_empty() {
                    let first = way.contains.first();
                    contains.extend(first.map(|mark| (mark.as_str().into(), number)));
                } else {
                    starts.extend(way.starts.iter().map(|mark| (mark.as_str().into(), number)));
                }
            }
        }
        if ways.len() > MAX_WAYS {
            return Err(format!("more than {MAX_WAYS} ways to recognise formats"));
        }
        Ok(Self {
            programs: KeyTable::new(program_names.iter().copied().zip(0..)),
            by_program,
            starts: Marks::build(&starts, StartKind::Anchored)?,
            contains: Marks::build(&contains, StartKind::Unanchored)?,
            ways,
        })
    }

    /// The formats that may have written `message`. The search inside the message ends with the first
    /// format found, unless `thorough`.
    pub fn candidates(&self, program: Option<&str>, message: &str, thorough: bool) -> Candidates {
        let mut found = Candidates::default();
        if let Some(program) = program.and_then(|name| self.programs.find(name)) {
            for way in self
                .by_program
                .get(usize::from(program))
                .into_iter()
                .flatten()
            {
                self.push_if_holds(*way, message, &mut found);
            }
            return found;
        }
        if let Some(marks) = &self.starts {
            marks.each(message, Anchored::Yes, |way| {
                self.push_if_holds(way, message, &mut found);
                false
            });
        }
        if (found.length == 0 || thorough)
            && let Some(marks) = &self.contains
        {
            // Ways tried already on this message, so that a mark said a thousand times costs once.
            let mut tried = [0_u64; MAX_WAYS / 64];
            marks.each(message, Anchored::No, |way| {
                let bit = 1_u64 << (way & 63);
                if let Some(word) = tried.get_mut(way / 64)
                    && *word & bit == 0
                {
                    *word |= bit;
                    self.push_if_holds(way, message, &mut found);
                }
                found.length > 0 && !thorough
            });
        }
        found
    }

    fn push_if_holds(&self, way: usize, message: &str, found: &mut Candidates) {
        if let Some(way) = self.ways.get(way)
            && way.holds(message)
        {
            found.push(way.format);
        }
    }
}
