use super::*;

const REGISTRY: &str = "2|ripencc|20261120|4|19830705|20261119|+0100\n\
    ripencc|*|ipv4|*|2|summary\n\
    ripencc|GB|ipv4|192.0.2.0|128|20100714|allocated|one\n\
    ripencc|FR|ipv4|198.51.100.0|300|20100714|assigned|two\n\
    ripencc|DE|ipv6|2001:db8::|33|20100714|allocated|three\n\
    ripencc||ipv4|203.0.113.0|256||available\n\
    ripencc|NL|asn|64496|1|20100714|allocated|four\n";

/// An MMDB (format 2.0) in which one IPv6 prefix has `record` and nothing else has any.
fn mmdb(prefix: u128, length: u32, record: &[u8], epoch: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let nodes = length;
    for depth in 0..length {
        let bit = prefix >> (127 - depth) & 1;
        let next = if depth + 1 == length {
            nodes + 16
        } else {
            depth + 1
        };
        let pair = if bit == 0 {
            [next, nodes]
        } else {
            [nodes, next]
        };
        for node in pair {
            bytes.extend_from_slice(&node.to_be_bytes()[1..]);
        }
    }
    bytes.extend_from_slice(&[0; 16]);
    bytes.extend_from_slice(record);
    bytes.extend_from_slice(MMDB_MARK);
    let number = |value: u32| [&[0xc4_u8][..], &value.to_be_bytes()].concat();
    let long = |value: u32| [&[0x04_u8, 0x02][..], &value.to_be_bytes()].concat();
    let fields: [(&str, Vec<u8>); 8] = [
        ("node_count", number(nodes)),
        ("record_size", vec![0xa1, 24]),
        ("ip_version", vec![0xa1, 6]),
        ("database_type", text("Invented")),
        ("languages", vec![0x00, 0x04]),
        ("binary_format_major_version", vec![0xa1, 2]),
        ("binary_format_minor_version", vec![0xa0]),
        ("build_epoch", long(epoch)),
    ];
    bytes.push(0xe0 | 9);
    for (name, value) in fields {
        bytes.extend(text(name));
        bytes.extend(value);
    }
    bytes.extend(text("description"));
    bytes.push(0xe0);
    bytes
}

/// A text of the format, shorter than 285 bytes.
fn text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    let mut bytes = match length {
        0..29 => vec![0x40 | length],
        _ => vec![0x40 | 29, length - 29],
    };
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

fn map(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![0xe0 | u8::try_from(pairs.len()).unwrap()];
    for (name, value) in pairs {
        bytes.extend(text(name));
        bytes.extend_from_slice(value);
    }
    bytes
}

fn told(addresses: &Addresses, ip: &str) -> (String, String) {
    let mut origin = Origin::default();
    addresses.fill(ip.parse().unwrap(), &mut origin);
    (origin.country, origin.network)
}

#[test]
fn a_registrys_ranges_end_where_they_end() {
    let addresses = Addresses::parse(REGISTRY.as_bytes().to_vec()).unwrap();
    assert_eq!(addresses.made.to_string(), "2026-11-20T00:00:00Z");
    for (ip, country) in [
        ("192.0.2.0", "GB"),
        ("192.0.2.127", "GB"),
        ("192.0.2.128", ""),
        ("198.51.101.43", "FR"),
        ("198.51.101.44", ""),
        ("2001:db8:7fff::1", "DE"),
        ("2001:db8:8000::1", ""),
        ("203.0.113.1", ""),
        ("10.0.0.1", ""),
        ("::", ""),
    ] {
        assert_eq!(
            told(&addresses, ip),
            (country.into(), String::new()),
            "{ip}"
        );
    }
}

#[test]
fn an_mmdb_tells_country_and_network_however_its_records_are_laid_out() {
    let prefix = u128::from("2001:db8::".parse::<std::net::Ipv6Addr>().unwrap());
    let nested = map(&[("country", map(&[("iso_code", text("GB"))]))]);
    let flat = map(&[("country_code", text("FR"))]);
    let network = map(&[
        ("autonomous_system_number", vec![0xc2, 0xfb, 0xf4]),
        ("autonomous_system_organization", text("Example\nNetworks")),
    ]);
    for (record, country, network) in [
        (nested, "GB", ""),
        (flat, "FR", ""),
        (network, "", "AS64500 ExampleNetworks"),
        (map(&[("country_code", text("<b>"))]), "", ""),
        (map(&[("country", vec![0xa1, 7])]), "", ""),
    ] {
        let addresses = Addresses::parse(mmdb(prefix, 32, &record, 1_800_000_000)).unwrap();
        assert_eq!(addresses.made, Timestamp::from_seconds(1_800_000_000));
        let expected = (country.to_owned(), network.to_owned());
        assert_eq!(told(&addresses, "2001:db8:1::7"), expected);
        assert_eq!(told(&addresses, "2001:db9::7"), Default::default());
        assert_eq!(told(&addresses, "192.0.2.1"), Default::default());
    }
}

#[test]
fn what_is_no_such_file_is_refused_and_a_damaged_one_harms_nothing() {
    let fault = |bytes: &[u8]| Addresses::parse(bytes.to_vec()).unwrap_err();
    assert!(matches!(fault(b""), Fault::Unknown));
    assert!(matches!(fault(b"2|ripencc|20261120|0\n"), Fault::Unknown));
    assert!(matches!(fault(&[0xff; 64]), Fault::Unknown));
    assert!(matches!(fault(MMDB_MARK), Fault::Mmdb(_)));
    let whole = mmdb(
        0x2001_0db8 << 96,
        32,
        &map(&[("country_code", text("FR"))]),
        1,
    );
    for place in 0..whole.len() {
        for flipped in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= flipped;
            }
            if let Ok(addresses) = Addresses::parse(bytes) {
                told(&addresses, "2001:db8:1::7");
                told(&addresses, "192.0.2.1");
            }
        }
    }
}

#[test]
fn of_several_files_the_first_that_knows_tells() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        file
    };
    let network = map(&[("autonomous_system_number", vec![0xc1, 7])]);
    let files = [
        put("delegated", REGISTRY.as_bytes()),
        folder.path().join("missing"),
        put("asn.mmdb", &mmdb(0x2001_0db8 << 96, 32, &network, 1)),
    ];
    let origins = Origins::of(&files);
    let names: Vec<String> = origins.files().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["delegated", "asn.mmdb"]);
    let found = origins.look_up(["2001:db8::/64", "198.51.100.1", "no address"].into_iter());
    let expected = [("DE", "AS7"), ("FR", ""), ("", "")].map(|(country, network)| Origin {
        country: country.into(),
        network: network.into(),
    });
    assert_eq!(found, expected);
}
