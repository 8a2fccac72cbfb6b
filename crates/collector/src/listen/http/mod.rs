//! Lines in the body of an HTTP request, for those who push: `POST /records`, plain, gzip or zstd. The
//! answer 200 comes when all of them are on disk; after any other the sender has to send them again. Devices
//! fetch their blocklist from a listener of its own ([`crate::blocklist`]).
//!
//! Standards: RFC 9110, RFC 9112 (HTTP/1.1), RFC 6750 (bearer token), RFC 8478 (zstd).
//!
//! | limit | | beyond |
//! |---|---|---|
//! | headers | 16 KiB, 64 of them, within 30 s | connection closed |
//! | body as sent | 1 MiB, within 30 s | 413, 408 |
//! | body unpacked | 16 MiB, zstd window 8 MiB | 413 |
//! | all bodies on their way in | 16 MiB, of one sender 4 MiB | 503 |
//! | bodies unpacked at once | 2 | wait |
//!
//! Without the token nothing of a body is read.

mod body;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;

use self::body::{Packing, Refused};
use super::stream::{Caller, Lines};
use crate::blocklist::{Counter, refused};
use crate::stop::until_stopped;

/// Where records are sent to.
const PATH: &str = "/records";
const HEADER_BYTES: usize = 16_384;
const HEADERS: usize = 64;
const PATIENCE: Duration = Duration::from_secs(30);
const ALL_BODIES_BYTES: usize = 16 << 20;
const BODIES_OF_ONE_BYTES: usize = 4 << 20;
const UNPACKED_AT_ONCE: usize = 2;
/// After how many seconds a sender that could not be served is to come again.
const LATER_SECONDS: u64 = 10;

/// What there is for those who come.
pub(super) enum Desk {
    /// Records are taken.
    Records(Records),
    /// The blocklist is given.
    Lists(Counter),
}

/// What all connections of a listener for records share.
pub(super) struct Records {
    /// SHA-256 of the token: its length is not given away by how long a comparison takes.
    token: Option<[u8; 32]>,
    held: Mutex<BTreeMap<IpAddr, usize>>,
    unpacking: Semaphore,
}

impl Records {
    pub(super) fn new(token: Option<String>) -> Self {
        Self {
            token: token.map(|token| Sha256::digest(token).into()),
            held: Mutex::default(),
            unpacking: Semaphore::new(UNPACKED_AT_ONCE),
        }
    }

    fn knows(&self, shown: Option<&HeaderValue>) -> bool {
        let shown = shown
            .and_then(|value| value.as_bytes().split_at_checked(7))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "));
        match (self.token, shown) {
            (Some(token), Some((_, shown))) => Sha256::digest(shown).as_slice() == token.as_slice(),
            _ => false,
        }
    }

    /// Makes room for `bytes` more of a body of `sender`.
    fn hold(&self, sender: IpAddr, bytes: usize) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = held.values().sum();
        let own = held.get(&sender).copied().unwrap_or(0);
        let fits = all + bytes <= ALL_BODIES_BYTES && own + bytes <= BODIES_OF_ONE_BYTES;
        if fits {
            *held.entry(sender).or_insert(0) += bytes;
        }
        fits
    }

    fn give_back(&self, sender: IpAddr, bytes: usize) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = held.get_mut(&sender) {
            *own = own.saturating_sub(bytes);
            if *own == 0 {
                held.remove(&sender);
            }
        }
    }
}

/// Room taken at a desk; given back when dropped.
struct Room<'d> {
    desk: &'d Records,
    sender: IpAddr,
    bytes: usize,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        self.desk.give_back(self.sender, self.bytes);
    }
}

pub(super) async fn talk<S>(stream: S, desk: &Desk, lines: &Lines, caller: Caller)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let caller = &caller;
    let serve = service_fn(move |request| answer(request, desk, lines, caller));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(HEADER_BYTES)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), serve);
    let mut connection = std::pin::pin!(connection);
    let mut stop = caller.stop.clone();
    // How a connection ends is the sender's affair: what it was not answered, it has.
    tokio::select! {
        ended = connection.as_mut() => return drop(ended),
        () = until_stopped(&mut stop) => connection.as_mut().graceful_shutdown(),
    }
    drop(tokio::time::timeout(PATIENCE, connection).await);
}

/// An answer, and when to come again.
type Answer = Response<Full<Bytes>>;

async fn answer(
    request: Request<Incoming>,
    desk: &Desk,
    lines: &Lines,
    caller: &Caller,
) -> Result<Answer, Infallible> {
    let desk = match desk {
        Desk::Records(desk) => desk,
        Desk::Lists(counter) => return Ok(give(&request, counter, lines, caller)),
    };
    Ok(match take(request, desk, lines, caller).await {
        Ok(records) => say(StatusCode::OK, &format!("{{\"records\":{records}}}\n")),
        Err(Refused::Later(seconds)) => later(StatusCode::SERVICE_UNAVAILABLE, seconds),
        Err(Refused::TooFast(seconds)) => later(StatusCode::TOO_MANY_REQUESTS, seconds),
        Err(Refused::With(status)) => {
            let mut answer = say(status, &format!("{{\"refused\":\"{status}\"}}\n"));
            let headers = answer.headers_mut();
            if status == StatusCode::UNAUTHORIZED {
                let scheme = HeaderValue::from_static("Bearer");
                headers.insert(header::WWW_AUTHENTICATE, scheme);
            }
            // What is left of the body is not read.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            answer
        }
    })
}

fn say(status: StatusCode, text: &str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(text.to_owned())));
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

fn later(status: StatusCode, seconds: u64) -> Answer {
    let mut answer = say(status, &format!("{{\"refused\":\"{status}\"}}\n"));
    let headers = answer.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// A device fetches its list.
fn give(request: &Request<Incoming>, counter: &Counter, lines: &Lines, caller: &Caller) -> Answer {
    let wait = lines.rates.wait(caller.sender, 1);
    if !wait.is_zero() {
        return later(StatusCode::TOO_MANY_REQUESTS, wait.as_secs() + 1);
    }
    let (status, headers, text) = if matches!(*request.method(), Method::GET | Method::HEAD) {
        let (uri, now) = (request.uri(), lines.clock.now());
        let asked = (uri.path(), uri.query());
        counter.answer(asked, request.headers(), &lines.board, now)
    } else {
        refused(StatusCode::METHOD_NOT_ALLOWED)
    };
    let mut answer = say(status, &text);
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, plain);
    answer.headers_mut().extend(headers);
    answer
}

async fn take(
    request: Request<Incoming>,
    desk: &Records,
    lines: &Lines,
    caller: &Caller,
) -> Result<u64, Refused> {
    if !desk.knows(request.headers().get(header::AUTHORIZATION)) {
        return Err(Refused::With(StatusCode::UNAUTHORIZED));
    }
    if request.uri().path() != PATH {
        return Err(Refused::With(StatusCode::NOT_FOUND));
    }
    if request.method() != Method::POST {
        return Err(Refused::With(StatusCode::METHOD_NOT_ALLOWED));
    }
    let packing = Packing::of(request.headers().get(header::CONTENT_ENCODING))?;
    let wait = lines.rates.wait(caller.sender, 0);
    if !wait.is_zero() {
        return Err(Refused::TooFast(wait.as_secs() + 1));
    }
    let mut room = Room {
        desk,
        sender: caller.sender,
        bytes: 0,
    };
    let collected = tokio::time::timeout(PATIENCE, collect(request.into_body(), &mut room)).await;
    let bytes = collected.map_err(|_| Refused::With(StatusCode::REQUEST_TIMEOUT))??;
    let place = desk.unpacking.acquire().await;
    let place = place.map_err(|_| Refused::Later(LATER_SECONDS))?;
    let (intake, chunk) = (caller.intake.clone(), lines.chunk());
    let source = crate::tally::Source::Sender(caller.sender);
    let handed = tokio::task::spawn_blocking(move || {
        body::hand_on(packing, &bytes, &chunk, &source, &intake)
    });
    let (records, safe) = handed.await.map_err(|_| Refused::Later(LATER_SECONDS))??;
    drop(place);
    for safe in safe {
        let kept = safe.wait().await;
        kept.map_err(|_| Refused::Later(LATER_SECONDS))?;
    }
    lines.rates.wait(caller.sender, records);
    Ok(records)
}

/// The whole body.
async fn collect(mut body: Incoming, room: &mut Room<'_>) -> Result<Vec<u8>, Refused> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refused::With(StatusCode::BAD_REQUEST))?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        if bytes.len() + data.len() > body::MAX_BODY_BYTES {
            return Err(Refused::With(StatusCode::PAYLOAD_TOO_LARGE));
        }
        if !room.desk.hold(room.sender, data.len()) {
            return Err(Refused::Later(LATER_SECONDS));
        }
        room.bytes += data.len();
        bytes.extend_from_slice(data);
    }
    Ok(bytes)
}
