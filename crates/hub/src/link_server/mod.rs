//! The hub's side of the link: HTTP/2 over TLS with collectors' certificates.

mod answer;
mod blocklist;
mod calls;
mod metrics;
pub mod quota;

pub use metrics::LinkMetrics;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use larum_core::words::Words;
use larum_link::clock::Clock;
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use self::calls::Caller;
use crate::enrol::authority::Authority;
use crate::id::CollectorId;
use crate::ingest::queue::Queue;
use crate::limit::{Allowance, Limiter};
use crate::store::Store;

/// Most connections at once. A collector holds one.
pub const MAX_CONNECTIONS: usize = 8_192;
/// A handshake must be done within this time.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// After a handshake that failed: how long, and for how many bytes, the other side may still speak.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(1);
/// See [`FAREWELL_TIMEOUT`].
const MAX_FAREWELL_BYTES: usize = 65_536;
/// Calls at once on one connection: a batch, a sign of life, a wait for warnings, a renewal.
const MAX_STREAMS: u32 = 16;
/// Largest request head, in bytes.
const MAX_HEAD_BYTES: u32 = 16_384;
/// A silent connection is asked for a sign of life after this time, and closed when none comes.
const PING_EVERY: Duration = Duration::from_secs(60);
/// See [`PING_EVERY`].
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// When stopping: how long calls that have begun may take to end.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// After a failed `accept` (too many open files): how long to let others end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Attempts to join from one address: 20 at once, then one in ten seconds; 10,000 addresses are
/// remembered. Attempts that succeed do not count.
pub const ATTEMPTS: Allowance = Allowance {
    burst: 20,
    refill_ms: 10_000,
    callers: 10_000,
};
/// Calls of one collector: 240 at once, then four in a second. A firm that comes back after days
/// sends thousands of batches; at this pace they do not push the others aside.
pub const QUOTA: Allowance = Allowance {
    burst: 240,
    refill_ms: 250,
    callers: 20_000,
};

/// What every call needs.
pub struct LinkState {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The line of batches before the store.
    pub queue: Arc<Queue>,
    /// The authority that names collectors.
    pub authority: Arc<Authority>,
    /// The hub's clock.
    pub clock: Clock,
    /// What is said to people.
    pub words: Arc<Words>,
    /// Life of a collector's certificate.
    pub certificate_seconds: i64,
    /// Counters.
    pub metrics: LinkMetrics,
    /// Number of the newest warning; changes wake those who wait for one.
    pub news: watch::Receiver<u64>,
    /// Becomes `true` when the hub stops.
    pub stopping: watch::Receiver<bool>,
    /// How often whom was answered.
    pub pace: Pace,
    /// How much who has brought today.
    pub quotas: quota::DayQuotas,
}

/// How often whom was answered.
pub struct Pace {
    attempts: Mutex<Limiter<IpAddr>>,
    quotas: Mutex<Limiter<(CollectorId, bool)>>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            attempts: Mutex::new(Limiter::new(ATTEMPTS)),
            quotas: Mutex::new(Limiter::new(QUOTA)),
        }
    }
}

/// Serves the link on `listener` until the hub stops, then lets calls that have begun end.
/// Each connection begins with the certificates that `tls` holds then.
pub async fn serve(
    listener: TcpListener,
    tls: watch::Receiver<Arc<ServerConfig>>,
    state: Arc<LinkState>,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stopped(&state) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    let Ok(place) = places.clone().try_acquire_owned() else {
                        state.metrics.turned_away("too-many-connections");
                        continue;
                    };
                    let acceptor = TlsAcceptor::from(tls.borrow().clone());
                    let state = state.clone();
                    connections.spawn(async move {
                        state.metrics.opened();
                        connection(stream, address.ip(), &acceptor, &state).await;
                        state.metrics.closed();
                        drop(place);
                    });
                }
                Err(_) => {
                    state.metrics.turned_away("accept-failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let drained = tokio::time::timeout(DRAIN_TIMEOUT, async {
        while connections.join_next().await.is_some() {}
    });
    if drained.await.is_err() {
        tracing::warn!(count = connections.len(), "connections cut off at the stop");
    }
}

async fn connection(
    stream: TcpStream,
    address: IpAddr,
    acceptor: &TlsAcceptor,
    state: &Arc<LinkState>,
) {
    // Small answers must not wait for more to fill a packet; a refusal costs speed, nothing else.
    if stream.set_nodelay(true).is_err() {
        state.metrics.turned_away("socket");
        return;
    }
    let handshake = acceptor.accept(stream).into_fallible();
    let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake);
    let stream = tokio::select! {
        () = stopped(state) => return,
        result = handshake => match result {
            Ok(Ok(stream)) => stream,
            Ok(Err((_, stream))) => {
                state.metrics.turned_away("handshake-failed");
                return let_alert_arrive(stream).await;
            }
            Err(_) => return state.metrics.turned_away("handshake-timeout"),
        },
    };
    let Some(caller) = caller(&stream, address, state) else {
        return state.metrics.turned_away("not-a-collector");
    };
    serve_connection(stream, caller, state).await;
}

/// Says that nothing more comes, and reads on for a moment. Closing a socket with unread data resets
/// the connection, and the reset can overtake the alert that tells the collector why.
async fn let_alert_arrive(mut stream: TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut ignored = [0; 1_024];
    let until_closed = async {
        let mut left_bytes = MAX_FAREWELL_BYTES;
        while let Ok(read @ 1..) = stream.read(&mut ignored).await {
            left_bytes = left_bytes.saturating_sub(read);
            if left_bytes == 0 {
                return;
            }
        }
    };
    // Whoever does not hang up in time is cut off.
    drop(tokio::time::timeout(FAREWELL_TIMEOUT, until_closed).await);
}

/// `None` for a certificate of our authority that is no collector's.
fn caller(stream: &TlsStream<TcpStream>, address: IpAddr, state: &LinkState) -> Option<Caller> {
    let (_, session) = stream.get_ref();
    let shown = match session.peer_certificates().and_then(<[_]>::first) {
        Some(leaf) => Some(state.authority.shown(leaf).ok()?),
        None => None,
    };
    Some(Caller { address, shown })
}

async fn serve_connection(stream: TlsStream<TcpStream>, caller: Caller, state: &Arc<LinkState>) {
    let service = service_fn(|request| {
        let state = state.clone();
        async move { Ok::<_, Infallible>(calls::answer(state, caller, request).await) }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD_BYTES)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(state) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if ended.is_err() {
        state.metrics.turned_away("connection-broken");
    }
}

/// Ends when the hub stops; also when nobody is left who could say so.
async fn stopped(state: &LinkState) {
    let mut stopping = state.stopping.clone();
    drop(stopping.wait_for(|stop| *stop).await);
}

/// A panic while a limiter was held leaves at worst one call uncounted.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
