//! What a list says beside the entry itself: from which list, how sure, for how long, what it is.
//!
//! Said once and shared: an entry holds 4 bytes. A note is 12 bytes, the origin it points to 16.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use crate::time::Timestamp;

/// Notes kept of one address, name or network, over all lists; those that hold longest stay.
pub const MAX_NOTES: usize = 8;
/// Different texts (threats, sources) at most; of further ones only the list is told.
const MAX_TEXTS: usize = 65_536;
/// Bytes of all of them together.
const MAX_TEXT_BYTES: usize = 2 << 20;
/// Longest text, in bytes.
const MAX_ONE_TEXT_BYTES: usize = 160;
/// Different origins at most; further ones are told by their list alone.
const MAX_ORIGINS: usize = 131_072;
/// Notes looked at for an equal one. Only saves room: a note that is not found is written again.
const RECENT: usize = 4_096;

/// No end.
pub(super) const FOR_EVER: u32 = u32::MAX;
/// A list said nothing of how sure it is.
const UNSAID: u8 = u8::MAX;

pub(super) type NoteId = u32;
/// Which notes are found for something.
pub(super) type NoteIds = SmallVec<[NoteId; 4]>;

/// From when to when an entry holds, in seconds since 1970 (until 2106), `until` excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Validity {
    pub from: u32,
    pub until: u32,
}

impl Validity {
    pub const ALWAYS: Self = Self {
        from: 0,
        until: FOR_EVER,
    };

    /// From and until; an end within a second counts as its whole second.
    pub fn new(from: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        let second = |time: Timestamp| u32::try_from(time.as_seconds().max(0)).unwrap_or(FOR_EVER);
        Self {
            from: from.map_or(0, second),
            until: until.map_or(FOR_EVER, |until| second(until.plus_millis(999))),
        }
    }

    pub const fn holds_at(self, second: u32) -> bool {
        self.from <= second && (second < self.until || self.until == FOR_EVER)
    }
}

/// Where an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    pub list: u16,
    confidence: u8,
    /// The port the entry is about; 0 for any.
    pub port: u16,
    pub threat: u32,
    pub source: u32,
}

impl Origin {
    pub fn new(list: u16, confidence: Option<u8>, port: u16, threat: u32, source: u32) -> Self {
        Self {
            list,
            confidence: confidence.map_or(UNSAID, |value| value.min(100)),
            port,
            threat,
            source,
        }
    }

    pub const fn confidence(self) -> Option<u8> {
        match self.confidence {
            UNSAID => None,
            said => Some(said),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Note {
    origin: u32,
    validity: Validity,
}

/// All notes.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    notes: Vec<Note>,
    origins: Vec<Origin>,
    texts: Vec<Box<str>>,
}

impl Notes {
    pub fn origin(&self, note: NoteId) -> Option<Origin> {
        let note = self.notes.get(usize::try_from(note).ok()?)?;
        self.origins
            .get(usize::try_from(note.origin).ok()?)
            .copied()
    }

    pub fn validity(&self, note: NoteId) -> Validity {
        let place = usize::try_from(note).unwrap_or(usize::MAX);
        let found = self.notes.get(place);
        found.map_or(Validity { from: 1, until: 0 }, |note| note.validity)
    }

    pub fn holds_at(&self, note: NoteId, second: u32) -> bool {
        self.validity(note).holds_at(second)
    }

    /// A threat or source; `None` when it was not said.
    pub fn text(&self, text: u32) -> Option<&str> {
        let place = usize::try_from(text).ok()?.checked_sub(1)?;
        let text = &**self.texts.get(place)?;
        (!text.is_empty()).then_some(text)
    }

    pub fn shrink(&mut self) {
        self.notes.shrink_to_fit();
        self.origins.shrink_to_fit();
        self.texts.shrink_to_fit();
    }
}

/// Notes while they are written.
#[derive(Debug)]
pub(super) struct NotesBuilder {
    notes: Notes,
    recent: Vec<NoteId>,
    origins: BTreeMap<Origin, u32>,
    texts: BTreeMap<Box<str>, u32>,
    text_bytes: usize,
}

impl Default for NotesBuilder {
    fn default() -> Self {
        Self {
            notes: Notes::default(),
            recent: vec![NoteId::MAX; RECENT],
            origins: BTreeMap::new(),
            texts: BTreeMap::new(),
            text_bytes: 0,
        }
    }
}

impl NotesBuilder {
    pub fn finish(self) -> Notes {
        let mut notes = self.notes;
        notes.shrink();
        notes
    }

    /// The text's number; 0 for an empty one, or when there is no more room.
    pub fn text(&mut self, text: &str) -> u32 {
        let text = clean(text);
        if text.is_empty() {
            return 0;
        }
        if let Some(known) = self.texts.get(text) {
            return *known;
        }
        let number = self.place(text);
        if number > 0 {
            self.texts.insert(text.into(), number);
        }
        number
    }

    /// A number for a text that becomes known later.
    pub fn promise(&mut self) -> u32 {
        self.place("")
    }

    /// The promised text.
    pub fn keep_promise(&mut self, number: u32, text: &str) {
        let text = clean(text);
        let place = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
        let held = place.and_then(|place| self.notes.texts.get_mut(place));
        if let Some(held) = held.filter(|_| self.text_bytes + text.len() <= MAX_TEXT_BYTES) {
            self.text_bytes += text.len();
            *held = text.into();
        }
    }

    fn place(&mut self, text: &str) -> u32 {
        let full = self.notes.texts.len() >= MAX_TEXTS;
        if full || self.text_bytes + text.len() > MAX_TEXT_BYTES {
            return 0;
        }
        self.text_bytes += text.len();
        self.notes.texts.push(text.into());
        u32::try_from(self.notes.texts.len()).unwrap_or(0)
    }

    /// The note's number, an earlier one where it is equal.
    pub fn note(&mut self, origin: Origin, validity: Validity) -> NoteId {
        let origin = self.origin(origin);
        let note = Note { origin, validity };
        let mixed = (u64::from(validity.from) << 32) ^ u64::from(validity.until);
        let mixed = crate::detect::hash::mix(mixed.rotate_left(17) ^ u64::from(origin));
        let slot = usize::try_from(mixed).unwrap_or(0) % RECENT;
        let known = self.recent.get(slot).copied().unwrap_or(NoteId::MAX);
        let held = usize::try_from(known).ok();
        if held.and_then(|place| self.notes.notes.get(place)) == Some(&note) {
            return known;
        }
        let number = NoteId::try_from(self.notes.notes.len()).unwrap_or(NoteId::MAX);
        self.notes.notes.push(note);
        if let Some(slot) = self.recent.get_mut(slot) {
            *slot = number;
        }
        number
    }

    fn origin(&mut self, mut origin: Origin) -> u32 {
        if let Some(known) = self.origins.get(&origin) {
            return *known;
        }
        if self.origins.len() >= MAX_ORIGINS {
            origin = Origin::new(origin.list, None, 0, 0, 0);
            if let Some(known) = self.origins.get(&origin) {
                return *known;
            }
        }
        let number = u32::try_from(self.notes.origins.len()).unwrap_or(u32::MAX);
        self.notes.origins.push(origin);
        self.origins.insert(origin, number);
        number
    }

    /// The last second at which the note holds, for choosing which stay.
    pub fn until(&self, note: NoteId) -> u32 {
        self.notes.validity(note).until
    }
}

fn clean(text: &str) -> &str {
    let text = text.trim();
    let text = text
        .split(|char: char| char.is_control())
        .next()
        .unwrap_or("");
    text.get(..text.floor_char_boundary(MAX_ONE_TEXT_BYTES))
        .unwrap_or("")
        .trim_end()
}
