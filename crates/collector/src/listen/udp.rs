//! One UDP listener: each datagram is a record, or holds flow records.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use larum_link::clock::Clock;
use socket2::{Protocol, Type};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};

use super::flows::FlowLines;
use super::rate::Rates;
use super::system_drops::SystemDrops;
use crate::board::Board;
use crate::chunk::Chunk;
use crate::config::{Allow, Listen, Transport, Zone};
use crate::reason::Dropped;
use crate::stop::until_stopped;
use crate::tally::Source;

/// Largest datagram there can be.
const MAX_DATAGRAM_BYTES: usize = 65_535;
/// How long datagrams wait in the system's buffer for room in the queue before they are dropped.
const PATIENCE: Duration = Duration::from_millis(50);
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
    drops: SystemDrops,
    board: Arc<Board>,
    clock: Clock,
    buffer: Vec<u8>,
    /// Where datagrams hold flow records.
    flows: Option<FlowLines>,
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
        socket.set_recv_buffer_size(buffer_bytes)?;
        socket.bind(&listen.address.into())?;
        let socket = UdpSocket::from_std(socket.into())?;
        let word = listen.transport.as_str();
        let name = Source::Named(format!("{word} {}", socket.local_addr()?).into());
        Ok(Self {
            drops: SystemDrops::of(&socket),
            socket,
            allow: listen.allow.clone(),
            zone: listen.zone.clone(),
            rates: Rates::new(listen.records_per_second),
            name,
            board,
            clock,
            buffer: vec![0; MAX_DATAGRAM_BYTES],
            flows: (listen.transport == Transport::Flows).then(FlowLines::default),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Receives until `stop` changes, then takes what the system still holds.
    pub async fn run(mut self, queue: mpsc::Sender<Chunk>, mut stop: watch::Receiver<bool>) {
        let mut ask = tokio::time::interval(SYSTEM_DROPS_EVERY);
        loop {
            tokio::select! {
                ready = self.socket.readable() => {
                    if ready.is_err() {
                        break;
                    }
                    let chunk = self.take();
                    self.hand_on(chunk, &queue).await;
                }
                _ = ask.tick() => self.ask_system(),
                () = until_stopped(&mut stop) => break,
            }
        }
        for _ in 0..DRAINED_CHUNKS {
            // Asked anew each time: what came in just now may not have been heard of yet.
            let ready = tokio::time::timeout(DRAIN_PATIENCE, self.socket.readable()).await;
            if !matches!(ready, Ok(Ok(()))) {
                break;
            }
            let chunk = self.take();
            self.hand_on(chunk, &queue).await;
        }
        self.ask_system();
    }

    /// As many datagrams as are there, up to a full chunk.
    fn take(&mut self) -> Chunk {
        let now = self.clock.now();
        let mut chunk = Chunk::new(now, true);
        chunk.zone.clone_from(&self.zone);
        let mut strangers = 0;
        let mut too_fast: BTreeMap<IpAddr, u64> = BTreeMap::new();
        // A flood of refused datagrams must not keep this loop from its end.
        for _ in 0..crate::chunk::FULL_CHUNK_RECORDS {
            if chunk.is_full() {
                break;
            }
            match self.socket.try_recv_from(&mut self.buffer) {
                Ok((bytes, sender)) => {
                    let sender = sender.ip().to_canonical();
                    if !self.allow.permits(sender) {
                        strangers += 1;
                    } else if self.rates.permits(sender) {
                        let record = self.buffer.get(..bytes).unwrap_or_default();
                        match &mut self.flows {
                            Some(flows) => flows.take(sender, record, &mut chunk),
                            None => chunk.push(&Source::Sender(sender), without_end(record)),
                        }
                    } else {
                        *too_fast.entry(sender).or_insert(0) += 1;
                    }
                }
                // An ICMP answer to something else sent from here says nothing about records.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(_) => break,
            }
        }
        self.board
            .dropped(&Source::Other, Dropped::SenderNotAllowed, strangers, now);
        for (sender, count) in too_fast {
            let source = Source::Sender(sender);
            self.board.dropped(&source, Dropped::TooFast, count, now);
        }
        for (exporter, count) in self.flows.iter_mut().flat_map(FlowLines::lost) {
            let source = Source::Sender(exporter);
            self.board.dropped(&source, Dropped::NotArrived, count, now);
        }
        chunk
    }

    async fn hand_on(&self, chunk: Chunk, queue: &mpsc::Sender<Chunk>) {
        if chunk.is_empty() {
            return;
        }
        match tokio::time::timeout(PATIENCE, queue.reserve()).await {
            Ok(Ok(place)) => place.send(chunk),
            _ => {
                for (source, count) in chunk.per_source() {
                    self.board
                        .dropped(source, Dropped::QueueFull, count, chunk.received);
                }
            }
        }
    }

    fn ask_system(&mut self) {
        let new = self.drops.since();
        self.board
            .dropped(&self.name, Dropped::SystemBuffer, new, self.clock.now());
    }
}

/// A datagram without the line end some senders add.
fn without_end(record: &[u8]) -> &[u8] {
    let record = record.strip_suffix(b"\n").unwrap_or(record);
    record.strip_suffix(b"\r").unwrap_or(record)
}
