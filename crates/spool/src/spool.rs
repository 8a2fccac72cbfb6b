//! The queue: numbered frames in segment files, oldest first.
//!
//! # Limits
//! See [`Limits`]. One frame is held in memory at a time when writing, 64 KiB or one frame when
//! reading, one segment when damage is being mended.
//!
//! # Layout
//! A folder holds segments `NUMBER.spool` (20 digits, the number of the first frame it was opened
//! for, so that names sort oldest first; bytes as in [`frame`](crate::frame)), the `cursor`, a
//! `reserve` of zeros that is given up when the disk is full so that emptying still works, and up to
//! four damaged segments set aside as `NUMBER.spool.corrupt`.

use std::io;

use crate::cursor::{self, Cursor};
use crate::fault::{Fault, SpoolError};
use crate::frame::{
    FILE_HEADER_BYTES, FRAME_HEADER_BYTES, Found, FrameReader, file_header, write_frame,
};
use crate::recover;
use crate::storage::{FolderStorage, Storage, is_full};

/// What a segment file holds, in its header.
pub(crate) const KIND: u8 = b'S';
/// Ending of a segment's name.
pub(crate) const ENDING: &str = ".spool";
const RESERVE: &str = "reserve";
/// Segments that are kept however little room there is on the disk.
const KEPT_WHEN_LOW: usize = 2;
/// How often the disk is asked for its room: each time so many bytes were appended.
const LOOK_EVERY_BYTES: u64 = 64 * 1024;
/// Most ranges kept for [`Spool::take_lost`].
const MAX_LOST_RANGES: usize = 1_024;

/// Sizes the spool keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A segment is closed at this size. Default 4 MiB.
    pub segment_bytes: u64,
    /// All segments together; beyond it the oldest is dropped and counted. Default 256 MiB.
    pub total_bytes: u64,
    /// Largest frame. Default 64 KiB.
    pub frame_bytes: usize,
    /// Bytes to be left free on the disk for everybody; 0 switches this off. Default 64 MiB.
    pub keep_free_bytes: u64,
    /// What happens when there are fewer. Default: [`WhenLow::DropOldest`].
    pub when_low: WhenLow,
    /// Room kept back on the disk for the spool's own book-keeping. Default 256 KiB.
    pub reserve_bytes: usize,
}

/// What a spool does on a disk that runs low, before it is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenLow {
    /// The oldest segments are dropped and counted until there is room enough or two are left: those
    /// are kept, because what fills the disk is then somebody else.
    #[default]
    DropOldest,
    /// Nothing more is taken until there is room again: [`Fault::DiskFull`]. For what was promised to
    /// somebody who will not hand it in a second time.
    Refuse,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            segment_bytes: 4 * 1024 * 1024,
            total_bytes: 256 * 1024 * 1024,
            frame_bytes: 64 * 1024,
            keep_free_bytes: 64 * 1024 * 1024,
            when_low: WhenLow::DropOldest,
            reserve_bytes: 256 * 1024,
        }
    }
}

impl Limits {
    fn usable(&self) -> bool {
        let one_frame = FILE_HEADER_BYTES + (FRAME_HEADER_BYTES + self.frame_bytes) as u64;
        self.segment_bytes >= one_frame
            && u32::try_from(self.frame_bytes).is_ok()
            && self.total_bytes >= self.segment_bytes.saturating_mul(2)
    }
}

/// One frame read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its number.
    pub number: u64,
    /// What was appended.
    pub bytes: Vec<u8>,
}

/// What was found when opening.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Frames that wait.
    pub frames: u64,
    /// Bytes at the very end that were no whole frame and were cut off: an append that the crash
    /// interrupted before it was acknowledged.
    pub torn_bytes: u64,
    /// Segments in which bytes had changed. What could be read was kept, the original set aside, and
    /// every frame lost is in [`Dropped::damaged`].
    pub corrupt_segments: u64,
    /// Whether the cursor was unreadable and frames handed on before may be waiting again.
    pub cursor_rebuilt: bool,
}

/// What waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// Frames.
    pub frames: u64,
    /// Bytes of the files they are in; a file goes when its last frame is released.
    pub bytes: u64,
}

/// Frames that were accepted and will never be read, by reason, since the folder was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Dropped as the oldest when the quota was reached.
    pub quota: u64,
    /// Lost because bytes on the disk had changed.
    pub damaged: u64,
    /// Dropped as the oldest when the disk ran low; see [`Limits::keep_free_bytes`].
    pub room: u64,
    /// Dropped because they were too old; see [`Spool::drop_up_to`].
    pub age: u64,
}

impl Dropped {
    /// Every reason with its count; the names are stable codes for logs and metrics.
    #[must_use]
    pub const fn by_reason(&self) -> [(&'static str, u64); 4] {
        [
            ("quota", self.quota),
            ("damaged", self.damaged),
            ("disk-low", self.room),
            ("too-old", self.age),
        ]
    }

    /// All of them.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.by_reason().iter().map(|(_, count)| count).sum()
    }
}

/// One segment file, as known in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Name of the file.
    pub name: String,
    /// Numbers it was opened for: from here.
    pub first: u64,
    /// Runs of numbers that are there, in order; more than one only after damage.
    pub runs: Vec<(u64, u64)>,
    /// Size of the file.
    pub bytes: u64,
}

impl Segment {
    pub fn name_for(first: u64) -> String {
        format!("{first:020}{ENDING}")
    }

    /// The number of its last frame; the number before its first if it holds none.
    pub fn last(&self) -> u64 {
        self.runs
            .last()
            .map_or(self.first.saturating_sub(1), |run| run.1)
    }

    pub fn add(&mut self, number: u64) {
        match self.runs.last_mut() {
            Some(run) if run.1 + 1 == number => run.1 = number,
            _ => self.runs.push((number, number)),
        }
    }

    /// How many frames it holds with numbers above `after` and up to `up_to`.
    pub fn count(&self, after: u64, up_to: u64) -> u64 {
        let overlap = |&(first, last): &(u64, u64)| {
            (last.min(up_to) + 1).saturating_sub(first.max(after.saturating_add(1)))
        };
        self.runs.iter().map(overlap).sum()
    }
}

/// The queue. One owner at a time; see the [crate] for how it works together with the ledger.
#[derive(Debug)]
pub struct Spool<S: Storage = FolderStorage> {
    pub(crate) storage: S,
    pub(crate) limits: Limits,
    pub(crate) cursor: Cursor,
    /// Oldest first; the last one is appended to.
    pub(crate) segments: Vec<Segment>,
    /// The number the next frame gets.
    pub(crate) next: u64,
    /// The number of the last frame that is durable.
    synced: u64,
    /// Whether a file was created since names were last made durable.
    new_name: bool,
    reserve_held: bool,
    poisoned: bool,
    /// Number up to which frames were handed on, should releasing them have failed.
    claimed: u64,
    /// Bytes appended since the disk was asked for its room.
    unlooked_bytes: u64,
    /// Numbers passed that will never be read, which nobody has asked for yet, oldest first.
    lost: Vec<(u64, u64)>,
    /// Where the frame of a number stands, to go on reading there: number, segment, offset.
    place: Option<(u64, u64, u64)>,
    buffer: Vec<u8>,
}

impl<S: Storage> Spool<S> {
    /// Opens the queue in a folder, mending what a crash left behind.
    ///
    /// # Errors
    /// [`Fault::LimitsUnusable`], [`Fault::VersionUnknown`] (nothing is touched then),
    /// [`Fault::DiskFull`] or [`Fault::Io`].
    pub fn open(storage: S, limits: Limits) -> Result<(Self, Recovery), SpoolError> {
        if !limits.usable() {
            return Err(Fault::LimitsUnusable.into());
        }
        let mut spool = Self {
            storage,
            limits,
            cursor: Cursor::default(),
            segments: Vec::new(),
            next: 1,
            synced: 0,
            new_name: false,
            reserve_held: false,
            poisoned: false,
            claimed: 0,
            unlooked_bytes: LOOK_EVERY_BYTES,
            lost: Vec::new(),
            place: None,
            buffer: Vec::new(),
        };
        let mut recovery = recover::recover(&mut spool)?;
        spool.synced = spool.next - 1;
        recovery.frames = spool.pending().frames;
        spool.hold_reserve();
        Ok((spool, recovery))
    }

    /// Adds a frame and returns its number. Numbers start at 1 and grow by 1. The frame is not
    /// durable, and not readable, before [`sync`](Self::sync).
    ///
    /// # Errors
    /// [`Fault::TooLarge`]; [`Fault::DiskFull`] with nothing added and everything before safe;
    /// [`Fault::Poisoned`]; [`Fault::Io`].
    pub fn append(&mut self, frame: &[u8]) -> Result<u64, SpoolError> {
        self.check()?;
        if frame.len() > self.limits.frame_bytes {
            return Err(Fault::TooLarge.into());
        }
        if !self.reserve_held && !self.hold_reserve() {
            return Err(Fault::DiskFull.into());
        }
        let needed_bytes = (FRAME_HEADER_BYTES + frame.len()) as u64;
        self.keep_room(needed_bytes)?;
        self.keep_to_quota(needed_bytes)?;
        let full = |segment: &Segment| segment.bytes + needed_bytes > self.limits.segment_bytes;
        if self.segments.last().is_none_or(full) {
            self.start_segment()?;
        }
        let number = self.next;
        let mut bytes = std::mem::take(&mut self.buffer);
        bytes.clear();
        write_frame(number, frame, &mut bytes);
        let written = self.write(&bytes);
        self.buffer = bytes;
        written?;
        if let Some(segment) = self.segments.last_mut() {
            segment.bytes += needed_bytes;
            segment.add(number);
        }
        self.next += 1;
        Ok(number)
    }

    /// Makes everything appended so far durable: one call for many frames.
    ///
    /// # Errors
    /// [`Fault::Poisoned`], now and from every later call: after a failed sync the operating system
    /// may forget what it could not write, so that only opening anew tells what is there.
    pub fn sync(&mut self) -> Result<(), SpoolError> {
        self.check()?;
        if self.synced + 1 == self.next {
            return Ok(());
        }
        if let Some(name) = self.segments.last().map(|segment| segment.name.clone()) {
            let synced = self.storage.sync(&name);
            self.or_poison(synced)?;
        }
        if self.new_name {
            let synced = self.storage.sync_folder();
            self.or_poison(synced)?;
            self.new_name = false;
        }
        self.synced = self.next - 1;
        Ok(())
    }

    /// Appends durable frames to `out`, oldest first, starting with number `from` or the oldest that
    /// waits: at most `max_frames`, and no more than `max_bytes` of payload, but at least one.
    ///
    /// # Errors
    /// [`Fault::Poisoned`] or [`Fault::Io`]. Frames that prove damaged are counted and passed over.
    pub fn read(
        &mut self,
        from: u64,
        max_frames: usize,
        max_bytes: usize,
        out: &mut Vec<Frame>,
    ) -> Result<(), SpoolError> {
        self.check()?;
        let mut room = Room {
            from: from.max(self.cursor.released + 1),
            frames: max_frames,
            bytes: max_bytes,
            taken: 0,
        };
        let mut index = 0;
        while room.frames > 0 && index < self.segments.len() {
            let wanted = |segment: &Segment| segment.last() >= room.from;
            if !self.segments.get(index).is_some_and(wanted) {
                index += 1;
                continue;
            }
            match self.read_segment(index, &mut room, out)? {
                Ended::Full => break,
                Ended::Segment => index += 1,
                // Mended: the same segment, or the one that moved into its place, is read on.
                Ended::Damaged => {
                    self.place = None;
                    recover::mend(self, index)?;
                }
            }
        }
        Ok(())
    }

    /// Declares every frame up to and including a number as no longer needed, durably; returns how
    /// many frames that were. A number not given yet is accepted: the next frame comes after it.
    ///
    /// # Errors
    /// [`Fault::Poisoned`], [`Fault::DiskFull`] or [`Fault::Io`]; the frames then still wait.
    pub fn release(&mut self, up_to: u64) -> Result<u64, SpoolError> {
        self.check()?;
        if up_to <= self.cursor.released {
            return Ok(0);
        }
        self.claimed = self.claimed.max(up_to);
        let present = self.present(up_to);
        let mut cursor = self.cursor;
        cursor.handed_on += present;
        // Numbers never given count as handed on; what is missing among those given was damaged.
        let given = up_to.min(self.next - 1).max(cursor.released);
        let damaged = (given - cursor.released).saturating_sub(present);
        cursor.damaged += damaged;
        cursor.handed_on += up_to - given;
        let first = cursor.released + 1;
        cursor.released = up_to;
        let already_noted = self.lost.len();
        if damaged > 0 {
            self.note_gaps(first, given);
        }
        if let Err(error) = self.move_cursor(cursor) {
            if self.cursor.released < up_to {
                self.lost.truncate(already_noted);
            }
            return Err(error);
        }
        self.next = self.next.max(up_to + 1);
        self.synced = self.synced.max(up_to);
        Ok(present)
    }

    /// Gives up every frame up to and including a number as too old, durably and counted; returns how
    /// many those were.
    ///
    /// # Errors
    /// As [`release`](Self::release).
    pub fn drop_up_to(&mut self, up_to: u64) -> Result<u64, SpoolError> {
        self.check()?;
        let before = self.cursor.age;
        // Never what is not durable: it has not been acknowledged.
        self.drop_oldest(up_to.min(self.synced), Reason::Age)?;
        Ok(self.cursor.age - before)
    }

    /// What waits.
    #[must_use]
    pub fn pending(&self) -> Pending {
        Pending {
            frames: self.present(u64::MAX - 1),
            bytes: self.bytes(),
        }
    }

    /// The number of the oldest frame that waits, or that the next frame will get.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        let after = self.cursor.released;
        self.segments
            .iter()
            .flat_map(|segment| &segment.runs)
            .find(|run| run.1 > after)
            .map_or(self.next, |run| run.0.max(after + 1))
    }

    /// The number the next frame will get.
    #[must_use]
    pub const fn next_number(&self) -> u64 {
        self.next
    }

    /// Frames that will never be read, by reason, since the folder was made.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        let given = (self.next - 1).saturating_sub(self.cursor.released);
        Dropped {
            quota: self.cursor.quota,
            room: self.cursor.room,
            age: self.cursor.age,
            damaged: self.cursor.damaged + given.saturating_sub(self.present(u64::MAX - 1)),
        }
    }

    /// The ranges of numbers that will never be read, because of the quota or of damage, and that
    /// reading or dropping has passed since this was last asked; oldest first.
    pub fn take_lost(&mut self) -> Vec<(u64, u64)> {
        std::mem::take(&mut self.lost)
    }

    /// Frames released because they were handed on, since the folder was made.
    #[must_use]
    pub const fn handed_on(&self) -> u64 {
        self.cursor.handed_on
    }

    /// Whether a failed sync has shut it; see [`Fault::Poisoned`].
    #[must_use]
    pub const fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// Gives the storage back, for opening anew.
    #[must_use]
    pub fn into_storage(self) -> S {
        self.storage
    }

    fn check(&self) -> Result<(), SpoolError> {
        if self.poisoned {
            Err(Fault::Poisoned.into())
        } else {
            Ok(())
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

    fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Frames above the cursor and up to `up_to` that are there.
    fn present(&self, up_to: u64) -> u64 {
        let after = self.cursor.released;
        self.segments
            .iter()
            .map(|segment| segment.count(after, up_to))
            .sum()
    }

    /// Appends to the last segment, or takes back what was written of it.
    fn write(&mut self, bytes: &[u8]) -> Result<(), SpoolError> {
        let Some(segment) = self.segments.last() else {
            return Err(Fault::Io.into());
        };
        let Err(error) = self.storage.append(&segment.name, bytes) else {
            return Ok(());
        };
        let restored = self.storage.truncate(&segment.name, segment.bytes);
        self.or_poison(restored)?;
        Err(error.into())
    }

    /// Gives up the reserve when the disk is full, so that releasing and dropping still work.
    fn on_full(&mut self, error: &io::Error) {
        if is_full(error) && self.reserve_held {
            self.reserve_held = self.storage.remove(RESERVE).is_err();
        }
    }

    /// Takes room on the disk for book-keeping; returns whether it is held.
    fn hold_reserve(&mut self) -> bool {
        let wanted = self.limits.reserve_bytes;
        let there = self.storage.len(RESERVE).ok();
        if there.is_some_and(|bytes| bytes >= wanted as u64) {
            self.reserve_held = true;
            return true;
        }
        // A reserve of the wrong size is of no use; if removing fails there was none.
        drop(self.storage.remove(RESERVE));
        self.reserve_held = match self.storage.append(RESERVE, &vec![0; wanted]) {
            Ok(()) => true,
            Err(error) => {
                drop(self.storage.remove(RESERVE));
                // Any other fault than a full disk will show where it matters.
                !is_full(&error)
            }
        };
        self.reserve_held
    }

    /// Gives the oldest segments back to a disk that runs low, before it is full.
    fn keep_room(&mut self, needed_bytes: u64) -> Result<(), SpoolError> {
        self.unlooked_bytes = self.unlooked_bytes.saturating_add(needed_bytes);
        if self.limits.keep_free_bytes == 0 || self.unlooked_bytes < LOOK_EVERY_BYTES {
            return Ok(());
        }
        while self.is_low() {
            if self.limits.when_low == WhenLow::Refuse {
                // Looked at again with the next frame.
                return Err(Fault::DiskFull.into());
            }
            let oldest = self.segments.first().map(Segment::last);
            match oldest.filter(|_| self.segments.len() > KEPT_WHEN_LOW) {
                Some(up_to) => self.drop_oldest(up_to, Reason::Room)?,
                None => break,
            }
        }
        self.unlooked_bytes = 0;
        Ok(())
    }

    fn is_low(&self) -> bool {
        let free_bytes = self.storage.free_bytes();
        free_bytes.is_some_and(|free| free < self.limits.keep_free_bytes)
    }

    /// Drops the oldest segments until `needed_bytes` fit.
    fn keep_to_quota(&mut self, needed_bytes: u64) -> Result<(), SpoolError> {
        // A new segment may have to be started: its header counts too.
        let needed_bytes = needed_bytes + FILE_HEADER_BYTES;
        while self.bytes() + needed_bytes > self.limits.total_bytes {
            let Some(oldest) = self.segments.first() else {
                return Err(Fault::LimitsUnusable.into());
            };
            let up_to = oldest.last();
            self.drop_oldest(up_to, Reason::Quota)?;
        }
        Ok(())
    }

    /// Gives up all frames up to a number, counted.
    fn drop_oldest(&mut self, up_to: u64, reason: Reason) -> Result<(), SpoolError> {
        let present = self.present(up_to);
        // Those that were handed on, and could not be released then, are not lost.
        let handed_on = self.present(up_to.min(self.claimed));
        let before = self.cursor.released;
        let mut cursor = self.cursor;
        if up_to > before {
            cursor.handed_on += handed_on;
            let lost = present - handed_on;
            match reason {
                Reason::Quota => cursor.quota += lost,
                Reason::Room => cursor.room += lost,
                Reason::Age => cursor.age += lost,
            }
            cursor.damaged += (up_to - before).saturating_sub(present);
            cursor.released = up_to;
        }
        let moved = self.move_cursor(cursor);
        let first = before.max(self.claimed) + 1;
        if self.cursor.released > before && first <= up_to {
            self.note_lost(first, up_to);
        }
        moved
    }

    fn note_lost(&mut self, first: u64, last: u64) {
        let crowded = self.lost.len() >= MAX_LOST_RANGES;
        match self.lost.last_mut() {
            Some(range) if range.1 + 1 == first => range.1 = last,
            // Bounded: one that nobody asks for reaches from the first to the last.
            Some(range) if crowded => range.1 = last,
            _ => self.lost.push((first, last)),
        }
    }

    /// Notes the numbers from `first` to `last` that are in no segment: damage took them.
    fn note_gaps(&mut self, first: u64, last: u64) {
        let runs = self.segments.iter().flat_map(|segment| &segment.runs);
        let mut gaps = Vec::new();
        let mut next = first;
        for run in runs.filter(|run| run.1 >= first && run.0 <= last) {
            if run.0 > next {
                gaps.push((next, run.0 - 1));
            }
            next = run.1 + 1;
        }
        if next <= last {
            gaps.push((next, last));
        }
        for (first, last) in gaps {
            self.note_lost(first, last);
        }
    }

    /// Makes `cursor` durable, then removes the segments it has passed. A crash in between leaves
    /// files that opening removes.
    fn move_cursor(&mut self, cursor: Cursor) -> Result<(), SpoolError> {
        if let Err(error) = self.storage.replace(cursor::NAME, &cursor.to_bytes()) {
            self.on_full(&error);
            // With the reserve gone there is room for one more attempt.
            self.storage.replace(cursor::NAME, &cursor.to_bytes())?;
        }
        self.cursor = cursor;
        let passed = |segment: &Segment| segment.last() <= cursor.released;
        while self.segments.first().is_some_and(passed) {
            let name = self.segments.remove(0).name;
            match self.storage.remove(&name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        if self.segments.is_empty() {
            self.new_name = false;
            // What was appended but not yet synced is passed too.
            self.synced = self.synced.max(cursor.released);
        }
        Ok(())
    }

    fn start_segment(&mut self) -> Result<(), SpoolError> {
        self.sync()?;
        let segment = Segment {
            name: Segment::name_for(self.next),
            first: self.next,
            runs: Vec::new(),
            bytes: FILE_HEADER_BYTES,
        };
        if let Err(error) = self.storage.append(&segment.name, &file_header(KIND)) {
            let removed = match self.storage.remove(&segment.name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                other => other,
            };
            self.or_poison(removed)?;
            return Err(error.into());
        }
        self.new_name = true;
        self.segments.push(segment);
        Ok(())
    }

    fn read_segment(
        &mut self,
        index: usize,
        room: &mut Room,
        out: &mut Vec<Frame>,
    ) -> Result<Ended, SpoolError> {
        let Some(segment) = self.segments.get(index) else {
            return Ok(Ended::Segment);
        };
        let mut offset = match self.place {
            Some((number, first, offset)) if number == room.from && first == segment.first => {
                offset
            }
            _ => FILE_HEADER_BYTES,
        };
        let mut reader = FrameReader::new(&self.storage, &segment.name, self.limits.frame_bytes)?;
        while offset < segment.bytes {
            let Found::Frame {
                number,
                payload,
                end,
            } = reader.at(&self.storage, offset)?
            else {
                return Ok(Ended::Damaged);
            };
            if number > self.synced {
                return Ok(Ended::Full);
            }
            if number >= room.from {
                if !room.takes(payload.len()) {
                    return Ok(Ended::Full);
                }
                out.push(Frame {
                    number,
                    bytes: payload.to_vec(),
                });
                room.from = number + 1;
                self.place = Some((number + 1, segment.first, end));
            }
            offset = end;
        }
        room.from = room.from.max(segment.last() + 1);
        Ok(Ended::Segment)
    }
}

/// Why frames are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    Quota,
    Room,
    Age,
}

/// How reading a segment ended.
enum Ended {
    /// The caller has enough, or the rest is not durable yet.
    Full,
    /// At the end of the segment.
    Segment,
    /// At a frame that is damaged.
    Damaged,
}

/// What the caller still wants.
struct Room {
    from: u64,
    frames: usize,
    bytes: usize,
    taken: usize,
}

impl Room {
    fn takes(&mut self, bytes: usize) -> bool {
        if self.frames == 0 || (self.taken > 0 && bytes > self.bytes) {
            return false;
        }
        self.frames -= 1;
        self.taken += 1;
        self.bytes = self.bytes.saturating_sub(bytes);
        true
    }
}
