//! pfSense and OPNsense filterlog: comma-separated, as the pfSense documentation "Raw Filter Log
//! Format" lays it out.

use std::net::IpAddr;

use crate::act::{Connection, Transport};

pub(super) fn write(number: u64, it: &Connection, out: &mut Vec<String>) {
    let action = if it.allowed { "pass" } else { "block" };
    let (rule, tracker) = if it.allowed {
        (83, 1_600_000_001_u64)
    } else {
        (4, 1_000_000_103)
    };
    let interface = if it.inbound { "igb0" } else { "igb1" };
    let head = format!("{rule},,,{tracker},{interface},match,{action},in");
    let six = matches!(it.source.ip(), IpAddr::V6(_));
    let (name, protocol) = match (it.transport, six) {
        (Transport::Tcp, _) => ("tcp", 6),
        (Transport::Udp, _) => ("udp", 17),
        (Transport::Icmp, false) => ("icmp", 1),
        (Transport::Icmp, true) => ("ipv6-icmp", 58),
    };
    let length = match it.transport {
        Transport::Tcp => 40,
        Transport::Udp => 78,
        Transport::Icmp => 84,
    };
    let network = if six {
        format!("6,0x00,0x00000,52,{name},{protocol},{length}")
    } else {
        format!(
            "4,0x0,,{},{},0,DF,{protocol},{name},{length}",
            40 + number % 24,
            number * 7 % 65_536
        )
    };
    let (source, target) = (it.source.ip(), it.target.ip());
    let ports = format!("{},{}", it.source.port(), it.target.port());
    let transport = match it.transport {
        Transport::Tcp => format!("{ports},0,S,{},,1024,,mss", 1_000_000 + number * 7_919),
        Transport::Udp => format!("{ports},{}", length - 28),
        Transport::Icmp => format!("request,{},1", number % 65_536),
    };
    out.push(format!("{head},{network},{source},{target},{transport}"));
}
