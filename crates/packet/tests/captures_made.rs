//! Captures written by the standards: the same conversation in every wrap and every form of file is told
//! alike. What the corpus holds by chance is here on purpose.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "shared/flows.rs"]
#[expect(dead_code, reason = "this test reads no file of the corpus")]
mod flows;

use flows::read;
use serde_json::Value;

/// From "00 11 22" to bytes.
fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap()
}

fn ip(protocol: u8, source: [u8; 4], target: [u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + body.len()).unwrap().to_be_bytes();
    let head = [
        0x45, 0, length[0], length[1], 0, 0, 0x40, 0, 64, protocol, 0, 0,
    ];
    [&head[..], &source, &target, body].concat()
}

fn udp(from: u16, to: u16, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + body.len()).unwrap();
    let head = [from, to, length, 0].map(u16::to_be_bytes).concat();
    [head, body.to_vec()].concat()
}

const CLIENT: [u8; 4] = [192, 168, 7, 33];
const SERVER: [u8; 4] = [203, 0, 113, 9];

/// A web request with its answer, and a look-up without one: ten packets.
fn conversation() -> Vec<Vec<u8>> {
    let tcp = |from_client: bool, flags: u8, seq: u32, ack: u32, body: &[u8]| {
        let (source, target, ports) = if from_client {
            (CLIENT, SERVER, [50_000_u16, 8_080])
        } else {
            (SERVER, CLIENT, [8_080, 50_000])
        };
        let mut segment = ports.map(u16::to_be_bytes).concat();
        segment.extend(seq.to_be_bytes());
        segment.extend(ack.to_be_bytes());
        segment.extend([0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0]);
        segment.extend(body);
        ip(6, source, target, &segment)
    };
    let asked = b"GET /offers HTTP/1.1\r\nHost: shop.example.org\r\nUser-Agent: made/1\r\n\r\n";
    let answered = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap();
    let (up, down) = (100 + length(asked), 900 + length(answered));
    let query =
        hex("1234 0100 0001 0000 0000 0000 04 6d61696c 07 6578616d706c65 03 6f7267 00 000f 0001");
    vec![
        tcp(true, 2, 99, 0, b""),
        tcp(false, 0x12, 899, 100, b""),
        tcp(true, 0x10, 100, 900, b""),
        tcp(true, 0x18, 100, 900, asked),
        tcp(false, 0x18, 900, up, answered),
        tcp(true, 0x11, up, down, b""),
        tcp(false, 0x11, down, up + 1, b""),
        tcp(true, 0x10, up + 1, down + 1, b""),
        ip(17, CLIENT, [192, 168, 7, 1], &udp(40_001, 53, &query)),
        ip(17, CLIENT, [224, 0, 0, 252], &udp(40_002, 5_355, &query)),
    ]
}

/// What goes before each packet, by link type.
fn wraps() -> Vec<(&'static str, u16, Vec<u8>)> {
    const MACS: &str = "00005e005301 00005e005302";
    let ether = |rest: &str| hex(&format!("{MACS} {rest}"));
    vec![
        ("ethernet", 1, ether("0800")),
        ("vlan", 1, ether("8100 0064 0800")),
        ("qinq", 1, ether("88a8 0064 8100 0065 0800")),
        ("old qinq", 1, ether("9100 0064 8100 0065 0800")),
        ("vlan, mpls", 1, ether("8100 0064 8847 00010040 00010140")),
        ("pppoe", 1, ether("8864 1100 0001 0000 0021")),
        (
            "vlan, pppoe",
            1,
            ether("8100 0007 8864 1100 0001 0000 0021"),
        ),
        (
            "pseudowire",
            1,
            ether(&format!("8847 00010140 00000000 {MACS} 0800")),
        ),
        ("802.3", 1, ether("0000 aaaa03 000000 0800")),
        ("loopback", 0, hex("02000000")),
        ("loopback, other order", 108, hex("00000002")),
        ("raw", 101, Vec::new()),
        ("raw four", 228, Vec::new()),
        ("any", 113, hex("0000 0001 0006 00005e0053010000 0800")),
        (
            "any, vlan",
            113,
            hex("0000 0001 0006 00005e0053010000 8100 0064 0800"),
        ),
        (
            "any, second",
            276,
            hex("0800 0000 00000002 0001 00 06 00005e0053010000"),
        ),
        ("ppp", 9, hex("ff03 0021")),
        ("cisco", 104, hex("0f00 0800")),
        ("frame relay", 107, hex("1841 03 cc")),
        ("mpls", 219, hex("00010140")),
        (
            "wireless",
            105,
            hex("0801 0000 00005e005301 00005e005302 00005e005303 0000 aaaa03 000000 0800"),
        ),
        (
            "radio",
            127,
            hex(
                "00000800 00000000 0801 0000 00005e005301 00005e005302 00005e005303 0000 aaaa03 000000 0800",
            ),
        ),
    ]
}

/// From a packet to what carries it.
type Wrap = fn(&[u8]) -> Vec<u8>;

/// What goes around each packet, within Ethernet.
fn tunnels() -> Vec<(&'static str, Wrap)> {
    const HERE: [u8; 4] = [198, 51, 100, 1];
    const THERE: [u8; 4] = [198, 51, 100, 2];
    fn ether(inner: &[u8]) -> Vec<u8> {
        [&hex("00005e005303 00005e005304 0800"), inner].concat()
    }
    fn outer(protocol: u8, before: &str, inner: &[u8]) -> Vec<u8> {
        ip(protocol, HERE, THERE, &[&hex(before), inner].concat())
    }
    fn over_udp(port: u16, before: &str, inner: &[u8]) -> Vec<u8> {
        ip(
            17,
            HERE,
            THERE,
            &udp(41_000, port, &[&hex(before), inner].concat()),
        )
    }
    vec![
        ("ip in ip", |inner| outer(4, "", inner)),
        ("gre", |inner| outer(47, "0000 0800", inner)),
        ("gre with key and number", |inner| {
            outer(47, "3000 0800 00000007 00000001", inner)
        }),
        ("gre with ethernet", |inner| {
            outer(47, "0000 6558", &ether(inner))
        }),
        ("vxlan", |inner| {
            over_udp(4_789, "08000000 00006400", &ether(inner))
        }),
        ("geneve", |inner| {
            over_udp(6_081, "0000 6558 00006400", &ether(inner))
        }),
        ("ip in ip in gre", |inner| {
            outer(47, "0000 0800", &ip(4, HERE, THERE, inner))
        }),
        ("4in6", |inner| {
            let mut packet = hex("60000000");
            packet.extend(u16::try_from(inner.len()).unwrap().to_be_bytes());
            packet.extend([4, 64]);
            packet.extend(hex(
                "20010db8000000000000000000000001 20010db8000000000000000000000002",
            ));
            packet.extend(inner);
            packet
        }),
    ]
}

const START: u32 = 1_795_341_600;

/// Four bytes of a number, the greatest first or last.
fn words(big: bool) -> impl Fn(u32) -> [u8; 4] {
    move |value| {
        if big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }
}

/// Two bytes of a number.
fn halves(big: bool) -> impl Fn(u16) -> [u8; 2] {
    move |value| {
        if big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }
}

/// A classic file: byte order, magic number, bytes kept of each frame.
fn classic(big: bool, magic: u32, link: u16, frames: &[Vec<u8>], kept: usize) -> Vec<u8> {
    let (word, half) = (words(big), halves(big));
    let mut file = [&word(magic)[..], &half(2), &half(4), &word(0), &word(0)].concat();
    file.extend(word(u32::try_from(kept).unwrap()));
    file.extend(word(link.into()));
    let unit = if magic == 0xA1B2_3C4D {
        1_000_000
    } else {
        1_000
    };
    for (number, frame) in (0_u32..).zip(frames) {
        let all = u32::try_from(frame.len()).unwrap();
        let part = frame.get(..kept).unwrap_or(frame);
        file.extend(word(START));
        file.extend(word(number * unit));
        file.extend(word(u32::try_from(part.len()).unwrap()));
        file.extend(word(all));
        if magic == 0xA1B2_CD34 {
            file.extend(word(2));
            file.extend(half(0x0800));
            file.extend([0, 0]);
        }
        file.extend(part);
    }
    file
}

/// A pcapng file with another interface first, options, a block of names, one nobody knows, and the
/// interface in question counting in nanoseconds.
fn next_generation(big: bool, link: u16, frames: &[Vec<u8>]) -> Vec<u8> {
    let (word, half) = (words(big), halves(big));
    let block = |kind: u32, body: &[u8]| {
        let mut body = body.to_vec();
        body.resize(body.len().next_multiple_of(4), 0);
        let length = u32::try_from(body.len() + 12).unwrap();
        [&word(kind)[..], &word(length), &body, &word(length)].concat()
    };
    let section = [&word(0x1A2B_3C4D)[..], &half(1), &half(0), &[0xFF; 8]].concat();
    let mut file = block(0x0A0D_0D0A, &section);
    let interface = |link: u16, options: &[u8]| {
        block(1, &[&half(link)[..], &half(0), &word(0), options].concat())
    };
    file.extend(interface(147, &[]));
    let options = [
        &half(2)[..],
        &half(4),
        b"eth0",
        &half(9),
        &half(1),
        &[9, 0, 0, 0],
        &half(0),
        &half(0),
    ];
    file.extend(interface(link, &options.concat()));
    file.extend(block(
        4,
        &[
            &half(1)[..],
            &half(6),
            &[192, 0, 2, 1, b'x', 0, 0, 0],
            &[0; 4],
        ]
        .concat(),
    ));
    file.extend(block(0x0BAD_0001, b"of no interest to anybody"));
    for (number, frame) in (0_u64..).zip(frames) {
        let ticks = u64::from(START) * 1_000_000_000 + number * 1_000_000;
        let length = word(u32::try_from(frame.len()).unwrap());
        let (high, low) = (ticks >> 32, ticks & 0xFFFF_FFFF);
        let time = [high, low].map(|half| word(u32::try_from(half).unwrap()));
        let mut body = [&word(1)[..], &time[0], &time[1], &length, &length, frame].concat();
        body.resize(body.len().next_multiple_of(4), 0);
        // A comment behind the packet.
        body.extend([&half(1)[..], &half(3), b"why\0", &half(0), &half(0)].concat());
        file.extend(block(6, &body));
    }
    file
}

/// What is told of the conversation, as far as the wrap does not change it.
fn essence(file: &[u8], name: &str) -> Vec<String> {
    let (told, counts) = read(file);
    assert_eq!(counts.unread.total(), 0, "{name}: {:?}", counts.unread);
    assert_eq!(counts.in_flows, 10, "{name}");
    let keys = [
        "ts",
        "kind",
        "src_ip",
        "src_port",
        "dst_ip",
        "dst_port",
        "app_proto",
        "action",
        "action_raw",
        "event_code",
        "http_method",
        "dst_host",
        "url",
        "http_status",
        "user_agent",
        "dns_query",
        "dns_type",
        "duration_ms",
    ];
    let line = |event: &Value| {
        let said = keys.iter().filter_map(|key| {
            let value = event.get(key)?;
            Some(
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), ToOwned::to_owned),
            )
        });
        said.collect::<Vec<_>>().join(" ")
    };
    let mut lines: Vec<String> = told.events.iter().map(line).collect();
    lines.sort();
    lines
}

/// The conversation, as anybody who reads the standards would tell it.
const EXPECTED: &[&str] = &[
    "2026-11-22T10:00:00.003Z http 192.168.7.33 50000 203.0.113.9 8080 http GET shop.example.org /offers 200 made/1",
    "2026-11-22T10:00:00.008Z dns 192.168.7.33 40001 192.168.7.1 53 dns mail.example.org MX",
    "2026-11-22T10:00:00.008Z network 192.168.7.33 40001 192.168.7.1 53 dns no-answer 0",
    "2026-11-22T10:00:00.009Z dns 192.168.7.33 40002 224.0.0.252 5355 llmnr mail.example.org MX",
    "2026-11-22T10:00:00.009Z network 192.168.7.33 40002 224.0.0.252 5355 llmnr no-answer 0",
    "2026-11-22T10:00:00Z network 192.168.7.33 50000 203.0.113.9 8080 http close closed ShADdFf 7",
];

#[test]
fn every_wrap_in_every_form_of_file_is_told_alike() {
    let packets = conversation();
    for (name, link, before) in wraps() {
        let frames: Vec<Vec<u8>> = packets
            .iter()
            .map(|ip| [&before[..], ip].concat())
            .collect();
        for big in [false, true] {
            for magic in [0xA1B2_C3D4, 0xA1B2_3C4D, 0xA1B2_CD34] {
                let file = classic(big, magic, link, &frames, 65_535);
                assert_eq!(essence(&file, name), EXPECTED, "{name} {big} {magic:x}");
            }
            let file = next_generation(big, link, &frames);
            assert_eq!(
                essence(&file, name),
                EXPECTED,
                "{name} {big} next generation"
            );
        }
    }
}

#[test]
fn the_conversation_in_a_tunnel_is_told_and_not_the_tunnel() {
    for (name, wrap) in tunnels() {
        let frames: Vec<Vec<u8>> = conversation().iter().map(|ip| wrap(ip)).collect();
        let file = classic(false, 0xA1B2_C3D4, 101, &frames, 65_535);
        assert_eq!(essence(&file, name), EXPECTED, "{name}");
    }
}

#[test]
fn frames_cut_short_are_counted_in_full_and_tell_what_is_there() {
    let ether = hex("00005e005301 00005e005302 0800");
    let frames: Vec<Vec<u8>> = conversation()
        .iter()
        .map(|ip| [&ether[..], ip].concat())
        .collect();
    let whole = read(&classic(false, 0xA1B2_C3D4, 1, &frames, 65_535)).0;
    // Behind the TCP header nothing is left; the look-ups keep their UDP header.
    let (told, counts) = read(&classic(false, 0xA1B2_C3D4, 1, &frames, 54));
    assert_eq!((counts.in_flows, counts.unread.total()), (10, 0));
    assert!(counts.lost_bytes > 0, "the cut is counted");
    let sums = |events: &[Value]| -> Vec<(u64, u64)> {
        let flows = events.iter().filter(|event| event["kind"] == "network");
        let sums = flows.map(|flow| (flow["src_bytes"].as_u64(), flow["dst_bytes"].as_u64()));
        let mut sums: Vec<_> = sums
            .map(|(up, down)| (up.unwrap_or(0), down.unwrap_or(0)))
            .collect();
        sums.sort_unstable();
        sums
    };
    assert_eq!(sums(&told.events), sums(&whole.events));
    // Cut within the IP header nothing can be said, and each is counted.
    let (_, counts) = read(&classic(false, 0xA1B2_C3D4, 1, &frames, 30));
    assert_eq!((counts.in_flows, counts.unread.total()), (0, 10));
}
