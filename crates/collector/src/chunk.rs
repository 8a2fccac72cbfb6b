//! Records on their way to the parser, many at a time: one allocation for hundreds of lines.

use larum_core::event::Event;
use larum_core::time::Timestamp;

use crate::config::Zone;
use crate::legend::FileLegend;
use crate::tail::Position;
use crate::tally::Source;

/// Longest record handed on whole; one byte more tells the parser that it was longer.
pub use larum_core::parse::MAX_RECORD_BYTES;
/// A chunk is handed on when it holds this many bytes of records.
pub const FULL_CHUNK_BYTES: usize = 65_536;
/// A chunk is handed on when it holds this many records.
pub const FULL_CHUNK_RECORDS: usize = 1_024;
/// A chunk is handed on when it holds this many events; each takes 1 KiB and its texts, which are short but
/// for the target and the program of a web request (4 KiB each at most).
pub const FULL_CHUNK_EVENTS: usize = 128;

/// Some records, received together.
#[derive(Debug)]
pub struct Chunk {
    /// When they were received.
    pub received: Timestamp,
    /// Whether they are sent as they happen (syslog), so that a time stamp far from `received` means a
    /// wrong clock and not an old record.
    pub live: bool,
    /// Zone of stamps that name none, where a person set it for the listener.
    pub zone: Option<Zone>,
    /// What is dealt with once these records are.
    pub mark: Option<Mark>,
    /// For files: what their lines so far said about the columns of these.
    pub(crate) legend: Option<FileLegend>,
    sources: Vec<Source>,
    records: Vec<Place>,
    data: Vec<u8>,
    events: Vec<(usize, Event<'static>)>,
}

/// What a checkpoint remembers of a chunk that is dealt with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// How far a file is read.
    File(Position),
    /// Its number in the intake.
    Intake(u64),
    /// Where its last entry stands in the system's journal.
    Journal(String),
}

#[derive(Clone, Copy, Debug)]
struct Place {
    end: usize,
    source: usize,
}

impl Chunk {
    /// An empty chunk.
    #[must_use]
    pub const fn new(received: Timestamp, live: bool) -> Self {
        Self {
            received,
            live,
            zone: None,
            mark: None,
            legend: None,
            sources: Vec::new(),
            records: Vec::new(),
            data: Vec::new(),
            events: Vec::new(),
        }
    }

    /// An empty one with as much room as this one has come to need.
    #[must_use]
    pub fn next(&self, received: Timestamp) -> Self {
        let mut next = Self::new(received, self.live);
        next.zone.clone_from(&self.zone);
        next.records.reserve(self.records.len());
        next.data.reserve(self.data.len());
        next
    }

    /// Adds a record of `source`.
    pub fn push(&mut self, source: &Source, record: &[u8]) {
        let source = self.place_of(source);
        self.data.extend_from_slice(record);
        self.records.push(Place {
            end: self.data.len(),
            source,
        });
    }

    /// Adds an event of `source`, which needs no reading.
    pub fn push_event(&mut self, source: &Source, event: Event<'static>) {
        let source = self.place_of(source);
        self.events.push((source, event));
    }

    fn place_of(&mut self, source: &Source) -> usize {
        let known = self.sources.iter().rposition(|known| known == source);
        known.unwrap_or_else(|| {
            self.sources.push(source.clone());
            self.sources.len() - 1
        })
    }

    /// Whether it should be handed on now.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.data.len() >= FULL_CHUNK_BYTES
            || self.records.len() >= FULL_CHUNK_RECORDS
            || self.events.len() >= FULL_CHUNK_EVENTS
    }

    /// How many records and events it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.records.len() + self.events.len()
    }

    /// Whether it holds no record and no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes out its events, in order, each with the position of its source.
    pub fn take_events(&mut self) -> Vec<(usize, Event<'static>)> {
        std::mem::take(&mut self.events)
    }

    /// How many records each source has in it.
    pub fn per_source(&self) -> impl Iterator<Item = (&Source, u64)> {
        self.sources.iter().enumerate().map(|(index, source)| {
            let count = self.records.iter().filter(|place| place.source == index);
            (source, u64::try_from(count.count()).unwrap_or(u64::MAX))
        })
    }

    /// Its sources; records name them by position.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Its records in order, each with the position of its source.
    pub fn records(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let mut start = 0;
        self.records.iter().map(move |place| {
            let record = self.data.get(start..place.end).unwrap_or_default();
            start = place.end;
            (place.source, record)
        })
    }
}
