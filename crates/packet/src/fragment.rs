//! Puts fragmented packets together, in bounded memory.
//!
//! At most [`MAX_PACKETS`] packets and [`MAX_BYTES`] bytes wait at the same time; the one that waited
//! longest goes first. Where pieces overlap, what came first stays: an attacker who sends a second
//! version of a piece changes nothing. A packet whose pieces contradict its length, and an IPv6 packet
//! whose pieces overlap (RFC 5722), is given up.

use std::net::IpAddr;

use larum_core::time::Timestamp;

use crate::ip::{Datagram, Piece};

/// Packets that wait for pieces, at most.
pub const MAX_PACKETS: usize = 64;
/// Bytes of all pieces that wait, at most.
pub const MAX_BYTES: usize = 512 * 1024;
/// Pieces of one packet, at most: 64 KiB in pieces of the least MTU of IPv4 networks in use.
const MAX_PIECES: usize = 128;
/// How long a packet waits for its pieces, in seconds (RFC 8200 says 60, systems use 30).
const WAIT_SECONDS: i64 = 30;
/// Largest packet put together, in bytes.
const MAX_PACKET_BYTES: usize = 65_535;

#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    source: IpAddr,
    target: IpAddr,
    protocol: u8,
    id: u32,
}

struct Held {
    key: Key,
    began: Timestamp,
    /// In order of their place.
    pieces: Vec<(usize, Box<[u8]>)>,
    /// Where the packet ends, once its last piece is here.
    end: Option<usize>,
    frames: u32,
    wire_bytes: u64,
    bytes: usize,
}

/// A packet put together.
#[derive(Debug, PartialEq, Eq)]
pub struct Whole {
    /// Its bytes after the network headers.
    pub payload: Vec<u8>,
    /// How many frames it came in.
    pub frames: u32,
    /// Their bytes on the wire.
    pub wire_bytes: u64,
}

/// Pieces that wait for the others.
#[derive(Default)]
pub struct Fragments {
    held: Vec<Held>,
    bytes: usize,
    /// Frames whose packet was given up.
    given_up: u64,
}

impl Fragments {
    /// Takes a piece; the whole packet when it was the last one missing.
    pub fn add(
        &mut self,
        datagram: &Datagram<'_>,
        piece: Piece,
        at: Timestamp,
        wire_bytes: u32,
    ) -> Option<Whole> {
        self.expire(at);
        let key = Key {
            source: datagram.source,
            target: datagram.target,
            protocol: datagram.protocol,
            id: piece.id,
        };
        let place = match self.held.iter().position(|held| held.key == key) {
            Some(place) => place,
            None => {
                if self.held.len() >= MAX_PACKETS {
                    self.give_up(0);
                }
                self.held.push(Held {
                    key,
                    began: at,
                    pieces: Vec::new(),
                    end: None,
                    frames: 0,
                    wire_bytes: 0,
                    bytes: 0,
                });
                self.held.len() - 1
            }
        };
        let held = self.held.get_mut(place)?;
        held.frames += 1;
        held.wire_bytes = held.wire_bytes.saturating_add(u64::from(wire_bytes));
        let before = held.bytes;
        let fits = datagram.missing == 0 && held.take(datagram.payload, piece);
        self.bytes += held.bytes - before;
        if !fits {
            self.give_up(place);
            return None;
        }
        if held.is_complete() {
            let held = self.held.remove(place);
            self.bytes = self.bytes.saturating_sub(held.bytes);
            return Some(held.join());
        }
        while self.bytes > MAX_BYTES && !self.held.is_empty() {
            self.give_up(0);
        }
        None
    }

    /// Frames given up since the last call.
    pub fn given_up(&mut self) -> u64 {
        std::mem::take(&mut self.given_up)
    }

    /// Gives up what waited too long at `now`.
    pub fn expire(&mut self, now: Timestamp) {
        while self
            .held
            .first()
            .is_some_and(|held| now > held.began.plus_seconds(WAIT_SECONDS))
        {
            self.give_up(0);
        }
    }

    /// Gives up everything: the input has ended.
    pub fn finish(&mut self) {
        while !self.held.is_empty() {
            self.give_up(0);
        }
    }

    fn give_up(&mut self, place: usize) {
        if place < self.held.len() {
            let held = self.held.remove(place);
            self.bytes = self.bytes.saturating_sub(held.bytes);
            self.given_up = self.given_up.saturating_add(u64::from(held.frames));
        }
    }
}

impl Held {
    /// Whether the piece fits what is there.
    fn take(&mut self, payload: &[u8], piece: Piece) -> bool {
        let mut start = usize::from(piece.offset);
        let end = start + payload.len();
        let is_last = !piece.more;
        let contradicts = (is_last && self.end.is_some_and(|known| known != end))
            || self.end.is_some_and(|known| end > known)
            || (is_last
                && self
                    .pieces
                    .last()
                    .is_some_and(|(at, old)| at + old.len() > end));
        if end > MAX_PACKET_BYTES || contradicts || self.pieces.len() >= MAX_PIECES {
            return false;
        }
        if is_last {
            self.end = Some(end);
        }
        // What came first stays: only what no piece holds is taken.
        let mut taken = Vec::new();
        for (at, old) in &self.pieces {
            let old_end = at + old.len();
            if old_end <= start || *at >= end {
                continue;
            }
            if self.key.source.is_ipv6() && (*at, old_end) != (start, end) {
                return false;
            }
            if *at > start {
                taken.push((start, *at));
            }
            start = old_end;
        }
        if start < end {
            taken.push((start, end));
        }
        for (from, to) in taken {
            let offset = usize::from(piece.offset);
            let Some(part) = payload.get(from - offset..to - offset) else {
                return false;
            };
            self.bytes += part.len();
            let place = self.pieces.partition_point(|(at, _)| *at < from);
            self.pieces.insert(place, (from, part.into()));
        }
        true
    }

    fn is_complete(&self) -> bool {
        let Some(end) = self.end else { return false };
        let mut next = 0;
        for (at, piece) in &self.pieces {
            if *at != next {
                return false;
            }
            next += piece.len();
        }
        next == end
    }

    fn join(self) -> Whole {
        let mut payload = Vec::with_capacity(self.bytes);
        for (_, piece) in &self.pieces {
            payload.extend_from_slice(piece);
        }
        Whole {
            payload,
            frames: self.frames,
            wire_bytes: self.wire_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(
        fragments: &mut Fragments,
        source: &str,
        id: u32,
        offset: u16,
        more: bool,
        payload: &[u8],
    ) -> Option<Whole> {
        let datagram = Datagram {
            source: source.parse().unwrap(),
            target: source.parse().unwrap(),
            protocol: 17,
            payload,
            missing: 0,
            fragment: None,
        };
        let piece = Piece { id, offset, more };
        fragments.add(&datagram, piece, Timestamp::from_seconds(i64::from(id)), 60)
    }

    #[test]
    fn pieces_in_any_order_make_the_packet() {
        let mut fragments = Fragments::default();
        assert_eq!(add(&mut fragments, "192.0.2.1", 1, 16, false, b"end"), None);
        assert_eq!(
            add(&mut fragments, "192.0.2.1", 1, 0, true, b"first---"),
            None
        );
        let whole = add(&mut fragments, "192.0.2.1", 1, 8, true, b"second--").unwrap();
        assert_eq!(whole.payload, b"first---second--end");
        assert_eq!((whole.frames, whole.wire_bytes), (3, 180));
        assert_eq!((fragments.bytes, fragments.given_up()), (0, 0));
    }

    #[test]
    fn what_came_first_stays() {
        let mut fragments = Fragments::default();
        add(&mut fragments, "192.0.2.1", 1, 8, true, b"bbbbbbbb");
        add(
            &mut fragments,
            "192.0.2.1",
            1,
            0,
            true,
            b"aaaaaaaaXXXXXXXXcccccccc",
        );
        let whole = add(&mut fragments, "192.0.2.1", 1, 24, false, b"d").unwrap();
        assert_eq!(whole.payload, b"aaaaaaaabbbbbbbbccccccccd");
        // IPv6 forbids overlaps.
        add(&mut fragments, "2001:db8::1", 1, 8, true, b"bbbbbbbb");
        add(
            &mut fragments,
            "2001:db8::1",
            1,
            0,
            true,
            b"aaaaaaaaXXXXXXXX",
        );
        assert_eq!(fragments.given_up(), 2);
    }

    #[test]
    fn contradictions_age_and_number_are_given_up_and_counted() {
        let mut fragments = Fragments::default();
        add(&mut fragments, "192.0.2.1", 1, 16, false, b"end");
        add(&mut fragments, "192.0.2.1", 1, 32, false, b"later end");
        assert_eq!(fragments.given_up(), 2);
        add(&mut fragments, "192.0.2.1", 2, 0, true, b"lonely--");
        fragments.expire(Timestamp::from_seconds(2 + WAIT_SECONDS + 1));
        assert_eq!(fragments.given_up(), 1);
        for _ in 0..2 {
            for id in 100..u32::try_from(100 + 4 * MAX_PACKETS).unwrap() {
                let datagram_id = 100 + id % 30;
                add(
                    &mut fragments,
                    "192.0.2.1",
                    datagram_id.max(id),
                    0,
                    true,
                    &[0; 60_000],
                );
                assert!(fragments.held.len() <= MAX_PACKETS && fragments.bytes <= MAX_BYTES);
            }
        }
        fragments.finish();
        assert_eq!(fragments.bytes, 0);
    }

    proptest::proptest! {
        #[test]
        fn any_pieces_stay_within_bounds(pieces in proptest::collection::vec((0..4_u32, 0..8_192_u16, proptest::bool::ANY, 0..2_000_usize), 0..300)) {
            let mut fragments = Fragments::default();
            let mut whole = 0_u64;
            let count = pieces.len() as u64;
            for (id, offset, more, length) in pieces {
                let found = add(&mut fragments, "192.0.2.1", id, offset << 3 & 0xFFF8, more, &vec![7; length]);
                whole += found.map_or(0, |whole| u64::from(whole.frames));
                proptest::prop_assert!(fragments.bytes <= MAX_BYTES);
                let held: usize = fragments.held.iter().map(|held| held.bytes).sum();
                proptest::prop_assert_eq!(fragments.bytes, held);
            }
            fragments.finish();
            proptest::prop_assert_eq!(whole + fragments.given_up(), count);
        }
    }
}
