//! The first bytes of every protocol that is known, invented after its standard: each is recognised on a
//! port that says nothing, but for the few of so little form that their port is asked as well.
#![expect(clippy::too_many_lines, reason = "a table")]

mod dialogue;

use larum_core::time::Timestamp;
use larum_packet::app::{Carrier, Protocol, Seen, Session, Side};

const C: Side = Side::Client;
const S: Side = Side::Server;
/// A port that is nobody's.
const ANY: u16 = 9_999;

/// A question for `example.org`'s address.
const QUESTION: &[u8] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07example\x03org\0\0\x01\0\x01";

fn then(head: &[u8], zeroes: usize) -> Vec<u8> {
    let mut bytes = head.to_vec();
    bytes.resize(head.len() + zeroes, 0);
    bytes
}

/// First bytes over a connection, and who says them.
fn over_streams() -> Vec<(Protocol, Side, Vec<u8>)> {
    let framed = [&[0, 29], QUESTION].concat();
    let request = |text: &str| text.as_bytes().to_vec();
    vec![
        (Protocol::Amqp, C, b"AMQP\0\0\x09\x01".to_vec()),
        (
            Protocol::Bgp,
            C,
            then(&[&[0xff; 16][..], &[0, 29, 1]].concat(), 10),
        ),
        (
            Protocol::BitTorrent,
            C,
            then(b"\x13BitTorrent protocol", 48),
        ),
        (
            Protocol::Cotp,
            C,
            b"\x03\0\0\x16\x11\xe0\0\0\0\x01\0\xc1\x02\x01\0\xc2\x02\x01\x02\xc0\x01\x0a".to_vec(),
        ),
        (
            Protocol::Dcerpc,
            C,
            then(b"\x05\0\x0b\x03\x10\0\0\0\x48\0\0\0\x01\0\0\0", 56),
        ),
        (
            Protocol::Diameter,
            C,
            then(b"\x01\0\0\x14\x80\0\x01\x01", 12),
        ),
        (
            Protocol::Dnp3,
            C,
            b"\x05\x64\x05\xc0\x01\0\0\x04\xe9\x21".to_vec(),
        ),
        (Protocol::Dns, C, framed),
        (Protocol::Enip, C, then(b"\x65\0\x04\0", 24)),
        (
            Protocol::Ftp,
            S,
            request("220 files.example.org FTP server ready\r\n"),
        ),
        (
            Protocol::Git,
            C,
            request("0033git-upload-pack /shop.git\0host=www.example.org\0"),
        ),
        (
            Protocol::Http,
            C,
            request("GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n"),
        ),
        (
            Protocol::Http2,
            C,
            request("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ),
        (
            Protocol::Imap,
            S,
            request("* OK [CAPABILITY IMAP4rev1]\r\n"),
        ),
        (Protocol::Irc, C, request("NICK anne\r\n")),
        (Protocol::Rmi, C, b"JRMI\0\x02\x4b".to_vec()),
        (
            Protocol::Kerberos,
            C,
            b"\0\0\0\x12\x6a\x10\x30\x0e\xa1\x03\x02\x01\x05\xa2\x03\x02\x01\x0a\xa4\x02\x30\0"
                .to_vec(),
        ),
        (
            Protocol::Ldap,
            C,
            b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\0\x80\0".to_vec(),
        ),
        (
            Protocol::Modbus,
            C,
            b"\0\x01\0\0\0\x06\x01\x03\0\0\0\x01".to_vec(),
        ),
        (
            Protocol::MongoDb,
            C,
            then(b"\x20\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0", 16),
        ),
        (
            Protocol::Mqtt,
            C,
            b"\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0".to_vec(),
        ),
        (
            Protocol::Mssql,
            C,
            then(b"\x12\x01\0\x1a\0\0\0\0\0\0\x0b\0\x06\xff", 12),
        ),
        (Protocol::MySql, S, then(b"\x2a\0\0\0\x0a8.0.36\0", 34)),
        (
            Protocol::Nntp,
            S,
            request("200 news.example.org NNTP service ready\r\n"),
        ),
        (
            Protocol::Oracle,
            C,
            then(b"\0\x3a\0\0\x01\0\0\0\x01\x3e\x01\x2c\x0c\x41\x20\0", 42),
        ),
        (
            Protocol::Pop3,
            S,
            request("+OK POP3 mail.example.org ready\r\n"),
        ),
        (
            Protocol::PostgreSql,
            C,
            b"\0\0\0\x08\x04\xd2\x16\x2f".to_vec(),
        ),
        (
            Protocol::Rdp,
            C,
            b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0".to_vec(),
        ),
        (Protocol::Redis, C, request("*1\r\n$4\r\nPING\r\n")),
        (Protocol::Rsync, S, request("@RSYNCD: 31.0\n")),
        (
            Protocol::Rtsp,
            C,
            request("OPTIONS rtsp://192.0.2.1/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
        ),
        (
            Protocol::Sip,
            C,
            request("OPTIONS sip:anne@example.org SIP/2.0\r\n\r\n"),
        ),
        (Protocol::Smb, C, then(b"\0\0\0\x44\xfeSMB\x40\0", 62)),
        (Protocol::Smtp, S, request("220 mail.example.org ESMTP\r\n")),
        (Protocol::Socks, C, b"\x05\x01\0".to_vec()),
        (Protocol::Ssh, S, request("SSH-2.0-OpenSSH_9.6\r\n")),
        (
            Protocol::SunRpc,
            C,
            then(
                b"\x80\0\0\x28\0\0\0\x01\0\0\0\0\0\0\0\x02\0\x01\x86\xa3",
                24,
            ),
        ),
        (
            Protocol::Synchrophasor,
            C,
            then(b"\xaa\x41\0\x12\0\x01", 12),
        ),
        (Protocol::Telnet, S, b"\xff\xfd\x18\xff\xfd\x20".to_vec()),
        (
            Protocol::Tls,
            C,
            then(b"\x16\x03\x01\0\x30\x01\0\0\x2c\x03\x03", 42),
        ),
        (Protocol::Vnc, S, request("RFB 003.008\n")),
        (
            Protocol::Xmpp,
            C,
            request("<stream:stream to='example.org'>"),
        ),
    ]
}

/// First datagrams of clients, and the port they are sent to.
fn over_datagrams() -> Vec<(Protocol, u16, Vec<u8>)> {
    let dhcp = |first: u8| [&then(&[first, 1, 6, 0], 232)[..], b"\x63\x82\x53\x63\xff"].concat();
    vec![
        (Protocol::Dhcp, ANY, dhcp(1)),
        (Protocol::Dhcpv6, 547, then(b"\x01\x12\x34\x56", 4)),
        (Protocol::Dns, ANY, QUESTION.to_vec()),
        (
            Protocol::Dtls,
            ANY,
            then(b"\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x10\x01", 24),
        ),
        (Protocol::Gtp, 2_152, then(b"\x32\x01", 10)),
        (
            Protocol::Ike,
            ANY,
            [&then(b"\x01\x02\x03\x04\x05\x06\x07\x08", 8)[..], b"\x21\x20\x22\x08\0\0\0\0\0\0\0\x1c"].concat(),
        ),
        (Protocol::Llmnr, 5_355, QUESTION.to_vec()),
        (Protocol::Mdns, 5_353, QUESTION.to_vec()),
        (
            Protocol::Memcached,
            11_211,
            b"\0\x01\0\0\0\x01\0\0stats\r\n".to_vec(),
        ),
        (Protocol::Nbns, 137, QUESTION.to_vec()),
        (Protocol::NetBiosDatagram, 138, then(b"\x11\x02", 12)),
        (Protocol::Ntp, ANY, then(b"\x23", 47)),
        (Protocol::OpenVpn, 1_194, then(b"\x38", 13)),
        (
            Protocol::Quic,
            ANY,
            then(b"\xc3\0\0\0\x01\x08\x01\x02\x03\x04\x05\x06\x07\x08\0", 1_185),
        ),
        (
            Protocol::Radius,
            1_812,
            then(b"\x01\x01\0\x14", 16),
        ),
        (
            Protocol::Snmp,
            ANY,
            b"\x30\x1a\x02\x01\x01\x04\x06public\xa0\x0d\x02\x01\x01\x02\x01\0\x02\x01\0\x30\x02\x30\0".to_vec(),
        ),
        (
            Protocol::Ssdp,
            ANY,
            b"M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\n\r\n".to_vec(),
        ),
        (
            Protocol::Stun,
            ANY,
            then(b"\0\x01\0\0\x21\x12\xa4\x42", 12),
        ),
        (
            Protocol::Syslog,
            ANY,
            b"<34>Nov 23 10:00:00 gate su: no".to_vec(),
        ),
        (Protocol::Tftp, 69, b"\0\x01hosts\0octet\0".to_vec()),
        (Protocol::WireGuard, ANY, then(b"\x01\0\0\0", 144)),
    ]
}

#[test]
fn every_protocol_is_known_by_its_first_bytes() {
    let mut known = Vec::new();
    for (protocol, side, bytes) in over_streams() {
        let (found, _) = dialogue::told(&[(side, &bytes)], &[bytes.len()], ANY);
        assert_eq!(found, Some(protocol));
        known.push(protocol);
    }
    for (protocol, port, bytes) in over_datagrams() {
        let mut session = Session::new(Carrier::Datagram, 40_000, port);
        let at = Timestamp::default();
        session.data(Seen { at, side: C }, &bytes, &mut Vec::new());
        session.end(at, &mut Vec::new());
        assert_eq!(session.protocol(), Some(protocol));
        known.push(protocol);
    }
    for protocol in Protocol::ALL {
        assert!(known.contains(protocol), "{protocol:?} has no example here");
    }
}
