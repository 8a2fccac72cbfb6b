//! SonicWall, from the SonicOS log events reference: `id=firewall sn=… m=98 msg="Connection Opened"`.

use larum_core::time::Timestamp;

use crate::act::{Connection, Transport};
use crate::stamp::Civil;

pub(super) fn write(number: u64, at: Timestamp, it: &Connection, out: &mut Vec<String>) {
    let civil = Civil::of(at);
    let (from, to) = if it.inbound {
        ("X1", "X0")
    } else {
        ("X0", "X1")
    };
    let proto = match (it.transport, it.target.port()) {
        (Transport::Tcp, 443) => "tcp/https".to_owned(),
        (Transport::Tcp, port) => format!("tcp/{port}"),
        (Transport::Udp, 53) => "udp/dns".to_owned(),
        (Transport::Udp, port) => format!("udp/{port}"),
        (Transport::Icmp, _) => "icmp".to_owned(),
    };
    let (level, group, code, message) = match (it.allowed, it.transport) {
        (true, _) => (6, 1024, 537, "Connection Closed"),
        (false, Transport::Tcp) => (5, 64, 36, "TCP connection dropped"),
        (false, Transport::Udp) => (5, 128, 37, "UDP packet dropped"),
        (false, Transport::Icmp) => (5, 256, 38, "ICMP packet dropped due to Policy"),
    };
    // Of IPv6 addresses the ports stand apart.
    let (six, source, target) = if it.source.is_ipv6() {
        let addresses = format!(" srcV6={} dstV6={}", it.source.ip(), it.target.ip());
        (addresses, String::new(), String::new())
    } else {
        let text = |address: std::net::SocketAddr| address.ip().to_string();
        (String::new(), text(it.source), text(it.target))
    };
    let mut line = format!(
        "id=firewall sn=0017C5000000 time=\"{:04}-{:02}-{:02} {} UTC\" fw=203.0.113.2 pri={level} \
         c={group} m={code} msg=\"{message}\" n={} src={source}:{}:{from} dst={target}:{}:{to}{six} \
         proto={proto}",
        civil.year,
        civil.month,
        civil.day,
        civil.clock(),
        10_000 + number,
        it.source.port(),
        it.target.port(),
    );
    if it.allowed {
        line.push_str(&format!(
            " sent={} rcvd={} cdur={} rule=\"3 (LAN->WAN)\"",
            it.sent_bytes,
            it.received_bytes,
            it.duration_seconds * 1_000
        ));
    }
    out.push(line);
}
