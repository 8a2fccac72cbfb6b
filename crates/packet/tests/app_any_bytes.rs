//! Any bytes, cut anywhere, with holes anywhere: no panic, bounded answers, and of a stream the same
//! answers however it is cut.
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod dialogue;

use larum_core::event::{Event, Field, Kind, Value};
use larum_core::time::Timestamp;
use larum_packet::app::{Carrier, Fact, Seen, Session, Side};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// The longest text of one fact's field: a target of 4,096 bytes, each at most three bytes of text.
const LONGEST_TEXT: usize = 3 * 4_096;

type Said = Vec<(Side, Vec<u8>)>;

/// Beginnings of conversations for the bytes to grow from.
fn beginnings() -> Vec<Said> {
    let (c, s) = (Side::Client, Side::Server);
    let both = |client: &[u8], server: &[u8]| vec![(c, client.to_vec()), (s, server.to_vec())];
    let greets = |server: &[u8], client: &[u8]| vec![(s, server.to_vec()), (c, client.to_vec())];
    let mut tls = vec![22, 3, 1, 0, 61, 1, 0, 0, 57, 3, 3];
    tls.extend([7; 32]);
    tls.extend([0, 0, 2, 0x13, 1, 1, 0, 0, 14, 0, 0, 0, 10, 0, 8, 0, 0, 5]);
    tls.extend(b"a.org");
    let server = [22, 3, 3, 0, 44, 2, 0, 0, 40, 3, 3]
        .into_iter()
        .chain([8; 32])
        .chain([0, 0x13, 1, 0, 0, 0]);
    let server: Vec<u8> = server.collect();
    vec![
        both(
            b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 101 Switch\r\nUpgrade: x\r\n\r\nSSH-2.0-x\r\n",
        ),
        both(&tls, &server),
        both(
            b"\0\x21\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03org\0\0\x1c\0\x01",
            b"\0\x21\x12\x34\x81\x83\0\x01\0\0\0\0\0\0\x03www\x07example\x03org\0\0\x1c\0\x01",
        ),
        greets(b"220 mx ESMTP\r\n250 ok\r\n354 go\r\n250 ok\r\n", b"EHLO a\r\nMAIL FROM:<a>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n"),
        greets(b"220 ftp\r\n331 pass\r\n530 no\r\n", b"USER a\r\nPASS b\r\nUSER c\r\n"),
        greets(b"+OK\r\n+OK\r\n-ERR no\r\n", b"USER a\r\nPASS b\r\nSTLS\r\n"),
        greets(b"* OK\r\na1 NO\r\na2 OK\r\n", b"a1 LOGIN a b\r\na2 STARTTLS\r\n"),
        greets(b"\xff\xfd\x18login: ", b"admin\r\n"),
        both(
            b"\0\0\0\x2d\xffSMBs\0\0\0\0\x18\x07\xc8\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xfe\0\0\0\0NTLMSSP\0\x03\0\0\0",
            b"\0\0\0\x20\xffSMBs\x6d\0\0\xc0\x98\x07\xc8\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xfe\0\0",
        ),
        both(b"\x30\x14\x02\x01\x01\x60\x0f\x02\x01\x03\x04\x04anne\x80\x04pass", b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\0\x04\0"),
        both(b"\x05\x01\0\x05\x01\0\x01\x7f\0\0\x01\0\x50GET / HTTP/1.1\r\n\r\n", b"\x05\0\x05\0\0\x01\0\0\0\0\0\0HTTP/1.1 200 OK\r\n\r\n"),
        both(b"\x10\x16\0\x04MQTT\x04\xc2\0\x3c\0\x02id\0\x04anne\0\0", b"\x20\x02\0\x05"),
        both(b"\0\0\0\x22\0\x03\0\0user\0anne\0database\0shop\0\0", b"R\0\0\0\x08\0\0\0\0"),
        greets(b"SSH-2.0-a\r\n\0\0\0\x0c\x0a\x15\0\0\0\0\0\0\0\0\0\0", b"SSH-2.0-b\r\n\0\0\0\x0c\x0a\x15\0\0\0\0\0\0\0\0\0\0"),
        both(b"*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n", b"-ERR no\r\n"),
        both(b"REGISTER sip:a SIP/2.0\r\nCSeq: 1 REGISTER\r\nAuthorization: x\r\nFrom: <sip:b@a>\r\n\r\n", b"SIP/2.0 403 No\r\nCSeq: 1 REGISTER\r\n\r\n"),
        both(b"\0\x01\0\0\0\x06\x01\x03\0\0\0\x01", b"\0\x01\0\0\0\x05\x01\x03\x02\0\x01"),
        greets(b"RFB 003.008\n\x01\x02abcdefghijklmnop\0\0\0\0", b"RFB 003.008\n\x02abcdefghijklmnop"),
    ]
}

fn said() -> impl Strategy<Value = Said> {
    let flips = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    let more = prop::collection::vec(
        (any::<bool>(), prop::collection::vec(any::<u8>(), 1..200)),
        0..4,
    );
    (prop::sample::select(beginnings()), flips, more).prop_map(|(mut said, flips, more)| {
        for (place, value) in flips {
            let whole = said.len();
            let (_, bytes) = &mut said[place.index(whole)];
            let length = bytes.len();
            bytes[place.index(length)] = value;
        }
        let side = |client| if client { Side::Client } else { Side::Server };
        said.extend(
            more.into_iter()
                .map(|(client, bytes)| (side(client), bytes)),
        );
        said
    })
}

/// Every text of every field is bounded.
fn bounded(facts: &[Fact]) {
    for fact in facts {
        let mut event = Event::new(Timestamp::default(), "packets", Kind::Network);
        fact.fill(&mut event);
        for field in Field::ALL {
            if let Some(Value::Text(text)) = event.get(*field) {
                assert!(
                    text.len() <= LONGEST_TEXT,
                    "{field} has {} bytes",
                    text.len()
                );
            }
        }
    }
}

/// The same cases every time: what a case shows is mended, not met by chance.
fn runner(cases: u32) -> TestRunner {
    TestRunner::new_with_rng(
        Config {
            cases,
            failure_persistence: None,
            ..Config::default()
        },
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    )
}

#[test]
fn the_same_is_told_however_a_stream_is_cut() {
    let sizes = prop::collection::vec(1_usize..40, 1..8);
    runner(3_000)
        .run(&(said(), sizes), |(said, sizes)| {
            let whole = dialogue::told(&said, &[usize::MAX], 9_999);
            let cut = dialogue::told(&said, &sizes, 9_999);
            prop_assert_eq!(&whole, &cut);
            bounded(&whole.1);
            Ok(())
        })
        .unwrap();
}

#[test]
fn holes_and_datagrams_of_any_bytes_are_borne() {
    let gaps = prop::collection::vec((any::<bool>(), 0_u64..100_000), 0..3);
    let port = prop::sample::select(vec![
        53_u16, 67, 123, 137, 443, 546, 1194, 2123, 5060, 5353, 5355,
    ]);
    runner(3_000)
        .run(&(said(), gaps, port), |(said, gaps, port)| {
            for carrier in [Carrier::Stream, Carrier::Datagram] {
                let mut session = Session::new(carrier, 40_000, port);
                let mut out = Vec::new();
                let mut gaps = gaps.iter();
                for (side, bytes) in &said {
                    session.data(
                        Seen {
                            at: Timestamp::default(),
                            side: *side,
                        },
                        bytes,
                        &mut out,
                    );
                    if let Some((client, lost)) = gaps.next() {
                        session.gap(if *client { Side::Client } else { Side::Server }, *lost);
                    }
                }
                session.end(Timestamp::default(), &mut out);
                prop_assert!(!session.wants(Side::Client) && !session.wants(Side::Server));
                bounded(&out);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_is_kept_of_an_endless_stream_is_bounded() {
    for (side, bytes) in beginnings().into_iter().flatten() {
        let mut session = Session::new(Carrier::Stream, 40_000, 9_999);
        let mut out = Vec::new();
        let seen = Seen {
            at: Timestamp::default(),
            side,
        };
        session.data(seen, &bytes, &mut out);
        let mut fed = 0_usize;
        while session.wants(side) && fed < 4_000_000 {
            session.data(seen, &[b'a'; 4_000], &mut out);
            fed += 4_000;
        }
        session.end(seen.at, &mut out);
        assert!(out.len() < 100, "{} facts of one letter", out.len());
    }
}
