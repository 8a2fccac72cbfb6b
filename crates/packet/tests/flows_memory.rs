//! Memory of flows has one bound, however many conversations are open and whatever they send (invariant 4).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use larum_core::event::Event;
use larum_core::time::Timestamp;
use larum_packet::Unread;
use larum_packet::flow::{Limits, MAX_FLOWS, MAX_TALKS, Meter, Packet, Tell};

/// What all parts of a capture together may hold.
const MAX_BYTES: u64 = 256 * 1_048_576;
/// Parts in which `larum scan` reads a capture; one is tried here.
const PARTS: usize = 16;
/// Conversations, none of which ends: three times what one part may remember.
const OPEN: u32 = 3 * 32_768;

#[derive(Default)]
struct Told {
    events: u64,
    unread: u64,
}

impl Tell for Told {
    fn event(&mut self, _: &mut Event<'_>) {
        self.events += 1;
    }

    fn unread(&mut self, _: Unread, packets: u64) {
        self.unread += packets;
    }
}

/// A TCP segment of conversation `n` with a web server.
fn segment(n: u32, from_client: bool, flags: u8, seq: u32, body: &[u8]) -> Vec<u8> {
    let client = [&[10][..], &n.to_be_bytes()[1..]].concat();
    let server = [192, 0, 2, 1].to_vec();
    let (source, target, ports) = if from_client {
        (client, server, [40_000_u16, 80])
    } else {
        (server, client, [80, 40_000])
    };
    let length = u16::try_from(40 + body.len()).unwrap().to_be_bytes();
    let mut packet = vec![0x45, 0, length[0], length[1], 0, 0, 0x40, 0, 64, 6, 0, 0];
    packet.extend(source);
    packet.extend(target);
    packet.extend(ports.into_iter().flat_map(u16::to_be_bytes));
    packet.extend(seq.to_be_bytes());
    packet.extend([0, 0, 0, 0, 0x50, flags, 0, 0, 0, 0, 0, 0]);
    packet.extend(body);
    packet
}

#[test]
fn more_conversations_than_there_is_room_for_stay_within_their_bytes() {
    let limits = Limits::default().shared(PARTS);
    assert_eq!(limits.flows * PARTS, MAX_FLOWS);
    assert_eq!(limits.talks * PARTS, MAX_TALKS);
    let late = [b'x'; 1_400];
    let used = allocation_counter::measure(|| {
        let mut meter = Meter::new(limits);
        let mut told = Told::default();
        let mut most = 0;
        for n in 0..OPEN {
            let packets = [
                segment(n, true, 2, 100, b""),
                segment(n, false, 0x12, 900, b""),
                segment(
                    n,
                    true,
                    0x18,
                    101,
                    b"GET /a HTTP/1.1\r\nHost: shop.example\r\nX: ",
                ),
                // What waits for bytes that never come.
                segment(n, true, 0x18, 5_000, &late),
                segment(n, false, 0x18, 8_000, &late),
            ];
            for ip in &packets {
                let packet = Packet {
                    at: Timestamp::from_seconds(1_795_341_600 + i64::from(n / 8_192)),
                    ip,
                    wire_bytes: u32::try_from(ip.len()).unwrap() + 14,
                };
                meter.packet(&packet, &mut told);
            }
            most = most.max(meter.flows());
        }
        assert_eq!(most, limits.flows, "the cap is reached and kept");
        let counts = *meter.counts();
        assert_eq!(counts.shed, u64::from(OPEN) - most as u64);
        assert!(counts.hushed > 0, "too many to listen to");
        meter.finish(&mut told);
        let counts = meter.counts();
        assert_eq!(counts.packets, counts.in_flows + counts.unread.total());
        assert_eq!(counts.flows, u64::from(OPEN));
        assert!(told.events >= counts.flows, "each was told");
    });
    let bound = MAX_BYTES / PARTS as u64;
    assert!(used.bytes_max < bound, "{} of {bound}", used.bytes_max);
}
