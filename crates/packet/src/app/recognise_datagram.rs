//! Which protocol a datagram speaks. One datagram is whole, so it can be asked for all of its form.

use super::bytes::{Cursor, has_word, starts_with_word};
use super::{Protocol, Side};

/// One question: does a datagram like this speak that protocol?
type Asked = fn(&[u8]) -> bool;

/// The protocol of one datagram between these ports (client, server).
pub(super) fn recognise(side: Side, bytes: &[u8], ports: (u16, u16)) -> Option<Protocol> {
    let either = |port: u16| ports.0 == port || ports.1 == port;
    // What is asked of a clock may read as an answer of DNS that repeats no question.
    let like_a_clock = either(123) && is_ntp(bytes) && bytes.get(4..6) == Some(&[0, 0]);
    if !like_a_clock && is_dns(bytes) {
        return Some(match () {
            () if either(5353) => Protocol::Mdns,
            () if either(5355) => Protocol::Llmnr,
            () if either(137) => Protocol::Nbns,
            () => Protocol::Dns,
        });
    }
    let asked: &[(Asked, Protocol)] = &[
        (is_dtls, Protocol::Dtls),
        (is_quic, Protocol::Quic),
        (is_dhcp, Protocol::Dhcp),
        (is_snmp, Protocol::Snmp),
        (is_stun, Protocol::Stun),
        (is_ssdp, Protocol::Ssdp),
        (is_sip, Protocol::Sip),
        (is_kerberos, Protocol::Kerberos),
        (is_ldap, Protocol::Ldap),
        (is_torrent, Protocol::BitTorrent),
        (is_wireguard, Protocol::WireGuard),
        (is_syslog, Protocol::Syslog),
        (is_ike, Protocol::Ike),
        (is_sunrpc, Protocol::SunRpc),
        (is_dnp3, Protocol::Dnp3),
        (is_synchrophasor, Protocol::Synchrophasor),
        (is_enip, Protocol::Enip),
        (is_dcerpc, Protocol::Dcerpc),
    ];
    if let Some((_, protocol)) = asked.iter().find(|(ask, _)| ask(bytes)) {
        return Some(*protocol);
    }
    // These have so little form that their port is asked as well.
    let weak: &[(Asked, &[u16], Protocol)] = &[
        (is_ntp, &[123], Protocol::Ntp),
        (is_dns_header, &[53], Protocol::Dns),
        (is_dhcpv6, &[546, 547], Protocol::Dhcpv6),
        (is_tftp, &[69], Protocol::Tftp),
        (is_radius, &[1812, 1813, 1645, 1646, 3799], Protocol::Radius),
        (is_gtp, &[2123, 2152, 3386], Protocol::Gtp),
        (is_netbios_datagram, &[138], Protocol::NetBiosDatagram),
        (is_openvpn, &[1194], Protocol::OpenVpn),
        (is_memcached, &[11211], Protocol::Memcached),
    ];
    let found = weak
        .iter()
        .find(|(ask, at, _)| at.iter().any(|port| either(*port)) && ask(bytes));
    found.map(|(_, _, protocol)| *protocol).or_else(|| {
        // A server's clock answer and a client's question are telling enough on any port.
        (is_ntp(bytes) && ntp_is_sane(side, bytes)).then_some(Protocol::Ntp)
    })
}

/// A whole DNS message whose questions can be read and whose header holds nothing set aside.
pub(super) fn is_dns(bytes: &[u8]) -> bool {
    let Some(head) = bytes.get(..12) else {
        return false;
    };
    let mut cursor = Cursor(head);
    let (_, flags) = (cursor.be16(), cursor.be16().unwrap_or_default());
    let counts =
        [cursor.be16(), cursor.be16(), cursor.be16(), cursor.be16()].map(Option::unwrap_or_default);
    let [questions, answers, authority, additional] = counts;
    let operation = flags >> 11 & 0xf;
    // Six operations are assigned to DNS (IANA) and five to NetBIOS names.
    if operation > 8 || flags & 0x40 != 0 && operation == 0 && flags & 0x8000 == 0 {
        return false;
    }
    let records = u32::from(answers) + u32::from(authority) + u32::from(additional);
    let room = bytes.len().saturating_sub(12) / 11;
    if questions > 16 || records as usize > room.saturating_add(1) && flags & 0x0200 == 0 {
        return false;
    }
    if questions == 0
        && (records == 0 && flags & 0x8000 == 0 || flags & 0x000f == 0 && answers == 0)
    {
        return false;
    }
    let mut rest = bytes.get(12..).unwrap_or_default();
    for _ in 0..questions {
        let Some(after) = skip_name(rest) else {
            return false;
        };
        let mut cursor = Cursor(after);
        let (Some(1..), Some(class)) = (cursor.be16(), cursor.be16()) else {
            return false;
        };
        // Internet, chaos, hesiod, none, any; the top bit is multicast's wish for a direct answer.
        if !matches!(class & 0x7fff, 1 | 3 | 4 | 254 | 255) {
            return false;
        }
        rest = cursor.0;
    }
    questions > 0 || skip_name(rest).is_some_and(|after| after.len() >= 10)
}

/// What follows a name as it stands here, compressed or not.
fn skip_name(bytes: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor(bytes);
    for _ in 0..128 {
        match cursor.byte()? {
            0 => return Some(cursor.0),
            length @ 1..=63 => {
                cursor.take(usize::from(length))?;
            }
            0xc0.. => {
                cursor.byte()?;
                return Some(cursor.0);
            }
            _ => return None,
        }
    }
    None
}

/// A record of DTLS with a hello in it, or an alert (RFC 6347, 4.1).
fn is_dtls(bytes: &[u8]) -> bool {
    match bytes.get(..3) {
        Some([22, 0xfe, 0xfd..=0xff]) => matches!(bytes.get(13), Some(1..=3)),
        // What OpenSSL wrote before the standard.
        Some([22, 1, 0]) => bytes.get(13) == Some(&1),
        _ => false,
    }
}

/// A long header of a known version (RFC 9000, 17.2; RFC 9369), or of Google's own before it.
fn is_quic(bytes: &[u8]) -> bool {
    let mut cursor = Cursor(bytes);
    let (Some(first), Some(version)) = (cursor.byte(), cursor.be32()) else {
        return false;
    };
    let ids = cursor.block8().is_some_and(|id| id.len() <= 20)
        && cursor.block8().is_some_and(|id| id.len() <= 20);
    match version {
        1 | 0x6b33_43cf | 0xff00_0017..=0xff00_0022 => first & 0xc0 == 0xc0 && ids,
        // A wish for other versions (RFC 8999, 6; 9000, 15).
        0 => first & 0x80 != 0 && ids && cursor.0.len() >= 4 && cursor.0.len().is_multiple_of(4),
        _ => google_quic(bytes),
    }
}

/// Google QUIC up to version 43: flags, an eight-byte number, "Q0nn".
fn google_quic(bytes: &[u8]) -> bool {
    let long = matches!(
        bytes.get(1..5),
        Some([b'Q' | b'T', b'0', b'0'..=b'9', b'0'..=b'9'])
    );
    let short = bytes.first().is_some_and(|flags| flags & 0x09 == 0x09)
        && matches!(
            bytes.get(9..13),
            Some([b'Q', b'0', b'0'..=b'9', b'0'..=b'9'])
        );
    long || short
}

/// BOOTP with DHCP's cookie (RFC 2131, 2).
fn is_dhcp(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(1 | 2)) && bytes.get(236..240) == Some(&[0x63, 0x82, 0x53, 0x63])
}

/// A sequence that begins with a version (RFC 1157, RFC 3416, RFC 3412).
fn is_snmp(bytes: &[u8]) -> bool {
    let mut outer = Cursor(bytes);
    let Some((0x30, message)) = outer.ber() else {
        return false;
    };
    let mut cursor = Cursor(message);
    match cursor.ber() {
        Some((2, [0 | 1])) => {
            matches!(cursor.ber(), Some((4, _))) && matches!(cursor.byte(), Some(0xa0..=0xa8))
        }
        Some((2, [3])) => {
            matches!(cursor.ber(), Some((0x30, _))) && matches!(cursor.ber(), Some((4, _)))
        }
        _ => false,
    }
}

/// The magic cookie and a length that fits (RFC 8489, 5).
fn is_stun(bytes: &[u8]) -> bool {
    let mut cursor = Cursor(bytes);
    let (Some(kind), Some(length), Some(0x2112_a442)) =
        (cursor.be16(), cursor.be16(), cursor.be32())
    else {
        return false;
    };
    kind & 0xc000 == 0 && usize::from(length) + 20 == bytes.len()
}

fn is_ssdp(bytes: &[u8]) -> bool {
    starts_with_word(bytes, b"M-SEARCH * HTTP/1.1")
        || starts_with_word(bytes, b"NOTIFY * HTTP/1.1")
        || starts_with_word(bytes, b"HTTP/1.1 200 OK") && has_word(bytes, b"\nUSN:")
}

fn is_sip(bytes: &[u8]) -> bool {
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.trim_ascii_end();
    line.starts_with(b"SIP/2.0 ") || line.ends_with(b" SIP/2.0")
}

/// A message of Kerberos that fills its datagram (RFC 4120, 7.2.1).
fn is_kerberos(bytes: &[u8]) -> bool {
    let mut cursor = Cursor(bytes);
    let Some((0x6a..=0x6f | 0x74..=0x76 | 0x7e, message)) = cursor.ber() else {
        return false;
    };
    cursor.is_empty() && message.first() == Some(&0x30)
}

/// The connectionless LDAP that finds domain controllers.
fn is_ldap(bytes: &[u8]) -> bool {
    let mut cursor = Cursor(bytes);
    let Some((0x30, message)) = cursor.ber() else {
        return false;
    };
    let mut inner = Cursor(message);
    matches!(inner.ber(), Some((2, number)) if !number.is_empty() && number.len() <= 4)
        && matches!(
            inner.byte(),
            Some(0x60 | 0x61 | 0x63 | 0x64 | 0x65 | 0x42 | 0x50)
        )
}

/// The distributed table's dictionaries (BEP 5), or a tracker's connect (BEP 15).
fn is_torrent(bytes: &[u8]) -> bool {
    let table = (starts_with_word(bytes, b"d1:ad2:id20:")
        || starts_with_word(bytes, b"d1:rd2:id20:"))
        && has_word(bytes, b"1:y1:");
    table
        || bytes.len() == 16
            && bytes.starts_with(&[0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0])
}

/// The three handshake messages, which have fixed sizes.
fn is_wireguard(bytes: &[u8]) -> bool {
    matches!(
        (bytes.get(..4), bytes.len()),
        (Some([1, 0, 0, 0]), 148) | (Some([2, 0, 0, 0]), 92) | (Some([3, 0, 0, 0]), 64)
    )
}

/// A priority in angle brackets, then a letter, a digit or a bracket (RFC 3164, RFC 5424).
fn is_syslog(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(b"<") else {
        return false;
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    matches!(digits, 1..=3)
        && rest.get(digits) == Some(&b'>')
        && rest
            .get(digits + 1)
            .is_some_and(|byte| byte.is_ascii_graphic() || *byte == b' ')
}

/// A header of IKE 1 or 2 whose length fits (RFC 7296, 3.1), also behind the marker of port 4500.
fn is_ike(bytes: &[u8]) -> bool {
    let bytes = bytes
        .strip_prefix(&[0, 0, 0, 0])
        .filter(|rest| rest.len() >= 28)
        .unwrap_or(bytes);
    let mut cursor = Cursor(bytes);
    let (Some(spi), Some(_), Some(_), Some(version), Some(kind), Some(_), Some(_), Some(length)) = (
        cursor.take(8),
        cursor.take(8),
        cursor.byte(),
        cursor.byte(),
        cursor.byte(),
        cursor.byte(),
        cursor.be32(),
        cursor.be32(),
    ) else {
        return false;
    };
    spi != [0; 8]
        && matches!(version, 0x10 | 0x20)
        && matches!(kind, 0..=6 | 32..=37)
        && length as usize == bytes.len()
}

fn is_sunrpc(bytes: &[u8]) -> bool {
    let mut cursor = Cursor(bytes);
    match (cursor.be32(), cursor.be32(), cursor.be32(), cursor.be32()) {
        (Some(_), Some(0), Some(2), Some(100_000..=400_000)) => true,
        (Some(_), Some(1), Some(0), Some(0)) => {
            bytes.len() >= 24 && bytes.get(16..20) == Some(&[0; 4])
        }
        _ => false,
    }
}

fn is_dnp3(bytes: &[u8]) -> bool {
    matches!(bytes.get(..3), Some([5, 0x64, 5..=255]))
}

fn is_synchrophasor(bytes: &[u8]) -> bool {
    let mut cursor = Cursor(bytes);
    match (cursor.byte(), cursor.byte(), cursor.be16()) {
        (Some(0xaa), Some(kind), Some(length)) => {
            kind & 0x80 == 0 && matches!(kind & 0xf, 1..=3) && usize::from(length) == bytes.len()
        }
        _ => false,
    }
}

fn is_enip(bytes: &[u8]) -> bool {
    let mut cursor = Cursor(bytes);
    match (cursor.le16(), cursor.le16(), cursor.le32(), cursor.le32()) {
        (Some(0x63..=0x65), Some(length), Some(_), Some(0)) => {
            usize::from(length) + 24 == bytes.len()
        }
        _ => false,
    }
}

/// The 48 bytes of a packet, or a control message (RFC 5905, 7.3; RFC 9327).
fn is_ntp(bytes: &[u8]) -> bool {
    let Some(first) = bytes.first() else {
        return false;
    };
    let (version, mode) = (first >> 3 & 7, first & 7);
    match mode {
        1..=5 => bytes.len() >= 48 && matches!(version, 1..=4),
        6 => bytes.len() >= 12 && matches!(version, 1..=4),
        7 => bytes.len() >= 8 && matches!(version, 2..=3),
        _ => false,
    }
}

/// On any port: a client asks with mode 3 in 48 bytes; a server answers with mode 4 and a stratum.
fn ntp_is_sane(side: Side, bytes: &[u8]) -> bool {
    let (Some(first), 48 | 68) = (bytes.first(), bytes.len()) else {
        return false;
    };
    match (first & 7, side) {
        (3, Side::Client) => {
            bytes.get(1).is_some_and(|stratum| *stratum == 0) && *first >> 3 & 7 >= 3
        }
        (4, Side::Server) => {
            bytes.get(1).is_some_and(|stratum| *stratum <= 16) && *first >> 3 & 7 >= 3
        }
        _ => false,
    }
}

/// The header alone of a question or an answer whose names cannot be read.
fn is_dns_header(bytes: &[u8]) -> bool {
    matches!(bytes.get(2..6), Some([flags, _, 0, 0..=1]) if flags >> 3 & 0xf <= 6)
        && bytes.len() >= 12
}

/// The connectionless form (C706, 12.5): version 4, a known kind, characters in ASCII.
fn is_dcerpc(bytes: &[u8]) -> bool {
    matches!(bytes.get(..7), Some([4, 0..=19, _, _, 0 | 0x10, 0..=3, 0])) && bytes.len() >= 80
}

fn is_dhcpv6(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(1..=13)) && bytes.len() >= 8
}

fn is_tftp(bytes: &[u8]) -> bool {
    matches!(bytes.get(..2), Some([0, 1..=6])) && bytes.len() >= 4
}

fn is_radius(bytes: &[u8]) -> bool {
    let mut cursor = Cursor(bytes);
    match (cursor.byte(), cursor.byte(), cursor.be16()) {
        (Some(1..=5 | 11..=13 | 40..=45), Some(_), Some(length)) => {
            (20..=bytes.len()).contains(&usize::from(length))
        }
        _ => false,
    }
}

fn is_gtp(bytes: &[u8]) -> bool {
    bytes.len() >= 8
        && bytes
            .first()
            .is_some_and(|first| matches!(first >> 5, 0..=2))
}

fn is_netbios_datagram(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(0x10..=0x16)) && bytes.len() >= 10
}

fn is_openvpn(bytes: &[u8]) -> bool {
    bytes.len() >= 9
        && bytes
            .first()
            .is_some_and(|first| matches!(first >> 3, 1..=10))
}

fn is_memcached(bytes: &[u8]) -> bool {
    bytes.len() > 8 && matches!(bytes.get(4..8), Some([0, 1..=255, 0, 0]))
}
