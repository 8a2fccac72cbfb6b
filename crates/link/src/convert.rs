//! From the domain to the wire and back, and batches out of spooled frames.

use std::net::IpAddr;
use std::sync::Arc;

use larum_core::address;
use larum_core::finding::{AttackOutcome, Category, FindingId, Severity};
use larum_core::forward::Failure;
use larum_core::minimise::{is_place, is_shareable_key, is_technique};
use larum_core::sighting::{MAX_KEY_BYTES, MAX_SOURCES, Sighting};
use larum_core::time::Timestamp;

use crate::wire::{
    Batch, MAX_BATCH_BYTES, MAX_BATCH_SIGHTINGS, ReadSighting, RefusalCode, WIRE_VERSION,
    WireSighting,
};

/// Longest detector name on the wire.
const MAX_DETECTOR_BYTES: usize = 64;
/// Most technique ids on the wire.
const MAX_TECHNIQUES: usize = 16;
/// Most words of a batch that are kept once for all its sightings.
const MAX_SHARED_WORDS: usize = 32;
/// Room for everything in a batch but its sightings.
const ENVELOPE_BYTES: usize = 256;

impl From<&Sighting> for WireSighting {
    fn from(sighting: &Sighting) -> Self {
        Self {
            id: sighting.id.to_string(),
            key: sighting.key.clone(),
            detector: sighting.detector.to_string(),
            category: sighting.category.as_str().to_owned(),
            attack: sighting.attack.iter().map(ToString::to_string).collect(),
            severity: sighting.severity.as_str().to_owned(),
            confidence: sighting.confidence,
            outcome: sighting.outcome.as_str().to_owned(),
            first: sighting.first.as_millis(),
            last: sighting.last.as_millis(),
            count: sighting.count,
            sources: sighting.sources.clone(),
        }
    }
}

/// Why a sighting from the wire is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Misfit {
    /// The id is not 32 hexadecimal digits.
    #[error("id")]
    Id,
    /// The key has no shape that is shared.
    #[error("key")]
    Key,
    /// The detector's name is empty, too long, or not of visible ASCII characters.
    #[error("detector")]
    Detector,
    /// The category is unknown.
    #[error("category")]
    Category,
    /// Too many technique ids, or one that is none.
    #[error("attack")]
    Attack,
    /// The severity is unknown.
    #[error("severity")]
    Severity,
    /// The confidence is above 100.
    #[error("confidence")]
    Confidence,
    /// The outcome is unknown.
    #[error("outcome")]
    Outcome,
    /// It stands for no event.
    #[error("count")]
    Count,
    /// The last event is before the first.
    #[error("times")]
    Times,
    /// No source, or too many.
    #[error("sources")]
    Sources,
    /// A source that is not on the public internet: an inside address must never leave a firm.
    #[error("inside address")]
    InsideAddress,
}

/// Words that many sightings of a batch have in common, each kept once.
#[derive(Debug, Default)]
pub struct SharedWords(Vec<Arc<str>>);

impl SharedWords {
    fn get(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.0.iter().find(|known| &***known == word) {
            return known.clone();
        }
        let new: Arc<str> = Arc::from(word);
        if self.0.len() < MAX_SHARED_WORDS {
            self.0.push(new.clone());
        }
        new
    }
}

/// The fields of a sighting from the wire, wherever they stand.
struct Fields<'f, A> {
    id: &'f str,
    key: &'f str,
    detector: &'f str,
    category: &'f str,
    attack: A,
    severity: &'f str,
    confidence: u8,
    outcome: &'f str,
    first: i64,
    last: i64,
    count: u64,
    sources: &'f [IpAddr],
}

impl<'f, A: Iterator<Item = &'f str> + Clone> Fields<'f, A> {
    fn misfit(&self, category: Category) -> Option<Misfit> {
        let sound_attack =
            self.attack.clone().count() <= MAX_TECHNIQUES && self.attack.clone().all(is_technique);
        let sound_key = self.key.len() <= MAX_KEY_BYTES && is_shareable_key(self.key, category);
        let sound_detector = (1..=MAX_DETECTOR_BYTES).contains(&self.detector.len())
            && self.detector.bytes().all(|byte| byte.is_ascii_graphic());
        let sound_sources = match self.sources.len() {
            0 => is_place(self.key, category),
            count => count <= MAX_SOURCES,
        };
        let checks = [
            (sound_key, Misfit::Key),
            (sound_detector, Misfit::Detector),
            (sound_attack, Misfit::Attack),
            (self.confidence <= 100, Misfit::Confidence),
            (self.count > 0, Misfit::Count),
            (self.first <= self.last, Misfit::Times),
            (sound_sources, Misfit::Sources),
            (
                self.sources.iter().all(|ip| address::is_public(*ip)),
                Misfit::InsideAddress,
            ),
        ];
        let found = checks.into_iter().find(|(sound, _)| !sound);
        found.map(|(_, misfit)| misfit)
    }

    fn read(self, shared: &mut SharedWords) -> Result<Sighting, Misfit> {
        let category = Category::from_word(self.category).ok_or(Misfit::Category)?;
        if let Some(misfit) = self.misfit(category) {
            return Err(misfit);
        }
        Ok(Sighting {
            id: FindingId::from_hex(self.id).ok_or(Misfit::Id)?,
            key: self.key.to_owned(),
            detector: shared.get(self.detector),
            category,
            attack: self.attack.map(|id| shared.get(id)).collect(),
            severity: Severity::from_word(self.severity).ok_or(Misfit::Severity)?,
            confidence: self.confidence,
            outcome: AttackOutcome::from_word(self.outcome).ok_or(Misfit::Outcome)?,
            first: Timestamp::from_millis(self.first),
            last: Timestamp::from_millis(self.last),
            count: self.count,
            sources: self
                .sources
                .iter()
                .copied()
                .map(address::canonical)
                .collect(),
        })
    }
}

impl TryFrom<&WireSighting> for Sighting {
    type Error = Misfit;

    /// Past this edge a sighting cannot be wrong in itself. Whether its times are plausible depends
    /// on the clock and is the caller's to check.
    fn try_from(wire: &WireSighting) -> Result<Self, Misfit> {
        let fields = Fields {
            id: &wire.id,
            key: &wire.key,
            detector: &wire.detector,
            category: &wire.category,
            attack: wire.attack.iter().map(String::as_str),
            severity: &wire.severity,
            confidence: wire.confidence,
            outcome: &wire.outcome,
            first: wire.first,
            last: wire.last,
            count: wire.count,
            sources: &wire.sources,
        };
        fields.read(&mut SharedWords::default())
    }
}

/// The sighting in what was read, as [`Sighting::try_from`] gives it.
///
/// # Errors
/// The first thing found wrong.
pub fn read_sighting(
    read: &ReadSighting<'_>,
    shared: &mut SharedWords,
) -> Result<Sighting, Misfit> {
    let fields = Fields {
        id: &read.id,
        key: &read.key,
        detector: &read.detector,
        category: &read.category,
        attack: read.attack.iter().map(|word| &*word.0),
        severity: &read.severity,
        confidence: read.confidence,
        outcome: &read.outcome,
        first: read.first,
        last: read.last,
        count: read.count,
        sources: &read.sources,
    };
    fields.read(shared)
}

/// The spool frame of a sighting: its JSON, the very bytes that will stand in the batch.
///
/// # Errors
/// Never for a real sighting; the JSON writer's signature asks for it.
pub fn frame(sighting: &Sighting) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&WireSighting::from(sighting))
}

/// The sighting in a spool frame.
///
/// # Errors
/// When the bytes are not the JSON of one.
pub fn unframe(frame: &[u8]) -> Result<WireSighting, serde_json::Error> {
    serde_json::from_slice(frame)
}

/// A batch made of spool frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// JSON of the [`Batch`]: the body for the ledger and the hub.
    pub body: Vec<u8>,
    /// Frames used up from the front, unreadable ones included.
    pub used: usize,
    /// Sightings in it.
    pub sightings: usize,
    /// Frames that were no sighting and are left out; the caller counts them.
    pub unreadable: usize,
}

/// Packs as many frames, from the front, as fit into one batch. `previous` is the hash of the batch
/// before, in hexadecimal; `created_ms` the time by the collector's clock.
///
/// # Errors
/// Never for frames made by [`frame`]; the JSON writer's signature asks for it.
pub fn pack<'f>(
    frames: impl IntoIterator<Item = &'f [u8]>,
    sequence: u64,
    previous: String,
    created_ms: i64,
) -> Result<Packed, serde_json::Error> {
    let mut batch = Batch {
        version: WIRE_VERSION,
        sequence,
        previous,
        created: created_ms,
        sightings: Vec::new(),
    };
    let (mut used, mut unreadable, mut bytes) = (0, 0, ENVELOPE_BYTES);
    for frame in frames {
        // What is written may be longer than what was read, if it was not written by us.
        let fits =
            |sighting: &WireSighting| serde_json::to_vec(sighting).map(|json| json.len() + 1);
        match unframe(frame) {
            Ok(sighting) => {
                let needed_bytes = fits(&sighting)?;
                if batch.sightings.len() == MAX_BATCH_SIGHTINGS
                    || bytes + needed_bytes > MAX_BATCH_BYTES
                {
                    break;
                }
                bytes += needed_bytes;
                batch.sightings.push(sighting);
            }
            Err(_) => unreadable += 1,
        }
        used += 1;
    }
    Ok(Packed {
        body: serde_json::to_vec(&batch)?,
        used,
        sightings: batch.sightings.len(),
        unreadable,
    })
}

impl From<RefusalCode> for Failure {
    /// What a refused batch or heartbeat means for the uplink.
    fn from(code: RefusalCode) -> Self {
        match code {
            RefusalCode::TokenUnknown
            | RefusalCode::TokenUsed
            | RefusalCode::TokenExpired
            | RefusalCode::NotAuthorised => Self::NotAuthorised,
            RefusalCode::Revoked => Self::Revoked,
            RefusalCode::SequenceConflict => Self::SequenceConflict,
            RefusalCode::RequestMalformed | RefusalCode::BodyMalformed => Self::BatchRefused,
            RefusalCode::Busy => Self::Busy,
            RefusalCode::OverQuota => Self::OverQuota,
            RefusalCode::Internal => Self::HubFault,
            RefusalCode::Other => Self::AnswerMalformed,
        }
    }
}
