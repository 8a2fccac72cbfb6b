//! Lists of every kind, as people write them.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    when::moment(text).unwrap()
}

fn load(name: &str, text: &str) -> (Indicators, ListReport) {
    let (set, mut reports) = Indicators::compile(&[(name.to_owned(), text.to_owned())]);
    (set, reports.pop().unwrap())
}

/// What a list says of something at a time: an address, `ja3 …`, `ja4 …`, a web address or a name.
fn asked(set: &Indicators, what: &str, time: &str) -> Option<String> {
    let at = at(time);
    let hit = if let Ok(ip) = what.parse::<IpAddr>() {
        set.find_ip(ip, at)
    } else if let Some(print) = what.strip_prefix("ja3 ") {
        set.find_fingerprint(Some(print), None, at)
    } else if let Some(print) = what.strip_prefix("ja4 ") {
        set.find_fingerprint(None, Some(print), at)
    } else if what.contains('/') {
        set.find_url(what, at)
    } else {
        set.find_domain(what, at).map(|(hit, _)| hit)
    }?;
    let said = set.says(&hit).map(|says| {
        let mut said = says.list.to_owned();
        for part in [says.threat, says.source].into_iter().flatten() {
            said.push_str(&format!(" {part}"));
        }
        if let Some(sure) = says.confidence {
            said.push_str(&format!(" {sure}%"));
        }
        if let Some(port) = says.port {
            said.push_str(&format!(" :{port}"));
        }
        said
    });
    Some(said.collect::<Vec<_>>().join(" + "))
}

const NOW: &str = "2026-11-22T12:00:00Z";

fn check(text: &str, taken: usize, refused: &[(Refusal, usize)], asks: &[(&str, Option<&str>)]) {
    let (set, report) = load("l", text);
    let found: Vec<(Refusal, usize)> = Refusal::ALL
        .into_iter()
        .map(|reason| (reason, report.refused_for(reason)))
        .filter(|(_, count)| *count > 0)
        .collect();
    assert_eq!(
        (report.taken(), found.as_slice()),
        (taken, refused),
        "{text}"
    );
    for (what, expected) in asks {
        assert_eq!(
            asked(&set, what, NOW).as_deref(),
            *expected,
            "{what} in {text}"
        );
    }
}

#[test]
fn plain_lists_with_notes_networks_ranges_and_hosts() {
    check(
        "\u{feff}# note\r\n; other\r\n\r\n192.0.2.1\r\n198.51.100.0/24 ; SBL1\r\n10.0.0.1\r\n0.0.0.0/0\r\n\
         nonsense here\r\nbad.example.org # why\r\n203.0.113.1-203.0.113.9\r\n192.0.2.9\t15\r\n2001:db8:1::/48",
        6,
        &[
            (Refusal::Unreadable, 1),
            (Refusal::Private, 1),
            (Refusal::TooWide, 1),
        ],
        &[
            ("192.0.2.1", Some("l")),
            ("192.0.2.9", Some("l")),
            ("198.51.100.200", Some("l")),
            ("203.0.113.5", Some("l")),
            ("203.0.113.10", None),
            ("2001:db8:1::5", Some("l")),
            ("10.0.0.1", None),
            ("www.BAD.example.org.", Some("l")),
            ("example.org", None),
            ("notbad.example.org", None),
        ],
    );
    check(
        "127.0.0.1 localhost\n::1 localhost ip6-localhost\n0.0.0.0 ads.example.org track.example.org # two\n127.0.0.1\tbad.example.org\n",
        3,
        &[(Refusal::Private, 2)],
        &[
            ("ads.example.org", Some("l")),
            ("x.track.example.org", Some("l")),
            ("bad.example.org", Some("l")),
        ],
    );
    check(
        "192.0.2.0\t192.0.2.255\t24\t1200\tEXAMPLE\n192.0.2.77:8080\nhttp://bad.example.org/gate.php\n",
        3,
        &[],
        &[
            ("192.0.2.130", Some("l")),
            ("192.0.2.77", Some("l + l :8080")),
            ("https://bad.example.org/gate.php", Some("l")),
            ("https://bad.example.org/other.php", None),
            ("bad.example.org", None),
        ],
    );
}

#[test]
fn csv_by_the_names_of_its_columns() {
    check(
        "indicator,type,valid_until,confidence,source,threat\n\
         192.0.2.1,ip,2026-12-01T00:00:00Z,80,abuse.example,Emotet\n\
         192.0.2.2,ip,2026-11-01T00:00:00Z,80,abuse.example,Emotet\n\
         bad.example.org,domain,,high,,\"a \"\"quoted\"\", name\"\n\
         http://bad.example.net/x,url,2026-12-01,0.4,,\n\
         d41d8cd98f00b204e9800998ecf8427e,md5,,,,\n\
         192.0.2.3,ip,next week,80,,\n\
         192.0.2.4;ip\n",
        4,
        &[
            (Refusal::Unreadable, 1),
            (Refusal::Date, 1),
            (Refusal::NotInLogs, 1),
        ],
        &[
            ("192.0.2.1", Some("l Emotet abuse.example 80%")),
            ("192.0.2.2", None),
            ("192.0.2.3", None),
            ("bad.example.org", Some("l a \"quoted\", name 85%")),
            ("http://bad.example.net/x?id=1", Some("l 40%")),
        ],
    );
    // Semicolons, and a header in a remark with the real names of a public feed.
    check(
        "################\n# \"first_seen_utc\";\"ioc_value\";\"ioc_type\";\"malware_printable\";\"confidence_level\"\n\
         \"2026-11-20 10:00:00\"; \"192.0.2.1:4444\"; \"ip:port\"; \"Remcos\"; 75\n\
         \"2026-11-20 10:00:00\"; \"bad.example.org\"; \"domain\"; \"Remcos\"; 100\n",
        2,
        &[],
        &[
            ("192.0.2.1", Some("l Remcos 75% :4444")),
            ("bad.example.org", Some("l Remcos 100%")),
        ],
    );
    check(
        "id,dateadded,url,url_status,threat\n1,2026-11-20,https://bad.example.org/a.exe,online,malware_download\n",
        1,
        &[],
        &[("http://bad.example.org/a.exe", Some("l malware_download"))],
    );
    check(
        "domain,ip,comment\nbad.example.org,192.0.2.1,\"two\nlines, \"\"here\"\"\nend\"\nworse.example.org,,x\n,192.0.2.2,\n",
        4,
        &[],
        &[("192.0.2.2", Some("l")), ("worse.example.org", Some("l x"))],
    );
    check(
        "ip\n192.0.2.1\n192.0.2.2\n",
        2,
        &[],
        &[("192.0.2.1", Some("l"))],
    );
    // A quote that is never closed swallows nothing.
    check(
        "ip,note\n192.0.2.1,\"open\n192.0.2.2,fine\n192.0.2.3,fine\n",
        3,
        &[],
        &[("192.0.2.2", Some("l fine"))],
    );
    check(
        "first_ip,last_ip\n192.0.2.4,192.0.2.6\n",
        1,
        &[],
        &[("192.0.2.5", Some("l"))],
    );
}

#[test]
fn csv_without_header() {
    check(
        "\"2026-01-01 00:00:00\",\"203.0.113.9\",443,online\n7,bad.example.org,note\n",
        2,
        &[],
        &[("203.0.113.9", Some("l")), ("bad.example.org", Some("l"))],
    );
    // What a row ends with are notes.
    check(
        "CVE-2026-1,a,b,c,d,e,f,https://www.example.org/advice,note\n",
        0,
        &[(Refusal::Unreadable, 1)],
        &[("www.example.org", None)],
    );
    let (set, report) = load(
        "ja3_fingerprints.csv",
        "# ja3_md5,Firstseen,Lastseen,Listingreason\nb386946a5a44d1ddcc843bc75336dfce,2017-07-14 18:08:15,2019-07-27 20:42:54,Dridex\n",
    );
    assert_eq!(report.taken_of(EntryKind::Fingerprint), 1);
    let ja3 = "ja3 b386946a5a44d1ddcc843bc75336dfce";
    assert_eq!(
        asked(&set, ja3, NOW).as_deref(),
        Some("ja3_fingerprints.csv Dridex")
    );
}

#[test]
fn stix_bundles() {
    let bundle = r#"{"type":"bundle","id":"bundle--1","objects":[
      {"type":"indicator","spec_version":"2.1","id":"indicator--1","created_by_ref":"identity--7",
       "pattern":"[ipv4-addr:value = '192.0.2.1']","pattern_type":"stix","confidence":80,
       "valid_from":"2026-11-01T00:00:00Z","valid_until":"2026-12-01T00:00:00Z","name":"Bad server of Emotet"},
      {"type":"indicator","id":"indicator--2","pattern":"[domain-name:value = 'bad.example.org']",
       "valid_from":"2026-12-01T00:00:00Z","labels":["malicious-activity"]},
      {"type":"indicator","id":"indicator--3","pattern":"[url:value = 'http://bad.example.net/x']","revoked":true},
      {"type":"indicator","id":"indicator--4","pattern":"alert tcp any any","pattern_type":"snort"},
      {"type":"indicator","id":"indicator--5","pattern":"[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']"},
      {"type":"indicator","id":"indicator--6","pattern":"[ipv6-addr:value = '2001:db8::5'] OR [domain-name:value = 'worse.example.org']",
       "indicator_types":["c2"],"description":"prose","name":"2001:db8::5",
       "external_references":[{"source_name":"x","url":"https://vendor.example/report"}]},
      {"type":"malware","id":"malware--1","name":"Emotet"},
      {"type":"observed-data","id":"observed-data--1","objects":{"0":{"type":"ipv4-addr","value":"192.0.2.99"}}},
      {"type":"identity","id":"identity--7","name":"Example CERT"}]}"#;
    check(
        bundle,
        4,
        &[
            (Refusal::NotInLogs, 1),
            (Refusal::Language, 1),
            (Refusal::Revoked, 1),
            (Refusal::OtherObject, 3),
        ],
        &[
            ("192.0.2.1", Some("l Bad server of Emotet Example CERT 80%")),
            ("bad.example.org", None),
            ("2001:db8::5", Some("l c2")),
            ("worse.example.org", Some("l c2")),
            ("192.0.2.99", None),
            ("vendor.example", None),
            ("https://vendor.example/report", None),
        ],
    );
    let (set, _) = load("l", bundle);
    for (time, expected) in [
        ("2026-10-31T23:59:59Z", None),
        ("2026-11-01T00:00:00Z", Some("192.0.2.1")),
        ("2026-11-30T23:59:59Z", Some("192.0.2.1")),
        ("2026-12-01T00:00:00Z", None),
    ] {
        let found = asked(&set, "192.0.2.1", time).map(|_| "192.0.2.1");
        assert_eq!(found, expected, "{time}");
    }
    // One object by itself, and one a line with a broken one between.
    check(
        "{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern\":\"[ipv4-addr:value='192.0.2.1']\"}\n{\"type\":\n{\"type\":\"indicator\",\"id\":\"indicator--2\",\"pattern\":\"[ipv4-addr:value='192.0.2.2']\"}\n",
        2,
        &[(Refusal::Broken, 1)],
        &[("192.0.2.1", Some("l"))],
    );
    check(
        "{\"ip\":\"192.0.2.1\"}\n{\"ip\" \"192.0.2.2\"}\n{\"ip\":\"192.0.2.3\"}\n",
        2,
        &[(Refusal::Broken, 1)],
        &[("192.0.2.3", Some("l"))],
    );
}

#[test]
fn misp_events_and_other_json() {
    let event = r#"{"response":[{"Event":{
      "Attribute":[
        {"type":"ip-dst","category":"Network activity","value":"192.0.2.1","to_ids":true,"comment":"x"},
        {"type":"ip-dst|port","value":"192.0.2.2|4444","to_ids":true},
        {"type":"domain|ip","value":"bad.example.org|192.0.2.3","to_ids":true},
        {"type":"hostname","value":"c2.example.net","to_ids":"1"},
        {"type":"url","value":"http://192.0.2.4/a.bin","to_ids":true},
        {"type":"ja3-fingerprint-md5","value":"b386946a5a44d1ddcc843bc75336dfce","to_ids":true},
        {"type":"sha256","value":"00","to_ids":true},
        {"type":"ip-src","value":"192.0.2.5","to_ids":false},
        {"type":"ip-src","value":"192.0.2.6","to_ids":true,"deleted":true},
        {"type":"text","value":"192.0.2.7","to_ids":true},
        {"type":"ip-src","value":"10.0.0.1","to_ids":true,
         "ShadowAttribute":[{"type":"ip-dst","value":"192.0.2.8","to_ids":true}]}],
      "Object":[{"name":"network-connection","Attribute":[{"type":"ip-dst","value":"192.0.2.9","to_ids":true}]}],
      "RelatedEvent":[{"Event":{"info":"other","Orgc":{"name":"Other"}}}],
      "Orgc":{"name":"CERT-EX"},"info":"Campaign A","Tag":[{"name":"tlp:white"}]}}]}"#;
    check(
        event,
        8,
        &[
            (Refusal::Private, 1),
            (Refusal::NotInLogs, 2),
            (Refusal::Revoked, 1),
            (Refusal::Background, 1),
        ],
        &[
            ("192.0.2.1", Some("l Campaign A CERT-EX")),
            ("192.0.2.2", Some("l Campaign A CERT-EX :4444")),
            ("192.0.2.3", Some("l Campaign A CERT-EX")),
            ("bad.example.org", Some("l Campaign A CERT-EX")),
            ("http://192.0.2.4/a.bin", Some("l Campaign A CERT-EX")),
            ("192.0.2.4", None),
            (
                "ja3 B386946A5A44D1DDCC843BC75336DFCE",
                Some("l Campaign A CERT-EX"),
            ),
            ("192.0.2.8", None),
            ("192.0.2.9", Some("l Campaign A CERT-EX")),
        ],
    );
    check(
        "uuid,event_id,category,type,value,comment,to_ids,date,object_relation\n\
         \"u1\",1,\"Network activity\",\"ip-dst\",\"192.0.2.1\",\"\",1,20261120,\"\"\n\
         \"u2\",1,\"Network activity\",\"ip-dst|port\",\"192.0.2.2|80\",\"\",1,20261120,\"\"\n\
         \"u3\",1,\"Network activity\",\"domain\",\"bad.example.org\",\"\",0,20261120,\"\"\n",
        2,
        &[(Refusal::Background, 1)],
        &[("192.0.2.2", Some("l Network activity :80"))],
    );
    check(
        r#"["192.0.2.1", "bad.example.org", "nonsense"]"#,
        2,
        &[(Refusal::Unreadable, 1)],
        &[("192.0.2.1", Some("l"))],
    );
    check(
        r#"{"data":[{"indicator":"192.0.2.1","type":"IPv4","expiration":null,"threat":"x"}],"ips":["192.0.2.2"]}"#,
        2,
        &[],
        &[("192.0.2.1", Some("l x")), ("192.0.2.2", Some("l"))],
    );
    check(
        r#"{"name":"Resolvers","list":["192.0.2.1","192.0.2.2"],"type":"cidr"}"#,
        0,
        &[(Refusal::WarningList, 2)],
        &[("192.0.2.1", None)],
    );
}

#[test]
fn mistakes_are_counted_and_the_first_are_named() {
    let text = "192.0.2.1\nwhat\u{7} is this\n\nand this\nor this\nand that\n192.0.2.2\n";
    let (_, report) = load("l", text);
    assert_eq!((report.taken(), report.refused()), (2, 4));
    let first: Vec<_> = report
        .first
        .iter()
        .map(|mention| (mention.line, mention.text.as_str()))
        .collect();
    assert_eq!(
        first,
        [(2, "what is this"), (4, "and this"), (5, "or this")]
    );
    let long = format!("192.0.2.1\n{}\n192.0.2.2", "x".repeat(MAX_LINE_BYTES + 1));
    let (_, report) = load("l", &long);
    assert_eq!(
        (report.taken(), report.refused_for(Refusal::TooLong)),
        (2, 1)
    );
    let (set, report) = load("l", "{\"response\": [\n{\"ip\": \"192.0.2.1\"},\n{\"ip\" 5");
    assert_eq!((report.taken(), report.first[0].line), (1, 3));
    assert_eq!(report.first[0].reason, Refusal::Broken);
    assert!(asked(&set, "192.0.2.1", NOW).is_some());
    for text in ["<stix:STIX_Package>", "<!DOCTYPE html>\n192.0.2.1"] {
        let (_, report) = load("l", text);
        assert_eq!(
            (report.taken(), report.refused_for(Refusal::Broken)),
            (0, 1)
        );
    }
}

#[test]
fn the_never_match_list_holds_from_the_start() {
    let (_, report) = load(
        "l",
        "8.8.8.8\n8.8.8.0/24\ngoogle.com\ncom.\nco.uk\nevil.github.io\ngithub.io\n",
    );
    assert_eq!(report.refused_for(Refusal::Never), 4, "{report:?}");
    let mut never = NeverMatch::built_in();
    never.set_own(&["203.0.113.0/29".parse().unwrap()]);
    never.add(b"192.0.2.0/24\n");
    let mut loader = Loader::new(never, Some(at(NOW)));
    loader.list("l");
    loader.feed(b"ip,valid_until\n203.0.113.2,\n192.0.2.9,\n198.51.100.1,2026-11-22T11:59:59Z\n198.51.100.2,2026-11-23\n");
    let (_, reports) = loader.finish();
    let count = |reason| reports[0].refused_for(reason);
    assert_eq!(count(Refusal::Own), 1);
    assert_eq!(count(Refusal::Never), 1);
    assert_eq!(count(Refusal::Expired), 1);
    assert_eq!(reports[0].taken(), 1);
}

#[test]
fn several_lists_are_told_together() {
    let lists = [
        "192.0.2.1\n",
        "192.0.2.0/24\nbad.example.org",
        "192.0.2.1\nexample.org",
    ];
    let lists: Vec<(String, String)> = lists
        .iter()
        .enumerate()
        .map(|(n, text)| (format!("list{n}"), (*text).to_owned()))
        .collect();
    let (set, _) = Indicators::compile(&lists);
    assert_eq!(
        asked(&set, "192.0.2.1", NOW).as_deref(),
        Some("list0 + list1 + list2")
    );
    assert_eq!(asked(&set, "192.0.2.2", NOW).as_deref(), Some("list1"));
    assert_eq!(
        asked(&set, "x.bad.example.org", NOW).as_deref(),
        Some("list1 + list2")
    );
    let (_, what) = set.find_domain("x.Bad.example.org", at(NOW)).unwrap();
    assert_eq!(what, "Bad.example.org");
}

proptest! {
    #[test]
    fn any_bytes_end_and_pieces_do_not_matter(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        text in "([\\[{]?[\"a-z0-9.,:;/#|\\-\\\\ \n\t{}\\[\\]]{0,20}){0,8}",
        cut in 0_usize..300,
    ) {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            let mut whole = Loader::new(NeverMatch::default(), None);
            whole.list("l");
            whole.feed(bytes);
            let (_, reports) = whole.finish();
            let (a, b) = bytes.split_at(cut.min(bytes.len()));
            let mut pieces = Loader::new(NeverMatch::default(), None);
            pieces.list("l");
            pieces.feed(a);
            pieces.feed(b);
            prop_assert_eq!(pieces.finish().1, reports);
        }
    }

    #[test]
    fn the_set_holds_what_a_naive_set_holds(
        ips in prop::collection::btree_set(0_u32..2_000, 0..300),
        names in prop::collection::btree_set("[a-c]{1,2}(\\.[a-c]{1,2}){0,2}\\.example", 0..200),
        asks in prop::collection::vec("[a-c]{1,2}(\\.[a-c]{1,2}){0,3}\\.example", 0..60),
    ) {
        let ip = |n: &u32| Ipv4Addr::from_bits(0xC000_0200 + n * 37);
        let mut text = String::new();
        for n in &ips {
            text.push_str(&format!("{}\n", ip(n)));
        }
        for name in &names {
            text.push_str(&format!("{name}\n"));
        }
        let mut loader = Loader::new(NeverMatch::default(), None);
        loader.list("l");
        loader.feed(text.as_bytes());
        let (set, reports) = loader.finish();
        prop_assert_eq!(reports[0].taken(), ips.len() + names.len());
        let at = at(NOW);
        for n in 0..2_000 {
            prop_assert_eq!(set.find_ip(ip(&n).into(), at).is_some(), ips.contains(&n));
        }
        for ask in asks.iter().chain(&names) {
            let parents: BTreeSet<&str> = std::iter::successors(Some(ask.as_str()), |name| {
                name.split_once('.').map(|(_, rest)| rest)
            })
            .collect();
            let expected = parents
                .iter()
                .filter(|name| names.contains(**name))
                .max_by_key(|name| name.len());
            let found = set.find_domain(ask, at).map(|(_, what)| what);
            prop_assert_eq!(found, expected.copied());
        }
    }
}
