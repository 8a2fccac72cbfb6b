//! The Linux kernel's packet log as ufw sets it up: `[UFW BLOCK] IN=... SRC=...` (nf_log_syslog).

use std::net::IpAddr;

use crate::act::{Connection, Transport};

pub(super) fn write(number: u64, it: &Connection, out: &mut Vec<String>) {
    let verdict = if it.allowed { "ALLOW" } else { "BLOCK" };
    let (inside, outside) = if it.inbound {
        ("eth0", "")
    } else {
        ("eth1", "eth0")
    };
    let mut line = format!(
        "[{}.{:06}] [UFW {verdict}] IN={inside} OUT={outside} \
         MAC=02:00:5e:00:53:01:02:00:5e:00:53:02:08:00 ",
        12_000 + number / 3,
        number * 7_919 % 1_000_000,
    );
    let six = match (it.source.ip(), it.target.ip()) {
        (IpAddr::V6(source), IpAddr::V6(target)) => {
            let full = |address: std::net::Ipv6Addr| {
                address
                    .segments()
                    .map(|part| format!("{part:04x}"))
                    .join(":")
            };
            line.push_str(&format!(
                "SRC={} DST={} LEN=60 TC=0 HOPLIMIT=52 FLOWLBL=0 ",
                full(source),
                full(target)
            ));
            true
        }
        (source, target) => {
            let ttl = 40 + number % 24;
            line.push_str(&format!(
                "SRC={source} DST={target} LEN=44 TOS=0x00 PREC=0x00 TTL={ttl} ID={} ",
                number * 7 % 65_536
            ));
            false
        }
    };
    let ports = format!("SPT={} DPT={}", it.source.port(), it.target.port());
    let rest = match it.transport {
        Transport::Tcp => format!("PROTO=TCP {ports} WINDOW=1024 RES=0x00 SYN URGP=0 "),
        Transport::Udp => format!("PROTO=UDP {ports} LEN=24 "),
        Transport::Icmp if six => {
            format!("PROTO=ICMPv6 TYPE=128 CODE=0 ID={} SEQ=1 ", number % 65_536)
        }
        Transport::Icmp => format!("PROTO=ICMP TYPE=8 CODE=0 ID={} SEQ=1 ", number % 65_536),
    };
    line.push_str(&rest);
    out.push(line);
}
