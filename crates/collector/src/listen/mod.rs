//! Syslog over UDP and TCP, IPv4 and IPv6.
//!
//! Standards: RFC 5426 (UDP), RFC 6587 (TCP). Neither acknowledges records: UDP loses what cannot
//! wait, and each loss is counted; TCP makes the sender wait.

mod system_drops;
mod tcp;
mod udp;

pub use tcp::TcpInput;
pub use udp::UdpInput;

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

/// A bound, non-blocking socket; `[::]` takes IPv4 as well.
fn socket(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}
