//! Cisco ASA, from the ASA series syslog messages guide: 106001, 106006, 106014, 106023, 302013 to
//! 302016, 302020 and 302021.

use crate::act::{Connection, Transport};

pub(super) fn write(number: u64, it: &Connection, out: &mut Vec<String>) {
    if it.allowed {
        allowed(10_000 + number, it, out);
    } else {
        out.push(denied(number, it));
    }
}

fn allowed(id: u64, it: &Connection, out: &mut Vec<String>) {
    let (from, to, way) = if it.inbound {
        ("outside", "inside", "inbound")
    } else {
        ("inside", "outside", "outbound")
    };
    let (opener, host) = (
        format!("{}/{}", it.source.ip(), it.source.port()),
        format!("{}/{}", it.target.ip(), it.target.port()),
    );
    let (sort, built, torn, why) = match it.transport {
        Transport::Tcp => ("TCP", 302_013, 302_014, " TCP FINs"),
        Transport::Udp => ("UDP", 302_015, 302_016, ""),
        Transport::Icmp => {
            let address = it.target.ip();
            out.push(format!(
                "%ASA-6-302020: Built {way} ICMP connection for faddr {}/0 gaddr {address}/0 laddr \
                 {address}/0 type 8 code 0",
                it.source.ip()
            ));
            return;
        }
    };
    // The guide names the outside host first, whichever way the connection was opened.
    let (outer, inner, outer_name, inner_name) = if it.inbound {
        (&opener, &host, from, to)
    } else {
        (&host, &opener, to, from)
    };
    out.push(format!(
        "%ASA-6-{built}: Built {way} {sort} connection {id} for {outer_name}:{outer} ({outer}) to \
         {inner_name}:{inner} ({inner})"
    ));
    let seconds = it.duration_seconds;
    out.push(format!(
        "%ASA-6-{torn}: Teardown {sort} connection {id} for {outer_name}:{outer} to \
         {inner_name}:{inner} duration {}:{:02}:{:02} bytes {}{why}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60,
        it.sent_bytes + it.received_bytes,
    ));
}

fn denied(number: u64, it: &Connection) -> String {
    let (source, target) = (it.source.ip(), it.target.ip());
    let (from_port, to_port) = (it.source.port(), it.target.port());
    match (it.transport, number % 4) {
        (Transport::Tcp, 0) if it.inbound => format!(
            "%ASA-2-106001: Inbound TCP connection denied from {source}/{from_port} to \
             {target}/{to_port} flags SYN  on interface outside"
        ),
        (Transport::Udp, 0) if it.inbound => format!(
            "%ASA-2-106006: Deny inbound UDP from {source}/{from_port} to {target}/{to_port} on \
             interface outside"
        ),
        (Transport::Icmp, _) => format!(
            "%ASA-3-106014: Deny inbound icmp src outside:{source} dst inside:{target} (type 8, \
             code 0)"
        ),
        (transport, _) => {
            let sort = if transport == Transport::Tcp {
                "tcp"
            } else {
                "udp"
            };
            let (from, to, list) = if it.inbound {
                ("outside", "inside", "outside_in")
            } else {
                ("inside", "outside", "inside_out")
            };
            format!(
                "%ASA-4-106023: Deny {sort} src {from}:{source}/{from_port} dst \
                 {to}:{target}/{to_port} by access-group \"{list}\" [0x0, 0x0]"
            )
        }
    }
}
