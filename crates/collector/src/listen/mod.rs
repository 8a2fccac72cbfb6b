//! Where records are sent to: syslog over UDP, TCP and TLS, RELP, HTTP; IPv4 and IPv6.
//!
//! Standards: RFC 5426 (UDP), RFC 6587 (TCP), RFC 5425 and RFC 9662 (TLS), RELP 0, RFC 9110 (HTTP).
//! UDP loses what cannot wait, and each loss is counted; TCP and TLS make the sender wait; RELP and HTTP
//! tell the sender what is safe on disk.

mod door;
mod flows;
mod guests;
mod http;
mod inputs;
mod rate;
mod relp;
mod stream;
mod syslog;
mod tls;
mod udp;

pub(crate) use inputs::Inputs;
pub use inputs::{MIN_TOKEN_BYTES, check};
pub(crate) use relp::count_frames as count_relp;
pub use tls::{Certificates, CertificatesError, own_fingerprint};

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
