//! The way out through a proxy, for firms whose firewall lets nothing else out: HTTP CONNECT (RFC 9110,
//! section 9.3.6), and then TLS with the hub as without one. The proxy sees the hub's name and the
//! amount, nothing else. It finds the hub's address, so that this machine need not be able to.
//!
//! Limits: the proxy's answer is read up to [`MAX_HEAD_BYTES`], within the time a connection may take.
//! A proxy that asks for a password, or speaks TLS itself, is not supported and told as a refusal.

use larum_link::token::HubAddress;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::connection::LinkProblem;

/// Most bytes of the proxy's answer.
pub const MAX_HEAD_BYTES: usize = 8_192;

/// A connection to `hub` through `proxy`.
///
/// # Errors
/// When the proxy is not reached, or does not connect.
pub async fn connect(proxy: &HubAddress, hub: &HubAddress) -> Result<TcpStream, LinkProblem> {
    let mut stream = TcpStream::connect((proxy.host(), proxy.port()))
        .await
        .map_err(|_| LinkProblem::ProxyUnreachable)?;
    let request = format!("CONNECT {hub} HTTP/1.1\r\nHost: {hub}\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .map_err(|_| LinkProblem::ProxyUnreachable)?;
    let mut head = Vec::new();
    // One byte at a time: what follows the head belongs to the connection.
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) if head.len() < MAX_HEAD_BYTES => head.push(byte),
            _ => return Err(LinkProblem::ProxyRefused),
        }
    }
    if connected(&head) {
        Ok(stream)
    } else {
        Err(LinkProblem::ProxyRefused)
    }
}

/// Whether the head of an answer says that the connection stands: any 2xx.
fn connected(head: &[u8]) -> bool {
    let version = head.starts_with(b"HTTP/1.1 ") || head.starts_with(b"HTTP/1.0 ");
    let status = head.get(9..12).unwrap_or_default();
    version && status.first() == Some(&b'2') && status.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_success_is_a_connection() {
        for (head, expected) in [
            (&b"HTTP/1.1 200 Connection established\r\n\r\n"[..], true),
            (b"HTTP/1.0 204 \r\n\r\n", true),
            (b"HTTP/1.1 200\r\n\r\n", true),
            (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", false),
            (b"HTTP/1.1 2x0 OK\r\n\r\n", false),
            (b"HTTP/2 200 OK\r\n\r\n", false),
            (b"200 OK\r\n\r\n", false),
            (b"", false),
        ] {
            assert_eq!(
                connected(head),
                expected,
                "{}",
                String::from_utf8_lossy(head)
            );
        }
    }
}
