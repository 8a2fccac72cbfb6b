//! HTTP/1 as a session tells it, whole and cut at every place.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dialogue;

use larum_core::time::Timestamp;
use larum_packet::app::{Carrier, Fact, Protocol, Seen, Session, Side};

const C: Side = Side::Client;
const S: Side = Side::Server;

fn run(said: &[(Side, &[u8])], piece: usize) -> (Option<Protocol>, Vec<String>) {
    let (protocol, out) = dialogue::told(said, &[piece], 80);
    let told = out
        .iter()
        .map(|fact| match fact {
            Fact::Http(http) => format!(
                "{} {} {} {}",
                http.method,
                http.host,
                http.target,
                http.status
                    .map_or_else(|| "-".into(), |status| status.to_string())
            ),
            other => format!("{other:?}"),
        })
        .collect();
    (protocol, told)
}

fn check(said: &[(Side, &[u8])], expected: &[&str]) {
    let longest = said.iter().map(|(_, bytes)| bytes.len()).max().unwrap();
    for piece in 1..=longest {
        let (protocol, told) = run(said, piece);
        assert_eq!(protocol, Some(Protocol::Http), "in pieces of {piece}");
        assert_eq!(told, expected, "in pieces of {piece}");
    }
}

#[test]
fn requests_meet_their_answers() {
    check(
        &[
            (
                C,
                b"GET /a?b=c HTTP/1.1\r\nHost: shop.example.org\r\nUser-Agent: x\r\n\r\n",
            ),
            (S, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/"),
            (C, b"HEAD /d HTTP/1.1\r\nhost:shop.example.org\r\n\r\n"),
            (S, b"HTTP/1.1 404 Not Found\r\nContent-Length: 500\r\n\r\n"),
        ],
        &[
            "GET shop.example.org /a?b=c 200",
            "HEAD shop.example.org /d 404",
        ],
    );
}

#[test]
fn pipelined_requests_with_bodies_and_chunks() {
    check(
        &[
            (
                C,
                b"POST /one HTTP/1.1\r\nHost: a.example.org\r\nTransfer-Encoding: gzip, chunked\r\n\r\n\
                  5;x=y\r\nGET /\r\n0\r\nTrailer: 1\r\n\r\nGET /two HTTP/1.1\r\nHost: a.example.org\r\n\r\n",
            ),
            (
                S,
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n\
                  3\r\nabc\r\n0\r\n\r\nHTTP/1.0 302 Found\n\nthe rest HTTP/1.1 500 x\r\n\r\n",
            ),
        ],
        &["POST a.example.org /one 201", "GET a.example.org /two 302"],
    );
}

#[test]
fn absolute_targets_and_tunnels() {
    check(
        &[
            (
                C,
                b"GET http://u@b.example.org:81/x HTTP/1.1\r\nHost: other\r\n\r\n",
            ),
            (S, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
            (C, b"CONNECT c.example.org:443 HTTP/1.1\r\n\r\n"),
            (S, b"HTTP/1.1 200 Established\r\n\r\n"),
            (C, b"GET /inside HTTP/1.1\r\nHost: d.example.org\r\n\r\n"),
        ],
        &[
            "GET b.example.org:81 http://u@b.example.org:81/x 304",
            "CONNECT c.example.org:443 c.example.org:443 200",
            "GET d.example.org /inside -",
        ],
    );
}

#[test]
fn an_answer_without_its_request_is_told() {
    check(
        &[(S, b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")],
        &["   503"],
    );
}

#[test]
fn a_gap_in_a_body_is_counted_and_a_gap_in_a_head_starts_anew() {
    let mut session = Session::new(Carrier::Stream, 40_000, 8080);
    let mut out = Vec::new();
    let at = Timestamp::default();
    let client = Seen { at, side: C };
    session.data(
        client,
        b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n123",
        &mut out,
    );
    session.gap(C, 7);
    session.data(client, b"GET /b HTTP/1.1\r\nHo", &mut out);
    session.gap(C, 700);
    session.data(
        client,
        b"end of a body\r\nGET /c HTTP/1.1\r\nHost: h\r\n\r\n",
        &mut out,
    );
    session.end(at, &mut out);
    let targets: Vec<_> = out
        .iter()
        .map(|fact| match fact {
            Fact::Http(http) => http.target.as_str(),
            _ => "",
        })
        .collect();
    assert_eq!(targets, ["/a", "/c"]);
}

#[test]
fn unanswered_requests_are_bounded_and_told() {
    let mut session = Session::new(Carrier::Stream, 40_000, 80);
    let mut out = Vec::new();
    let seen = Seen {
        at: Timestamp::default(),
        side: C,
    };
    for _ in 0..100 {
        session.data(seen, b"GET / HTTP/1.1\r\n\r\n", &mut out);
    }
    assert_eq!(out.len(), 36, "the oldest are told before the end");
    session.end(seen.at, &mut out);
    assert_eq!(out.len(), 100);
}
