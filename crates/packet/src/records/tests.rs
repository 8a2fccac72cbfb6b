use super::*;

#[derive(Default)]
struct Told(Vec<String>);

impl Tell for Told {
    fn event(&mut self, event: &mut Event<'_>) {
        self.0.push(format!(
            "{} {}:{} {}:{} {} {}/{} {}",
            event.ts.unwrap().at,
            event.src_ip.unwrap(),
            event.src_port.unwrap_or(0),
            event.dst_ip.unwrap(),
            event.dst_port.unwrap_or(0),
            event.proto.unwrap(),
            event.src_bytes.unwrap(),
            event.dst_bytes.map_or(0, |bytes| bytes),
            event
                .duration_ms
                .map_or(-1, |millis| i64::try_from(millis).unwrap()),
        ));
    }

    fn unread(&mut self, reason: Unread, _: u64) {
        self.0.push(reason.code().to_owned());
    }

    fn lost(&mut self, records: u64) {
        self.0.push(format!("lost {records}"));
    }
}

const EXPORTER: &str = "10.0.0.1";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap()
}

#[track_caller]
fn check(datagrams: &[&str], expected: &[&str]) {
    let mut decoder = Decoder::default();
    let mut told = Told::default();
    for datagram in datagrams {
        let received = Timestamp::from_seconds(1_795_341_700);
        decoder.datagram(
            EXPORTER.parse().unwrap(),
            received,
            &bytes(datagram),
            &mut told,
        );
    }
    assert_eq!(told.0, expected);
}

/// Sent at 2026-11-22T10:00:00Z by a router up for 100 seconds.
const NINE: &str = "0009 0001 000186a0 6b02bd20 00000001 00000007";
const TEN: &str = "0000 000a";

#[test]
fn version_five_is_read() {
    let record = "0a000005 c0000201 00000000 0001 0002 0000000a 000003e8 00015f90 00017318 c350 01bb 00 18 06 00 0000 0000 18 18 0000";
    let header = |rate: &str| format!("0005 0001 000186a0 6b02bd20 00000000 00000001 0000 {rate}");
    let plain = format!("{} {record}", header("0000"));
    let sampled = format!("{} {record}", header("4064"));
    check(
        &[&plain, &sampled, &plain[..plain.len() - 5]],
        &[
            "2026-11-22T09:59:50Z 10.0.0.5:50000 192.0.2.1:443 tcp 1000/0 5000",
            "2026-11-22T09:59:50Z 10.0.0.5:50000 192.0.2.1:443 tcp 100000/0 5000",
            "malformed",
        ],
    );
}

#[test]
fn version_nine_waits_for_its_template_and_multiplies_what_was_sampled() {
    let data =
        format!("{NINE} 0100 001d 0a000005 c0000201 c350 01bb 06 000003e8 00015f90 00017318");
    let template = format!(
        "{NINE} 0000 0028 0100 0008 0008 0004 000c 0004 0007 0002 000b 0002 0004 0001 0001 0004 0016 0004 0015 0004"
    );
    let options = format!(
        "{NINE} 0001 0016 0101 0004 0008 0001 0004 0030 0001 0022 0004 0101 000d 00000001 00 0000000a"
    );
    check(
        &[&data, &template, &data, &options, &data],
        &[
            "no-template",
            "2026-11-22T09:59:50Z 10.0.0.5:50000 192.0.2.1:443 tcp 1000/0 5000",
            "2026-11-22T09:59:50Z 10.0.0.5:50000 192.0.2.1:443 tcp 10000/0 5000",
        ],
    );
}

#[test]
fn ipfix_with_fields_of_any_length_and_of_the_way_back_is_read() {
    let head = |length: &str| format!("000a {length} 6b02bd20 00000001 00000007");
    // Addresses of IPv6, ports, protocol, bytes both ways, a name of any length, start in milliseconds.
    let template = format!(
        "{} 0002 0030 0100 0009 001b 0010 001c 0010 0007 0002 000b 0002 0004 0001 0001 0008 8001 0008 00007279 0052 ffff 0098 0008",
        head("0040")
    );
    let data = format!(
        "{} 0100 0046 20010db8000000000000000000000005 20010db8000000000000000000000001 c350 0035 11 0000000000000064 00000000000000c8 0465746830 000001a202b29df0",
        head("0056")
    );
    let short = data.replace("0465746830", "ff46574683");
    check(
        &[&template, &data, &short],
        &[
            "2026-11-22T09:59:50Z 2001:db8::5:50000 2001:db8::1:53 udp 100/200 -1",
            "malformed",
        ],
    );
}

#[test]
fn samples_stand_for_many() {
    let frame = "00005e005301 00005e005302 0800 45000028 00000000 40060000 0a000005 c0000201 c350 01bb 00000001 00000001 50100000 00000000";
    let datagram = format!(
        "00000005 00000001 {EXPORTER_HEX} 00000000 00000001 00000001 00000001 00000001 00000070 00000001 00000001 00000064 00000064 00000000 00000001 00000002 00000001 00000001 00000048 00000001 000005ea 00000004 00000036 {frame} 0000",
        EXPORTER_HEX = "0a000001"
    );
    check(
        &[&datagram, TEN],
        &[
            "2026-11-22T10:01:40Z 10.0.0.5:50000 192.0.2.1:443 tcp 151400/0 -1",
            "malformed",
        ],
    );
}

#[test]
fn memory_for_templates_is_bounded() {
    let mut decoder = Decoder::default();
    let mut told = Told::default();
    let at = Timestamp::from_seconds(1);
    for exporter in 0..200_u32 {
        let ip = std::net::Ipv4Addr::from_bits(0x0A00_0000 + exporter).into();
        for template in 0..400_u16 {
            let hex = format!("{NINE} 0000 000c {:04x} 0001 0008 0004", 256 + template);
            decoder.datagram(ip, at, &bytes(&hex), &mut told);
        }
    }
    assert_eq!(decoder.exporters.len(), MAX_EXPORTERS);
    assert!(
        decoder
            .exporters
            .values()
            .all(|one| one.templates_held() <= MAX_TEMPLATES)
    );
}

proptest::proptest! {
    #[test]
    fn any_datagrams_end(datagrams in proptest::collection::vec((0..5_u16, proptest::collection::vec(proptest::num::u8::ANY, 0..300)), 0..20)) {
        let mut decoder = Decoder::default();
        let mut told = Told::default();
        for (version, body) in datagrams {
            let head = [5_u16, 9, 10, 0, 7][usize::from(version)];
            let datagram = [&head.to_be_bytes()[..], &body].concat();
            decoder.datagram(EXPORTER.parse().unwrap(), Timestamp::from_seconds(9), &datagram, &mut told);
        }
    }

    /// Templates that look right, with any fields, and any records after them.
    #[test]
    fn any_templates_end(fields in proptest::collection::vec((0..320_u16, proptest::sample::select(vec![0_u16, 1, 2, 4, 8, 16, 65_535])), 1..20), records in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let mut template = 256_u16.to_be_bytes().to_vec();
        template.extend(u16::try_from(fields.len()).unwrap().to_be_bytes());
        for (id, length) in fields {
            template.extend([id.to_be_bytes(), length.to_be_bytes()].concat());
        }
        let set = |id: u16, body: &[u8]| [&id.to_be_bytes()[..], &u16::try_from(body.len() + 4).unwrap().to_be_bytes(), body].concat();
        let body = [set(2, &template), set(256, &records)].concat();
        let mut datagram = bytes("000a 0000 6b02bd20 00000001 00000007");
        datagram.extend(body);
        let length = u16::try_from(datagram.len()).unwrap();
        datagram[2..4].copy_from_slice(&length.to_be_bytes());
        let mut told = Told::default();
        Decoder::default().datagram(EXPORTER.parse().unwrap(), Timestamp::from_seconds(9), &datagram, &mut told);
    }
}

/// Each way of exporting numbers something else; a gap in it is told.
#[test]
fn gaps_in_the_numbers_of_exporters_are_told() {
    let template = "0000 0014 0100 0003 0008 0004 000c 0004 0001 0004";
    let records = "0100 001c 0a000005 c0000201 00000064 0a000006 c0000201 000000c8";
    let ten = |number: &str, sets: &str, length: &str| {
        format!("000a {length} 6b02bd20 {number} 00000007 {sets}")
    };
    let mut decoder = Decoder::default();
    let mut send = |datagram: &str| {
        let mut told = Told::default();
        let received = Timestamp::from_seconds(1_795_341_600);
        let exporter = EXPORTER.parse().unwrap();
        decoder.datagram(exporter, received, &bytes(datagram), &mut told);
        told.0
    };
    // IPFIX numbers records: what could not be counted is no ground to count on.
    let sets = template.replacen("0000 0014", "0002 0014", 1);
    assert_eq!(send(&ten("00000009", records, "002c")), ["no-template"]);
    assert_eq!(send(&ten("00000010", &sets, "0024")), Vec::<String>::new());
    assert_eq!(send(&ten("00000010", records, "002c")).len(), 2);
    let after = send(&ten("00000015", records, "002c"));
    assert_eq!(
        (after.len(), after.last().map(String::as_str)),
        (3, Some("lost 3"))
    );
    // NetFlow 9 numbers datagrams.
    let nine = |number: &str| format!("0009 0001 000186a0 6b02bd20 {number} 00000007 {template}");
    assert_eq!(send(&nine("00000001")), Vec::<String>::new());
    assert_eq!(send(&nine("00000002")), Vec::<String>::new());
    assert_eq!(send(&nine("00000005")), ["lost 2"]);
}
