//! Who holds a listener's connections, and who gives one up when all are taken and one more comes:
//!
//! 1. the address with most, if it has at least two more than the newcomer's: so that neither one sender nor
//!    eight can keep the others out, and a newcomer never pushes out whoever has less;
//! 2. the network (IPv4 /24, IPv6 /64) with most, by the same rule, if it has half of all;
//! 3. whoever has been silent longest, for a minute at least.
//!
//! It is always the connection silent longest. It hands on what has arrived and ends.
//!
//! Limit: a listener's connections, 300 bytes each.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

/// Silent for so long, a connection gives way to any other.
const SILENT_MILLIS: u64 = 60_000;

/// The connections of one listener.
#[derive(Debug, Default)]
pub(super) struct Guests {
    next: u64,
    held: BTreeMap<u64, Held>,
}

#[derive(Debug)]
struct Held {
    sender: IpAddr,
    /// When it last sent something, in milliseconds since the listener began.
    heard: Arc<AtomicU64>,
    leave: watch::Sender<bool>,
}

impl Guests {
    /// How many there are, but for those that were told to leave.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// How many of `sender`.
    pub(super) fn of(&self, sender: IpAddr) -> usize {
        let held = self.held.values();
        held.filter(|one| one.sender == sender).count()
    }

    /// Adds one; its number, and what tells it to leave.
    pub(super) fn enter(
        &mut self,
        sender: IpAddr,
        heard: Arc<AtomicU64>,
    ) -> (u64, watch::Receiver<bool>) {
        let (leave, told) = watch::channel(false);
        let number = self.next;
        self.next += 1;
        let held = Held {
            sender,
            heard,
            leave,
        };
        self.held.insert(number, held);
        (number, told)
    }

    /// It has ended.
    pub(super) fn leave(&mut self, number: u64) {
        self.held.remove(&number);
    }

    /// Tells all to leave.
    pub(super) fn send_all_off(&mut self) {
        for (_, one) in std::mem::take(&mut self.held) {
            one.leave.send_replace(true);
        }
    }

    /// Tells one to leave so that `newcomer` has a place; whether there is one that must.
    pub(super) fn make_room(&mut self, newcomer: IpAddr, now_millis: u64) -> bool {
        let Some(number) = self.who_gives_way(newcomer, now_millis) else {
            return false;
        };
        if let Some(one) = self.held.remove(&number) {
            one.leave.send_replace(true);
        }
        true
    }

    fn who_gives_way(&self, newcomer: IpAddr, now_millis: u64) -> Option<u64> {
        let (host, of_host) = self.most(|ip| ip)?;
        if of_host > self.of(newcomer) + 1 {
            return self.silent_longest(|one| one.sender == host);
        }
        let (network, of_network) = self.most(network_of)?;
        let home = network_of(newcomer);
        let of_home = self.held.values();
        let of_home = of_home.filter(|one| network_of(one.sender) == home).count();
        if of_network > of_home + 1 && of_network.saturating_mul(2) >= self.len() {
            return self.silent_longest(|one| network_of(one.sender) == network);
        }
        self.silent_longest(|one| {
            now_millis.saturating_sub(one.heard.load(Ordering::Relaxed)) >= SILENT_MILLIS
        })
    }

    /// Who has most connections, by what `of` makes of an address, and how many.
    fn most(&self, of: impl Fn(IpAddr) -> IpAddr) -> Option<(IpAddr, usize)> {
        let mut counts: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for one in self.held.values() {
            *counts.entry(of(one.sender)).or_default() += 1;
        }
        counts.into_iter().max_by_key(|(_, count)| *count)
    }

    fn silent_longest(&self, among: impl Fn(&Held) -> bool) -> Option<u64> {
        let held = self.held.iter().filter(|(_, one)| among(one));
        held.min_by_key(|(_, one)| one.heard.load(Ordering::Relaxed))
            .map(|(number, _)| *number)
    }
}

fn network_of(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits() >> 8 << 8).into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
    }
}

/// A connection that notes when something was last heard on it.
#[derive(Debug)]
pub(super) struct Heard<S> {
    stream: S,
    begun: Instant,
    heard: Arc<AtomicU64>,
}

impl<S> Heard<S> {
    /// Notes milliseconds since `begun`; heard now.
    pub(super) fn new(stream: S, begun: Instant) -> (Self, Arc<AtomicU64>) {
        let heard = Arc::new(AtomicU64::new(Self::millis(begun)));
        let one = Self {
            stream,
            begun,
            heard: Arc::clone(&heard),
        };
        (one, heard)
    }

    /// Milliseconds since `begun`.
    pub(super) fn millis(begun: Instant) -> u64 {
        u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.heard
                .store(Self::millis(self.begun), Ordering::Relaxed);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Connections in the order they came, each with when it was heard, in seconds.
    fn full(of: &[(&str, u64)]) -> Guests {
        let mut guests = Guests::default();
        for (sender, seconds) in of {
            let heard = Arc::new(AtomicU64::new(seconds * 1_000));
            guests.enter(sender.parse().unwrap(), heard);
        }
        guests
    }

    #[track_caller]
    fn check(of: &[(&str, u64)], newcomer: &str, expected: Option<u64>) {
        let guests = full(of);
        let who = guests.who_gives_way(newcomer.parse().unwrap(), 100_000);
        assert_eq!(who, expected);
    }

    #[test]
    fn who_holds_most_gives_way_to_who_holds_less() {
        let greedy = ("192.168.1.66", 99);
        let honest = ("192.168.1.5", 1);
        check(
            &[honest, greedy, greedy, ("192.168.1.66", 98)],
            "192.168.1.7",
            Some(3),
        );
        // One more for who has as many as the others would leave somebody with less.
        check(&[("10.0.0.1", 99), ("10.0.0.2", 98)], "10.0.0.1", None);
        check(
            &[("10.0.0.1", 99), ("10.0.0.1", 98), ("10.0.0.2", 90)],
            "10.0.0.2",
            None,
        );
    }

    #[test]
    fn a_network_of_many_addresses_gives_way_to_another_network() {
        let many = [
            ("2001:db8:0:1::1", 99),
            ("2001:db8:0:1::2", 97),
            ("2001:db8:0:1::3", 98),
            ("2001:db8:0:2::1", 70),
        ];
        check(&many, "2001:db8:0:3::1", Some(1));
        check(&many, "2001:db8:0:1::9", None);
        // A quarter of all is no crowd.
        let spread = [
            ("10.0.1.1", 99),
            ("10.0.2.1", 99),
            ("10.0.3.1", 99),
            ("10.0.4.1", 99),
        ];
        check(&spread, "10.0.5.1", None);
    }

    #[test]
    fn who_is_silent_for_a_minute_gives_way_to_anybody() {
        let quiet = [("10.0.0.1", 99), ("10.0.0.2", 30), ("10.0.0.3", 40)];
        check(&quiet, "10.0.0.4", Some(1));
        check(&[("10.0.0.1", 41)], "10.0.0.4", None);
        check(&[], "10.0.0.4", None);
    }

    #[test]
    fn who_is_told_to_leave_hears_it_and_is_counted_no_more() {
        let mut guests = Guests::default();
        let sender = "192.0.2.1".parse().unwrap();
        let (number, told) = guests.enter(sender, Arc::default());
        assert!(guests.make_room("192.0.2.2".parse().unwrap(), 60_000));
        assert!(*told.borrow());
        assert_eq!((guests.len(), guests.of(sender)), (0, 0));
        guests.leave(number);
        let (_, told) = guests.enter(sender, Arc::default());
        guests.send_all_off();
        assert!(*told.borrow());
    }
}
