//! The system: the service, the ports, the buffers.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::process::Command;

use super::{Examination, State};
use crate::config::Config;
use crate::status::StatusDocument;

/// The service's name.
const UNIT: &str = "larum.service";
/// The most the system gives a socket, in bytes.
const RECEIVE_LIMIT: &str = "/proc/sys/net/core/rmem_max";

/// Asks the system's service manager, where there is one.
pub(super) fn unit(to: &mut Examination) {
    let asked = Command::new("systemctl")
        .args([
            "show",
            UNIT,
            "--property",
            "LoadState,ActiveState,UnitFileState,NRestarts",
        ])
        .output();
    let Ok(asked) = asked else {
        to.enter("service", "no-manager", State::Ok, &[]);
        return;
    };
    let text = String::from_utf8_lossy(&asked.stdout);
    let of = |key: &str| {
        let lines = text.lines();
        lines
            .filter_map(|line| line.split_once('='))
            .find(|(name, _)| *name == key)
            .map_or("", |(_, value)| value)
    };
    let args = [
        ("state", of("ActiveState").to_owned().into()),
        ("restarts", of("NRestarts").to_owned().into()),
    ];
    match (of("LoadState"), of("ActiveState"), of("UnitFileState")) {
        ("", ..) => to.enter("service", "no-manager", State::Ok, &[]),
        ("not-found", ..) => to.enter("service", "none", State::Look, &[]),
        (_, "active", "enabled") if of("NRestarts") == "0" => {
            to.enter("service", "right", State::Ok, &args);
        }
        (_, "active", "enabled") => to.enter("service", "restarted", State::Look, &args),
        (_, "active", _) => to.enter("service", "not-enabled", State::Look, &args),
        _ => to.enter("service", "down", State::Broken, &args),
    }
}

/// Whether somebody listens where it should be listened: a running collector holds its ports, and while
/// none runs nobody else may.
pub(super) fn ports(to: &mut Examination, config: &Config, status: Option<&StatusDocument>) {
    let running = status.is_some_and(|status| status.running);
    let page = config.page_address.map(|address| ("page", false, address));
    let metrics = config
        .metrics_address
        .map(|address| ("metrics", false, address));
    let listeners = config.listen.iter().map(|listen| {
        let is_udp = listen.transport.is_over_udp();
        (listen.transport.as_str(), is_udp, listen.address)
    });
    for (what, is_udp, address) in listeners.chain(page).chain(metrics) {
        if address.port() == 0 {
            continue;
        }
        let taken = bind(is_udp, address);
        let args = [
            ("what", what.into()),
            ("address", address.to_string().into()),
            ("port", address.port().to_string().into()),
        ];
        let kind = taken.err().map(|error| error.kind());
        match (running, kind) {
            (true, Some(io::ErrorKind::AddrInUse)) => to.enter("port", "open", State::Ok, &args),
            (true, None) => to.enter("port", "closed", State::Broken, &args),
            (false, None) => to.enter("port", "free", State::Ok, &args),
            (false, Some(io::ErrorKind::AddrInUse)) => {
                to.enter("port", "taken", State::Broken, &args);
            }
            (_, Some(io::ErrorKind::PermissionDenied)) => {
                to.enter("port", "denied", State::Look, &args);
            }
            (_, Some(_)) => to.enter("port", "unusable", State::Broken, &args),
        }
    }
}

fn bind(is_udp: bool, address: SocketAddr) -> io::Result<()> {
    if is_udp {
        UdpSocket::bind(address).map(drop)
    } else {
        TcpListener::bind(address).map(drop)
    }
}

/// Whether the system gives UDP listeners the buffer that was asked for.
pub(super) fn buffers(to: &mut Examination, config: &Config) {
    let wanted = config.limits.udp_buffer_bytes;
    let has_udp = config
        .listen
        .iter()
        .any(|listen| listen.transport.is_over_udp());
    let given = fs::read_to_string(RECEIVE_LIMIT)
        .ok()
        .and_then(|text| text.trim().parse::<usize>().ok());
    let Some(given) = given.filter(|_| has_udp) else {
        return;
    };
    let args = [
        ("given", given.to_string().into()),
        ("wanted", wanted.to_string().into()),
    ];
    if given < wanted {
        to.enter("buffer", "small", State::Look, &args);
    } else {
        to.enter("buffer", "right", State::Ok, &args);
    }
}
