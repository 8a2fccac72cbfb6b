use super::*;

/// Bytes written in hexadecimal, blanks anywhere, then the first bytes of an IPv4 packet.
#[track_caller]
fn check(link: u16, header: &str, expected: Result<usize, Unread>) {
    let digits: String = header.split_whitespace().collect();
    let mut frame = data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap();
    frame.extend([0x45, 0, 0, 20, 0, 0, 0, 0, 64, 6]);
    assert_eq!(
        ip_offset(LinkType(link), &frame),
        expected,
        "{link} {header}"
    );
}

const MACS: &str = "00005e005301 00005e005302";

#[test]
fn each_link_type_leads_to_the_packet() {
    check(1, &format!("{MACS} 0800"), Ok(14));
    check(1, &format!("{MACS} 8100 0064 0800"), Ok(18));
    check(1, &format!("{MACS} 88a8 0064 8100 0065 0800"), Ok(22));
    check(1, &format!("{MACS} 8847 00010140"), Ok(18));
    check(1, &format!("{MACS} 8847 00010040 00010140"), Ok(22));
    check(
        1,
        &format!("{MACS} 8847 00010140 00000000 {MACS} 0800"),
        Ok(36),
    );
    check(1, &format!("{MACS} 8864 11 00 0001 0016 0021"), Ok(22));
    check(1, &format!("{MACS} 8864 11 00 0001 0016 21"), Ok(21));
    check(1, &format!("{MACS} 001c aaaa03 000000 0800"), Ok(22));
    check(0, "02000000", Ok(4));
    check(0, "00000002", Ok(4));
    check(108, "00000018", Ok(4));
    check(12, "", Ok(0));
    check(228, "", Ok(0));
    check(113, "0000 0001 0006 00005e0053010000 0800", Ok(16));
    check(
        276,
        "0800 0000 00000002 0001 00 06 00005e0053010000",
        Ok(20),
    );
    check(9, "ff03 0021", Ok(4));
    check(9, "0021", Ok(2));
    check(50, "ff03 21", Ok(3));
    check(51, "11 00 0001 0016 0021", Ok(8));
    check(104, "0f00 0800", Ok(4));
    check(107, "1841 03 cc", Ok(4));
    check(107, "1841 0800", Ok(4));
    check(107, "1841 03 00 80 000000 0800", Ok(10));
    check(
        10,
        "50 00005e005301 00005e005302 aaaa03 000000 0800",
        Ok(21),
    );
    check(117, &format!("3d02{}", "00".repeat(62)), Ok(64));
    check(239, "02 00 0000 0800 0100 0800 0000 1400 0900", Ok(16));
    // Without encryption and with a quality of service, filled up to four bytes.
    check(
        105,
        "8802 0000 00005e005301 00005e005302 00005e005303 0000 0000 0000 aaaa03 000000 0800",
        Ok(36),
    );
    check(
        127,
        "00000800 00000000 0802 0000 00005e005301 00005e005302 00005e005303 0000 aaaa03 000000 0800",
        Ok(40),
    );
    check(
        105,
        "8802 0000 00005e005301 00005e005302 00005e005303 0000 0000 aaaa03 000000 0800",
        Ok(34),
    );
}

#[test]
fn rare_link_types_lead_to_the_packet_too() {
    let fibre = "0000 00005e005301 0000 00005e005302";
    check(122, &format!("{fibre} aaaa03 000000 0800"), Ok(24));
    check(143, &format!("{MACS} 0800"), Ok(14));
    check(166, "01 ff03 0021", Ok(5));
    check(204, "00 ff03 0021", Ok(5));
    check(205, "01 0f00 0800", Ok(5));
    check(206, "00 1841 03 cc", Ok(5));
    check(219, "00010140", Ok(4));
    check(226, &"00".repeat(24), Ok(24));
    check(240, &format!("00000000 {MACS} 0800"), Ok(18));
    let preamble = "55555555555555d5";
    check(241, &format!("00000000 {preamble} {MACS} 0800"), Ok(26));
    check(242, &format!("{} 0800 0000", "00".repeat(40)), Ok(44));
    check(281, &format!("{MACS} 20000001 0800"), Ok(18));
    check(282, &format!("20000001 {MACS} 0800"), Ok(18));
    check(284, &format!("{MACS} c0180064 0800"), Ok(18));
    check(285, &format!("{MACS} dada 0000 c0180064 0800"), Ok(22));
    // Apple's tap: 16 bytes of header here, of an Ethernet device and of one without a link.
    check(
        258,
        &format!("10000000 01000000 01000000 00000000 {MACS} 0800"),
        Ok(30),
    );
    check(258, "10000000 01000000 0c000000 00000000", Ok(16));
    check(
        258,
        "10000000 01000000 02010000 00000000",
        Err(Unread::TooDeep),
    );
    check(
        258,
        "ffffff00 01000000 01000000 00000000",
        Err(Unread::Malformed),
    );
    check(
        258,
        "00000000 01000000 01000000 00000000",
        Err(Unread::Malformed),
    );
}

#[test]
fn what_is_no_ip_says_so() {
    check(1, &format!("{MACS} 0806"), Err(Unread::NotIp));
    check(1, &format!("{MACS} 0026 424203"), Err(Unread::NotIp));
    check(
        1,
        &format!("{MACS} 8863 11 09 0000 0000"),
        Err(Unread::NotIp),
    );
    // Encrypted wireless traffic.
    check(
        105,
        "0842 0000 00005e005301 00005e005302 00005e005303 0000 aaaa03 000000 0800",
        Err(Unread::NotIp),
    );
    check(220, "", Err(Unread::UnknownLink));
    let tags = "8100 0064 ".repeat(MAX_WRAPS + 1);
    check(1, &format!("{MACS} {tags} 0800"), Err(Unread::TooDeep));
    assert_eq!(ip_offset(LinkType(1), &[0; 13]), Err(Unread::Cut));
}

proptest::proptest! {
    #[test]
    fn any_bytes_of_any_link_end(link in 0..300_u16, frame in proptest::collection::vec(proptest::num::u8::ANY, 0..120)) {
        if let Ok(at) = ip_offset(LinkType(link), &frame) {
            proptest::prop_assert!(at < frame.len());
        }
    }
}
