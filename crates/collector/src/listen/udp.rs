//! One UDP listener: each datagram is a record, or holds flow records. It has a thread of its own, which
//! takes all datagrams that are there with one call of the system and rests a moment when they were
//! few: what a line costs sinks the more come, and nobody waits longer than [`LONGEST_REST`].

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use larum_capture::{AT_ONCE, Datagrams, dropped_by_system};
use larum_link::clock::Clock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Protocol, Socket, Type};
use tokio::runtime::Handle;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use super::flows::FlowLines;
use super::rate::Rates;
use crate::board::Board;
use crate::chunk::{Chunk, FULL_CHUNK_RECORDS};
use crate::config::{Allow, Listen, Transport, Zone};
use crate::reason::Dropped;
use crate::tally::Source;

/// How long datagrams wait in the system's buffer for room in the queue before they are dropped.
const PATIENCE: Duration = Duration::from_millis(50);
/// How often the stop is looked for while nothing comes.
const QUIET: Duration = Duration::from_millis(100);
/// How soon records that the queue had no room for are offered again while no others come.
const OFFER_AGAIN: Duration = Duration::from_millis(1);
/// Longest rest after few datagrams. Whoever is woken seldom finds more to do each time, and what it needs still at
/// hand: at 130,000 lines a second each costs a few hundredths less than with a third of this.
const LONGEST_REST: Duration = Duration::from_millis(3);
/// How fast datagrams may come while it rests without filling half of the system's buffer.
const RESTING_RATE: usize = 1_000_000;
/// What a short datagram takes of the system's buffer, with what the system keeps about it.
const SYSTEM_BYTES: usize = 768;
/// How often the system is asked what it dropped.
const SYSTEM_DROPS_EVERY: Duration = Duration::from_secs(5);
/// Chunks still taken from the system's buffer at the stop.
const DRAINED_CHUNKS: usize = 256;
/// How long the stop waits to hear that the system's buffer holds more.
const DRAIN_PATIENCE: Duration = Duration::from_millis(10);

/// A bound UDP listener.
pub struct UdpInput {
    socket: UdpSocket,
    allow: Allow,
    zone: Option<Zone>,
    rates: Rates,
    name: Source,
    board: Arc<Board>,
    clock: Clock,
    datagrams: Datagrams,
    /// Records being gathered.
    chunk: Chunk,
    /// Where datagrams hold flow records.
    flows: Option<FlowLines>,
    /// After few datagrams.
    rest: Duration,
    /// What the system has dropped and was counted.
    drops: u32,
}

impl UdpInput {
    /// Binds the listener and asks for a receive buffer of `buffer_bytes`; the system may give less.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn bind(
        listen: &Listen,
        buffer_bytes: usize,
        board: Arc<Board>,
        clock: Clock,
    ) -> io::Result<Self> {
        let socket = super::socket(listen.address, Type::DGRAM, Protocol::UDP)?;
        let given = enlarge(&socket, buffer_bytes)?;
        socket.bind(&listen.address.into())?;
        let socket = UdpSocket::from(socket);
        let word = listen.transport.as_str();
        let name = Source::Named(format!("{word} {}", socket.local_addr()?).into());
        let chunk = Chunk::new(clock.now(), true);
        Ok(Self {
            drops: dropped_by_system(&socket).unwrap_or_default(),
            socket,
            allow: listen.allow.clone(),
            zone: listen.zone.clone(),
            rates: Rates::new(listen.records_per_second),
            name,
            board,
            clock,
            datagrams: Datagrams::default(),
            chunk,
            flows: (listen.transport == Transport::Flows).then(FlowLines::default),
            rest: rest_within(given),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Starts receiving, until `stop` changes; what it returns ends when all is handed on.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        self,
        queue: mpsc::Sender<Chunk>,
        stop: watch::Receiver<bool>,
    ) -> io::Result<oneshot::Receiver<()>> {
        let (done, ended) = oneshot::channel();
        let to = To {
            queue,
            runtime: Handle::current(),
        };
        std::thread::Builder::new()
            .name("larum-udp".to_owned())
            .spawn(move || {
                self.run(&to, &stop);
                drop(done);
            })?;
        Ok(ended)
    }

    /// Receives until `stop` changes, then takes what the system still holds.
    fn run(mut self, to: &To, stop: &watch::Receiver<bool>) {
        let mut asked = Instant::now();
        while !*stop.borrow() {
            let patience = if self.chunk.is_empty() {
                QUIET
            } else {
                OFFER_AGAIN
            };
            let before = self.chunk.len();
            if self.comes_within(patience) {
                self.gather();
            }
            let few = self.chunk.len() < before + AT_ONCE;
            self.offer(to);
            if asked.elapsed() >= SYSTEM_DROPS_EVERY {
                asked = Instant::now();
                self.ask_system();
            }
            if few {
                std::thread::sleep(self.rest);
            }
        }
        for _ in 0..DRAINED_CHUNKS {
            if !self.comes_within(DRAIN_PATIENCE) {
                break;
            }
            self.gather();
            self.offer(to);
        }
        let last = self.fresh();
        self.hand_on(last, to);
        self.ask_system();
    }

    /// Whether the system has a datagram now or within `patience`.
    fn comes_within(&self, patience: Duration) -> bool {
        let mut ends = [PollFd::new(&self.socket, PollFlags::IN)];
        let patience = Timespec::try_from(patience).ok();
        matches!(poll(&mut ends, patience.as_ref()), Ok(1..))
    }

    /// As many datagrams as are there, up to a full chunk.
    fn gather(&mut self) {
        let now = self.clock.now();
        if self.chunk.is_empty() {
            self.chunk.received = now;
            self.chunk.zone.clone_from(&self.zone);
        }
        let mut refused = Refused::default();
        // A flood of refused datagrams must not keep this loop from its end.
        let mut left = FULL_CHUNK_RECORDS;
        while left > 0 && !self.chunk.is_full() {
            match self.datagrams.receive(&self.socket, left) {
                Ok(count) => {
                    left = left.saturating_sub(count.max(1));
                    self.take(&mut refused);
                    if count < AT_ONCE {
                        break;
                    }
                }
                // An ICMP answer to something else sent from here says nothing about records.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => left -= 1,
                Err(_) => break,
            }
        }
        refused.enter(&self.board, now);
        for (exporter, count) in self.flows.iter_mut().flat_map(FlowLines::lost) {
            let source = Source::Sender(exporter);
            self.board.dropped(&source, Dropped::NotArrived, count, now);
        }
    }

    /// What was received into the chunk, which they may make longer than full by as many.
    fn take(&mut self, refused: &mut Refused) {
        for (sender, datagram) in self.datagrams.iter() {
            if !self.allow.permits(sender) {
                refused.strangers += 1;
            } else if self.rates.permits(sender) {
                match &mut self.flows {
                    Some(flows) => flows.take(sender, datagram, &mut self.chunk),
                    None => {
                        let source = Source::Sender(sender);
                        self.chunk.push(&source, without_end(datagram));
                    }
                }
            } else {
                *refused.too_fast.entry(sender).or_insert(0) += 1;
            }
        }
    }

    /// Takes out what was gathered.
    fn fresh(&mut self) -> Chunk {
        let next = self.chunk.next(self.clock.now());
        std::mem::replace(&mut self.chunk, next)
    }

    /// Hands on what was gathered. Where the queue has no room, more is gathered meanwhile; what is
    /// full waits a moment and is then dropped.
    fn offer(&mut self, to: &To) {
        if self.chunk.is_empty() {
            return;
        }
        let chunk = self.fresh();
        match to.queue.try_send(chunk) {
            Ok(()) => {}
            Err(TrySendError::Full(chunk)) if !chunk.is_full() => self.chunk = chunk,
            Err(TrySendError::Full(chunk) | TrySendError::Closed(chunk)) => {
                self.hand_on(chunk, to);
            }
        }
    }

    fn hand_on(&self, chunk: Chunk, to: &To) {
        if chunk.is_empty() {
            return;
        }
        let place = async { tokio::time::timeout(PATIENCE, to.queue.reserve()).await };
        if let Ok(Ok(place)) = to.runtime.block_on(place) {
            return place.send(chunk);
        }
        for (source, count) in chunk.per_source() {
            self.board
                .dropped(source, Dropped::QueueFull, count, chunk.received);
        }
    }

    fn ask_system(&mut self) {
        // Where the system does not say, nothing is claimed.
        let Ok(drops) = dropped_by_system(&self.socket) else {
            return;
        };
        let new = u64::from(drops.wrapping_sub(self.drops));
        self.drops = drops;
        self.board
            .dropped(&self.name, Dropped::SystemBuffer, new, self.clock.now());
    }
}

/// Where chunks go.
struct To {
    queue: mpsc::Sender<Chunk>,
    /// Whose clock the wait for room goes by.
    runtime: Handle,
}

/// Datagrams that were not taken.
#[derive(Default)]
struct Refused {
    strangers: u64,
    too_fast: BTreeMap<IpAddr, u64>,
}

impl Refused {
    fn enter(self, board: &Board, now: larum_core::time::Timestamp) {
        board.dropped(
            &Source::Other,
            Dropped::SenderNotAllowed,
            self.strangers,
            now,
        );
        for (sender, count) in self.too_fast {
            board.dropped(&Source::Sender(sender), Dropped::TooFast, count, now);
        }
    }
}

/// Asks for a receive buffer, beyond the system's limit where the collector may pass it; the bytes given, which
/// the system counts twice, for what it keeps about each datagram.
fn enlarge(socket: &Socket, bytes: usize) -> io::Result<usize> {
    if rustix::net::sockopt::set_socket_recv_buffer_size_force(socket, bytes).is_err() {
        socket.set_recv_buffer_size(bytes)?;
    }
    socket.recv_buffer_size()
}

/// How long it may rest with a buffer of so many bytes.
fn rest_within(buffer_bytes: usize) -> Duration {
    let half = buffer_bytes / SYSTEM_BYTES / 2;
    let micros = half.saturating_mul(1_000_000) / RESTING_RATE;
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX)).min(LONGEST_REST)
}

/// A datagram without the line end some senders add.
fn without_end(record: &[u8]) -> &[u8] {
    let record = record.strip_suffix(b"\n").unwrap_or(record);
    record.strip_suffix(b"\r").unwrap_or(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_buffer_is_left_for_a_short_time_only() {
        assert_eq!(rest_within(8 << 20), LONGEST_REST);
        // What Linux gives where nobody raised its limit.
        assert_eq!(rest_within(425_984), Duration::from_micros(277));
        assert_eq!(rest_within(0), Duration::ZERO);
    }
}
