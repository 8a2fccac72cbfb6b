//! A listener whose senders connect: TCP, TLS, RELP, HTTP.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use larum_link::clock::Clock;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::door::{Door, Guest};
use super::guests::Heard;
use super::http::Desk;
use super::rate::Rates;
use super::tls::Certificates;
use super::{http, relp, syslog};
use crate::board::Board;
use crate::chunk::Chunk;
use crate::config::{Limits, Listen, Transport, Zone};
use crate::intake::Intake;
use crate::reason::{Closed, Dropped};
use crate::stop::until_stopped;
use crate::tally::Source;

/// Longest TLS handshake.
const HANDSHAKE_SECONDS: u64 = 10;

/// A bound listener, not yet receiving.
pub struct StreamInput {
    door: Door,
    house: House,
}

/// What all connections of one listener share.
struct House {
    transport: Transport,
    tls: Option<Arc<Certificates>>,
    desk: Desk,
    lines: Lines,
}

/// What is known of every record that comes in here.
pub(super) struct Lines {
    pub(super) idle: Duration,
    pub(super) zone: Option<Zone>,
    pub(super) rates: Rates,
    pub(super) board: Arc<Board>,
    pub(super) clock: Clock,
}

impl Lines {
    /// An empty chunk, received now.
    pub(super) fn chunk(&self) -> Chunk {
        let mut chunk = Chunk::new(self.clock.now(), true);
        chunk.zone.clone_from(&self.zone);
        chunk
    }

    /// One record of `sender` ended too early.
    pub(super) fn cut_short(&self, sender: IpAddr) {
        let source = Source::Sender(sender);
        self.board
            .dropped(&source, Dropped::CutShort, 1, self.clock.now());
    }

    /// Waits as long as `sender` has to after so many records, but not beyond the stop.
    pub(super) async fn pace(
        &self,
        sender: IpAddr,
        records: usize,
        stop: &mut watch::Receiver<bool>,
    ) {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        let wait = self.rates.wait(sender, records);
        if !wait.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = until_stopped(stop) => {}
            }
        }
    }
}

/// One sender that has connected.
pub(super) struct Caller {
    pub(super) sender: IpAddr,
    pub(super) intake: Intake,
    pub(super) stop: watch::Receiver<bool>,
}

impl StreamInput {
    /// Binds the listener; `tls` is what it shows, where it encrypts, and `desk` what is there for those who
    /// come over HTTP.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub(super) fn bind(
        listen: &Listen,
        limits: &Limits,
        tls: Option<Arc<Certificates>>,
        desk: Desk,
        (board, clock): (Arc<Board>, Clock),
    ) -> io::Result<Self> {
        Ok(Self {
            door: Door::bind(listen, limits, Arc::clone(&board))?,
            house: House {
                transport: listen.transport,
                tls,
                desk,
                lines: Lines {
                    idle: Duration::from_secs(limits.idle_seconds),
                    zone: listen.zone.clone(),
                    rates: Rates::new(listen.records_per_second),
                    board,
                    clock,
                },
            },
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.door.local_addr()
    }

    /// Takes connections until `stop` changes, then lets each hand on what has arrived.
    pub(crate) async fn run(self, intake: Intake, stop: watch::Receiver<bool>) {
        let house = Arc::new(self.house);
        let talk = move |guest: Guest| {
            let caller = Caller {
                sender: guest.sender,
                intake: intake.clone(),
                stop: guest.stop,
            };
            Arc::clone(&house).talk(guest.stream, caller)
        };
        self.door.run(stop, talk).await;
    }
}

impl House {
    async fn talk(self: Arc<Self>, stream: Heard<TcpStream>, mut caller: Caller) {
        let Some(tls) = &self.tls else {
            return self.speak(stream, caller).await;
        };
        let handshake = TlsAcceptor::from(tls.current()).accept(stream);
        let limit = Duration::from_secs(HANDSHAKE_SECONDS);
        let shaken = tokio::select! {
            shaken = tokio::time::timeout(limit, handshake) => shaken,
            () = until_stopped(&mut caller.stop) => return,
        };
        match shaken {
            Ok(Ok(stream)) => self.speak(stream, caller).await,
            Ok(Err(_)) | Err(_) => self.lines.board.closed(Closed::Handshake),
        }
    }

    async fn speak<S>(self: Arc<Self>, stream: S, caller: Caller)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        match self.transport {
            Transport::Relp => relp::talk(stream, &self.lines, caller).await,
            Transport::Http | Transport::Blocklist => {
                http::talk(stream, &self.desk, &self.lines, caller).await;
            }
            Transport::Tcp | Transport::Tls | Transport::Udp | Transport::Flows => {
                syslog::talk(stream, &self.lines, caller).await;
            }
        }
    }
}
