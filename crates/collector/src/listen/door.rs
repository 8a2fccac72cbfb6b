//! Who comes in over a listening socket: the address list, and limits for all connections and for those
//! of one sender. Each connection is a task of its own, so that a slow or silent sender holds up nobody;
//! and when all places are taken, whoever holds most of them gives one up ([`guests`](super::guests)).

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use socket2::{Protocol, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::guests::{Guests, Heard};
use crate::board::Board;
use crate::config::{Allow, Limits, Listen};
use crate::reason::Closed;
use crate::stop::until_stopped;

/// Connections waiting to be taken.
const BACKLOG: i32 = 128;
/// Pause after the system refuses to give a connection (no more file handles).
const REFUSED_PAUSE: Duration = Duration::from_millis(100);
/// Most connections on their way out to make room, beyond the limit of the listener.
const MOST_LEAVING: usize = 16;

/// A bound listening socket.
pub(super) struct Door {
    listener: TcpListener,
    allow: Allow,
    limits: Limits,
    board: Arc<Board>,
    begun: Instant,
    guests: Arc<Mutex<Guests>>,
}

/// One that was let in.
pub(super) struct Guest {
    pub(super) stream: Heard<TcpStream>,
    pub(super) sender: IpAddr,
    /// Says when the connection is to hand on what has arrived and end.
    pub(super) stop: watch::Receiver<bool>,
}

impl Door {
    pub(super) fn bind(listen: &Listen, limits: &Limits, board: Arc<Board>) -> io::Result<Self> {
        let socket = super::socket(listen.address, Type::STREAM, Protocol::TCP)?;
        socket.set_reuse_address(true)?;
        socket.bind(&listen.address.into())?;
        socket.listen(BACKLOG)?;
        Ok(Self {
            listener: TcpListener::from_std(socket.into())?,
            allow: listen.allow.clone(),
            limits: limits.clone(),
            board,
            begun: Instant::now(),
            guests: Arc::default(),
        })
    }

    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Has each connection talked to until `stop` changes, then waits for all to end.
    pub(super) async fn run<T>(self, mut stop: watch::Receiver<bool>, talk: impl Fn(Guest) -> T)
    where
        T: Future<Output = ()> + Send + 'static,
    {
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
            match self.admit(stream, sender, connections.len()) {
                Ok((guest, place)) => {
                    let talking = talk(guest);
                    connections.spawn(async move {
                        talking.await;
                        drop(place);
                    });
                }
                Err(reason) => self.board.closed(reason),
            }
        }
        drop(self.listener);
        lock(&self.guests).send_all_off();
        while connections.join_next().await.is_some() {}
    }

    fn admit(
        &self,
        stream: TcpStream,
        sender: IpAddr,
        connections: usize,
    ) -> Result<(Guest, Place), Closed> {
        if !self.allow.permits(sender) {
            return Err(Closed::SenderNotAllowed);
        }
        let mut guests = lock(&self.guests);
        if guests.of(sender) >= self.limits.connections_per_sender {
            return Err(Closed::TooManyOfOne);
        }
        if guests.len() >= self.limits.connections {
            let leaving = connections.saturating_sub(guests.len());
            let now = Heard::<()>::millis(self.begun);
            if leaving >= MOST_LEAVING || !guests.make_room(sender, now) {
                return Err(Closed::TooMany);
            }
            self.board.closed(Closed::GaveWay);
        }
        let (stream, heard) = Heard::new(stream, self.begun);
        let (number, stop) = guests.enter(sender, heard);
        let place = Place {
            number,
            guests: Arc::clone(&self.guests),
        };
        let guest = Guest {
            stream,
            sender,
            stop,
        };
        Ok((guest, place))
    }
}

/// The right to one connection; given back when dropped.
struct Place {
    number: u64,
    guests: Arc<Mutex<Guests>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.guests).leave(self.number);
    }
}

fn lock(guests: &Mutex<Guests>) -> std::sync::MutexGuard<'_, Guests> {
    guests.lock().unwrap_or_else(PoisonError::into_inner)
}
