//! One direction of a TCP connection put in order (RFC 9293), in bounded memory.
//!
//! Bytes are handed on in the order of their sequence numbers. What came first stays: a segment sent
//! again, whole or in part, whatever it holds, adds only what is new. What comes early waits, at most
//! [`MAX_WAITING_BYTES`] in [`MAX_WAITING`] pieces for each direction; beyond that, and at the end, what
//! is missing is taken as lost, said, and passed over. Sequence numbers wrap round.

use std::collections::VecDeque;

/// Bytes of one direction that wait for earlier ones, at most.
pub const MAX_WAITING_BYTES: usize = 256 * 1024;
/// Pieces of one direction that wait, at most.
pub const MAX_WAITING: usize = 256;
/// A segment this far ahead belongs to no window in use (the largest of today's systems are a quarter of
/// this); it is left out.
const MAX_AHEAD: u32 = 1 << 28;
/// When the other end has acknowledged what is missing here and so many pieces wait, the capture has
/// lost it. One alone may come late.
const PATIENCE: usize = 8;

/// What waits for earlier bytes.
#[derive(Debug)]
struct Early {
    seq: u32,
    bytes: Box<[u8]>,
    /// Bytes after these that the capture cut off.
    missing: u32,
}

/// What waits in one direction.
#[derive(Debug, Default)]
pub struct Waiting {
    /// In order of their place.
    pieces: VecDeque<Early>,
    bytes: usize,
}

/// A part of a TCP segment: where it stands and what it holds.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Number of its first byte.
    pub seq: u32,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Bytes after these that the capture cut off.
    pub missing: u32,
}

/// What comes out of a direction, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// The next bytes.
    Bytes(&'a [u8]),
    /// So many bytes are missing here.
    Gap(u32),
}

/// What a segment was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// What was expected next, or more than that.
    New,
    /// Nothing but what was there already.
    Again,
    /// Earlier ones are missing.
    Early,
    /// So far off that it can be no part of this connection.
    Stray,
}

/// How far `seq` lies after `from`; negative for before it.
pub const fn distance(from: u32, seq: u32) -> i32 {
    seq.wrapping_sub(from).cast_signed()
}

impl Segment<'_> {
    fn length(&self) -> u32 {
        let bytes = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        bytes.saturating_add(self.missing)
    }
}

impl Waiting {
    /// Bytes that wait.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes a segment; `next` is the number of the byte expected next. Hands on what is in order.
    pub fn take(
        &mut self,
        next: &mut u32,
        segment: Segment<'_>,
        each: &mut impl FnMut(Part<'_>),
    ) -> Sort {
        let ahead = distance(*next, segment.seq);
        if ahead <= 0 {
            let old = ahead.unsigned_abs();
            if old >= segment.length() {
                return if old > MAX_AHEAD {
                    Sort::Stray
                } else {
                    Sort::Again
                };
            }
            hand_on(next, segment, old, each);
            self.drain(next, each);
            return Sort::New;
        }
        if ahead.unsigned_abs() > MAX_AHEAD {
            return Sort::Stray;
        }
        self.keep(*next, segment);
        while self.bytes > MAX_WAITING_BYTES || self.pieces.len() > MAX_WAITING {
            self.pass_gap(next, each);
        }
        Sort::Early
    }

    /// The other end has acknowledged everything before `ack`.
    pub fn acknowledged(&mut self, next: &mut u32, ack: u32, each: &mut impl FnMut(Part<'_>)) {
        while self.pieces.len() >= PATIENCE
            && self
                .pieces
                .front()
                .is_some_and(|first| distance(first.seq, ack) >= 0)
        {
            self.pass_gap(next, each);
        }
    }

    /// Nothing more comes: hands on everything, with what is missing.
    pub fn finish(&mut self, next: &mut u32, each: &mut impl FnMut(Part<'_>)) {
        while !self.pieces.is_empty() {
            self.pass_gap(next, each);
        }
    }

    fn keep(&mut self, next: u32, segment: Segment<'_>) {
        let place = self
            .pieces
            .partition_point(|piece| distance(next, piece.seq) <= distance(next, segment.seq));
        let before = place
            .checked_sub(1)
            .and_then(|before| self.pieces.get(before));
        // The same segment again needs no second copy.
        if before.is_some_and(|before| {
            before.seq == segment.seq && before.bytes.len() >= segment.bytes.len()
        }) {
            return;
        }
        self.bytes += segment.bytes.len();
        self.pieces.insert(
            place,
            Early {
                seq: segment.seq,
                bytes: segment.bytes.into(),
                missing: segment.missing,
            },
        );
    }

    /// Takes what lies between as lost.
    fn pass_gap(&mut self, next: &mut u32, each: &mut impl FnMut(Part<'_>)) {
        let Some(first) = self.pieces.front() else {
            return;
        };
        let lost = distance(*next, first.seq);
        if lost > 0 {
            each(Part::Gap(lost.unsigned_abs()));
            *next = first.seq;
        }
        self.drain(next, each);
    }

    fn drain(&mut self, next: &mut u32, each: &mut impl FnMut(Part<'_>)) {
        while let Some(first) = self
            .pieces
            .pop_front_if(|first| distance(*next, first.seq) <= 0)
        {
            self.bytes = self.bytes.saturating_sub(first.bytes.len());
            let segment = Segment {
                seq: first.seq,
                bytes: &first.bytes,
                missing: first.missing,
            };
            let old = distance(*next, first.seq).unsigned_abs();
            if old < segment.length() {
                hand_on(next, segment, old, each);
            }
        }
    }
}

/// Hands on `segment` without its first `old` bytes, which are known.
fn hand_on(next: &mut u32, segment: Segment<'_>, old: u32, each: &mut impl FnMut(Part<'_>)) {
    let known = usize::try_from(old)
        .unwrap_or(usize::MAX)
        .min(segment.bytes.len());
    let fresh = segment.bytes.get(known..).unwrap_or_default();
    if !fresh.is_empty() {
        each(Part::Bytes(fresh));
    }
    let end = segment.seq.wrapping_add(segment.length());
    let had = u32::try_from(segment.bytes.len()).unwrap_or(u32::MAX);
    let missing = segment.length() - old.max(had);
    if missing > 0 {
        each(Part::Gap(missing));
    }
    *next = end;
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Stream {
        waiting: Waiting,
        next: u32,
        out: Vec<u8>,
    }

    impl Stream {
        fn at(next: u32) -> Self {
            Self {
                waiting: Waiting::default(),
                next,
                out: Vec::new(),
            }
        }

        fn take(&mut self, seq: u32, bytes: &[u8]) -> Sort {
            let segment = Segment {
                seq,
                bytes,
                missing: 0,
            };
            let out = &mut self.out;
            self.waiting
                .take(&mut self.next, segment, &mut |part| write(out, part))
        }

        fn finish(&mut self) -> String {
            let out = &mut self.out;
            self.waiting
                .finish(&mut self.next, &mut |part| write(out, part));
            String::from_utf8(std::mem::take(out)).unwrap()
        }
    }

    fn write(out: &mut Vec<u8>, part: Part<'_>) {
        match part {
            Part::Bytes(bytes) => out.extend(bytes),
            Part::Gap(lost) => out.extend(format!("[{lost}]").bytes()),
        }
    }

    #[track_caller]
    fn check(start: u32, segments: &[(u32, &str)], expected: &str) {
        let mut stream = Stream::at(start);
        for (offset, text) in segments {
            stream.take(start.wrapping_add(*offset), text.as_bytes());
        }
        assert_eq!(stream.finish(), expected);
    }

    #[test]
    fn segments_in_any_order_make_the_stream() {
        for start in [1, u32::MAX - 3, u32::MAX / 2 - 2] {
            check(start, &[(0, "abc"), (3, "def")], "abcdef");
            check(start, &[(3, "def"), (0, "abc")], "abcdef");
            check(start, &[(6, "ghi"), (3, "def"), (0, "abc")], "abcdefghi");
            check(start, &[(0, "abc"), (0, "abc"), (3, "d")], "abcd");
            // A second version of what was there changes nothing.
            check(start, &[(0, "abc"), (0, "XXXd")], "abcd");
            check(start, &[(0, "abc"), (1, "XXd")], "abcd");
            check(start, &[(3, "def"), (2, "XXXXg"), (0, "ab")], "abXXXXg");
            // Lost for good.
            check(start, &[(0, "abc"), (5, "fg"), (9, "j")], "abc[2]fg[2]j");
            // A keep-alive repeats the byte before.
            check(start, &[(0, "abc"), (2, "\0"), (3, "d")], "abcd");
        }
    }

    #[test]
    fn what_the_capture_cut_off_is_a_gap() {
        let mut stream = Stream::at(10);
        let out = &mut stream.out;
        let mut each = |part: Part<'_>| write(out, part);
        let cut = |seq, bytes, missing| Segment {
            seq,
            bytes,
            missing,
        };
        stream
            .waiting
            .take(&mut stream.next, cut(10, &b"ab"[..], 5), &mut each);
        stream
            .waiting
            .take(&mut stream.next, cut(17, &b"c"[..], 0), &mut each);
        assert_eq!(stream.finish(), "ab[5]c");
    }

    #[test]
    fn loss_is_seen_once_acknowledged_and_memory_ends() {
        let mut stream = Stream::at(0);
        for number in 0..20 {
            stream.take(100 + number, b"x");
        }
        let out = &mut stream.out;
        let mut each = |part: Part<'_>| write(out, part);
        stream.waiting.acknowledged(&mut stream.next, 50, &mut each);
        assert_eq!(stream.next, 0);
        stream
            .waiting
            .acknowledged(&mut stream.next, 110, &mut each);
        assert_eq!(stream.next, 120);
        let mut stream = Stream::at(0);
        for number in 0..10_000 {
            stream.take(1 + number * 2_000, &[b'y'; 1_000]);
            assert!(stream.waiting.bytes <= MAX_WAITING_BYTES);
        }
        assert_eq!(
            stream.take(stream.next.wrapping_add(1 << 31), b"stray"),
            Sort::Stray
        );
        assert_eq!(
            stream.take(stream.next.wrapping_add((1 << 28) + 1), b"stray"),
            Sort::Stray
        );
    }

    proptest::proptest! {
        /// However a text is cut, doubled, overlapped and shuffled: it comes out as it was.
        #[test]
        fn any_order_gives_the_text(start in proptest::num::u32::ANY, length in 1..400_usize, cuts in proptest::collection::vec((0..400_usize, 1..60_usize), 0..60), order in proptest::num::u64::ANY) {
            let text: Vec<u8> = (0..length).map(|place| b'a' + u8::try_from(place % 26).unwrap()).collect();
            let mut pieces: Vec<(usize, usize)> = (0..length).step_by(7).map(|at| (at, (at + 7).min(length))).collect();
            pieces.extend(cuts.into_iter().filter(|(at, _)| *at < length).map(|(at, more)| (at, (at + more).min(length))));
            let mut mix = order;
            for place in (1..pieces.len()).rev() {
                mix = mix.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let other = usize::try_from(mix >> 33).unwrap() % (place + 1);
                pieces.swap(place, other);
            }
            let mut stream = Stream::at(start);
            for (from, to) in pieces {
                let seq = start.wrapping_add(u32::try_from(from).unwrap());
                stream.take(seq, &text[from..to]);
            }
            proptest::prop_assert_eq!(&stream.out, &text);
            proptest::prop_assert_eq!(stream.waiting.bytes, 0);
        }

        #[test]
        fn any_segments_end(segments in proptest::collection::vec((proptest::num::u32::ANY, 0..100_usize, 0..50_u32), 0..200)) {
            let mut stream = Stream::at(7);
            for (seq, length, missing) in segments {
                let bytes = vec![b'z'; length];
                let segment = Segment { seq, bytes: &bytes, missing };
                let out = &mut stream.out;
                stream.waiting.take(&mut stream.next, segment, &mut |part| write(out, part));
            }
            stream.finish();
            proptest::prop_assert_eq!(stream.waiting.bytes, 0);
        }
    }
}
