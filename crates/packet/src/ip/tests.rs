use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap()
}

/// IPv4 from 192.0.2.1 to 198.51.100.2.
fn four(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = bytes("45000000 00070000 40000000 c0000201 c6336402");
    out[9] = protocol;
    out[2..4].copy_from_slice(&u16::try_from(20 + payload.len()).unwrap().to_be_bytes());
    out.extend(payload);
    out
}

/// IPv6 from 2001:db8::1 to 2001:db8::2.
fn six(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = bytes(
        "60000000 00000040 20010db8000000000000000000000001 20010db8000000000000000000000002",
    );
    out[6] = next;
    out[4..6].copy_from_slice(&u16::try_from(payload.len()).unwrap().to_be_bytes());
    out.extend(payload);
    out
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0xC0, 0x00];
    out.extend(port.to_be_bytes());
    out.extend(u16::try_from(8 + payload.len()).unwrap().to_be_bytes());
    out.extend([0, 0]);
    out.extend(payload);
    out
}

#[test]
fn headers_and_their_extensions_are_read() {
    let packet = four(6, b"payload");
    let read_one = read(&packet).unwrap();
    assert_eq!(read_one.source, "192.0.2.1".parse::<IpAddr>().unwrap());
    assert_eq!((read_one.protocol, read_one.payload), (6, &b"payload"[..]));
    // Padding of a short frame is not payload.
    let mut padded = four(6, b"x");
    padded.extend([0; 25]);
    assert_eq!(read(&padded).unwrap().payload, b"x");
    // Cut by the capture.
    let cut = &four(6, b"payload")[..22];
    let cut = read(cut).unwrap();
    assert_eq!((cut.payload, cut.missing), (&b"pa"[..], 5));
    // Hop-by-hop options, then routing, then TCP.
    let chain = six(0, &bytes("2b00 000000000000 0600 000000000000 abcd"));
    let read_six = read(&chain).unwrap();
    assert_eq!(
        (read_six.protocol, read_six.payload),
        (6, &[0xAB, 0xCD][..])
    );
    // A fragment.
    let piece = read_whole_piece(&six(44, &bytes("11 00 0009 00000007 aa")));
    assert_eq!(
        piece,
        Some(Piece {
            id: 7,
            offset: 8,
            more: true
        })
    );
    assert_eq!(read(&[0x45; 10]), Err(Unread::Cut));
    assert_eq!(read(&[0x55; 40]), Err(Unread::Malformed));
}

fn read_whole_piece(packet: &[u8]) -> Option<Piece> {
    read(packet).unwrap().fragment
}

#[test]
fn tunnels_lead_to_the_packet_inside() {
    let inner = six(6, b"inner");
    let macs = "00005e005301 00005e005302 86dd";
    let generic = |hex: &str| four(47, &[&bytes(hex)[..], &inner].concat());
    let over = |port, hex: &str| four(17, &udp(port, &[&bytes(hex)[..], &inner].concat()));
    let cases = [
        ("6in4", four(41, &inner)),
        ("gre", generic("0000 86dd")),
        ("key", generic("2000 86dd 00000001")),
        ("bridged", generic(&format!("0000 6558 {macs}"))),
        (
            "erspan",
            generic(&format!("1000 88be 00000001 1001000000000000 {macs}")),
        ),
        ("pptp", generic("3001 880b 002a 0001 00000001 ff03 0057")),
        ("vxlan", over(4789, &format!("0800000000006400 {macs}"))),
        ("geneve", over(6081, &format!("0000655800006400 {macs}"))),
        ("gtp", over(2152, "30ff002d00000001")),
        ("gtp number", over(2152, "32ff003100000001 00010000")),
        ("teredo", over(3544, "")),
        ("origin", over(3544, "0000 3fff 3ffffdfe")),
        ("l2tp", over(1701, "0002 0001 0001 ff03 0057")),
        ("tzsp", over(37008, &format!("01000001 0a0102 01 {macs}"))),
        ("twice", four(4, &four(41, &inner))),
    ];
    for (name, packet) in cases {
        let found = read(&packet).unwrap();
        assert_eq!(
            (found.protocol, found.payload),
            (6, &b"inner"[..]),
            "{name}"
        );
    }
    // A port of a tunnel without a tunnel is UDP.
    let plain = four(17, &udp(4789, b"hello you there, nothing of the kind"));
    assert_eq!(read(&plain).unwrap().protocol, 17);
    // More levels than are followed: the innermost reached.
    let deep = (0..10).fold(four(6, b"x"), |packet, _| four(4, &packet));
    assert_eq!(read(&deep).unwrap().protocol, 4);
}

#[test]
fn both_directions_share_out_alike() {
    let (mut there, mut back) = (four(6, b""), four(6, b""));
    back[12..16].copy_from_slice(&[198, 51, 100, 2]);
    back[16..20].copy_from_slice(&[192, 0, 2, 1]);
    assert_eq!(pair_hash(&there), pair_hash(&back));
    there[15] = 9;
    assert_ne!(pair_hash(&there), pair_hash(&back));
}

#[test]
fn neighbours_are_shared_out_evenly() {
    let mut packet = four(6, b"");
    let mut parts = [0_u32; 16];
    for number in 0..32_000_u32 {
        let [.., high, low] = (number / 250).to_be_bytes();
        packet[12..16].copy_from_slice(&[10, 0, high, low]);
        packet[16..20].copy_from_slice(&[198, 51, 100, (number % 250).to_be_bytes()[3]]);
        parts[usize::try_from(pair_hash(&packet) % 16).unwrap()] += 1;
    }
    assert!(
        parts.iter().all(|part| (1_800..2_200).contains(part)),
        "{parts:?}"
    );
}

proptest::proptest! {
    #[test]
    fn any_bytes_end(packet in proptest::collection::vec(proptest::num::u8::ANY, 0..200), first in 0..3_u8) {
        let mut packet = packet;
        if let (Some(byte), 1..) = (packet.first_mut(), first) {
            *byte = if first == 1 { 0x45 } else { 0x60 };
        }
        if let Ok(found) = read(&packet) {
            proptest::prop_assert!(found.payload.len() <= packet.len());
        }
        proptest::prop_assert!(pair_hash(&packet) <= u64::from(u32::MAX));
    }

    #[test]
    fn any_tunnel_ends(port in proptest::sample::select(vec![4789_u16, 2152, 6081, 3544, 4754, 6635, 1701, 37008]), body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        read(&four(17, &udp(port, &body))).unwrap();
        read(&four(47, &body)).unwrap();
    }
}
