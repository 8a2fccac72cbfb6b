//! The six calls of the link.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_ENCODING, HeaderValue};
use hyper::{Method, Request, StatusCode};
use larum_core::address::{canonical, is_public, source_key};
use larum_core::watch::network;
use larum_link::body::{MAX_COMPRESSED_BYTES, decompress};
use larum_link::wire::{
    EnrolRequest, Heartbeat, MAX_WAIT_SECONDS, MAX_WARNINGS, RefusalCode, RenewRequest,
    TIME_HEADER, TRUST_HEADER, Warnings, WireWarning, path,
};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout, timeout_at};

use super::answer::{Answer, Refuse, empty, json};
use super::{LinkState, locked};
use crate::enrol::identity::{Peer, Shown};
use crate::enrol::{self, EnrolError};
use crate::ingest::{self, IngestError};
use crate::store::enrol::Standing;
use crate::store::{Store, StoreError};

/// A body must have arrived within this time.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest plain request body (enrolment, renewal, sign of life), in bytes.
const MAX_SMALL_BYTES: usize = 65_536;

/// The connection a call came over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    /// Where it comes from.
    pub address: IpAddr,
    /// The certificate shown, if one was.
    pub shown: Option<Shown>,
}

/// Answers one call.
pub(super) async fn answer(
    state: Arc<LinkState>,
    caller: Caller,
    request: Request<Incoming>,
) -> Answer {
    let call = match request.uri().path() {
        path::ENROL => "enrol",
        path::RENEW => "renew",
        path::BATCHES => "batches",
        path::HEARTBEAT => "heartbeat",
        path::WARNINGS => "warnings",
        path::BLOCKLIST => "blocklist",
        _ => "unknown",
    };
    let result = route(&state, caller, call, request).await;
    let mut answer = result.unwrap_or_else(|refuse| {
        state.metrics.refused(refuse.code);
        tracing::debug!(call, reason = refuse.code.as_str(), "call refused");
        refuse.answer(&state.words)
    });
    state.metrics.answered(call, answer.status().as_u16());
    let headers = answer.headers_mut();
    headers.insert(TIME_HEADER, state.clock.now().as_millis().into());
    if let Ok(trust) = HeaderValue::try_from(state.authority.trust()) {
        headers.insert(TRUST_HEADER, trust);
    }
    answer
}

async fn route(
    state: &Arc<LinkState>,
    caller: Caller,
    call: &str,
    request: Request<Incoming>,
) -> Result<Answer, Refuse> {
    let expected = if matches!(call, "warnings" | "blocklist") {
        Method::GET
    } else {
        Method::POST
    };
    if call == "unknown" {
        return Err(Refuse::with_status(
            RefusalCode::RequestMalformed,
            StatusCode::NOT_FOUND,
        ));
    }
    if request.method() != expected {
        return Err(Refuse::with_status(
            RefusalCode::RequestMalformed,
            StatusCode::METHOD_NOT_ALLOWED,
        ));
    }
    if call == "enrol" {
        return enrol_call(state, caller.address, request).await;
    }
    let (peer, standing) = admit(state, caller).await?;
    if let Err(seconds) =
        locked(&state.pace.quotas).take((peer.collector, call == "warnings"), state.clock.now())
    {
        return Err(Refuse::busy(seconds));
    }
    match call {
        "renew" => renew_call(state, peer, standing, request).await,
        "batches" => batch_call(state, peer, request).await,
        "heartbeat" => heartbeat_call(state, caller, peer, request).await,
        "blocklist" => super::blocklist::call(state, peer, request.uri().query()).await,
        _ => warnings_call(state, caller, peer, &request).await,
    }
}

/// Who may call is asked of the store at every call, so that a revoked collector is out at once, and
/// of the certificate's end and its authority's, which a connection may outlive.
async fn admit(state: &Arc<LinkState>, caller: Caller) -> Result<(Peer, Standing), Refuse> {
    let shown = caller.shown.ok_or(RefusalCode::NotAuthorised)?;
    let now = state.clock.now();
    if now < shown.not_before || now >= shown.not_after {
        return Err(RefusalCode::NotAuthorised.into());
    }
    if !state.authority.accepts(&shown.authority) {
        return Err(RefusalCode::NotAuthorised.into());
    }
    let found = blocking(state, move |store| store.standing(shown.peer.collector)).await;
    let standing = match found {
        Ok(standing) => standing,
        Err(StoreError::NotFound) => return Err(RefusalCode::NotAuthorised.into()),
        Err(error) => return Err(internal(&error)),
    };
    if standing.revoked.is_some() {
        return Err(RefusalCode::Revoked.into());
    }
    if standing.member != shown.peer.member {
        return Err(RefusalCode::NotAuthorised.into());
    }
    Ok((shown.peer, standing))
}

async fn enrol_call(
    state: &Arc<LinkState>,
    address: IpAddr,
    request: Request<Incoming>,
) -> Result<Answer, Refuse> {
    let from = source_key(address);
    let now = state.clock.now();
    locked(&state.pace.attempts)
        .take(from, now)
        .map_err(Refuse::busy)?;
    let body: EnrolRequest = read_json(request).await?;
    let (authority, life) = (state.authority.clone(), state.certificate_seconds);
    let enrolled = blocking(state, move |store| {
        Ok::<_, StoreError>(enrol::enrol(store, &authority, &body, now, life))
    })
    .await
    .map_err(|error| internal(&error))?
    .map_err(|error| enrol_refused(&error))?;
    // Only attempts that fail count against an address, so that an installer of many is not held up.
    locked(&state.pace.attempts).give_back(from);
    tracing::info!("a collector joined");
    Ok(json(StatusCode::OK, &enrolled))
}

async fn renew_call(
    state: &Arc<LinkState>,
    peer: Peer,
    standing: Standing,
    request: Request<Incoming>,
) -> Result<Answer, Refuse> {
    let body: RenewRequest = read_json(request).await?;
    let (authority, life) = (state.authority.clone(), state.certificate_seconds);
    let now = state.clock.now();
    let enrolled = blocking(state, move |store| {
        Ok::<_, StoreError>(enrol::renew(
            store, &authority, peer, &standing, &body, now, life,
        ))
    })
    .await
    .map_err(|error| internal(&error))?
    .map_err(|error| enrol_refused(&error))?;
    Ok(json(StatusCode::OK, &enrolled))
}

async fn batch_call(
    state: &Arc<LinkState>,
    peer: Peer,
    request: Request<Incoming>,
) -> Result<Answer, Refuse> {
    if request
        .headers()
        .get(CONTENT_ENCODING)
        .is_none_or(|coding| coding != "zstd")
    {
        return Err(Refuse::with_status(
            RefusalCode::BodyMalformed,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ));
    }
    let now = state.clock.now();
    if let Err(seconds) = state.quotas.admit(peer, now) {
        // The firm and whoever runs the hub are told; the collector waits whether or not that is kept.
        let noted = blocking(state, move |store| {
            store.note_over_quota(peer.collector, now)
        })
        .await;
        if let Err(error) = noted {
            tracing::error!(reason = "store", %error, "a quota that is used up was not noted");
        }
        return Err(Refuse {
            retry_after: Some(seconds),
            ..Refuse::from(RefusalCode::OverQuota)
        });
    }
    let body = read_bytes(request, MAX_COMPRESSED_BYTES).await?;
    let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
    match ingest::take(&state.queue, &state.authority, peer.collector, body, now).await {
        Ok(taken) => {
            state.metrics.batch(&taken);
            state.quotas.charge(peer, taken.kept, bytes, now);
            Ok(json(StatusCode::OK, &taken.receipt))
        }
        Err(IngestError::TooLarge) => Err(Refuse::with_status(
            RefusalCode::BodyMalformed,
            StatusCode::PAYLOAD_TOO_LARGE,
        )),
        Err(IngestError::Malformed) => Err(RefusalCode::BodyMalformed.into()),
        Err(IngestError::Conflict(conflict)) => {
            tracing::warn!(
                reason = "sequence-conflict",
                "a batch contradicts the chain"
            );
            Err(Refuse {
                expected: Some(conflict.expected),
                ..Refuse::from(RefusalCode::SequenceConflict)
            })
        }
        Err(IngestError::Busy(seconds)) => Err(Refuse {
            status: Some(StatusCode::SERVICE_UNAVAILABLE),
            ..Refuse::busy(seconds)
        }),
        Err(IngestError::Store(error)) => Err(internal(&error)),
        Err(IngestError::Unsigned(error)) => Err(internal(&error)),
    }
}

async fn heartbeat_call(
    state: &Arc<LinkState>,
    caller: Caller,
    peer: Peer,
    request: Request<Incoming>,
) -> Result<Answer, Refuse> {
    let heartbeat: Heartbeat = read_json(request).await?;
    let now = state.clock.now();
    // Written anew from the type, so that nothing is stored that the type has no place for.
    let json = serde_json::to_string(&heartbeat).map_err(|_| RefusalCode::BodyMalformed)?;
    blocking(state, move |store| {
        store.heartbeat(peer.collector, &json, now)?;
        // Behind a relay of the hub's own, or within one house, everybody has the same address: only a
        // public one tells whether two firms are one hand.
        let address = canonical(caller.address);
        let network = is_public(address).then(|| network(address).to_string());
        store.note_network(peer.collector, network.as_deref())
    })
    .await
    .map_err(|error| internal(&error))?;
    Ok(empty(StatusCode::NO_CONTENT))
}

async fn warnings_call(
    state: &Arc<LinkState>,
    caller: Caller,
    peer: Peer,
    request: &Request<Incoming>,
) -> Result<Answer, Refuse> {
    let (after, wait) = warnings_query(request.uri().query().unwrap_or_default())
        .ok_or(RefusalCode::RequestMalformed)?;
    let deadline = Instant::now() + Duration::from_secs(wait);
    let mut news = state.news.clone();
    let mut stopping = state.stopping.clone();
    loop {
        // Marked as seen before the store is asked: what comes in between wakes the wait below.
        news.mark_unchanged();
        let found = fetch(state, peer, after).await?;
        let stop = *stopping.borrow_and_update() || Instant::now() >= deadline;
        if !found.warnings.is_empty() || stop {
            return Ok(json(StatusCode::OK, &found));
        }
        let woken = timeout_at(deadline, async {
            tokio::select! {
                changed = news.changed() => changed.is_ok(),
                changed = stopping.changed() => changed.is_ok(),
            }
        });
        if let Ok(false) = woken.await {
            return Ok(json(StatusCode::OK, &found));
        }
        admit(state, caller).await?;
    }
}

async fn fetch(state: &Arc<LinkState>, peer: Peer, after: u64) -> Result<Warnings, Refuse> {
    let now = state.clock.now();
    let rows = blocking(state, move |store| {
        store.fetch_warnings(peer.member, after, MAX_WARNINGS, now)
    })
    .await
    .map_err(|error| internal(&error))?;
    let next = rows.last().map_or(after, |(id, _)| *id);
    let warnings = rows
        .iter()
        .filter_map(
            |(id, body)| match serde_json::from_str::<WireWarning>(body) {
                // The store's number is the one that counts.
                Ok(warning) => Some(WireWarning { id: *id, ..warning }),
                Err(_) => {
                    tracing::error!(
                        reason = "warning-unreadable",
                        "a stored warning was left out"
                    );
                    None
                }
            },
        )
        .collect();
    Ok(Warnings { warnings, next })
}

/// `after` and `wait`, each at most once, in any order; what else is there is ignored.
fn warnings_query(query: &str) -> Option<(u64, u64)> {
    let mut after = 0;
    let mut wait = 0;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=')? {
            ("after", number) => after = number.parse().ok()?,
            ("wait", number) => wait = number.parse().ok()?,
            _ => {}
        }
    }
    Some((after, wait.min(MAX_WAIT_SECONDS)))
}

async fn read_json<T: DeserializeOwned>(request: Request<Incoming>) -> Result<T, Refuse> {
    let packed = request
        .headers()
        .get(CONTENT_ENCODING)
        .is_some_and(|coding| coding == "zstd");
    let bytes = read_bytes(request, MAX_SMALL_BYTES).await?;
    let plain = if packed {
        decompress(&bytes, MAX_SMALL_BYTES).map_err(|_| RefusalCode::BodyMalformed)?
    } else {
        bytes.to_vec()
    };
    serde_json::from_slice(&plain).map_err(|_| RefusalCode::BodyMalformed.into())
}

async fn read_bytes(request: Request<Incoming>, limit_bytes: usize) -> Result<Bytes, Refuse> {
    let body = Limited::new(request.into_body(), limit_bytes).collect();
    match timeout(BODY_TIMEOUT, body).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refuse::with_status(
            RefusalCode::BodyMalformed,
            StatusCode::PAYLOAD_TOO_LARGE,
        )),
        Ok(Err(_)) => Err(RefusalCode::BodyMalformed.into()),
        Err(_) => Err(Refuse::with_status(
            RefusalCode::BodyMalformed,
            StatusCode::REQUEST_TIMEOUT,
        )),
    }
}

/// Runs store work where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    state: &Arc<LinkState>,
    work: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let store = state.store.clone();
    tokio::task::spawn_blocking(move || work(store.as_ref()))
        .await
        .unwrap_or_else(|_| Err(StoreError::Conflict("the work was cut off".into())))
}

fn enrol_refused(error: &EnrolError) -> Refuse {
    match error {
        EnrolError::Refused(code) => (*code).into(),
        other => internal(other),
    }
}

pub(super) fn internal(error: &dyn std::error::Error) -> Refuse {
    tracing::error!(reason = "internal", %error, "the hub could not answer a call");
    RefusalCode::Internal.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_numbers_or_refused() {
        for (input, expected) in [
            ("", Some((0, 0))),
            ("after=5&wait=10", Some((5, 10))),
            ("wait=999&after=18446744073709551615", Some((u64::MAX, 30))),
            ("after=5&new=x", Some((5, 0))),
            ("after=-1", None),
            ("after", None),
            ("after=99999999999999999999", None),
        ] {
            assert_eq!(warnings_query(input), expected, "{input}");
        }
    }
}
