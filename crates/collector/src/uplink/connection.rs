//! One connection to the hub: HTTP/2 over TLS, opened when needed, shared by all calls, opened anew
//! after it broke.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use larum_core::forward::Failure;
use larum_link::body::{MAX_PLAIN_BYTES, compress};
use larum_link::token::HubAddress;
use larum_link::wire::{MEDIA_TYPE, Refusal, RefusalCode, TIME_HEADER, TRUST_HEADER};
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::proxy;

/// The connection must stand within this time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// An answer must have come within this time, beyond what the hub was asked to wait.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// A silent connection is asked for a sign of life after this time.
const PING_EVERY: Duration = Duration::from_secs(30);
/// And given up when none comes within this.
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest word about trust that is remembered.
const MAX_TRUST_BYTES: usize = 64;

/// Why the hub was not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkProblem {
    /// Nothing answers at the address.
    #[error("unreachable")]
    Unreachable,
    /// The host's name cannot be found.
    #[error("name-unknown")]
    NameUnknown,
    /// Nothing answers at the proxy's address.
    #[error("proxy-unreachable")]
    ProxyUnreachable,
    /// The proxy does not connect to the hub.
    #[error("proxy-refused")]
    ProxyRefused,
    /// No answer in time.
    #[error("timeout")]
    TimedOut,
    /// It is not the hub that was agreed on.
    #[error("wrong-hub")]
    WrongHub,
    /// The hub's certificate is not good at the time this machine's clock shows.
    #[error("clock")]
    Clock,
    /// The hub says that our certificate is not good at the time its clock shows.
    #[error("hub-clock")]
    HubClock,
    /// Our certificate has ended, or the hub does not take it.
    #[error("certificate-ended")]
    CertificateEnded,
    /// No agreement on a safe connection.
    #[error("refused")]
    NotSafe,
    /// The connection broke.
    #[error("broken")]
    Broken,
}

impl LinkProblem {
    /// Every problem.
    pub const ALL: [Self; 11] = [
        Self::Unreachable,
        Self::NameUnknown,
        Self::ProxyUnreachable,
        Self::ProxyRefused,
        Self::TimedOut,
        Self::WrongHub,
        Self::Clock,
        Self::HubClock,
        Self::CertificateEnded,
        Self::NotSafe,
        Self::Broken,
    ];

    /// The stable code; `link-` and this code is the message in the catalogue.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::NameUnknown => "name-unknown",
            Self::ProxyUnreachable => "proxy-unreachable",
            Self::ProxyRefused => "proxy-refused",
            Self::TimedOut => "timeout",
            Self::WrongHub => "wrong-hub",
            Self::Clock => "clock",
            Self::HubClock => "hub-clock",
            Self::CertificateEnded => "certificate-ended",
            Self::NotSafe => "refused",
            Self::Broken => "broken",
        }
    }
}

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The hub was not reached.
    #[error("the hub was not reached: {0}")]
    Link(LinkProblem),
    /// The hub refused.
    #[error("the hub refused: {}", .0.code)]
    Refused(Refusal),
    /// The answer makes no sense.
    #[error("the hub's answer makes no sense")]
    Malformed,
}

impl CallError {
    /// What it means for the pace of the uplink.
    #[must_use]
    pub fn failure(&self) -> Failure {
        match self {
            Self::Link(problem) => match problem {
                LinkProblem::Unreachable
                | LinkProblem::NameUnknown
                | LinkProblem::ProxyUnreachable
                | LinkProblem::ProxyRefused
                | LinkProblem::Broken => Failure::Unreachable,
                LinkProblem::TimedOut => Failure::TimedOut,
                LinkProblem::Clock | LinkProblem::HubClock => Failure::ClockWrong,
                LinkProblem::WrongHub | LinkProblem::NotSafe => Failure::HubUntrusted,
                LinkProblem::CertificateEnded => Failure::NotAuthorised,
            },
            Self::Refused(refusal) => refusal.code.into(),
            Self::Malformed => Failure::AnswerMalformed,
        }
    }

    /// Seconds the hub asked to wait.
    #[must_use]
    pub const fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }
}

/// An answer, and what the hub's clock showed.
#[derive(Clone, Debug)]
pub struct Answered<T> {
    /// What was answered.
    pub value: T,
    /// The hub's clock, milliseconds since the epoch.
    pub hub_time_ms: Option<i64>,
}

/// The hub, to be called. Cheap to clone; clones share the connection.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    hub: HubAddress,
    proxy: Option<HubAddress>,
    tls: Mutex<Arc<ClientConfig>>,
    open: tokio::sync::Mutex<Option<Open>>,
    trust: watch::Sender<Option<String>>,
}

#[derive(Clone)]
struct Open {
    send: http2::SendRequest<Full<Bytes>>,
    fault: Fault,
}

/// What the TLS library said when the connection broke; HTTP/2 loses it.
type Fault = Arc<Mutex<Option<LinkProblem>>>;

impl Client {
    /// A client that has not called yet.
    #[must_use]
    pub fn new(hub: HubAddress, tls: Arc<ClientConfig>) -> Self {
        Self::through(None, hub, tls)
    }

    /// As [`new`](Self::new), through a proxy where there is one.
    #[must_use]
    pub fn through(proxy: Option<HubAddress>, hub: HubAddress, tls: Arc<ClientConfig>) -> Self {
        Self(Arc::new(Inner {
            hub,
            proxy,
            tls: Mutex::new(tls),
            open: tokio::sync::Mutex::new(None),
            trust: watch::Sender::new(None),
        }))
    }

    /// Whom the hub last said its collectors should trust ([`larum_link::tls::trust`]).
    #[must_use]
    pub fn trust_told(&self) -> watch::Receiver<Option<String>> {
        self.0.trust.subscribe()
    }

    fn note_trust(&self, head: &hyper::http::response::Parts) {
        let told = head.headers.get(TRUST_HEADER);
        if let Some(told) = told.and_then(|told| told.to_str().ok())
            && told.len() <= MAX_TRUST_BYTES
        {
            self.0.trust.send_if_modified(|known| {
                let is_new = known.as_deref() != Some(told);
                if is_new {
                    *known = Some(told.to_owned());
                }
                is_new
            });
        }
    }

    /// Uses another certificate from now on; calls under way end on the old connection.
    pub async fn replace_tls(&self, tls: Arc<ClientConfig>) {
        *self.0.tls.lock().unwrap_or_else(PoisonError::into_inner) = tls;
        *self.0.open.lock().await = None;
    }

    /// Posts `value` as JSON, packed, and reads the answer as JSON.
    ///
    /// # Errors
    /// When the hub was not reached, refused, or answered something else.
    pub async fn post_json<T: DeserializeOwned>(
        &self,
        path: &str,
        value: &impl Serialize,
    ) -> Result<Answered<T>, CallError> {
        let body = serde_json::to_vec(value).map_err(|_| CallError::Malformed)?;
        parse(self.post(path, &body).await?)
    }

    /// Posts `body`, packed, and hands back the answer's bytes.
    ///
    /// # Errors
    /// When the hub was not reached, or refused.
    pub async fn post(&self, path: &str, body: &[u8]) -> Result<Answered<Bytes>, CallError> {
        let packed = compress(body).map_err(|_| CallError::Malformed)?;
        let request = self
            .request(Method::POST, path)
            .header(CONTENT_TYPE, MEDIA_TYPE)
            .header(CONTENT_ENCODING, "zstd")
            .body(Full::new(Bytes::from(packed)))
            .map_err(|_| CallError::Malformed)?;
        self.call(request, CALL_TIMEOUT, MAX_PLAIN_BYTES).await
    }

    /// Gets JSON; `wait` is what the hub was asked to wait at most.
    ///
    /// # Errors
    /// As [`post_json`](Self::post_json).
    pub async fn get_json<T: DeserializeOwned>(
        &self,
        path: &str,
        wait: Duration,
    ) -> Result<Answered<T>, CallError> {
        self.get_long(path, wait, MAX_PLAIN_BYTES).await
    }

    /// As [`get_json`](Self::get_json), for an answer of so many bytes at most.
    ///
    /// # Errors
    /// As [`post_json`](Self::post_json).
    pub async fn get_long<T: DeserializeOwned>(
        &self,
        path: &str,
        wait: Duration,
        max_bytes: usize,
    ) -> Result<Answered<T>, CallError> {
        let request = self
            .request(Method::GET, path)
            .body(Full::new(Bytes::new()))
            .map_err(|_| CallError::Malformed)?;
        parse(self.call(request, CALL_TIMEOUT + wait, max_bytes).await?)
    }

    fn request(&self, method: Method, path: &str) -> hyper::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("https://{}{path}", self.0.hub))
    }

    async fn call(
        &self,
        request: Request<Full<Bytes>>,
        limit: Duration,
        max_bytes: usize,
    ) -> Result<Answered<Bytes>, CallError> {
        let mut open = self.open().await.map_err(CallError::Link)?;
        let fault = open.fault.clone();
        let answered = timeout(limit, async {
            let response = open.send.send_request(request).await.ok()?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, max_bytes).collect().await.ok()?;
            Some((head, body.to_bytes()))
        });
        let problem = match answered.await {
            Ok(Some((head, body))) => {
                self.note_trust(&head);
                return answer(&head, body);
            }
            Ok(None) => told(&fault),
            Err(_) => LinkProblem::TimedOut,
        };
        *self.0.open.lock().await = None;
        Err(CallError::Link(problem))
    }

    /// The open connection, or a new one.
    async fn open(&self) -> Result<Open, LinkProblem> {
        let mut held = self.0.open.lock().await;
        if let Some(open) = held.as_ref().filter(|open| !open.send.is_closed()) {
            return Ok(open.clone());
        }
        *held = None;
        let tls = self
            .0
            .tls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let open = timeout(CONNECT_TIMEOUT, connect(&self.0, tls))
            .await
            .map_err(|_| LinkProblem::TimedOut)??;
        *held = Some(open.clone());
        Ok(open)
    }
}

/// What the hub's last alert said; without one, that the connection broke.
fn told(fault: &Fault) -> LinkProblem {
    fault
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .unwrap_or(LinkProblem::Broken)
}

async fn reach(inner: &Inner) -> Result<TcpStream, LinkProblem> {
    let hub = &inner.hub;
    if let Some(proxy) = &inner.proxy {
        return proxy::connect(proxy, hub).await;
    }
    let addresses: Vec<_> = tokio::net::lookup_host((hub.host(), hub.port()))
        .await
        .map_err(|_| LinkProblem::NameUnknown)?
        .collect();
    TcpStream::connect(addresses.as_slice())
        .await
        .map_err(|_| LinkProblem::Unreachable)
}

async fn connect(inner: &Inner, tls: Arc<ClientConfig>) -> Result<Open, LinkProblem> {
    let name =
        ServerName::try_from(inner.hub.host().to_owned()).map_err(|_| LinkProblem::NameUnknown)?;
    let stream = reach(inner).await?;
    stream.set_nodelay(true).map_err(|_| LinkProblem::Broken)?;
    let stream = TlsConnector::from(tls)
        .connect(name, stream)
        .await
        .map_err(|error| tls_problem(&error).unwrap_or(LinkProblem::Broken))?;
    let fault = Fault::default();
    let stream = Watched {
        stream,
        fault: fault.clone(),
    };
    let (send, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| told(&fault))?;
    tokio::spawn(async move {
        // How it ended is told to the calls that were on it.
        drop(connection.await);
    });
    Ok(Open { send, fault })
}

fn answer(head: &hyper::http::response::Parts, body: Bytes) -> Result<Answered<Bytes>, CallError> {
    if head.status.is_success() {
        let hub_time_ms = head
            .headers
            .get(TIME_HEADER)
            .and_then(|time| time.to_str().ok()?.parse().ok());
        return Ok(Answered {
            value: body,
            hub_time_ms,
        });
    }
    match serde_json::from_slice::<Refusal>(&body) {
        Ok(refusal) => Err(CallError::Refused(refusal)),
        // Not our hub's words: a proxy in between, or a hub in trouble.
        Err(_) if head.status == StatusCode::TOO_MANY_REQUESTS => {
            Err(CallError::Refused(Refusal {
                code: RefusalCode::Busy,
                message: String::new(),
                expected: None,
                retry_after: None,
            }))
        }
        Err(_) => Err(CallError::Malformed),
    }
}

fn parse<T: DeserializeOwned>(answered: Answered<Bytes>) -> Result<Answered<T>, CallError> {
    Ok(Answered {
        value: serde_json::from_slice(&answered.value).map_err(|_| CallError::Malformed)?,
        hub_time_ms: answered.hub_time_ms,
    })
}

/// What a failure of the TLS library means; `None` when it is not one.
fn tls_problem(error: &io::Error) -> Option<LinkProblem> {
    use rustls::Error;
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match error {
        Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => LinkProblem::Clock,
        Error::InvalidCertificate(_) => LinkProblem::WrongHub,
        // "Expired or not currently valid" (RFC 8446, 6.2); whether it has ended we know ourselves.
        Error::AlertReceived(AlertDescription::CertificateExpired) => LinkProblem::HubClock,
        Error::AlertReceived(
            AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRevoked
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied,
        ) => LinkProblem::CertificateEnded,
        _ => LinkProblem::NotSafe,
    })
}

/// In TLS 1.3 the hub judges our certificate after the handshake is over for us; its verdict comes as
/// an alert on the first read, where HTTP/2 would swallow it.
struct Watched<S> {
    stream: S,
    fault: Fault,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Poll::Ready(Err(error)) = &polled
            && let Some(problem) = tls_problem(error)
        {
            *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
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
