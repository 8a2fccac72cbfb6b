//! Conversations invented after the standards, whole and cut at every place: the same is told.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dialogue;

use larum_core::time::Timestamp;
use larum_packet::app::{Carrier, Fact, Protocol, Seen, Session, Side};

const C: Side = Side::Client;
const S: Side = Side::Server;

/// What a fact tells, in a line.
fn line(fact: &Fact) -> String {
    match fact {
        Fact::Http(http) => format!("http {} {} {}", http.method, http.host, http.target),
        Fact::Tls(tls) => format!("tls {} {} {}", tls.sni, tls.version, tls.ja4),
        Fact::Dns(dns) => format!(
            "{} {} {} {:?}",
            dns.protocol.as_str(),
            dns.query,
            dns.record_type,
            dns.rcode
        ),
        Fact::Mail(mail) => {
            format!(
                "mail {} {}/{} {:?}",
                mail.helo, mail.accepted, mail.recipients, mail.taken
            )
        }
        Fact::Login(login) => {
            let outcome = login.outcome.map_or("unknown", |outcome| outcome.as_str());
            format!(
                "login {} {} {} {outcome}",
                login.protocol.as_str(),
                login.user,
                login.method
            )
        }
        Fact::Banner(banner) => {
            format!(
                "banner {} {} {}",
                banner.protocol.as_str(),
                banner.client,
                banner.server
            )
        }
        Fact::Device(device) => format!("device {} {:?}", device.name, device.ip),
        other => format!("{other:?}"),
    }
}

fn run(said: &[(Side, &[u8])], piece: usize) -> (Option<Protocol>, Vec<String>) {
    let (protocol, out) = dialogue::told(said, &[piece], 9_999);
    (protocol, out.iter().map(line).collect())
}

fn check(protocol: Protocol, said: &[(Side, &[u8])], expected: &[&str]) {
    let longest = said.iter().map(|(_, bytes)| bytes.len()).max().unwrap_or(1);
    for piece in (1..=longest).rev() {
        let (known, told) = run(said, piece);
        assert_eq!(known, Some(protocol), "in pieces of {piece}");
        assert_eq!(told, expected, "in pieces of {piece}");
    }
}

#[test]
fn mail_is_counted_and_its_log_in_told() {
    check(
        Protocol::Smtp,
        &[
            (S, b"220 mx.example.org ESMTP\r\n"),
            (C, b"EHLO pc.example.org\r\n"),
            (S, b"250-mx.example.org\r\n250 AUTH LOGIN PLAIN\r\n"),
            (C, b"AUTH LOGIN\r\n"),
            (S, b"334 VXNlcm5hbWU6\r\n"),
            (C, b"YW5uZQ==\r\n"),
            (S, b"334 UGFzc3dvcmQ6\r\n"),
            (C, b"eA==\r\n"),
            (S, b"535 no\r\n"),
            (C, b"AUTH PLAIN AGFubmUAeA==\r\n"),
            (S, b"235 yes\r\n"),
            (C, b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nRCPT TO:<c@example.org>\r\nDATA\r\n"),
            (S, b"250 ok\r\n250 ok\r\n550 no\r\n354 go\r\n"),
            (C, b"MAIL FROM: is text here\r\n.\r\nQUIT\r\n"),
            (S, b"250 taken\r\n221 bye\r\n"),
        ],
        &[
            "login smtp anne login failure",
            "login smtp anne plain success",
            "mail pc.example.org 1/2 Some(true)",
        ],
    );
}

#[test]
fn mail_turns_to_tls() {
    let hello = client_hello("mx.example.org");
    check(
        Protocol::Smtp,
        &[
            (S, b"220 ready\r\n"),
            (C, b"EHLO a\r\n"),
            (S, b"250 STARTTLS\r\n"),
            (C, b"STARTTLS\r\n"),
            (S, b"220 go\r\n"),
            (C, &hello),
        ],
        &["tls mx.example.org TLSv1.2 t12d020100_84cdcbea686c_000000000000"],
    );
}

#[test]
fn file_transfer_and_mailboxes_tell_their_log_ins() {
    check(
        Protocol::Ftp,
        &[
            (S, b"220-hello\r\n220 there\r\n"),
            (C, b"USER anne\r\n"),
            (S, b"331 password\r\n"),
            (C, b"PASS one\r\n"),
            (S, b"530 no\r\n"),
            (C, b"USER anne\r\n"),
            (S, b"331 password\r\n"),
            (C, b"PASS two\r\n"),
            (S, b"230 in\r\n"),
            (C, b"LIST\r\n"),
        ],
        &["login ftp anne pass failure", "login ftp anne pass success"],
    );
    check(
        Protocol::Pop3,
        &[
            (S, b"+OK ready\r\n"),
            (C, b"CAPA\r\n"),
            (S, b"+OK\r\nUSER\r\n.\r\n"),
            (C, b"USER anne\r\nPASS one\r\n"),
            (S, b"+OK\r\n-ERR no\r\n"),
            (C, b"AUTH PLAIN\r\n"),
            (S, b"+ \r\n"),
            (C, b"AGJlcnQAeA==\r\n"),
            (S, b"+OK in\r\n"),
        ],
        &[
            "login pop3 anne pass failure",
            "login pop3 bert plain success",
        ],
    );
    check(
        Protocol::Imap,
        &[
            (S, b"* OK ready\r\n"),
            (C, b"a1 LOGIN \"anne\" \"one\"\r\n"),
            (S, b"a1 NO no\r\n"),
            (C, b"a2 AUTHENTICATE PLAIN\r\n"),
            (S, b"+ \r\n"),
            (C, b"AGJlcnQAeA==\r\n"),
            (S, b"* CAPABILITY {9}\r\na2 NO xyz\r\na2 OK in\r\n"),
        ],
        &[
            "login imap anne login failure",
            "login imap bert plain success",
        ],
    );
}

#[test]
fn telnet_is_guessed_from_what_follows() {
    check(
        Protocol::Telnet,
        &[
            (S, b"\xff\xfd\x18\xff\xfb\x01router login: "),
            (C, b"\xff\xfb\x18admin\r\n"),
            (S, b"Password: "),
            (C, b"one\r\n"),
            (S, b"\r\nLogin incorrect\r\nrouter login: "),
            (C, b"root\r\n"),
            (S, b"Password: "),
            (C, b"two\r\n"),
            (S, b"\r\nrouter# "),
        ],
        &[
            "login telnet admin password failure",
            "login telnet root password success",
        ],
    );
}

/// A greeting, a key exchange with these lists, the change to keys.
fn ssh_side(greeting: &str) -> Vec<u8> {
    let mut bytes = format!("{greeting}\r\n").into_bytes();
    let mut payload = vec![20];
    payload.extend([7; 16]);
    for list in [
        "kex",
        "key",
        "aes128-ctr",
        "aes128-ctr",
        "hmac-sha1",
        "hmac-sha1",
        "none",
        "none",
        "",
        "",
    ] {
        payload.extend(u32::try_from(list.len()).unwrap().to_be_bytes());
        payload.extend(list.as_bytes());
    }
    payload.extend([0; 5]);
    for payload in [payload, vec![21]] {
        bytes.extend(u32::try_from(payload.len() + 1 + 4).unwrap().to_be_bytes());
        bytes.push(4);
        bytes.extend(payload);
        bytes.extend([0; 4]);
    }
    bytes
}

#[test]
fn ssh_tells_its_programs_and_a_guess() {
    let (client, server) = (ssh_side("SSH-2.0-one"), ssh_side("SSH-2.0-two"));
    let accepted: &[u8] = &[1; 52];
    let refused: &[u8] = &[2; 68];
    let success: &[u8] = &[3; 36];
    let asks: &[u8] = &[4; 100];
    let opening = [(S, server.as_slice()), (C, client.as_slice())];
    let with = |rest: &[(Side, &'static [u8])]| [&opening[..], rest].concat();
    let (accepted, refused, success, asks) = (
        Vec::leak(accepted.to_vec()) as &'static [u8],
        Vec::leak(refused.to_vec()) as &'static [u8],
        Vec::leak(success.to_vec()) as &'static [u8],
        Vec::leak(asks.to_vec()) as &'static [u8],
    );
    let banner = "banner ssh SSH-2.0-one SSH-2.0-two";
    check(
        Protocol::Ssh,
        &with(&[
            (C, asks),
            (S, accepted),
            (C, asks),
            (S, refused),
            (C, asks),
            (S, success),
            (C, asks),
        ]),
        &[
            banner,
            "login ssh  guessed from the size of the answer success",
        ],
    );
    check(
        Protocol::Ssh,
        &with(&[
            (C, asks),
            (S, accepted),
            (C, asks),
            (S, refused),
            (C, asks),
            (S, refused),
        ]),
        &[
            banner,
            "login ssh  guessed from the sizes of all answers failure",
        ],
    );
    check(Protocol::Ssh, &with(&[(C, asks), (S, accepted)]), &[banner]);
}

/// A hello with a name, two ciphers and nothing else.
fn client_hello(name: &str) -> Vec<u8> {
    let mut sni = vec![0];
    sni.extend(u16::try_from(name.len()).unwrap().to_be_bytes());
    sni.extend(name.as_bytes());
    let mut extension = vec![0, 0];
    extension.extend(u16::try_from(sni.len() + 2).unwrap().to_be_bytes());
    extension.extend(u16::try_from(sni.len()).unwrap().to_be_bytes());
    extension.extend(sni);
    let mut body = vec![3, 3];
    body.extend([9; 32]);
    body.extend([0, 0, 4, 0x13, 0x01, 0x00, 0x2f, 1, 0]);
    body.extend(u16::try_from(extension.len()).unwrap().to_be_bytes());
    body.extend(extension);
    let mut message = vec![1, 0];
    message.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    message.extend(body);
    // Two records, cut inside the message.
    let (one, two) = message.split_at(20);
    let mut bytes = Vec::new();
    for part in [one, two] {
        bytes.extend([22, 3, 1]);
        bytes.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
        bytes.extend(part);
    }
    bytes
}

#[test]
fn databases_and_directories_tell_their_log_ins() {
    check(
        Protocol::PostgreSql,
        &[
            (C, b"\0\0\0\x08\x04\xd2\x16\x2f"),
            (S, b"N"),
            (C, b"\0\0\0\x22\0\x03\0\0user\0anne\0database\0shop\0\0"),
            (S, b"R\0\0\0\x0c\0\0\0\x05salt"),
            (C, b"p\0\0\0\x08md5\0"),
            (S, b"E\0\0\0\x0bSFATAL\0"),
        ],
        &["login postgresql anne password failure"],
    );
    let mut greeting = vec![0x2d, 0, 0, 0, 10];
    greeting.extend(b"8.0.1\0");
    greeting.resize(0x2d + 4, 1);
    let mut answer = vec![0, 0, 0, 1, 0x05, 0xa2, 0, 0];
    answer.resize(36, 0);
    answer.extend(b"anne\0");
    answer[0] = u8::try_from(answer.len() - 4).unwrap();
    check(
        Protocol::MySql,
        &[
            (S, &greeting),
            (C, &answer),
            (S, b"\x07\0\0\x02\0\0\0\x02\0\0\0"),
        ],
        &["login mysql anne password success", "banner mysql  8.0.1"],
    );
    check(
        Protocol::Ldap,
        &[
            (
                C,
                b"\x30\x14\x02\x01\x01\x60\x0f\x02\x01\x03\x04\x04anne\x80\x04pass",
            ),
            (S, b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\0\x04\0"),
        ],
        &["login ldap anne simple failure"],
    );
    check(
        Protocol::Redis,
        &[
            (C, b"*3\r\n$4\r\nAUTH\r\n$4\r\nanne\r\n$1\r\nx\r\n"),
            (S, b"-WRONGPASS no\r\n"),
            (C, b"*2\r\n$4\r\nAUTH\r\n$1\r\ny\r\n"),
            (S, b"+OK\r\n"),
        ],
        &["login redis anne auth failure", "login redis  auth success"],
    );
    check(
        Protocol::Mqtt,
        &[
            (C, b"\x10\x16\0\x04MQTT\x04\xc2\0\x3c\0\x02id\0\x04anne\0\0"),
            (S, b"\x20\x02\0\x05"),
        ],
        &["login mqtt anne connect failure"],
    );
}

#[test]
fn desktops_tell_their_log_ins() {
    check(
        Protocol::Vnc,
        &[
            (S, b"RFB 003.008\n"),
            (C, b"RFB 003.008\n"),
            (S, b"\x01\x02"),
            (C, b"\x02"),
            (S, b"0123456789abcdef"),
            (C, b"fedcba9876543210"),
            (S, b"\0\0\0\x01"),
        ],
        &["login vnc  password failure"],
    );
    let mut request = vec![3, 0, 0, 0, 0, 0xe0, 0, 0, 0, 0, 0];
    request.extend(b"Cookie: mstshash=anne\r\n\x01\0\x08\0\x03\0\0\0");
    request[3] = u8::try_from(request.len()).unwrap();
    request[4] = request[3] - 5;
    let hello = client_hello("pc.example.org");
    check(
        Protocol::Rdp,
        &[
            (C, &request),
            (
                S,
                b"\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x02\0\x08\0\x01\0\0\0",
            ),
            (C, &hello),
        ],
        &[
            "login rdp anne connection request unknown",
            "tls pc.example.org TLSv1.2 t12d020100_84cdcbea686c_000000000000",
        ],
    );
}

#[test]
fn what_a_proxy_carries_is_read() {
    check(
        Protocol::Socks,
        &[
            (C, b"\x05\x02\0\x02"),
            (S, b"\x05\x02"),
            (C, b"\x01\x04anne\x01x"),
            (S, b"\x01\0"),
            (C, b"\x05\x01\0\x03\x0bexample.org\0\x50"),
            (S, b"\x05\0\0\x01\0\0\0\0\0\0"),
            (C, b"GET /in HTTP/1.1\r\nHost: example.org\r\n\r\n"),
        ],
        &[
            "login socks anne password success",
            "http GET example.org /in",
        ],
    );
}

#[test]
fn names_are_asked_over_streams_and_datagrams() {
    let question = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03org\0\0\x1c\0\x01";
    let answer = b"\x12\x34\x81\x83\0\x01\0\0\0\0\0\0\x03www\x07example\x03org\0\0\x1c\0\x01";
    let framed = |message: &[u8]| [&[0, u8::try_from(message.len()).unwrap()], message].concat();
    let expected = "dns www.example.org 28 Some(3)";
    let (asked, answered) = (framed(question), framed(answer));
    check(Protocol::Dns, &[(C, &asked), (S, &answered)], &[expected]);
    for (port, protocol, expected) in [
        (53, Protocol::Dns, vec![expected]),
        (
            5353,
            Protocol::Mdns,
            vec![
                "mdns www.example.org 28 None",
                "mdns www.example.org 28 Some(3)",
            ],
        ),
        (7, Protocol::Dns, vec![expected]),
    ] {
        let mut session = Session::new(Carrier::Datagram, 40_000, port);
        let mut out = Vec::new();
        let at = Timestamp::default();
        session.data(Seen { at, side: C }, question, &mut out);
        session.data(Seen { at, side: S }, answer, &mut out);
        session.end(at, &mut out);
        assert_eq!(session.protocol(), Some(protocol));
        assert_eq!(out.iter().map(line).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn names_only_are_told_of_the_rest() {
    for (side, bytes, protocol) in [
        (C, &b"\x13BitTorrent protocol"[..], Protocol::BitTorrent),
        (C, b"\x05\x64\x05\xc0\x01\0\0\x04\xe9\x21", Protocol::Dnp3),
        (C, b"\0\x01\0\0\0\x06\x01\x03\0\0\0\x01", Protocol::Modbus),
        (C, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Protocol::Http2),
        (C, b"NICK anne\r\n", Protocol::Irc),
        (S, b"@RSYNCD: 31.0\n", Protocol::Rsync),
    ] {
        let (known, told) = run(&[(side, bytes)], bytes.len());
        assert_eq!((known, told.len()), (Some(protocol), 0), "{protocol:?}");
    }
}

#[test]
fn what_nobody_knows_is_soon_not_wanted() {
    let mut session = Session::new(Carrier::Stream, 40_000, 443);
    let mut out = Vec::new();
    for side in [C, S] {
        session.data(
            Seen {
                at: Timestamp::default(),
                side,
            },
            &[0x91; 64],
            &mut out,
        );
    }
    assert!(!session.wants(C) && !session.wants(S));
    assert_eq!((session.protocol(), out.len()), (None, 0));
}
