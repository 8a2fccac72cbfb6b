//! One TCP listener: each connection is a task with a bounded buffer of its own, so that a slow or
//! silent sender holds up nobody else.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::chunk::MAX_RECORD_BYTES;
use larum_link::clock::Clock;
use socket2::{Protocol, Type};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::board::Board;
use crate::chunk::Chunk;
use crate::config::{Allow, Limits, Listen, Zone};
use crate::frame::{Framer, Framing, Leftover};
use crate::reason::{Closed, Dropped};
use crate::stop::until_stopped;
use crate::tally::Source;

/// Bytes read from a connection at once.
const READ_BYTES: usize = 16_384;
/// Connections waiting to be taken.
const BACKLOG: i32 = 128;
/// Bytes still taken from each connection at the stop.
const DRAINED_BYTES: usize = 1 << 20;
/// Pause after the system refuses to give a connection (no more file handles).
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// A bound TCP listener.
pub struct TcpInput {
    listener: TcpListener,
    allow: Allow,
    zone: Option<Zone>,
    limits: Limits,
    board: Arc<Board>,
    clock: Clock,
    per_sender: Arc<Mutex<BTreeMap<IpAddr, usize>>>,
}

impl TcpInput {
    /// Binds the listener.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn bind(
        listen: &Listen,
        limits: &Limits,
        board: Arc<Board>,
        clock: Clock,
    ) -> io::Result<Self> {
        let socket = super::socket(listen.address, Type::STREAM, Protocol::TCP)?;
        socket.set_reuse_address(true)?;
        socket.bind(&listen.address.into())?;
        socket.listen(BACKLOG)?;
        Ok(Self {
            listener: TcpListener::from_std(socket.into())?,
            allow: listen.allow.clone(),
            zone: listen.zone.clone(),
            limits: limits.clone(),
            board,
            clock,
            per_sender: Arc::default(),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Takes connections until `stop` changes, then lets each hand on what has arrived.
    pub async fn run(self, queue: mpsc::Sender<Chunk>, mut stop: watch::Receiver<bool>) {
        let mut connections = JoinSet::new();
        loop {
            let taken = tokio::select! {
                taken = self.listener.accept() => taken,
                Some(_) = connections.join_next() => continue,
                () = until_stopped(&mut stop) => break,
            };
            let Ok((stream, sender)) = taken else {
                tokio::time::sleep(REFUSED_PAUSE).await;
                continue;
            };
            let sender = sender.ip().to_canonical();
            match self.admit(sender, connections.len()) {
                Ok(place) => {
                    let connection = Connection {
                        stream,
                        source: Source::Sender(sender),
                        idle: Duration::from_secs(self.limits.idle_seconds),
                        zone: self.zone.clone(),
                        framer: Framer::new(Framing::Syslog, MAX_RECORD_BYTES),
                        board: Arc::clone(&self.board),
                        clock: self.clock.clone(),
                        _place: place,
                    };
                    connections.spawn(connection.run(queue.clone(), stop.clone()));
                }
                Err(reason) => self.board.closed(reason),
            }
        }
        drop(self.listener);
        while connections.join_next().await.is_some() {}
    }

    fn admit(&self, sender: IpAddr, connections: usize) -> Result<Place, Closed> {
        if !self.allow.permits(sender) {
            return Err(Closed::SenderNotAllowed);
        }
        if connections >= self.limits.connections {
            return Err(Closed::TooMany);
        }
        let mut held = self
            .per_sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(sender).or_insert(0);
        if *count >= self.limits.connections_per_sender {
            return Err(Closed::TooManyOfOne);
        }
        *count += 1;
        Ok(Place {
            sender,
            per_sender: Arc::clone(&self.per_sender),
        })
    }
}

/// A sender's right to one connection; given back when dropped.
struct Place {
    sender: IpAddr,
    per_sender: Arc<Mutex<BTreeMap<IpAddr, usize>>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self
            .per_sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.sender) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                held.remove(&self.sender);
            }
        }
    }
}

struct Connection {
    stream: TcpStream,
    source: Source,
    idle: Duration,
    framer: Framer,
    zone: Option<Zone>,
    board: Arc<Board>,
    clock: Clock,
    _place: Place,
}

impl Connection {
    async fn run(mut self, queue: mpsc::Sender<Chunk>, mut stop: watch::Receiver<bool>) {
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let read = tokio::select! {
                read = tokio::time::timeout(self.idle, self.stream.read(&mut buffer)) => read,
                () = until_stopped(&mut stop) => break,
            };
            match read {
                Ok(Ok(0) | Err(_)) => return self.end(&queue).await,
                Ok(Ok(bytes)) => {
                    let chunk = self.frame(buffer.get(..bytes).unwrap_or_default());
                    if hand_on(chunk, &queue).await.is_err() {
                        return;
                    }
                }
                Err(_) => {
                    self.board.closed(Closed::Idle);
                    return self.end(&queue).await;
                }
            }
        }
        let mut drained = 0;
        while drained < DRAINED_BYTES {
            let Ok(bytes @ 1..) = self.stream.try_read(&mut buffer) else {
                break;
            };
            drained += bytes;
            let chunk = self.frame(buffer.get(..bytes).unwrap_or_default());
            if hand_on(chunk, &queue).await.is_err() {
                return;
            }
        }
        self.end(&queue).await;
    }

    fn frame(&mut self, bytes: &[u8]) -> Chunk {
        let mut chunk = Chunk::new(self.clock.now(), true);
        chunk.zone.clone_from(&self.zone);
        self.framer
            .push(bytes, |record| chunk.push(&self.source, record));
        chunk
    }

    async fn end(mut self, queue: &mpsc::Sender<Chunk>) {
        let now = self.clock.now();
        let mut chunk = Chunk::new(now, true);
        chunk.zone.clone_from(&self.zone);
        let leftover = self
            .framer
            .finish(|record| chunk.push(&self.source, record));
        if leftover == Leftover::CutShort {
            self.board.dropped(&self.source, Dropped::CutShort, 1, now);
        }
        // The queue only closes when the collector is gone, and with it everyone to tell.
        drop(hand_on(chunk, queue).await);
    }
}

/// Waits for room in the queue: this is what makes the sender wait.
async fn hand_on(
    chunk: Chunk,
    queue: &mpsc::Sender<Chunk>,
) -> Result<(), mpsc::error::SendError<Chunk>> {
    if chunk.is_empty() {
        return Ok(());
    }
    queue.send(chunk).await
}
