//! Real frames over real interfaces, in a network namespace of the test's own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod namespace;

use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use larum_capture::{Link, OpenError, Ring, Settings, Statistics, Vlan, open};
use namespace::{apart, ip, pair, send_frames};

const PATIENCE: Duration = Duration::from_secs(30);

fn settings(interface: &str) -> Settings {
    Settings {
        interface: interface.to_owned(),
        workers: 1,
        ring_bytes: 4 << 20,
        frame_bytes: 65_535,
        promiscuous: true,
    }
}

/// What a ring gave: for each frame its bytes, its length on the wire and its tag.
type Frames = Vec<(Vec<u8>, u32, Option<Vlan>)>;

/// Takes what a ring has to give within a moment.
fn take(ring: &mut Ring, frames: &mut Frames) {
    if ring.wait(Duration::from_millis(20)).unwrap() {
        let block = ring.next_block().unwrap();
        let captured = block.packets();
        frames.extend(captured.map(|one| (one.bytes.to_vec(), one.wire_bytes, one.vlan)));
    }
}

/// Reads until so many frames have come.
#[track_caller]
fn read(ring: &mut Ring, count: usize) -> Frames {
    let mut frames = Vec::new();
    let begun = Instant::now();
    while frames.len() < count {
        assert!(begun.elapsed() < PATIENCE, "{} of {count}", frames.len());
        take(ring, &mut frames);
    }
    frames
}

/// Asks until the kernel has counted so many frames.
#[track_caller]
fn counted(ring: &Ring, count: u64) -> Statistics {
    let mut sum = Statistics::default();
    let begun = Instant::now();
    while sum.frames < count {
        assert!(begun.elapsed() < PATIENCE, "{sum:?}");
        let more = ring.statistics().unwrap();
        sum.frames += more.frames;
        sum.lost += more.lost;
    }
    sum
}

/// Sends so many numbered datagrams from `from` to the other side.
fn send(from: u16, numbers: std::ops::Range<u32>) {
    let socket = UdpSocket::bind(("192.0.2.1", from)).unwrap();
    for number in numbers {
        let text = number.to_be_bytes();
        assert_eq!(socket.send_to(&text, "192.0.2.9:9").unwrap(), 4);
    }
}

#[test]
fn each_datagram_sent_is_captured_once_and_in_order() {
    apart("each_datagram_sent_is_captured_once_and_in_order", || {
        pair();
        let mut ring = open(&settings("far")).unwrap().pop().unwrap();
        assert_eq!((ring.link(), ring.waiting()), (Link::Ethernet, 0));
        send(4_000, 0..3_000);
        let frames = read(&mut ring, 3_000);
        let numbers: Vec<u32> = frames
            .iter()
            .map(|(bytes, _, _)| u32::from_be_bytes(bytes[42..46].try_into().unwrap()))
            .collect();
        assert_eq!(numbers, (0..3_000).collect::<Vec<u32>>());
        assert!(
            frames
                .iter()
                .all(|(bytes, wire, _)| bytes.len() == 46 && *wire == 46)
        );
        let all = Statistics {
            frames: 3_000,
            lost: 0,
        };
        assert_eq!(counted(&ring, 3_000), all);

        // Asked again, it counts from there.
        assert_eq!(ring.statistics().unwrap(), Statistics::default());
    });
}

#[test]
fn what_a_full_ring_loses_is_counted_and_what_is_cut_says_so() {
    apart(
        "what_a_full_ring_loses_is_counted_and_what_is_cut_says_so",
        || {
            pair();
            let small = Settings {
                ring_bytes: 0,
                frame_bytes: 64,
                ..settings("far")
            };
            let mut ring = open(&small).unwrap().pop().unwrap();
            assert_eq!(ring.blocks(), larum_capture::MIN_BLOCKS);
            // More than the ring holds, while nobody reads.
            send(4_000, 0..30_000);
            let counted = counted(&ring, 30_000);
            assert!(counted.lost > 0, "{counted:?}");
            let left = usize::try_from(counted.frames - counted.lost).unwrap();
            let read = read(&mut ring, left);
            assert_eq!(ring.waiting(), 0);
            assert_eq!((counted.frames, read.len()), (30_000, left));
            // A frame that is cut still says how long it was.
            let socket = UdpSocket::bind("192.0.2.1:0").unwrap();
            socket.send_to(&[7; 500], "192.0.2.9:9").unwrap();
            let frames = self::read(&mut ring, 1);
            assert_eq!(frames.len(), 1);
            assert_eq!((frames[0].0.len(), frames[0].1), (64, 542));
        },
    );
}

#[test]
fn several_rings_share_conversations_out_and_each_stays_whole() {
    apart(
        "several_rings_share_conversations_out_and_each_stays_whole",
        || {
            pair();
            let shared = Settings {
                workers: 4,
                ring_bytes: 16 << 20,
                ..settings("far")
            };
            let mut rings = open(&shared).unwrap();
            assert_eq!(rings.len(), 4);
            for port in 4_000..4_064 {
                send(port, 0..50);
            }
            let mut shares = vec![Vec::new(); rings.len()];
            let begun = Instant::now();
            while shares.iter().map(Vec::len).sum::<usize>() < 64 * 50 {
                assert!(begun.elapsed() < PATIENCE);
                for (ring, share) in rings.iter_mut().zip(&mut shares) {
                    take(ring, share);
                }
            }
            let mut seen = BTreeSet::new();
            for share in &shares {
                let ports: BTreeSet<[u8; 2]> = share
                    .iter()
                    .map(|(bytes, _, _)| bytes[34..36].try_into().unwrap())
                    .collect();
                for port in ports {
                    assert!(seen.insert(port), "{port:?} is in two rings");
                }
            }
            let all: usize = shares.iter().map(Vec::len).sum();
            let used = shares.iter().filter(|share| !share.is_empty()).count();
            assert_eq!((all, seen.len()), (64 * 50, 64));
            assert!(used > 1, "one ring has everything");
        },
    );
}

/// A frame with these tags before an IPv4 packet, in hex.
fn tagged(tags: &str) -> String {
    let ends = "020000000009020000000001";
    let packet = "4500001c00000000401100000a000005c6336407c350003500080000";
    format!("{ends}{tags}0800{packet}{}", "00".repeat(18))
}

#[test]
fn tags_the_kernel_takes_off_come_beside_the_frame() {
    apart("tags_the_kernel_takes_off_come_beside_the_frame", || {
        pair();
        let mut ring = open(&settings("far")).unwrap().pop().unwrap();
        let tags = ["", "8100a064", "88a8000781000008"];
        let frames: Vec<String> = tags.into_iter().map(tagged).collect();
        send_frames(&frames);
        let read = read(&mut ring, 3);
        let tag = |kind, tag| Some(Vlan { tag, kind });
        let tags: Vec<Option<Vlan>> = read.iter().map(|(_, _, vlan)| *vlan).collect();
        assert_eq!(tags, [None, tag(0x8100, 0xA064), tag(0x88A8, 7)]);
        // The length is that on the wire, the tag with it; the inner tag stays where it is.
        let lengths: Vec<(usize, u32)> = read
            .iter()
            .map(|(bytes, wire, _)| (bytes.len(), *wire))
            .collect();
        assert_eq!(lengths, [(60, 60), (60, 64), (64, 68)]);
        assert_eq!(read[2].0[12..18], [0x81, 0, 0, 8, 8, 0]);
    });
}

#[test]
fn loopback_shows_each_packet_once() {
    apart("loopback_shows_each_packet_once", || {
        ip("link set lo up");
        let mut ring = open(&settings("lo")).unwrap().pop().unwrap();
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..5 {
            sender
                .send_to(b"x", receiver.local_addr().unwrap())
                .unwrap();
        }
        read(&mut ring, 5);
        assert_eq!(counted(&ring, 5).frames, 5);
    });
}

#[test]
fn what_cannot_be_opened_says_why_and_an_interface_that_goes_is_told() {
    apart(
        "what_cannot_be_opened_says_why_and_an_interface_that_goes_is_told",
        || {
            for name in ["nowhere", "", "a-name-that-is-too-long"] {
                let refused = open(&settings(name)).unwrap_err();
                assert!(matches!(refused, OpenError::NoInterface), "{refused}");
            }
            pair();
            let mut ring = open(&settings("far")).unwrap().pop().unwrap();
            ip("link set far down");
            let down = ring.wait(PATIENCE).unwrap_err();
            assert_eq!(down.raw_os_error(), Some(libc_down()));
            assert!(!ring.wait(Duration::ZERO).unwrap());
            ip("link set far up");
            // The other end notices in its own time.
            let mut frames = Vec::new();
            let begun = Instant::now();
            while frames.is_empty() {
                assert!(begun.elapsed() < PATIENCE);
                send(4_000, 0..1);
                take(&mut ring, &mut frames);
            }
            ip("link del near");
            assert!(ring.wait(PATIENCE).is_err());
            assert!(!ring.take_up_again().unwrap());
            // One of the same name is another interface, which the ring goes on with.
            pair();
            assert!(ring.take_up_again().unwrap());
            assert!(!ring.take_up_again().unwrap());
            let mut again = Vec::new();
            while again.is_empty() {
                assert!(begun.elapsed() < PATIENCE);
                send(4_000, 0..1);
                take(&mut ring, &mut again);
            }
        },
    );
}

/// `ENETDOWN`.
const fn libc_down() -> i32 {
    100
}
