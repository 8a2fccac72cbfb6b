//! The one way to an answer: whose key, how often, what does the key and then the access matrix say;
//! then the call, off the runtime's threads because the store blocks.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{MutexGuard, PoisonError};

use axum::body::{Body, HttpBody as _};
use axum::extract::{ConnectInfo, FromRequestParts as _, MatchedPath, RawPathParams, Request};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use data_encoding::HEXLOWER;
use larum_core::address::source_key;
use larum_core::time::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::problem::{Code, Problem};
use super::query::Asked;
use super::{ApiState, KeyPlace};
use crate::access::{self, Action, Denied, Opener, Scope, Sealed, Viewer};
use crate::id::MemberId;
use crate::keys;
use crate::store::Store;
use crate::store::api::KeyRow;

/// Longest `Authorization` header read, in bytes.
const MAX_AUTHORIZATION_BYTES: usize = 256;
/// Bytes of the hash in an entity tag.
const TAG_BYTES: usize = 16;

/// One call of a program, as an operation sees it.
pub(super) struct Call<'a> {
    pub state: &'a ApiState,
    pub viewer: &'a Viewer,
    pub key: &'a KeyRow,
    /// What the access matrix grants for this operation.
    pub scope: Scope,
    opener: Opener<'a>,
    /// The hub's time.
    pub now: Timestamp,
    parts: &'a Parts,
    params: &'a BTreeMap<String, String>,
}

impl Call<'_> {
    /// The store. Its reading calls want [`Call::scope`].
    pub fn store(&self) -> &dyn Store {
        &*self.state.store
    }

    /// Gets out what the store sealed, after the audit ledger was written.
    pub fn open<T>(&mut self, sealed: Sealed<T>) -> Result<T, Problem> {
        Ok(self.opener.open(sealed)?)
    }

    /// The key's owner's own firm.
    pub fn own(&self) -> Result<MemberId, Problem> {
        self.scope.member().ok_or(Code::NotFound.into())
    }

    /// The query, in which only `known` parameters may stand.
    pub fn asked(&self, known: &[&'static str]) -> Result<Asked, Problem> {
        Asked::read(&self.parts.uri, known)
    }

    /// The number in the path.
    pub fn number(&self) -> Result<u64, Problem> {
        self.id_text()?.parse().map_err(|_| Code::NotFound.into())
    }

    /// The firm in the path.
    pub fn member(&self) -> Result<MemberId, Problem> {
        MemberId::parse(self.id_text()?).ok_or(Code::NotFound.into())
    }

    fn id_text(&self) -> Result<&str, Problem> {
        let text = self.params.get("id").ok_or(Problem::from(Code::NotFound))?;
        Ok(text)
    }
}

/// Answers `request`: `work` gives what is sent as JSON.
pub(super) async fn serve<T: Serialize + 'static>(
    state: std::sync::Arc<ApiState>,
    action: Action,
    request: Request,
    work: fn(&mut Call<'_>) -> Result<T, Problem>,
) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    let operation = parts.extensions.get::<MatchedPath>().cloned();
    let operation = operation
        .as_ref()
        .map_or("", MatchedPath::as_str)
        .to_owned();
    let params = match RawPathParams::from_request_parts(&mut parts, &()).await {
        Ok(found) => found
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        Err(_) => BTreeMap::new(),
    };
    let asked = state.clone();
    let answered = if body.is_end_stream() {
        let answering = move || answer(&asked, action, &parts, &params, work);
        tokio::task::spawn_blocking(answering)
            .await
            .unwrap_or_else(|error| {
                tracing::error!(panicked = error.is_panic(), "a call failed");
                Err(Code::Failed.into())
            })
    } else {
        // No call takes a body; one that is announced is not waited for.
        Err(Code::WrongRequest.into())
    };
    let answer = answered.unwrap_or_else(|problem| {
        tracing::info!(
            reason = problem.code.as_str(),
            operation,
            "a call was refused"
        );
        problem.answer(&state.words)
    });
    state.metrics.answered(&operation, answer.status().as_u16());
    dressed(answer, state.secure())
}

fn answer<T: Serialize>(
    state: &ApiState,
    action: Action,
    parts: &Parts,
    params: &BTreeMap<String, String>,
    work: fn(&mut Call<'_>) -> Result<T, Problem>,
) -> Result<Response<Body>, Problem> {
    let (key, viewer) = caller(state, parts)?;
    // A key says what it was made for; that it is alive is enough to ask who it is.
    if action != Action::Session && !key.actions.contains(&action) {
        return Err(Code::NotForKey.into());
    }
    let scope = access::enter(Some(&viewer), action)?;
    // Programs get rows as they are: nothing is masked for them, so they get none of those.
    if scope.masked() {
        return Err(Denied::NotForRole.into());
    }
    let now = state.clock.now();
    // The prefix is cut off where the router is nested; the ledger names the whole address.
    let subject = format!("{}{}", super::PREFIX, parts.uri.path());
    let mut call = Call {
        state,
        viewer: &viewer,
        key: &key,
        scope,
        opener: Opener::new(&*state.store, &viewer, action, subject, now),
        now,
        parts,
        params,
    };
    let value = work(&mut call)?;
    let body = serde_json::to_string(&value).map_err(|_| Problem::from(Code::Failed))?;
    Ok(tagged(body, &parts.headers))
}

/// Whose key it is, counted against its allowance. Keys that open nothing count against the address
/// they come from, so that guessing is slow and does not hold up those who have a key.
fn caller(state: &ApiState, parts: &Parts) -> Result<(KeyRow, Viewer), Problem> {
    let hash = presented(&parts.headers)?;
    let now = state.people_clock.now();
    let place = place(&hash).ok_or(Problem::from(Code::KeyUnknown))?;
    let from = address(parts);
    let known = locked(&state.pace.keys).contains(&place);
    if known {
        locked(&state.pace.keys)
            .take(place, now)
            .map_err(Problem::wait)?;
    } else {
        locked(&state.pace.strangers)
            .take(from, now)
            .map_err(Problem::wait)?;
    }
    let (key, viewer) = state.store.use_key(&hash, now)??;
    if !known {
        locked(&state.pace.strangers).give_back(from);
        locked(&state.pace.keys)
            .take(place, now)
            .map_err(Problem::wait)?;
    }
    Ok((key, viewer))
}

/// A key's place in the table of allowances.
fn place(hash: &str) -> Option<KeyPlace> {
    hash.as_bytes().try_into().ok()
}

/// The hash of the key in the one `Authorization` header (RFC 6750, 2.1).
fn presented(headers: &HeaderMap) -> Result<String, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err(Code::NoKey.into());
    };
    if values.next().is_some() || value.len() > MAX_AUTHORIZATION_BYTES {
        return Err(Code::KeyUnknown.into());
    }
    let text = value
        .to_str()
        .map_err(|_| Problem::from(Code::KeyUnknown))?;
    let (scheme, key) = text
        .split_once(' ')
        .ok_or(Problem::from(Code::KeyUnknown))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Code::NoKey.into());
    }
    keys::hash(key.trim()).ok_or(Code::KeyUnknown.into())
}

fn address(parts: &Parts) -> IpAddr {
    parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |info| {
            source_key(info.0.ip())
        })
}

/// The body with its tag, or only the tag where the caller has that body already (RFC 9110, 13.1.2).
fn tagged(body: String, headers: &HeaderMap) -> Response<Body> {
    let hash = Sha256::digest(body.as_bytes());
    let tag = format!(
        "\"{}\"",
        HEXLOWER.encode(hash.get(..TAG_BYTES).unwrap_or_default())
    );
    let held = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|held| held.trim().trim_start_matches("W/"))
        .any(|held| held == tag || held == "*");
    let mut answer = if held {
        let mut answer = Response::new(Body::empty());
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        answer
    } else {
        let mut answer = Response::new(Body::from(body));
        let kind = HeaderValue::from_static("application/json");
        answer.headers_mut().insert(CONTENT_TYPE, kind);
        answer
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.headers_mut().insert(ETAG, tag);
    }
    answer
}

/// With the headers that every answer gets.
pub(super) fn dressed(mut answer: Response<Body>, secure: bool) -> Response<Body> {
    let headers = answer.headers_mut();
    for (name, value) in [
        // Kept by nobody but the caller, and asked for again each time.
        (CACHE_CONTROL, "private, no-cache"),
        (VARY, "authorization"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if secure {
        let value = HeaderValue::from_static("max-age=63072000");
        headers.insert(STRICT_TRANSPORT_SECURITY, value);
    }
    answer
}

/// A panic while a limiter was held leaves at worst one call uncounted.
fn locked<T>(mutex: &std::sync::Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
