//! Suricata's EVE log: one JSON object a line, of event type `flow` or `alert`.

use larum_core::time::Timestamp;

use crate::act::{Alert, Connection, Transport};
use crate::stamp::Civil;

pub(super) fn flow(number: u64, at: Timestamp, it: &Connection, out: &mut Vec<String>) {
    let (proto, app) = match it.transport {
        Transport::Tcp if it.target.port() == 443 => ("TCP", "tls"),
        Transport::Tcp => ("TCP", "failed"),
        Transport::Udp if it.target.port() == 53 => ("UDP", "dns"),
        Transport::Udp => ("UDP", "failed"),
        Transport::Icmp => ("ICMP", "failed"),
    };
    let stamp = stamp(at);
    out.push(format!(
        "{{\"timestamp\":\"{stamp}\",\"flow_id\":{},\"in_iface\":\"eth0\",\"event_type\":\"flow\",{},\
         \"proto\":\"{proto}\",\"app_proto\":\"{app}\",\"flow\":{{\"pkts_toserver\":{},\"pkts_toclient\":{},\
         \"bytes_toserver\":{},\"bytes_toclient\":{},\"start\":\"{stamp}\",\"end\":\"{stamp}\",\"age\":{},\
         \"state\":\"closed\",\"reason\":\"timeout\",\"alerted\":false}}}}",
        1_124_065_000_000 + number,
        ends(it.source, it.target),
        it.sent_bytes / 800 + 1,
        it.received_bytes / 1_200,
        it.sent_bytes,
        it.received_bytes,
        it.duration_seconds,
    ));
}

pub(super) fn alert(number: u64, at: Timestamp, it: &Alert, out: &mut Vec<String>) {
    let action = if it.dropped { "blocked" } else { "allowed" };
    out.push(format!(
        "{{\"timestamp\":\"{}\",\"flow_id\":{},\"in_iface\":\"eth0\",\"event_type\":\"alert\",{},\
         \"proto\":\"TCP\",\"alert\":{{\"action\":\"{action}\",\"gid\":1,\"signature_id\":{},\"rev\":2,\
         \"signature\":\"{}\",\"category\":\"Web Application Attack\",\"severity\":1}}}}",
        stamp(at),
        1_124_065_000_000 + number,
        ends(it.source, it.target),
        it.attack_id,
        it.attack,
    ));
}

fn ends(source: std::net::SocketAddr, target: std::net::SocketAddr) -> String {
    format!(
        "\"src_ip\":\"{}\",\"src_port\":{},\"dest_ip\":\"{}\",\"dest_port\":{}",
        source.ip(),
        source.port(),
        target.ip(),
        target.port()
    )
}

fn stamp(at: Timestamp) -> String {
    let micros = at.as_micros().rem_euclid(1_000_000);
    Civil::of(at).iso(micros).replace("+00:00", "+0000")
}
