//! A disk in memory that fails on request, for tests of this crate and of those who use it.
//!
//! What a write leaves behind after a crash follows what real file systems may do: content that was
//! not synced may be there, partly there, or zeros or rubbish of the right length; names that were
//! not synced may be as before. Everything follows from the seed.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::storage::Storage;

/// The disk. Clones share it: keep one to make the disk fail while a spool owns the other.
#[derive(Clone, Debug)]
pub struct SimulatedStorage {
    disk: Arc<Mutex<Disk>>,
}

#[derive(Debug, Default)]
struct Disk {
    /// Content, by identity, so that a rename moves it.
    contents: BTreeMap<u64, Content>,
    names: BTreeMap<String, u64>,
    /// Names as a crash would find them.
    durable_names: BTreeMap<String, u64>,
    next_content: u64,
    random: u64,
    capacity_bytes: Option<u64>,
    /// Write operations until one fails, and whether it fails for good.
    writes_until_fault: Option<u64>,
    syncs_until_fault: Option<u64>,
}

#[derive(Clone, Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    /// What the disk holds for certain.
    durable: Vec<u8>,
    /// Stretches that a failed sync has made the system forget: they read well, and no later sync
    /// writes them.
    forgotten: Vec<std::ops::Range<usize>>,
}

impl SimulatedStorage {
    /// An empty disk without limit.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            disk: Arc::new(Mutex::new(Disk {
                random: seed ^ 0x9E37_79B9_7F4A_7C15,
                ..Disk::default()
            })),
        }
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        // A test that panicked elsewhere has failed already; the disk is still a disk.
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on all files together hold at most `bytes`; `None` lifts the limit.
    pub fn set_capacity_bytes(&self, bytes: Option<u64>) {
        self.disk().capacity_bytes = bytes;
    }

    /// Bytes of all files.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.disk().used_bytes()
    }

    /// The append, truncation, rename or removal after `count` more ones fails, once; an append
    /// leaves a part behind.
    pub fn fail_write_after(&self, count: u64) {
        self.disk().writes_until_fault = Some(count);
    }

    /// The sync after `count` more ones fails, once, and what it should have written is forgotten.
    pub fn fail_sync_after(&self, count: u64) {
        self.disk().syncs_until_fault = Some(count);
    }

    /// Takes back faults that were asked for and have not happened.
    pub fn no_more_faults(&self) {
        let mut disk = self.disk();
        disk.writes_until_fault = None;
        disk.syncs_until_fault = None;
    }

    /// Cuts the power: what was not synced is lost, or partly there. Anything that still uses the
    /// disk must be dropped.
    pub fn crash(&self) {
        self.disk().crash();
    }

    /// Flips one bit of a file; does nothing if there is no such byte.
    pub fn flip_bit(&self, name: &str, offset: usize, bit: u8) {
        let mut disk = self.disk();
        let Some(id) = disk.names.get(name).copied() else {
            return;
        };
        if let Some(content) = disk.contents.get_mut(&id) {
            for bytes in [&mut content.bytes, &mut content.durable] {
                if let Some(byte) = bytes.get_mut(offset) {
                    *byte ^= 1 << (bit & 7);
                }
            }
        }
    }

    /// Puts a file there, durably, as somebody with access to the disk could.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let mut disk = self.disk();
        let id = disk.create(name);
        disk.durable_names.insert(name.to_owned(), id);
        disk.contents.insert(
            id,
            Content {
                bytes: bytes.to_vec(),
                durable: bytes.to_vec(),
                forgotten: Vec::new(),
            },
        );
    }

    /// Content of a file.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.disk()
            .content(name)
            .ok()
            .map(|content| content.bytes.clone())
    }
}

impl Disk {
    fn random(&mut self) -> u64 {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = bound.max(1) as u64;
        usize::try_from(self.random() % bound).unwrap_or(0)
    }

    fn used_bytes(&self) -> u64 {
        self.names
            .values()
            .filter_map(|id| self.contents.get(id))
            .map(|content| content.bytes.len() as u64)
            .sum()
    }

    fn create(&mut self, name: &str) -> u64 {
        let id = self.next_content;
        self.next_content += 1;
        self.contents.insert(id, Content::default());
        self.names.insert(name.to_owned(), id);
        id
    }

    fn id(&self, name: &str) -> io::Result<u64> {
        self.names
            .get(name)
            .copied()
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn content(&self, name: &str) -> io::Result<&Content> {
        self.contents
            .get(&self.id(name)?)
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn content_mut(&mut self, name: &str) -> io::Result<&mut Content> {
        let id = self.id(name)?;
        self.contents
            .get_mut(&id)
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    /// Counts a fault down; whether it is due.
    fn due(counter: &mut Option<u64>) -> bool {
        match counter {
            Some(0) => {
                *counter = None;
                true
            }
            Some(count) => {
                *count -= 1;
                false
            }
            None => false,
        }
    }

    fn write_fault(&mut self) -> io::Result<()> {
        if Self::due(&mut self.writes_until_fault) {
            Err(io::Error::other("injected write fault"))
        } else {
            Ok(())
        }
    }

    fn sync_fault(&mut self) -> io::Result<()> {
        if Self::due(&mut self.syncs_until_fault) {
            Err(io::Error::other("injected sync fault"))
        } else {
            Ok(())
        }
    }

    fn crash(&mut self) {
        // Names: each change since the last folder sync has reached the disk, or has not.
        let mut after = self.durable_names.clone();
        let changed: BTreeSet<String> = self
            .names
            .keys()
            .chain(self.durable_names.keys())
            .filter(|name| self.names.get(*name) != self.durable_names.get(*name))
            .cloned()
            .collect();
        for name in changed {
            if self.random() & 1 == 0 {
                match self.names.get(&name) {
                    Some(id) => after.insert(name, *id),
                    None => after.remove(&name),
                };
            }
        }
        let ids: BTreeSet<u64> = after.values().copied().collect();
        for id in &ids {
            let Some(content) = self.contents.get(id).cloned() else {
                continue;
            };
            let survivor = self.torn(&content);
            self.contents.insert(
                *id,
                Content {
                    bytes: survivor.clone(),
                    durable: survivor,
                    forgotten: Vec::new(),
                },
            );
        }
        self.contents.retain(|id, _| ids.contains(id));
        self.names = after.clone();
        self.durable_names = after;
        self.writes_until_fault = None;
        self.syncs_until_fault = None;
    }

    /// What a crash leaves of a file.
    fn torn(&mut self, content: &Content) -> Vec<u8> {
        let Content {
            bytes,
            durable,
            forgotten,
        } = content;
        if bytes == durable {
            return durable.clone();
        }
        if bytes.len() < durable.len() || (forgotten.is_empty() && !bytes.starts_with(durable)) {
            // Cut down, or rewritten: either the old or the new.
            let kept = if self.random() & 1 == 0 {
                bytes
            } else {
                durable
            };
            return kept.clone();
        }
        let mut survivor = durable.clone();
        let extra = bytes.get(durable.len()..).unwrap_or_default();
        let kept = self.below(extra.len() + 1);
        let extra = extra.get(..kept).unwrap_or_default();
        match self.random() % 3 {
            0 => survivor.extend_from_slice(extra),
            // The length was written, the content was not.
            1 => survivor.resize(survivor.len() + kept, 0),
            _ => {
                survivor.extend_from_slice(extra);
                let from = durable.len() + self.below(kept + 1);
                let to = from + self.below(32);
                for index in from..to {
                    let rubbish = u8::try_from(self.random() & 0xFF).unwrap_or(0);
                    if let Some(byte) = survivor.get_mut(index) {
                        *byte = rubbish;
                    }
                }
            }
        }
        survivor
    }
}

impl Storage for SimulatedStorage {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.disk().names.keys().cloned().collect())
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        Ok(self.disk().content(name)?.bytes.len() as u64)
    }

    fn read(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let disk = self.disk();
        let bytes = &disk.content(name)?.bytes;
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let available = bytes.get(start..).unwrap_or_default();
        let count = available.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(available) {
            *to = *from;
        }
        Ok(count)
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.disk();
        if disk.id(name).is_err() {
            disk.create(name);
        }
        let room = disk.capacity_bytes.map_or(u64::MAX, |capacity| {
            capacity.saturating_sub(disk.used_bytes())
        });
        let mut result = disk.write_fault();
        let mut kept = bytes.len();
        if result.is_err() {
            kept = disk.below(bytes.len() + 1);
        }
        if bytes.len() as u64 > room {
            kept = kept.min(usize::try_from(room).unwrap_or(usize::MAX));
            result = Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        let written = bytes.get(..kept).unwrap_or_default();
        disk.content_mut(name)?.bytes.extend_from_slice(written);
        result
    }

    fn truncate(&mut self, name: &str, len_bytes: u64) -> io::Result<()> {
        let mut disk = self.disk();
        disk.write_fault()?;
        let len = usize::try_from(len_bytes).unwrap_or(usize::MAX);
        let content = disk.content_mut(name)?;
        content.bytes.resize(len, 0);
        // What is written there anew is not forgotten.
        for lost in &mut content.forgotten {
            lost.end = lost.end.min(len).max(lost.start.min(len));
            lost.start = lost.start.min(len);
        }
        Ok(())
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        let mut disk = self.disk();
        let fault = disk.sync_fault();
        let content = disk.content_mut(name)?;
        if fault.is_err() {
            let lost = content.durable.len()..content.bytes.len();
            content.forgotten.push(lost);
            // The length may well have been written.
            content.durable.resize(content.bytes.len(), 0);
            return fault;
        }
        // A later sync claims success, and what was forgotten is not there.
        let mut durable = content.bytes.clone();
        for lost in &content.forgotten {
            if let Some(stretch) = durable.get_mut(lost.clone()) {
                stretch.fill(0);
            }
        }
        content.durable = durable;
        Ok(())
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        let mut disk = self.disk();
        disk.sync_fault()?;
        disk.durable_names = disk.names.clone();
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let mut disk = self.disk();
        disk.write_fault()?;
        let id = disk.id(from)?;
        disk.names.remove(from);
        disk.names.insert(to.to_owned(), id);
        Ok(())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        let mut disk = self.disk();
        disk.id(name)?;
        disk.write_fault()?;
        disk.names.remove(name);
        Ok(())
    }

    fn free_bytes(&self) -> Option<u64> {
        let disk = self.disk();
        let capacity = disk.capacity_bytes?;
        Some(capacity.saturating_sub(disk.used_bytes()))
    }
}
