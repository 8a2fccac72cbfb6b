use super::*;

/// Time in microseconds, link type, bytes and length on the wire of a frame.
type Told = (i64, u16, Vec<u8>, u32);

/// Frames and reasons of a file that comes in pieces of `piece` bytes.
fn read(file: &[u8], piece: usize) -> (Vec<Told>, Vec<Unread>, u64) {
    let mut capture = Capture::default();
    let (mut frames, mut reasons) = (Vec::new(), Vec::new());
    let mut held: Vec<u8> = Vec::new();
    let mut pieces = file.chunks(piece);
    loop {
        let (used, step) = capture.next(&held);
        let mut wants_more = false;
        match step {
            Step::Frame(frame) => frames.push((
                frame.at.as_micros(),
                frame.link.0,
                frame.bytes.to_vec(),
                frame.wire_bytes,
            )),
            Step::Unread(reason) => reasons.push(reason),
            Step::Again => {}
            Step::More => wants_more = true,
        }
        held.drain(..used);
        if wants_more {
            assert!(
                held.len() <= MAX_BLOCK_BYTES + piece,
                "{} bytes held",
                held.len()
            );
            match pieces.next() {
                Some(piece) => held.extend_from_slice(piece),
                None => break,
            }
        }
    }
    reasons.extend(capture.finish(&held));
    (frames, reasons, capture.lost())
}

struct Maker {
    big: bool,
    out: Vec<u8>,
}

impl Maker {
    fn word(&mut self, value: u32) -> &mut Self {
        let bytes = if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        };
        self.out.extend(bytes);
        self
    }

    fn classic(big: bool, magic: u32, link: u32) -> Self {
        let mut maker = Self {
            big,
            out: Vec::new(),
        };
        maker
            .word(magic)
            .word(if big { 0x0002_0004 } else { 0x0004_0002 });
        maker.word(0).word(0).word(65_535).word(link);
        maker
    }

    fn record(&mut self, seconds: u32, fraction: u32, bytes: &[u8]) -> &mut Self {
        let length = u32::try_from(bytes.len()).unwrap();
        self.word(seconds)
            .word(fraction)
            .word(length)
            .word(length + 1);
        self.out.extend(bytes);
        self
    }

    fn block(&mut self, kind: u32, body: &[u8]) -> &mut Self {
        let whole = u32::try_from(body.len().next_multiple_of(4) + 12).unwrap();
        self.word(kind).word(whole);
        self.out.extend(body);
        self.out.resize(self.out.len().next_multiple_of(4), 0);
        self.word(whole)
    }

    fn words(&self, words: &[u32]) -> Vec<u8> {
        let mut inner = Self {
            big: self.big,
            out: Vec::new(),
        };
        words.iter().for_each(|word| {
            inner.word(*word);
        });
        inner.out
    }

    fn section(&mut self) -> &mut Self {
        let body = self.words(&[0x1A2B_3C4D, 0x0001_0000, u32::MAX, u32::MAX]);
        self.block(0x0A0D_0D0A, &body)
    }

    fn half(&self, value: u16) -> Vec<u8> {
        if self.big {
            value.to_be_bytes().to_vec()
        } else {
            value.to_le_bytes().to_vec()
        }
    }

    fn interface(&mut self, link: u16, options: &[(u16, &[u8])]) -> &mut Self {
        let mut body = self.half(link);
        body.extend([0, 0]);
        body.extend(self.words(&[0]));
        for (code, value) in options {
            body.extend(self.half(*code));
            body.extend(self.half(u16::try_from(value.len()).unwrap()));
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        self.block(1, &body)
    }

    fn enhanced(&mut self, interface: u32, ticks: u64, bytes: &[u8]) -> &mut Self {
        let length = u32::try_from(bytes.len()).unwrap();
        let (high, low) = (
            u32::try_from(ticks >> 32).unwrap(),
            (ticks & 0xFFFF_FFFF) as u32,
        );
        let mut body = self.words(&[interface, high, low, length, length + 1]);
        body.extend(bytes);
        self.block(6, &body)
    }
}

fn classic_file(big: bool, magic: u32) -> Vec<u8> {
    let mut maker = Maker::classic(big, magic, 1);
    maker
        .record(1_795_341_600, 250_000, b"one")
        .record(1_795_341_601, 5_000, b"second");
    maker.out
}

#[test]
fn classic_files_of_every_form_are_read() {
    for (big, magic, micros) in [
        (false, 0xA1B2_C3D4, 250_000),
        (true, 0xA1B2_C3D4, 250_000),
        (false, 0xA1B2_3C4D, 250),
        (true, 0xA1B2_3C4D, 250),
    ] {
        let file = classic_file(big, magic);
        assert!(is_capture(&file));
        for piece in [1, 7, 4_096] {
            let (frames, reasons, _) = read(&file, piece);
            assert_eq!(reasons, []);
            assert_eq!(frames.len(), 2);
            assert_eq!(
                frames[0],
                (1_795_341_600_000_000 + micros, 1, b"one".to_vec(), 4)
            );
            assert_eq!(frames[1].2, b"second");
        }
    }
    let mut modified = Maker::classic(false, 0xA1B2_CD34, 1);
    modified
        .word(10)
        .word(0)
        .word(2)
        .word(2)
        .word(1)
        .word(0x0800);
    modified.out.extend(b"ab");
    assert_eq!(
        read(&modified.out, 5).0,
        [(10_000_000, 1, b"ab".to_vec(), 2)]
    );
}

fn next_file(big: bool) -> Vec<u8> {
    let mut maker = Maker {
        big,
        out: Vec::new(),
    };
    let offset = if big {
        60_u64.to_be_bytes()
    } else {
        60_u64.to_le_bytes()
    };
    maker.section().interface(1, &[(2, b"eth0")]);
    maker
        .interface(101, &[(9, &[9]), (14, &offset)])
        .interface(113, &[(9, &[0x8A])]);
    maker
        .block(0x0BAD, b"of no interest")
        .enhanced(0, 1_500_000, b"abc");
    maker
        .enhanced(1, 2_000_000_000, b"raw!")
        .enhanced(2, 3 << 10, b"x");
    let dropped = if big {
        7_u64.to_be_bytes()
    } else {
        7_u64.to_le_bytes()
    };
    let mut statistics = maker.words(&[0, 0, 0]);
    statistics.extend(maker.half(5));
    statistics.extend(maker.half(8));
    statistics.extend(dropped);
    let simple = [maker.words(&[3]), b"sim".to_vec()].concat();
    maker
        .block(5, &statistics)
        .block(5, &statistics)
        .block(3, &simple);
    maker.enhanced(9, 0, b"of no interface");
    maker.out
}

#[test]
fn next_generation_files_of_both_orders_are_read() {
    for big in [false, true] {
        let mut file = next_file(big);
        // A second section in the other order, with an interface of its own.
        let mut second = Maker {
            big: !big,
            out: Vec::new(),
        };
        second.section().interface(12, &[]).enhanced(0, 9, b"last");
        file.extend(&second.out);
        assert!(is_capture(&file));
        for piece in [1, 13, 65_536] {
            let (frames, reasons, lost) = read(&file, piece);
            assert_eq!(reasons, [Unread::UnknownLink]);
            assert_eq!(lost, 7);
            assert_eq!(
                frames,
                [
                    (1_500_000, 1, b"abc".to_vec(), 4),
                    (62_000_000, 101, b"raw!".to_vec(), 5),
                    (3_000_000, 113, b"x".to_vec(), 2),
                    (3_000_000, 1, b"sim".to_vec(), 3),
                    (9, 12, b"last".to_vec(), 5),
                ]
            );
        }
    }
}

#[test]
fn after_a_broken_place_reading_goes_on() {
    let mut maker = Maker::classic(false, 0xA1B2_C3D4, 1);
    for second in 0..20 {
        maker.record(1_795_341_600 + second, 1, &[0x45; 60]);
    }
    // The third record says it is enormous.
    let at = 24 + 2 * 76 + 8;
    maker.out[at..at + 4].fill(0xFF);
    maker.out[at + 4..at + 8].fill(0xFF);
    let (frames, reasons, _) = read(&maker.out, 50);
    assert_eq!((frames.len(), reasons), (19, vec![Unread::BrokenFile]));
    let mut next = Maker {
        big: false,
        out: Vec::new(),
    };
    next.section().interface(1, &[]);
    let broken = next.out.len();
    for second in 0..20 {
        next.enhanced(0, second, &[0x45; 60]);
    }
    next.out[broken + 4] = 3;
    let (frames, reasons, _) = read(&next.out, 50);
    assert_eq!((frames.len(), reasons), (19, vec![Unread::BrokenFile]));
}

#[test]
fn a_cut_file_says_so() {
    let file = classic_file(false, 0xA1B2_C3D4);
    let (frames, reasons, _) = read(&file[..file.len() - 1], 4_096);
    assert_eq!((frames.len(), reasons), (1, vec![Unread::BrokenFile]));
    assert!(!is_capture(b"Nov 22"));
}

proptest::proptest! {
    #[test]
    fn files_cut_and_flipped_end(big in proptest::bool::ANY, next in proptest::bool::ANY, flips in proptest::collection::vec((0..1_000_usize, 1..=255_u8), 0..6), cut in 0..1_000_usize, piece in 1..200_usize) {
        let mut file = if next { next_file(big) } else { classic_file(big, 0xA1B2_C3D4) };
        file.truncate(cut.max(1));
        for (at, bits) in flips {
            let at = at % file.len();
            file[at] ^= bits;
        }
        read(&file, piece);
    }

    #[test]
    fn any_bytes_end(head in 0..4_usize, bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..2_000), piece in 1..500_usize) {
        let mut file = match head {
            0 => Vec::new(),
            1 => classic_file(false, 0xA1B2_C3D4),
            2 => next_file(false),
            _ => next_file(true),
        };
        file.extend(bytes);
        read(&file, piece);
    }
}
