//! The table of flows: found by both ends, ended by age, bounded.
//!
//! Each flow waits in the queue of its sort, the one longest without a packet first; in a queue all
//! have the same patience, so that ageing looks only at the front of each. When the table is full, a
//! flow is shed from the first queue that has one, in the order of [`Wait::ALL`]: attempts that nobody
//! answers before conversations, so that a flood of forged openings pushes out forged openings.

use hashbrown::HashTable;
use larum_core::time::Timestamp;

use super::state::Flow;
use crate::community::End;

/// How long a flow may be silent, by its sort; the order is that of shedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// TCP that nobody has answered.
    Attempt,
    /// UDP that nobody has answered.
    Unanswered,
    /// Closed or reset; stragglers still belong to it.
    Closed,
    /// Neither TCP nor UDP.
    Other,
    /// UDP in both directions.
    Answered,
    /// TCP that goes on.
    Open,
}

impl Wait {
    /// In the order of shedding.
    pub const ALL: [Self; 6] = [
        Self::Attempt,
        Self::Unanswered,
        Self::Closed,
        Self::Other,
        Self::Answered,
        Self::Open,
    ];

    /// Silence that ends a flow, in seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            // SYN is sent again after 1, 3, 7, 15 and 31 seconds (RFC 6298).
            Self::Attempt => 32,
            Self::Closed => 10,
            Self::Unanswered | Self::Other => 60,
            Self::Answered => 120,
            Self::Open => 600,
        }
    }

    const fn place(self) -> usize {
        self as usize
    }
}

/// Both ends in order, and the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The lower end.
    pub low: End,
    /// The higher end.
    pub high: End,
    /// Protocol number.
    pub protocol: u8,
}

impl Key {
    /// The key, and whether `source` is the lower end.
    pub fn of(source: End, target: End, protocol: u8) -> (Self, bool) {
        let source_low = source <= target;
        let (low, high) = if source_low {
            (source, target)
        } else {
            (target, source)
        };
        (
            Self {
                low,
                high,
                protocol,
            },
            source_low,
        )
    }

    fn hash(&self, seed: u64) -> u64 {
        let mut hash = seed ^ u64::from(self.protocol);
        for end in [&self.low, &self.high] {
            match end.ip {
                std::net::IpAddr::V4(ip) => mix(&mut hash, u64::from(ip.to_bits())),
                std::net::IpAddr::V6(ip) => {
                    let bits = ip.to_bits().to_be_bytes();
                    let (left, right) = bits.split_at(8);
                    for half in [left, right] {
                        let half = half.first_chunk().copied().unwrap_or_default();
                        mix(&mut hash, u64::from_be_bytes(half));
                    }
                }
            }
            mix(&mut hash, u64::from(end.port));
        }
        hash
    }
}

/// One step of a folded multiplication: the two halves of a 128-bit product, joined.
fn mix(hash: &mut u64, word: u64) {
    let product =
        u128::from(*hash ^ word ^ 0x9E37_79B9_7F4A_7C15) * u128::from(0xD6E8_FEB8_6659_FD93_u64);
    let halves = product.to_le_bytes();
    let (low, high) = halves.split_at(8);
    let read = |half: &[u8]| u64::from_le_bytes(half.first_chunk().copied().unwrap_or_default());
    *hash = (read(low) ^ read(high)).wrapping_add(word.rotate_left(23));
}

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Queue {
    head: u32,
    tail: u32,
}

#[derive(Debug)]
struct Slot {
    flow: Flow,
    touched: Timestamp,
    wait: Wait,
    before: u32,
    after: u32,
}

/// Flows in one piece of memory: growing takes another piece and moves none, so that no flow is ever in
/// memory twice.
const CHUNK_FLOWS: usize = 256;

#[derive(Debug, Default)]
struct Slots {
    chunks: Vec<Vec<Option<Slot>>>,
}

impl Slots {
    fn room(&self, place: u32) -> Option<&Option<Slot>> {
        let at = usize::try_from(place).ok()?;
        self.chunks.get(at / CHUNK_FLOWS)?.get(at % CHUNK_FLOWS)
    }

    fn room_mut(&mut self, place: u32) -> Option<&mut Option<Slot>> {
        let at = usize::try_from(place).ok()?;
        let chunk = self.chunks.get_mut(at / CHUNK_FLOWS)?;
        chunk.get_mut(at % CHUNK_FLOWS)
    }

    /// Puts `slot` into a new place.
    fn push(&mut self, slot: Slot) -> u32 {
        let full = self
            .chunks
            .last()
            .is_none_or(|chunk| chunk.len() >= CHUNK_FLOWS);
        if full {
            self.chunks.push(Vec::with_capacity(CHUNK_FLOWS));
        }
        let before = self.chunks.len().saturating_sub(1) * CHUNK_FLOWS;
        let Some(chunk) = self.chunks.last_mut() else {
            return NONE;
        };
        let place = before + chunk.len();
        chunk.push(Some(slot));
        u32::try_from(place).unwrap_or(NONE)
    }

    /// All flows with their places.
    fn all(&self) -> impl Iterator<Item = (u32, &Slot)> {
        let rooms = (0_u32..).zip(self.chunks.iter().flatten());
        rooms.filter_map(|(place, room)| Some((place, room.as_ref()?)))
    }
}

/// All flows of one part.
#[derive(Debug)]
pub struct Table {
    slots: Slots,
    free: Vec<u32>,
    index: HashTable<u32>,
    queues: [Queue; Wait::ALL.len()],
    seed: u64,
    limit: usize,
}

impl Table {
    /// A table of at most `limit` flows. `seed` makes the places of flows unpredictable; it does not
    /// show in what comes out.
    pub fn new(limit: usize, seed: u64) -> Self {
        Self {
            slots: Slots::default(),
            free: Vec::new(),
            index: HashTable::new(),
            queues: [Queue {
                head: NONE,
                tail: NONE,
            }; Wait::ALL.len()],
            seed,
            limit: limit.max(1),
        }
    }

    /// Flows in it.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether a further flow needs one to be shed.
    pub fn is_full(&self) -> bool {
        self.len() >= self.limit
    }

    /// The place of the flow `key`.
    pub fn find(&self, key: &Key) -> Option<u32> {
        let hash = key.hash(self.seed);
        let slots = &self.slots;
        self.index
            .find(hash, |place| {
                slot_at(slots, *place).is_some_and(|slot| slot.flow.key == *key)
            })
            .copied()
    }

    /// The flow at `place`.
    pub fn get(&mut self, place: u32) -> Option<&mut Flow> {
        slot_mut(&mut self.slots, place).map(|slot| &mut slot.flow)
    }

    /// Adds a flow whose key is not there yet; its place.
    pub fn insert(&mut self, flow: Flow, wait: Wait, now: Timestamp) -> u32 {
        let hash = flow.key.hash(self.seed);
        let slot = Slot {
            flow,
            touched: now,
            wait,
            before: NONE,
            after: NONE,
        };
        let place = match self.free.pop() {
            Some(place) => {
                if let Some(room) = self.slots.room_mut(place) {
                    *room = Some(slot);
                }
                place
            }
            None => self.slots.push(slot),
        };
        let (slots, seed) = (&self.slots, self.seed);
        self.index.insert_unique(hash, place, |other| {
            slot_at(slots, *other).map_or(0, |slot| slot.flow.key.hash(seed))
        });
        self.link(place, wait);
        place
    }

    /// Notes that a packet of the flow at `place` came, which is of the sort `wait` now.
    pub fn touch(&mut self, place: u32, wait: Wait, now: Timestamp) {
        let Some(slot) = slot_mut(&mut self.slots, place) else {
            return;
        };
        let was_last = slot.wait == wait && slot.after == NONE;
        slot.touched = now;
        if was_last {
            return;
        }
        self.unlink(place);
        if let Some(slot) = slot_mut(&mut self.slots, place) {
            slot.wait = wait;
        }
        self.link(place, wait);
    }

    /// Takes out the flow at `place`.
    pub fn remove(&mut self, place: u32) -> Option<Flow> {
        self.unlink(place);
        let slot = self.slots.room_mut(place)?.take()?;
        let hash = slot.flow.key.hash(self.seed);
        if let Ok(entry) = self.index.find_entry(hash, |other| *other == place) {
            entry.remove();
        }
        self.free.push(place);
        Some(slot.flow)
    }

    /// Takes out a flow that was silent for too long.
    pub fn expired(&mut self, now: Timestamp) -> Option<Flow> {
        for wait in Wait::ALL {
            let place = self.queues.get(wait.place())?.head;
            let due = slot_at(&self.slots, place)
                .is_some_and(|slot| now > slot.touched.plus_seconds(wait.seconds()));
            if due {
                return self.remove(place);
            }
        }
        None
    }

    /// Takes out the flow that matters least.
    pub fn shed(&mut self) -> Option<Flow> {
        let place = self
            .queues
            .iter()
            .map(|queue| queue.head)
            .find(|head| *head != NONE)?;
        self.remove(place)
    }

    /// The places of all flows, the one that began first before the others.
    pub fn in_order(&self) -> Vec<u32> {
        let mut order: Vec<(Timestamp, u32)> = self
            .slots
            .all()
            .map(|(place, slot)| (slot.flow.first, place))
            .collect();
        order.sort_unstable();
        order.into_iter().map(|(_, place)| place).collect()
    }

    fn link(&mut self, place: u32, wait: Wait) {
        let Some(queue) = self.queues.get_mut(wait.place()) else {
            return;
        };
        let last = queue.tail;
        queue.tail = place;
        if last == NONE {
            queue.head = place;
        } else if let Some(last) = slot_mut(&mut self.slots, last) {
            last.after = place;
        }
        if let Some(slot) = slot_mut(&mut self.slots, place) {
            slot.before = last;
            slot.after = NONE;
        }
    }

    fn unlink(&mut self, place: u32) {
        let Some(found) = slot_at(&self.slots, place) else {
            return;
        };
        let (before, after, wait) = (found.before, found.after, found.wait);
        match slot_mut(&mut self.slots, before) {
            Some(slot) => slot.after = after,
            None => {
                if let Some(queue) = self.queues.get_mut(wait.place()) {
                    queue.head = after;
                }
            }
        }
        match slot_mut(&mut self.slots, after) {
            Some(slot) => slot.before = before,
            None => {
                if let Some(queue) = self.queues.get_mut(wait.place()) {
                    queue.tail = before;
                }
            }
        }
    }
}

fn slot_at(slots: &Slots, place: u32) -> Option<&Slot> {
    slots.room(place)?.as_ref()
}

fn slot_mut(slots: &mut Slots, place: u32) -> Option<&mut Slot> {
    slots.room_mut(place)?.as_mut()
}
