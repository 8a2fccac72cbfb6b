//! FortiGate, from the FortiOS 7 log message reference: `key=value` with quoted texts.

use larum_core::time::Timestamp;

use crate::act::{Act, Alert, Connection, LogIn, Transport};
use crate::stamp::Civil;

pub(super) fn write(host: &str, number: u64, at: Timestamp, act: &Act, out: &mut Vec<String>) {
    let civil = Civil::of(at);
    let head = format!(
        "date={:04}-{:02}-{:02} time={} devname=\"{host}\" devid=\"FGT60FTK0000{:04}\" \
         eventtime={}000 tz=\"+0000\"",
        civil.year,
        civil.month,
        civil.day,
        civil.clock(),
        1_000 + host.len(),
        at.as_micros(),
    );
    match act {
        Act::Connection(it) => out.push(format!("{head} {}", traffic(number, it))),
        Act::Alert(it) => out.push(format!("{head} {}", intrusion(number, it))),
        Act::RemoteAccess(it) => out.push(format!("{head} {}", remote_access(number, it))),
        Act::LogIn(_) | Act::Request(_) => {}
    }
}

fn traffic(number: u64, it: &Connection) -> String {
    let (proto, sort) = match it.transport {
        Transport::Tcp => (6, "tcp"),
        Transport::Udp => (17, "udp"),
        Transport::Icmp => (1, "icmp"),
    };
    let port = it.target.port();
    let service = match (it.transport, port) {
        (Transport::Icmp, _) => "PING".to_owned(),
        (_, 443) => "HTTPS".to_owned(),
        (_, 80) => "HTTP".to_owned(),
        (_, 22) => "SSH".to_owned(),
        (_, 53) => "DNS".to_owned(),
        _ => format!("{sort}/{port}"),
    };
    let (from, from_role, to, to_role) = if it.inbound {
        ("wan1", "wan", "dmz", "dmz")
    } else {
        ("internal", "lan", "wan1", "wan")
    };
    let (id, subtype, policy, action) = match (it.allowed, it.inbound, it.transport) {
        (false, true, _) => ("0001000014", "local", 0, "deny"),
        (false, false, _) => ("0000000013", "forward", 0, "deny"),
        (true, _, Transport::Tcp) => ("0000000013", "forward", 3, "close"),
        (true, _, _) => ("0000000013", "forward", 3, "accept"),
    };
    format!(
        "logid=\"{id}\" type=\"traffic\" subtype=\"{subtype}\" level=\"notice\" vd=\"root\" \
         srcip={} srcport={} srcintf=\"{from}\" srcintfrole=\"{from_role}\" dstip={} dstport={port} \
         dstintf=\"{to}\" dstintfrole=\"{to_role}\" sessionid={} proto={proto} action=\"{action}\" \
         policyid={policy} policytype=\"policy\" service=\"{service}\" trandisp=\"noop\" duration={} \
         sentbyte={} rcvdbyte={} sentpkt={} rcvdpkt={} appcat=\"unscanned\"",
        it.source.ip(),
        it.source.port(),
        it.target.ip(),
        100_000 + number,
        it.duration_seconds,
        it.sent_bytes,
        it.received_bytes,
        it.sent_bytes / 800 + 1,
        it.received_bytes / 1_200,
    )
}

fn intrusion(number: u64, it: &Alert) -> String {
    let action = if it.dropped { "dropped" } else { "detected" };
    format!(
        "logid=\"0419016384\" type=\"utm\" subtype=\"ips\" eventtype=\"signature\" level=\"alert\" \
         vd=\"root\" severity=\"high\" srcip={} srccountry=\"Reserved\" dstip={} srcintf=\"wan1\" \
         srcintfrole=\"wan\" dstintf=\"dmz\" dstintfrole=\"dmz\" sessionid={} action=\"{action}\" \
         proto=6 service=\"HTTPS\" policyid=3 attack=\"{}\" srcport={} dstport={} \
         direction=\"outgoing\" attackid={} profile=\"default\" incidentserialno={} \
         msg=\"signature: {}\" crscore=30 craction=8192 crlevel=\"high\"",
        it.source.ip(),
        it.target.ip(),
        100_000 + number,
        it.attack,
        it.source.port(),
        it.target.port(),
        it.attack_id,
        900_000 + number,
        it.attack,
    )
}

fn remote_access(number: u64, it: &LogIn) -> String {
    let (id, level, what, action, tunnel, reason, message) = if it.success {
        (
            "0101039424",
            "information",
            "SSL VPN tunnel up",
            "tunnel-up",
            number + 1_000_000,
            "login successfully",
            "SSL tunnel established",
        )
    } else {
        let reason = if it.known_user {
            "sslvpn_login_permission_denied"
        } else {
            "sslvpn_login_unknown_user"
        };
        (
            "0101039426",
            "alert",
            "SSL VPN login fail",
            "ssl-login-fail",
            0,
            reason,
            "SSL user failed to logged in",
        )
    };
    format!(
        "logid=\"{id}\" type=\"event\" subtype=\"vpn\" level=\"{level}\" vd=\"root\" \
         logdesc=\"{what}\" action=\"{action}\" tunneltype=\"ssl-web\" tunnelid={tunnel} remip={} \
         user=\"{}\" group=\"N/A\" dst_host=\"N/A\" reason=\"{reason}\" msg=\"{message}\"",
        it.source.ip(),
        it.user,
    )
}
