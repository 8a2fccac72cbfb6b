//! Who comes in over a listening socket: the address list, and limits for all connections and for those
//! of one sender. Each connection is a task of its own, so that a slow or silent sender holds up nobody.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use socket2::{Protocol, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::board::Board;
use crate::config::{Allow, Limits, Listen};
use crate::reason::Closed;
use crate::stop::until_stopped;

/// Connections waiting to be taken.
const BACKLOG: i32 = 128;
/// Pause after the system refuses to give a connection (no more file handles).
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// A bound listening socket.
pub(super) struct Door {
    listener: TcpListener,
    allow: Allow,
    limits: Limits,
    board: Arc<Board>,
    per_sender: Arc<Mutex<BTreeMap<IpAddr, usize>>>,
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
            per_sender: Arc::default(),
        })
    }

    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Has each connection talked to until `stop` changes, then waits for all to end.
    pub(super) async fn run<T>(
        self,
        mut stop: watch::Receiver<bool>,
        talk: impl Fn(TcpStream, IpAddr) -> T,
    ) where
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
            match self.admit(sender, connections.len()) {
                Ok(place) => {
                    let talking = talk(stream, sender);
                    connections.spawn(async move {
                        talking.await;
                        drop(place);
                    });
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
