//! The egress ledger: every body that was sent, word for word, in a chain of hashes.
//!
//! # Limits
//! One body at most [`MAX_BODY_BYTES`], one receipt at most [`MAX_RECEIPT_BYTES`]; a new file is
//! started at 16 MiB. Nothing is removed by itself: the ledger is the member's proof of what left. What
//! [`Ledger::prune`] leaves out is said by an anchor, from which the chain is still checked.
//!
//! # Chain
//! `hash(entry) = SHA-256(hash(entry before) ‖ SHA-256(body))`, 32 zero bytes standing before the
//! first. The hub computes the same over the bodies it receives, so that both can show they hold the
//! same record.
//!
//! # Layout
//! A folder holds `NUMBER.ledger` (20 digits, the first entry in it), the `head` (where the chain
//! ends, so that a cut-off end is noticed), and a `reserve` that is given up when the disk is full,
//! so that what waits can still be sent. Bytes: see [`frame`](crate::frame) for files and frames,
//! `record.rs` beside this file for records and head.

mod prune;
mod record;
mod verify;

pub use prune::{Keep, Pruned};
pub use record::{Damage, Hash, chain_hash, hex};
pub use verify::{Broken, Summary, verify};

use std::io;

use crate::fault::{Fault, SpoolError};
use crate::frame::{FILE_HEADER_BYTES, Found, FrameReader, VERSION, file_header, write_frame};
use crate::storage::{FolderStorage, Storage, is_full};
use record::{ENTRY_HEADER_BYTES, HEAD_BYTES, Place, Record, State};

/// Largest body.
pub const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;
/// Largest receipt.
pub const MAX_RECEIPT_BYTES: usize = 64 * 1024;
/// Largest payload of a record.
const MAX_PAYLOAD_BYTES: usize = MAX_BODY_BYTES + ENTRY_HEADER_BYTES;
/// A file is closed at this size.
const FILE_BYTES: u64 = 16 * 1024 * 1024;
/// Room kept back on the disk, for one usual batch and its receipt.
const RESERVE_BYTES: usize = 512 * 1024;

const KIND: u8 = b'L';
const ENDING: &str = ".ledger";
const HEAD: &str = "head";
const RESERVE: &str = "reserve";
const UNFINISHED: &str = ".new";
/// Ending of a file that held no record.
const SET_ASIDE: &str = ".torn";

/// Where the chain ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of the last entry; 0 if there is none.
    pub sequence: u64,
    /// Its hash; zeros if there is none.
    pub hash: Hash,
    /// Number of the last spool frame that is in the ledger.
    pub spool_up_to: u64,
    /// Number of the last entry with a receipt.
    pub receipted: u64,
}

impl Head {
    /// The hash as 64 hexadecimal digits: what the next batch names as its `previous`.
    #[must_use]
    pub fn hash_hex(&self) -> String {
        hex(&self.hash)
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1 without gaps.
    pub sequence: u64,
    /// When it was made, milliseconds since the epoch, as the caller said.
    pub time_ms: i64,
    /// Number of the last spool frame in it.
    pub spool_up_to: u64,
    /// Hash of the entry before.
    pub previous: Hash,
    /// Its hash.
    pub hash: Hash,
    /// What was sent.
    pub body: Vec<u8>,
    /// The receipt, once there is one. [`Ledger::append`] and [`Ledger::unreceipted`] leave it empty.
    pub receipt: Option<Vec<u8>>,
}

/// The ledger; see the module.
#[derive(Debug)]
pub struct Ledger<S: Storage = FolderStorage> {
    storage: S,
    state: State,
    reserve_held: bool,
    poisoned: bool,
    torn_bytes: u64,
    /// Files without a record, left behind by a crash.
    unfinished: Vec<u64>,
    /// What was left out.
    pruned: Option<Pruned>,
    /// A file is closed at this size.
    file_bytes: u64,
}

impl<S: Storage> Ledger<S> {
    /// Opens the ledger in a folder, mending what a crash left behind: only bytes behind the last
    /// acknowledged record are ever cut off. Old records are not read; [`verify`] does that.
    ///
    /// # Errors
    /// [`Fault::Broken`] with a [`Broken`] as its source when the end of the chain is not what the
    /// head says; [`Fault::VersionUnknown`]; [`Fault::DiskFull`]; [`Fault::Io`].
    pub fn open(storage: S) -> Result<Self, SpoolError> {
        let mut ledger = Self::load(storage)?;
        for name in ledger.storage.list()? {
            if name.ends_with(UNFINISHED) {
                ledger.storage.remove(&name)?;
            }
        }
        ledger.finish_pruning()?;
        ledger.hold_reserve();
        for file in std::mem::take(&mut ledger.unfinished) {
            let file = file_name(file);
            ledger.torn_bytes += ledger.storage.len(&file)?;
            ledger
                .storage
                .rename(&file, &format!("{file}{SET_ASIDE}"))?;
        }
        let head = read_head(&ledger.storage)?;
        let base = ledger.base();
        ledger.mend_end(head.unwrap_or(base).end)?;
        // The head of an empty ledger is written too, so that a missing head always means damage.
        if head != Some(ledger.state) {
            ledger.write_head()?;
        }
        Ok(ledger)
    }

    /// Where the records that are left begin.
    fn base(&self) -> State {
        self.pruned.map_or(State::EMPTY, |pruned| pruned.state())
    }

    /// Closes files at this size from now on, instead of at 16 MiB.
    pub const fn set_file_bytes(&mut self, bytes: u64) {
        self.file_bytes = bytes;
    }

    /// Cuts off what is no record and makes the records behind `known`, where the head ends, durable.
    /// Their file is written once more: after a failed sync they may read well and not be on the disk.
    fn mend_end(&mut self, known: Place) -> Result<(), SpoolError> {
        let end = self.state.end;
        let file = file_name(end.file);
        let Ok(len_bytes) = self.storage.len(&file) else {
            return Ok(());
        };
        self.torn_bytes += len_bytes - end.offset;
        if len_bytes > end.offset {
            self.storage.truncate(&file, end.offset)?;
        }
        if known != end {
            self.write_again(&file, end.offset)?;
        }
        self.storage.sync(&file)?;
        Ok(self.storage.sync_folder()?)
    }

    /// Puts a copy of a file in its place, at once: a crash on the way must not cost a record.
    fn write_again(&mut self, file: &str, len_bytes: u64) -> Result<(), SpoolError> {
        let mut bytes = vec![0; usize::try_from(len_bytes).unwrap_or(usize::MAX)];
        let read = self.storage.read(file, 0, &mut bytes)?;
        bytes.truncate(read);
        let mut written = self.storage.replace(file, &bytes);
        if let Err(error) = &written
            && self.give_up_reserve(error)
        {
            written = self.storage.replace(file, &bytes);
        }
        // Without room for the copy the ledger stays shut: nothing is lost, it is opened when there is.
        Ok(written?)
    }

    /// Looks at a ledger that another process may be writing; nothing is mended.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn look(storage: S) -> Result<Self, SpoolError> {
        Self::load(storage)
    }

    /// The state by the head and the records behind it.
    fn load(storage: S) -> Result<Self, SpoolError> {
        let mut ledger = Self {
            storage,
            state: State::EMPTY,
            reserve_held: false,
            poisoned: false,
            torn_bytes: 0,
            unfinished: Vec::new(),
            pruned: None,
            file_bytes: FILE_BYTES,
        };
        if let Some(anchor) = prune::read_anchor(&ledger.storage)? {
            let anchor = anchor.ok_or_else(|| broken(1, Damage::Anchor))?;
            ledger.pruned = Some(anchor);
            ledger.state = anchor.state();
        }
        let base = ledger.base();
        let files = files(&ledger.storage)?;
        if let Some(state) = read_head(&ledger.storage)? {
            let len_bytes = if state.end == base.end {
                FILE_HEADER_BYTES
            } else {
                ledger.storage.len(&file_name(state.end.file)).unwrap_or(0)
            };
            if len_bytes < state.end.offset {
                return Err(broken(state.sequence, Damage::Truncated));
            }
            ledger.state = state;
        }
        let first = ledger.state.end.file;
        for file in files.into_iter().filter(|file| *file >= first) {
            ledger.replay(file)?;
        }
        Ok(ledger)
    }

    /// Takes the records of a file into account, from where the state ends.
    fn replay(&mut self, file: u64) -> Result<(), SpoolError> {
        let mut reader = FrameReader::new(&self.storage, &file_name(file), MAX_PAYLOAD_BYTES)?;
        let version = reader.version(&self.storage, KIND)?;
        if version.is_some_and(|version| version > VERSION) {
            return Err(Fault::VersionUnknown.into());
        }
        if file != self.state.end.file || self.state.end.offset == FILE_HEADER_BYTES {
            let first = reader.at(&self.storage, FILE_HEADER_BYTES)?;
            if version.is_none() || !matches!(first, Found::Frame { .. }) {
                // A crash came before its first record: nothing in it was acknowledged.
                self.unfinished.push(file);
                return Ok(());
            }
            if file != self.state.sequence + 1 {
                return Err(broken(self.state.sequence + 1, Damage::Missing));
            }
            self.state.end = Place::start_of(file);
        }
        loop {
            let start = self.state.end;
            let Found::Frame {
                number,
                payload,
                end,
            } = reader.at(&self.storage, start.offset)?
            else {
                return Ok(());
            };
            let end = Place { file, offset: end };
            let Some(record) = Record::from_payload(payload) else {
                return Err(broken(number, Damage::Changed));
            };
            self.state
                .apply(number, &record, start, end)
                .map_err(|damage| broken(number, damage))?;
            if matches!(record, Record::Receipt(_)) {
                self.state.waiting = self.next_entry(self.state.waiting)?;
            }
        }
    }

    /// Adds an entry, durably, and returns it. `spool_up_to` is the number of the last spool frame
    /// in it, `time_ms` the time by the caller's clock in milliseconds since the epoch.
    ///
    /// # Errors
    /// [`Fault::TooLarge`] or [`Fault::DiskFull`] with nothing added; [`Fault::Poisoned`]: open
    /// again to see whether it was added; [`Fault::Io`].
    pub fn append(
        &mut self,
        body: &[u8],
        spool_up_to: u64,
        time_ms: i64,
    ) -> Result<Entry, SpoolError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(Fault::TooLarge.into());
        }
        let previous = self.state.hash;
        let hash = chain_hash(&previous, body);
        let sequence = self.state.sequence + 1;
        self.write_record(
            sequence,
            &Record::Entry {
                time_ms,
                spool_up_to,
                previous,
                hash,
                body,
            },
        )?;
        Ok(Entry {
            sequence,
            time_ms,
            spool_up_to,
            previous,
            hash,
            body: body.to_vec(),
            receipt: None,
        })
    }

    /// Adds, durably, the hub's receipt for the entry that waits for one; they come in order.
    ///
    /// # Errors
    /// [`Fault::NotWaiting`] for any other entry; else as [`append`](Self::append).
    pub fn receipt(&mut self, sequence: u64, receipt: &[u8]) -> Result<(), SpoolError> {
        if sequence != self.state.receipted + 1 || sequence > self.state.sequence {
            return Err(Fault::NotWaiting.into());
        }
        if receipt.len() > MAX_RECEIPT_BYTES {
            return Err(Fault::TooLarge.into());
        }
        self.write_record(sequence, &Record::Receipt(receipt))
    }

    /// Where the chain ends.
    #[must_use]
    pub const fn head(&self) -> Head {
        Head {
            sequence: self.state.sequence,
            hash: self.state.hash,
            spool_up_to: self.state.spool_up_to,
            receipted: self.state.receipted,
        }
    }

    /// The number of the entry that waits for a receipt, without reading it.
    #[must_use]
    pub const fn waiting(&self) -> Option<u64> {
        if self.state.receipted < self.state.sequence {
            Some(self.state.receipted + 1)
        } else {
            None
        }
    }

    /// Number of the last spool frame in an entry with a receipt; 0 if there is none.
    ///
    /// # Errors
    /// As [`entries`](Self::entries).
    pub fn receipted_up_to(&self) -> Result<u64, SpoolError> {
        let State {
            receipted,
            sequence,
            spool_up_to,
            ..
        } = self.state;
        if receipted == 0 || receipted == sequence {
            return Ok(if receipted == 0 { 0 } else { spool_up_to });
        }
        let entries = self.entries(receipted, receipted)?;
        Ok(entries.last().map_or(0, |entry| entry.spool_up_to))
    }

    /// The oldest entry without a receipt: what to send, or send again, word for word.
    ///
    /// # Errors
    /// [`Fault::Broken`] or [`Fault::Io`].
    pub fn unreceipted(&self) -> Result<Option<Entry>, SpoolError> {
        let Some(sequence) = self.waiting() else {
            return Ok(None);
        };
        let place = self.state.waiting;
        let mut reader =
            FrameReader::new(&self.storage, &file_name(place.file), MAX_PAYLOAD_BYTES)?;
        match reader.at(&self.storage, place.offset)? {
            Found::Frame {
                number, payload, ..
            } if number == sequence => entry_of(number, payload).map(Some),
            _ => Err(broken(sequence, Damage::Changed)),
        }
    }

    /// The entries numbered `first` to `last`, with their receipts; of those left out, none. They are held in memory whole:
    /// ask for a few at a time.
    ///
    /// # Errors
    /// [`Fault::Broken`] where a record cannot be read; [`Fault::Io`].
    pub fn entries(&self, first: u64, last: u64) -> Result<Vec<Entry>, SpoolError> {
        let last = last.min(self.state.sequence);
        let first = first.max(self.first_kept());
        let mut found: Vec<Entry> = Vec::new();
        let files = files(&self.storage)?;
        let start = files.iter().rposition(|file| *file <= first).unwrap_or(0);
        let end = self.state.end.file;
        for file in files.into_iter().skip(start).filter(|file| *file <= end) {
            let mut reader = FrameReader::new(&self.storage, &file_name(file), MAX_PAYLOAD_BYTES)?;
            let mut offset = FILE_HEADER_BYTES;
            while self.state.end != (Place { file, offset }) {
                let (number, payload, end) = match reader.at(&self.storage, offset)? {
                    Found::Frame {
                        number,
                        payload,
                        end,
                    } => (number, payload, end),
                    Found::End => break,
                    _ => {
                        let next = found.last().map_or(first, |entry| entry.sequence + 1);
                        return Err(broken(next, Damage::Changed));
                    }
                };
                offset = end;
                match Record::from_payload(payload) {
                    Some(Record::Receipt(bytes)) => {
                        let mut newest_first = found.iter_mut().rev();
                        if let Some(entry) = newest_first.find(|entry| entry.sequence == number) {
                            entry.receipt = Some(bytes.to_vec());
                        }
                        if number >= last {
                            return Ok(found);
                        }
                    }
                    _ if (first..=last).contains(&number) => {
                        found.push(entry_of(number, payload)?);
                    }
                    _ => {}
                }
            }
        }
        Ok(found)
    }

    /// Whether a failure to make something durable has shut it; see [`Fault::Poisoned`].
    #[must_use]
    pub const fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// Bytes behind the last record that opening cut off.
    #[must_use]
    pub const fn torn_bytes(&self) -> u64 {
        self.torn_bytes
    }

    /// Reads everything and checks every byte; see [`verify`].
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(&self) -> Result<Summary, Broken> {
        verify(&self.storage)
    }

    /// Gives the storage back, for opening anew.
    #[must_use]
    pub fn into_storage(self) -> S {
        self.storage
    }

    /// The first entry behind the one at `place`, or the end.
    fn next_entry(&self, place: Place) -> Result<Place, SpoolError> {
        let mut at = place;
        let mut passed_first = false;
        for file in files(&self.storage)? {
            if file < place.file || file > self.state.end.file {
                continue;
            }
            if file > place.file {
                at = Place::start_of(file);
            }
            let mut reader = FrameReader::new(&self.storage, &file_name(file), MAX_PAYLOAD_BYTES)?;
            while let Found::Frame { payload, end, .. } = reader.at(&self.storage, at.offset)? {
                if passed_first && payload.first() == Some(&1) {
                    return Ok(at);
                }
                passed_first = true;
                at.offset = end;
            }
        }
        Ok(at)
    }

    fn write_record(&mut self, number: u64, record: &Record<'_>) -> Result<(), SpoolError> {
        if self.poisoned {
            return Err(Fault::Poisoned.into());
        }
        self.hold_reserve();
        let is_entry = matches!(record, Record::Entry { .. });
        let mut start = self.state.end;
        let is_new_file =
            start.offset == FILE_HEADER_BYTES || (is_entry && start.offset >= self.file_bytes);
        let mut bytes = Vec::new();
        if is_new_file {
            start = Place::start_of(number);
            bytes.extend_from_slice(&file_header(KIND));
        }
        write_frame(number, &record.to_payload(), &mut bytes);
        let base = if is_new_file { 0 } else { start.offset };
        self.write_at(&file_name(start.file), base, &bytes)?;
        let synced = self.storage.sync(&file_name(start.file));
        self.or_poison(synced)?;
        if is_new_file {
            let synced = self.storage.sync_folder();
            self.or_poison(synced)?;
        }
        let end = Place {
            file: start.file,
            offset: base + bytes.len() as u64,
        };
        self.state
            .apply(number, record, start, end)
            .map_err(|damage| broken(number, damage))?;
        if !is_entry {
            // From here the record is durable: failing to move on must not look like refusing it.
            let next = self.next_entry(self.state.waiting);
            if next.is_err() {
                self.poisoned = true;
            }
            self.state.waiting = next?;
        }
        self.write_head()
    }

    /// Appends to a file that is `len_bytes` long, or takes back what was written of it.
    fn write_at(&mut self, file: &str, len_bytes: u64, bytes: &[u8]) -> Result<(), SpoolError> {
        loop {
            let Err(error) = self.storage.append(file, bytes) else {
                return Ok(());
            };
            let restored = if len_bytes == 0 {
                match self.storage.remove(file) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                    other => other,
                }
            } else {
                self.storage.truncate(file, len_bytes)
            };
            self.or_poison(restored)?;
            if !self.give_up_reserve(&error) {
                return Err(error.into());
            }
        }
    }

    /// Makes the state durable. The record it stands for already is, so a failure shuts the ledger:
    /// opening it again finds the record.
    fn write_head(&mut self) -> Result<(), SpoolError> {
        let bytes = self.state.to_bytes();
        let mut result = self.storage.replace(HEAD, &bytes);
        if let Err(error) = &result
            && self.give_up_reserve(error)
        {
            result = self.storage.replace(HEAD, &bytes);
        }
        self.or_poison(result)
    }

    /// Whether the disk is full and giving up the reserve has made room.
    fn give_up_reserve(&mut self, error: &io::Error) -> bool {
        let given_up = is_full(error) && self.reserve_held && self.storage.remove(RESERVE).is_ok();
        if given_up {
            self.reserve_held = false;
        }
        given_up
    }

    fn hold_reserve(&mut self) {
        if self.reserve_held {
            return;
        }
        if self
            .storage
            .len(RESERVE)
            .is_ok_and(|bytes| bytes >= RESERVE_BYTES as u64)
        {
            self.reserve_held = true;
            return;
        }
        // A part of a reserve is none; what matters will fail by itself on a disk this full.
        drop(self.storage.remove(RESERVE));
        self.reserve_held = self
            .storage
            .append(RESERVE, &vec![0; RESERVE_BYTES])
            .is_ok();
        if !self.reserve_held {
            drop(self.storage.remove(RESERVE));
        }
    }

    fn or_poison(&mut self, result: io::Result<()>) -> Result<(), SpoolError> {
        result.map_err(|error| {
            self.poisoned = true;
            SpoolError {
                fault: Fault::Poisoned,
                source: Some(error),
            }
        })
    }
}

fn entry_of(sequence: u64, payload: &[u8]) -> Result<Entry, SpoolError> {
    match Record::from_payload(payload) {
        Some(Record::Entry {
            time_ms,
            spool_up_to,
            previous,
            hash,
            body,
        }) if hash == chain_hash(&previous, body) => Ok(Entry {
            sequence,
            time_ms,
            spool_up_to,
            previous,
            hash,
            body: body.to_vec(),
            receipt: None,
        }),
        _ => Err(broken(sequence, Damage::Changed)),
    }
}

fn broken(sequence: u64, what: Damage) -> SpoolError {
    SpoolError {
        fault: Fault::Broken,
        source: Some(io::Error::other(Broken { sequence, what })),
    }
}

fn file_name(first: u64) -> String {
    format!("{first:020}{ENDING}")
}

/// First numbers of all files, in order.
fn files<S: Storage>(storage: &S) -> io::Result<Vec<u64>> {
    let mut files: Vec<u64> = storage
        .list()?
        .iter()
        .filter_map(|name| {
            let first = name.strip_suffix(ENDING)?.parse().ok()?;
            (file_name(first) == *name).then_some(first)
        })
        .collect();
    files.sort_unstable();
    Ok(files)
}

/// The head file; `None` if it is missing or damaged.
fn read_head<S: Storage>(storage: &S) -> io::Result<Option<State>> {
    // One byte more than a head has, so that a longer file is noticed.
    let mut bytes = vec![0; HEAD_BYTES + 1];
    let read = match storage.read(HEAD, 0, &mut bytes) {
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    bytes.truncate(read);
    Ok(State::from_bytes(&bytes))
}
