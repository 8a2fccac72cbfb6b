//! The door that browsers and programs come through: HTTP/1.1, with TLS where the hub has a certificate for
//! its pages, else for a proxy in front or this machine itself. Whoever is slow or silent is sent away, so
//! that they cannot hold every place.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::{Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// What one caller may cost.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Most connections at once.
    pub connections: usize,
    /// The head of a request must have arrived within this time; a connection without a request ends
    /// after it.
    pub head: Duration,
    /// A request must be answered, its body read, within this time.
    pub answer: Duration,
    /// When stopping: how long requests that have begun may take.
    pub drain: Duration,
}

impl Default for Patience {
    /// 1,024 connections; 10 seconds for a head, 60 for an answer, 10 at the stop.
    fn default() -> Self {
        Self {
            connections: 1_024,
            head: Duration::from_secs(10),
            answer: Duration::from_secs(60),
            drain: Duration::from_secs(10),
        }
    }
}

/// Largest head of a request, in bytes.
const MAX_HEAD_BYTES: usize = 32_768;
/// Most headers of a request.
const MAX_HEADERS: usize = 64;
/// After a failed `accept` (too many open files): how long to let others end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `stopping` becomes true, then lets requests that have begun end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Patience,
    stopping: watch::Receiver<bool>,
) {
    serve_over(listener, None, router, patience, stopping).await;
}

/// As [`serve`], with TLS where `tls` is given: each connection begins with what it holds then.
pub async fn serve_over(
    listener: TcpListener,
    tls: Option<watch::Receiver<Arc<ServerConfig>>>,
    router: Router,
    patience: Patience,
    stopping: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(patience.connections));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stopped(stopping.clone()) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    // With every place taken, the newcomer is the one to wait: it is hung up on.
                    let Ok(place) = places.clone().try_acquire_owned() else {
                        tracing::warn!(reason = "too-many-connections", "a caller was hung up on");
                        continue;
                    };
                    let (router, stopping) = (router.clone(), stopping.clone());
                    let tls = tls.as_ref().map(|tls| tls.borrow().clone());
                    connections.spawn(async move {
                        connection(stream, tls, address, router, patience, stopping).await;
                        drop(place);
                    });
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    drop(listener);
    let drained = tokio::time::timeout(patience.drain, async {
        while connections.join_next().await.is_some() {}
    });
    if drained.await.is_err() {
        tracing::warn!(count = connections.len(), "callers cut off at the stop");
    }
}

async fn connection(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    address: SocketAddr,
    router: Router,
    patience: Patience,
    stopping: watch::Receiver<bool>,
) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Some(tls) = tls else {
        return answer(stream, address, router, patience, stopping).await;
    };
    let handshake = TlsAcceptor::from(tls).accept(stream);
    let stream = tokio::select! {
        () = stopped(stopping.clone()) => return,
        stream = tokio::time::timeout(patience.head, handshake) => stream,
    };
    match stream {
        Ok(Ok(stream)) => answer(stream, address, router, patience, stopping).await,
        Ok(Err(_)) | Err(_) => {
            tracing::debug!(reason = "handshake-failed", "a caller was cut off");
        }
    }
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    address: SocketAddr,
    router: Router,
    patience: Patience,
    stopping: watch::Receiver<bool>,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(address));
        let answer = hyper::service::Service::call(
            &TowerToHyperService::new(router.clone()),
            request.map(Body::new),
        );
        within(patience.answer, answer)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if ended.is_err() {
        tracing::debug!(reason = "connection-broken", "a caller was cut off");
    }
}

async fn within(
    limit: Duration,
    answer: impl Future<Output = Result<Response<Body>, Infallible>>,
) -> Result<Response<Body>, Infallible> {
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(_) => {
            let mut answer = Response::new(Body::empty());
            *answer.status_mut() = StatusCode::REQUEST_TIMEOUT;
            Ok(answer)
        }
    }
}

/// Ends when the hub stops; also when nobody is left who could say so.
async fn stopped(mut stopping: watch::Receiver<bool>) {
    drop(stopping.wait_for(|stop| *stop).await);
}
