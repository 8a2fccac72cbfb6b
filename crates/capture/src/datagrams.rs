//! Datagrams received many at a time (`recvmmsg`), and what the system dropped at their socket.
//!
//! Limits: [`AT_ONCE`] datagrams of [`MAX_DATAGRAM_BYTES`] each, 4 MiB of address space, of which only
//! the pages are in memory that a datagram was ever written to: 256 KiB where none is above 4 KiB.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd;

use crate::system;

/// Most datagrams received at once.
pub const AT_ONCE: usize = 64;
/// Largest datagram there can be.
pub const MAX_DATAGRAM_BYTES: usize = 65_535;

/// Bytes of an address as the system writes it: `sockaddr_in6`, the longer of the two.
pub(crate) const NAME_BYTES: usize = 28;

/// Room for datagrams, and those that were received last.
pub struct Datagrams {
    room: Vec<u8>,
    names: [[u8; NAME_BYTES]; AT_ONCE],
    lengths: [usize; AT_ONCE],
    count: usize,
}

impl Default for Datagrams {
    fn default() -> Self {
        Self {
            room: vec![0; AT_ONCE * MAX_DATAGRAM_BYTES],
            names: [[0; NAME_BYTES]; AT_ONCE],
            lengths: [0; AT_ONCE],
            count: 0,
        }
    }
}

impl Datagrams {
    /// Receives what is there in place of what was received before, at most `most` and [`AT_ONCE`]
    /// datagrams, without waiting; how many they are.
    ///
    /// # Errors
    /// What the system says, among it `WouldBlock` when nothing is there.
    pub fn receive(&mut self, socket: &impl AsFd, most: usize) -> io::Result<usize> {
        self.count = 0;
        let most = most.min(AT_ONCE);
        let Self {
            room,
            names,
            lengths,
            ..
        } = self;
        let slots = room.chunks_exact_mut(MAX_DATAGRAM_BYTES).take(most);
        self.count = system::receive_many(socket.as_fd(), slots, names, lengths)?;
        Ok(self.count)
    }

    /// What was received last, each with its sender, where that is an address of the internet.
    pub fn iter(&self) -> impl Iterator<Item = (IpAddr, &[u8])> {
        let slots = self.room.chunks_exact(MAX_DATAGRAM_BYTES);
        let heads = self.names.iter().zip(&self.lengths).take(self.count);
        heads.zip(slots).filter_map(|((name, length), slot)| {
            Some((address_of(name)?, slot.get(..*length).unwrap_or(slot)))
        })
    }
}

/// The address in a `sockaddr_in` or `sockaddr_in6`: family (2 bytes, of this machine's order), port (2),
/// then 4 bytes of IPv4; or flow (4) and 16 bytes of IPv6. IPv4 within IPv6 is told as IPv4.
fn address_of(name: &[u8; NAME_BYTES]) -> Option<IpAddr> {
    let family = u16::from_ne_bytes(*name.first_chunk::<2>()?);
    match libc::c_int::from(family) {
        libc::AF_INET => {
            let bytes = name.get(4..)?.first_chunk::<4>()?;
            Some(Ipv4Addr::from(*bytes).into())
        }
        libc::AF_INET6 => {
            let bytes = name.get(8..)?.first_chunk::<16>()?;
            Some(IpAddr::from(Ipv6Addr::from(*bytes)).to_canonical())
        }
        _ => None,
    }
}

/// How many datagrams the system dropped at `socket` since it was made, because its receive buffer was full
/// or they were damaged; begins again at 0 after 2³² - 1.
///
/// # Errors
/// When the system does not say (before Linux 4.12).
pub fn dropped_by_system(socket: &impl AsFd) -> io::Result<u32> {
    system::dropped(socket.as_fd())
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn many_come_at_once_in_order_with_their_senders() {
        for any in ["127.0.0.1:0", "[::1]:0", "[::]:0"] {
            let Ok(socket) = UdpSocket::bind(any) else {
                continue;
            };
            let mut to = socket.local_addr().unwrap();
            if to.ip().is_unspecified() {
                to.set_ip(Ipv4Addr::LOCALHOST.into());
            }
            let from = if to.is_ipv4() {
                "127.0.0.1:0"
            } else {
                "[::1]:0"
            };
            let sender = UdpSocket::bind(from).unwrap();
            let sent: Vec<Vec<u8>> = (0..100_u8)
                .map(|number| vec![number; usize::from(number) * 200])
                .collect();
            let mut datagrams = Datagrams::default();
            let mut received = Vec::new();
            for some in sent.chunks(10) {
                for one in some {
                    sender.send_to(one, to).unwrap();
                }
                while datagrams.receive(&socket, 7).is_ok() {
                    for (ip, bytes) in datagrams.iter() {
                        assert_eq!(ip, sender.local_addr().unwrap().ip());
                        received.push(bytes.to_vec());
                    }
                }
            }
            assert_eq!(received, sent);
            let nothing = datagrams.receive(&socket, AT_ONCE).unwrap_err();
            assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
            assert_eq!(datagrams.iter().count(), 0);
        }
    }

    #[test]
    fn the_system_counts_what_it_drops() {
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
        socket.bind(&any.into()).unwrap();
        let socket: UdpSocket = socket.into();
        assert_eq!(dropped_by_system(&socket).unwrap(), 0);
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..500 {
            sender
                .send_to(&[0; 100], socket.local_addr().unwrap())
                .unwrap();
        }
        let mut datagrams = Datagrams::default();
        let mut received = 0;
        while let Ok(count) = datagrams.receive(&socket, AT_ONCE) {
            received += count;
        }
        let dropped = usize::try_from(dropped_by_system(&socket).unwrap()).unwrap();
        assert!(dropped > 0, "a small buffer takes no 500");
        assert_eq!(received + dropped, 500);
    }
}
