//! Which protocol a stream speaks, from its first bytes. Each protocol's own published form is asked
//! for as much of itself as keeps chance away; ports are asked only where two protocols look alike.

use super::Protocol;
use super::bytes::{Cursor, decimal, has_word};
use super::http::{split_request, split_status};
use super::look::Verdict;
use super::recognise_text::{first_line, greeted, greeting, mail_client, spoken_second};

use Verdict::{Is, Maybe, Not};

/// One question: does a stream that begins like this speak that protocol?
type Asked = fn(&[u8]) -> Verdict;

/// What a client's first bytes are asked, most telling first.
const OF_CLIENT: &[Asked] = &[
    tls,
    literal,
    http_request,
    tpkt,
    smb,
    mqtt,
    postgresql,
    mssql,
    oracle,
    mongodb,
    redis,
    ldap,
    kerberos,
    socks,
    git,
    telnet,
    dcerpc,
    sunrpc,
    bgp,
    dnp3,
    synchrophasor,
    diameter,
    enip,
    dns,
    modbus,
    mail_client,
];

/// What a server's first bytes are asked.
const OF_SERVER: &[Asked] = &[
    tls,
    literal,
    status_line,
    tpkt,
    smb,
    mysql,
    telnet,
    greeting,
    ldap,
    kerberos,
    mongodb,
    dcerpc,
    sunrpc,
    bgp,
    dnp3,
    synchrophasor,
    diameter,
    enip,
    dns,
    modbus,
];

/// The judgement on a client's first bytes, given the server's so far.
pub(super) fn client(bytes: &[u8], server: &[u8], server_port: u16) -> Verdict {
    match ask(OF_CLIENT, bytes) {
        Maybe if !server.is_empty() => both(bytes, server, server_port),
        verdict => verdict,
    }
}

/// The judgement on a server's first bytes, given the client's so far.
pub(super) fn server(bytes: &[u8], client: &[u8], server_port: u16) -> Verdict {
    match ask(OF_SERVER, bytes) {
        Maybe if !client.is_empty() => both(client, bytes, server_port),
        verdict => verdict,
    }
}

/// The best guess when nothing more comes.
pub(super) fn at_the_end(client: &[u8], server: &[u8], server_port: u16) -> Option<Protocol> {
    if ask(OF_SERVER, server) != Maybe {
        return None;
    }
    match both(client, server, server_port) {
        Is(protocol) => Some(protocol),
        Maybe | Not => greeted(server, server_port),
    }
}

/// What both sides together say, when neither did alone.
fn both(client: &[u8], server: &[u8], server_port: u16) -> Verdict {
    if client == [0xc0, 0] && server == [0xd0, 0] {
        return Is(Protocol::Mqtt);
    }
    match spoken_second(client, server, server_port) {
        // What one side may still become is not decided by what both are not yet.
        Not => Maybe,
        verdict => verdict,
    }
}

fn ask(questions: &[Asked], bytes: &[u8]) -> Verdict {
    let mut verdict = Not;
    for question in questions {
        match question(bytes) {
            Is(protocol) => return Is(protocol),
            Maybe => verdict = Maybe,
            Not => {}
        }
    }
    verdict
}

/// Whether `bytes` begin with `word`, or may when more comes.
fn begins(bytes: &[u8], word: &[u8]) -> Option<bool> {
    match bytes.get(..word.len()) {
        Some(head) => Some(head == word),
        None if word.starts_with(bytes) => None,
        None => Some(false),
    }
}

/// Openings that name their protocol.
const LITERAL: &[(&[u8], Protocol)] = &[
    (b"SSH-", Protocol::Ssh),
    (b"PRI * HTTP/2.0\r\n", Protocol::Http2),
    (b"RFB 00", Protocol::Vnc),
    (b"\x13BitTorrent protocol", Protocol::BitTorrent),
    (b"AMQP", Protocol::Amqp),
    (b"JRMI", Protocol::Rmi),
    (b"@RSYNCD:", Protocol::Rsync),
    (b"<stream:stream", Protocol::Xmpp),
    (b"SIP/2.0 ", Protocol::Sip),
    (b"RTSP/1.0 ", Protocol::Rtsp),
];

fn literal(bytes: &[u8]) -> Verdict {
    let mut verdict = Not;
    for (word, protocol) in LITERAL {
        match begins(bytes, word) {
            Some(true) => return Is(*protocol),
            None => verdict = Maybe,
            Some(false) => {}
        }
    }
    match (verdict, begins(bytes, b"<?xml")) {
        (Not, Some(true)) if has_word(bytes, b"jabber") => Is(Protocol::Xmpp),
        (Not, Some(true) | None) => Maybe,
        _ => verdict,
    }
}

/// A record with a hello or an alert in it (RFC 8446, 5.1), or the hello of SSL 2.
fn tls(bytes: &[u8]) -> Verdict {
    let mut cursor = Cursor(bytes);
    let (Some(kind), Some(major)) = (cursor.byte(), cursor.byte()) else {
        return match bytes.first() {
            Some(0x15 | 0x16 | 0x80..) | None => Maybe,
            _ => Not,
        };
    };
    if matches!(kind, 0x15 | 0x16) && major == 3 {
        return match (cursor.byte(), cursor.be16(), cursor.byte()) {
            (Some(5..), _, _) => Not,
            (_, Some(length), Some(first)) => {
                let hello = kind == 0x16 && length <= 0x4800 && matches!(first, 0..=2);
                let alert = kind == 0x15 && length == 2 && matches!(first, 1 | 2);
                if hello || alert {
                    Is(Protocol::Tls)
                } else {
                    Not
                }
            }
            _ => Maybe,
        };
    }
    if kind & 0x80 == 0 {
        return Not;
    }
    let length = usize::from(kind & 0x7f) << 8 | usize::from(major);
    match (
        cursor.byte(),
        cursor.be16(),
        cursor.be16(),
        cursor.be16(),
        cursor.be16(),
    ) {
        (Some(1), Some(2 | 0x0300..=0x0304), Some(ciphers), Some(session), Some(challenge)) => {
            let parts = usize::from(ciphers) + usize::from(session) + usize::from(challenge);
            if parts + 9 == length && ciphers % 3 == 0 {
                Is(Protocol::Tls)
            } else {
                Not
            }
        }
        (Some(1) | None, Some(2 | 0x0300..=0x0304) | None, ..) => Maybe,
        _ => Not,
    }
}

/// Methods that HTTP shares with nobody; with a path after them, the line need not be whole.
const METHODS: &[&[u8]] = &[
    b"GET",
    b"POST",
    b"HEAD",
    b"PUT",
    b"DELETE",
    b"PATCH",
    b"TRACE",
    b"PROPFIND",
    b"REPORT",
    b"MKCOL",
];

fn http_request(bytes: &[u8]) -> Verdict {
    let (line, whole) = first_line(bytes);
    let word = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    let plain = word
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !plain || word.len() > 32 {
        return Not;
    }
    if METHODS.contains(&word) && line.get(word.len() + 1) == Some(&b'/') {
        return Is(Protocol::Http);
    }
    if !whole {
        return Maybe;
    }
    if line.ends_with(b" SIP/2.0") {
        return Is(Protocol::Sip);
    }
    if line.ends_with(b" RTSP/1.0") {
        return Is(Protocol::Rtsp);
    }
    match split_request(line) {
        Some((_, target)) if !target.is_empty() => Is(Protocol::Http),
        _ => Not,
    }
}

fn status_line(bytes: &[u8]) -> Verdict {
    match begins(bytes, b"HTTP/1.") {
        Some(false) => Not,
        None => Maybe,
        Some(true) => match first_line(bytes) {
            (line, _) if split_status(line).is_some() => Is(Protocol::Http),
            (_, true) => Not,
            (_, false) => Maybe,
        },
    }
}

/// ISO transport on TCP (RFC 1006): remote desktop, or S7 and its kin.
fn tpkt(bytes: &[u8]) -> Verdict {
    let mut cursor = Cursor(bytes);
    match (cursor.byte(), cursor.byte()) {
        (Some(3), Some(0)) => {}
        (Some(3) | None, None) => return Maybe,
        _ => return Not,
    }
    let (Some(length), Some(header), Some(kind)) = (cursor.be16(), cursor.byte(), cursor.byte())
    else {
        return Maybe;
    };
    if !matches!(kind, 0xe0 | 0xd0) || usize::from(header) + 5 != usize::from(length) {
        return Not;
    }
    if bytes.len() < usize::from(length).min(12) {
        return Maybe;
    }
    // Connection parameters (ISO 8073: size, calling and called selector) are S7's; remote desktop has
    // a cookie, a negotiation block or nothing there.
    match bytes.get(11) {
        Some(0xc0..=0xc2) => Is(Protocol::Cotp),
        _ => Is(Protocol::Rdp),
    }
}

/// A session message of NetBIOS with SMB in it, or the NetBIOS call before it (RFC 1002, 4.3).
fn smb(bytes: &[u8]) -> Verdict {
    match (bytes.first(), bytes.get(4..8)) {
        (Some(0), Some([0xfd..=0xff, b'S', b'M', b'B'])) => Is(Protocol::Smb),
        (Some(0x81), Some([0x20, ..])) if bytes.get(1..4) == Some(&[0, 0, 0x44]) => {
            Is(Protocol::Smb)
        }
        (Some(0 | 0x81), None) => Maybe,
        _ => Not,
    }
}

fn mqtt(bytes: &[u8]) -> Verdict {
    // Seen from the middle, it may begin with a client's sign of life.
    if matches!(bytes, [0xc0] | [0xc0, 0]) {
        return Maybe;
    }
    if bytes.first() != Some(&0x10) {
        return Not;
    }
    let Some(end) = bytes
        .iter()
        .skip(1)
        .take(4)
        .position(|byte| byte & 0x80 == 0)
    else {
        return if bytes.len() < 5 { Maybe } else { Not };
    };
    let name = bytes.get(end + 2..).unwrap_or_default();
    match (begins(name, b"\0\x04MQTT"), begins(name, b"\0\x06MQIsdp")) {
        (Some(true), _) | (_, Some(true)) => Is(Protocol::Mqtt),
        (None, _) | (_, None) => Maybe,
        _ => Not,
    }
}

fn postgresql(bytes: &[u8]) -> Verdict {
    let mut cursor = Cursor(bytes);
    match (cursor.be32(), cursor.be32()) {
        (Some(8), Some(80_877_103 | 80_877_104)) | (Some(16), Some(80_877_102)) => {
            Is(Protocol::PostgreSql)
        }
        (Some(9..=10_000), Some(0x0003_0000..=0x0003_00ff)) => Is(Protocol::PostgreSql),
        (Some(8..=10_000), None) => Maybe,
        (None, None) if bytes.iter().take(2).all(|byte| *byte == 0) => Maybe,
        _ => Not,
    }
}

/// A TDS packet: pre-login, or a log-in of the older kind (MS-TDS 2.2.3).
fn mssql(bytes: &[u8]) -> Verdict {
    let Some(head) = bytes.get(..9) else {
        return match bytes.first() {
            Some(0x10 | 0x12) | None => Maybe,
            _ => Not,
        };
    };
    match *head {
        [0x12, 1, high, low, 0, 0, _, 0, 0] if u16::from_be_bytes([high, low]) >= 9 => {
            Is(Protocol::Mssql)
        }
        [0x10, 0 | 1, high, low, 0, 0, _, 0, _] if u16::from_be_bytes([high, low]) >= 9 => {
            Is(Protocol::Mssql)
        }
        _ => Not,
    }
}

/// The wish to be connected, as clients of Oracle's database send it: a packet of that type with no check
/// sums, a version, and an older one that would do.
fn oracle(bytes: &[u8]) -> Verdict {
    let mut cursor = Cursor(bytes);
    let (length, sum, kind) = (cursor.be16(), cursor.be16(), cursor.be16());
    match (length, sum, kind) {
        (Some(58..), Some(0), Some(0x0100..=0x01ff)) => {}
        (Some(58..) | None, Some(0) | None, None) => return Maybe,
        _ => return Not,
    }
    match (cursor.be16(), cursor.be16(), cursor.be16()) {
        (Some(0), Some(version @ 0x012c..=0x0150), Some(least)) if least <= version => {
            Is(Protocol::Oracle)
        }
        (Some(0) | None, Some(0x012c..=0x0150) | None, None) => Maybe,
        _ => Not,
    }
}

fn mongodb(bytes: &[u8]) -> Verdict {
    let mut cursor = Cursor(bytes);
    let (Some(length), Some(_), Some(_)) = (cursor.le32(), cursor.le32(), cursor.le32()) else {
        return Maybe;
    };
    match cursor.le32() {
        _ if !(16..=48_000_000).contains(&length) => Not,
        Some(1 | 2004 | 2010 | 2011 | 2012 | 2013) => Is(Protocol::MongoDb),
        None => Maybe,
        _ => Not,
    }
}

/// A command as an array of strings (RESP), or one of the few inline ones.
fn redis(bytes: &[u8]) -> Verdict {
    let (line, whole) = first_line(bytes);
    if let Some(count) = line.strip_prefix(b"*") {
        return match (decimal(count), whole) {
            (Some(1..=1_000_000), true) => match bytes.get(line.len() + 2) {
                Some(b'$') => Is(Protocol::Redis),
                None => Maybe,
                _ => Not,
            },
            (_, false) if count.len() < 8 && count.iter().all(u8::is_ascii_digit) => Maybe,
            _ => Not,
        };
    }
    match (line, whole) {
        (b"PING" | b"INFO" | b"ping" | b"info", true) => Is(Protocol::Redis),
        (_, false) if b"PING\r".starts_with(line) || b"INFO\r".starts_with(line) => Maybe,
        _ => Not,
    }
}

/// A message with its number and an operation (RFC 4511, 4.1.1).
pub(super) fn ldap(bytes: &[u8]) -> Verdict {
    let mut cursor = Cursor(bytes);
    match cursor.byte() {
        None => return Maybe,
        Some(0x30) => {}
        Some(_) => return Not,
    }
    if bytes.len() < 7 {
        return Maybe;
    }
    let Some(length) = cursor.ber_length() else {
        return Not;
    };
    let number = cursor.byte().zip(cursor.byte());
    let (Some((2, size @ 1..=4)), 5..) = (number, length) else {
        return Not;
    };
    if cursor.take(usize::from(size)).is_none() {
        return Maybe;
    }
    match cursor.byte() {
        None => Maybe,
        Some(0x42 | 0x4a | 0x50 | 0x60 | 0x61 | 0x63..=0x69 | 0x6b..=0x6f | 0x73 | 0x77 | 0x78) => {
            Is(Protocol::Ldap)
        }
        Some(_) => Not,
    }
}

/// A length, then one of Kerberos's messages (RFC 4120, 5 and 7.2.2).
fn kerberos(bytes: &[u8]) -> Verdict {
    let Some(length) = Cursor(bytes).be32() else {
        return Maybe;
    };
    if !(16..=1 << 20).contains(&length) {
        return Not;
    }
    match (bytes.get(4), bytes.get(5..)) {
        (None, _) => Maybe,
        (Some(0x6a..=0x6f | 0x74..=0x76 | 0x7e), Some(rest)) => {
            let inner = Cursor(rest).ber_length();
            match inner {
                Some(inner) if inner < length as usize && inner + 8 >= length as usize => {
                    Is(Protocol::Kerberos)
                }
                None if rest.len() < 5 => Maybe,
                _ => Not,
            }
        }
        _ => Not,
    }
}

fn socks(bytes: &[u8]) -> Verdict {
    match *bytes {
        [5] | [4] => Maybe,
        [5, count, ..] if count > 0 && count <= 8 => {
            let methods = bytes.get(2..).unwrap_or_default();
            let methods = methods.get(..usize::from(count)).unwrap_or(methods);
            match methods
                .iter()
                .all(|method| matches!(method, 0..=9 | 0x80..))
            {
                true if methods.len() < usize::from(count) => Maybe,
                true => Is(Protocol::Socks),
                false => Not,
            }
        }
        [4, 1 | 2, ..] => match (bytes.len(), bytes.last()) {
            (9.., Some(0)) => Is(Protocol::Socks),
            (..=264, _) => Maybe,
            _ => Not,
        },
        _ => Not,
    }
}

/// A length in four hexadecimal digits, and one of Git's services.
fn git(bytes: &[u8]) -> Verdict {
    let (length, service) = bytes.split_at(bytes.len().min(4));
    if !length.iter().all(u8::is_ascii_hexdigit) {
        return Not;
    }
    match begins(service, b"git-") {
        Some(true) => Is(Protocol::Git),
        Some(false) => Not,
        None => Maybe,
    }
}

/// Telnet's negotiation (RFC 854): interpret-as-command, a wish, an option.
fn telnet(bytes: &[u8]) -> Verdict {
    match *bytes {
        [0xff, 0xfb..=0xfe, 0..=49, ..] | [0xff, 0xfa, 0..=49, ..] => Is(Protocol::Telnet),
        [0xff] | [0xff, 0xfa..=0xfe] => Maybe,
        _ => Not,
    }
}

fn dcerpc(bytes: &[u8]) -> Verdict {
    match bytes.get(..8) {
        Some([5, 0 | 1, 0 | 2 | 3 | 11..=16, _, 0x10 | 0, 0, 0, 0]) => Is(Protocol::Dcerpc),
        None if bytes.first().is_none_or(|first| *first == 5) => Maybe,
        _ => Not,
    }
}

/// A record mark and a call of version 2 (RFC 5531).
fn sunrpc(bytes: &[u8]) -> Verdict {
    let mut cursor = Cursor(bytes);
    let (Some(mark), Some(_)) = (cursor.be32(), cursor.be32()) else {
        return match bytes.first() {
            Some(0x80) | None => Maybe,
            _ => Not,
        };
    };
    if mark & 0x8000_0000 == 0 || !(24..=1 << 21).contains(&(mark & 0x7fff_ffff)) {
        return Not;
    }
    match (cursor.be32(), cursor.be32(), cursor.be32()) {
        (Some(0), Some(2), Some(100_000..=400_000)) => Is(Protocol::SunRpc),
        (Some(1), Some(0 | 1), Some(0..=7)) => Is(Protocol::SunRpc),
        (_, _, None) => Maybe,
        _ => Not,
    }
}

fn bgp(bytes: &[u8]) -> Verdict {
    let marker = bytes.iter().take(16).all(|byte| *byte == 0xff);
    match (marker, bytes.get(16..19)) {
        (true, Some([_, _, 1..=5])) => Is(Protocol::Bgp),
        (true, None) => Maybe,
        _ => Not,
    }
}

fn dnp3(bytes: &[u8]) -> Verdict {
    match bytes.get(..3) {
        Some([5, 0x64, 5..=255]) => Is(Protocol::Dnp3),
        None if bytes.first().is_none_or(|first| *first == 5) => Maybe,
        _ => Not,
    }
}

fn synchrophasor(bytes: &[u8]) -> Verdict {
    let mut cursor = Cursor(bytes);
    match (cursor.byte(), cursor.byte(), cursor.be16()) {
        (Some(0xaa), Some(kind), Some(14..)) if kind & 0x80 == 0 && matches!(kind & 0xf, 1..=3) => {
            Is(Protocol::Synchrophasor)
        }
        (Some(0xaa) | None, _, None) => Maybe,
        _ => Not,
    }
}

fn diameter(bytes: &[u8]) -> Verdict {
    let mut cursor = Cursor(bytes);
    match (cursor.byte(), cursor.be24(), cursor.byte(), cursor.be24()) {
        (Some(1), Some(length), Some(flags), Some(command)) => {
            let sane = length >= 20 && length % 4 == 0 && flags & 0x0f == 0;
            if sane && matches!(command, 257..=330 | 8_388_000..=8_389_000) {
                Is(Protocol::Diameter)
            } else {
                Not
            }
        }
        (Some(1) | None, _, _, None) => Maybe,
        _ => Not,
    }
}

fn enip(bytes: &[u8]) -> Verdict {
    let Some(head) = bytes.get(..24) else {
        return match bytes.first() {
            Some(4 | 0x63..=0x70) | None => Maybe,
            _ => Not,
        };
    };
    let mut cursor = Cursor(head);
    let (command, length, _, status) = (cursor.le16(), cursor.le16(), cursor.le32(), cursor.le32());
    match (command, length, status) {
        (Some(0x65), Some(4), Some(0)) | (Some(0x63 | 0x64 | 0x04), Some(0), Some(0)) => {
            Is(Protocol::Enip)
        }
        (Some(0x6f | 0x70), Some(6..), Some(0)) => Is(Protocol::Enip),
        _ => Not,
    }
}

/// A length, then a message (RFC 1035, 4.2.2).
fn dns(bytes: &[u8]) -> Verdict {
    let mut cursor = Cursor(bytes);
    let Some(length) = cursor.be16() else {
        return Maybe;
    };
    if length < 17 {
        return Not;
    }
    let message = cursor.0.get(..usize::from(length)).unwrap_or(cursor.0);
    if let Some(head) = message.get(2..12) {
        // Flags that are set aside, and counts nobody sends, keep chance away.
        let [_, low, qd_high, qd, an_high, _, ns_high, _, ar_high, _] = head else {
            return Not;
        };
        if low & 0x40 != 0 || *qd_high != 0 || *qd != 1 || (*an_high | *ns_high | *ar_high) > 8 {
            return Not;
        }
    }
    if message.len() < usize::from(length).min(512) {
        return Maybe;
    }
    match super::recognise_datagram::is_dns(message) {
        true => Is(Protocol::Dns),
        false => Not,
    }
}

/// A whole request or answer of Modbus on TCP: what its function says of its length is so.
fn modbus(bytes: &[u8]) -> Verdict {
    let mut cursor = Cursor(bytes);
    let (_, marker, length) = (cursor.be16(), cursor.be16(), cursor.be16());
    let length = match (marker, length) {
        (Some(0), Some(length @ 3..=254)) => usize::from(length),
        (Some(0), None) | (None, None) => return Maybe,
        _ => return Not,
    };
    let Some(message) = cursor.0.get(..length) else {
        return Maybe;
    };
    let byte = |place: usize| message.get(place).copied().map(usize::from);
    let counted = |place: usize| byte(place).is_some_and(|count| count + place + 1 == length);
    let fits = match message.get(1) {
        Some(1..=4) => length == 6 || counted(2),
        Some(5 | 6 | 8) => length == 6,
        Some(15 | 16) => length == 6 || counted(6),
        Some(22) => length == 8,
        Some(23) => counted(10) || counted(2),
        Some(17 | 20 | 21) => length == 2 || counted(2),
        Some(43) => matches!(byte(2), Some(13 | 14)),
        Some(0x81..=0xab) => length == 3 && matches!(byte(2), Some(1..=11)),
        _ => false,
    };
    if fits { Is(Protocol::Modbus) } else { Not }
}

/// The greeting of MySQL: protocol 10 and a version in text, or a refusal.
fn mysql(bytes: &[u8]) -> Verdict {
    let Some(head) = bytes.get(..6) else {
        return match bytes.get(3) {
            None | Some(0) => Maybe,
            Some(_) => Not,
        };
    };
    match *head {
        [_, _, 0, 0, 10, first] if first.is_ascii_digit() => Is(Protocol::MySql),
        [_, _, 0, 0, 0xff, _] if bytes.len() > 9 && bytes.iter().skip(7).all(u8::is_ascii) => {
            Is(Protocol::MySql)
        }
        _ => Not,
    }
}
