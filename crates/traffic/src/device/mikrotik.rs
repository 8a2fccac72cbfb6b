//! MikroTik RouterOS: the firewall topic of its manual, `input: in:ether1 out:(unknown 0), …`.

use crate::act::{Connection, Transport};

pub(super) fn write(number: u64, it: &Connection, out: &mut Vec<String>) {
    let (chain, inside, outside) = if it.inbound {
        ("input", "ether1-wan", "(unknown 0)")
    } else {
        ("forward", "bridge", "ether1-wan")
    };
    let prefix = if it.allowed { "" } else { "drop " };
    let (proto, ports) = match it.transport {
        Transport::Tcp if it.allowed => ("TCP (ACK,PSH)", true),
        Transport::Tcp => ("TCP (SYN)", true),
        Transport::Udp => ("UDP", true),
        Transport::Icmp => ("ICMP (type 8, code 0)", false),
    };
    let (source, target) = if ports {
        (it.source.to_string(), it.target.to_string())
    } else {
        (it.source.ip().to_string(), it.target.ip().to_string())
    };
    out.push(format!(
        "firewall,info {prefix}{chain}: in:{inside} out:{outside}, connection-state:new src-mac \
         02:00:00:00:00:01, proto {proto}, {source}->{target}, len {}",
        40 + number % 900
    ));
}
