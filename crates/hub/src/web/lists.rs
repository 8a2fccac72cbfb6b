//! A device fetches its blocklist: `/lists/FORMAT` with the device's token as password or bearer, or
//! `/lists/TOKEN/FORMAT` for devices that can only be given an address.
//!
//! The answer has an `ETag`; a device that asks again with it gets 304 until its list is another one.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, ETAG, IF_NONE_MATCH, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::routing::get;
use data_encoding::{BASE64, HEXLOWER};
use larum_core::blocklist::render::{Family, Format, render};
use sha2::{Digest as _, Sha256};

use super::WebState;
use super::answer::Answer;
use crate::people::secret_hash;
use crate::store::StoreError;

/// Longest token or credentials looked at, in bytes.
const MAX_SECRET_BYTES: usize = 512;
const TEXT: &str = "text/plain; charset=utf-8";

/// What is asked for beside the format.
#[derive(serde::Deserialize)]
struct Asked {
    /// `4`, `6` or both.
    family: Option<String>,
}

/// The doors for devices, beside those for people: no session and no role opens them, only a token.
pub(super) fn doors(pages: Router<Arc<WebState>>) -> Router<Arc<WebState>> {
    pages
        .route("/lists/{format}", get(by_header))
        .route("/lists/{secret}/{format}", get(by_address))
}

/// With the token in the address.
async fn by_address(
    State(state): State<Arc<WebState>>,
    Path((secret, format)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response<Body> {
    answer(state, Some(secret), format, asked, headers).await
}

/// With the token in the `Authorization` header, basic (any name) or bearer.
async fn by_header(
    State(state): State<Arc<WebState>>,
    Path(format): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response<Body> {
    let secret = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(password);
    answer(state, secret, format, asked, headers).await
}

/// The password of basic credentials, or the bearer's token.
fn password(value: &str) -> Option<String> {
    if value.len() > MAX_SECRET_BYTES {
        return None;
    }
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = BASE64.decode(rest.trim().as_bytes()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':').map(|(_, secret)| secret.to_owned())
}

async fn answer(
    state: Arc<WebState>,
    secret: Option<String>,
    format: String,
    asked: Asked,
    headers: HeaderMap,
) -> Response<Body> {
    let secure = state.secure();
    let refused = |status: StatusCode, text: &str| {
        let answer = Answer::of(TEXT, format!("{text}\n")).with_status(status);
        answer.into_response(secure)
    };
    let family = asked
        .family
        .as_deref()
        .map_or(Some(Family::Both), Family::from_word);
    let name = format.strip_suffix(".txt").unwrap_or(&format);
    let (Some(format), Some(family)) = (Format::from_word(name), family) else {
        return refused(
            StatusCode::NOT_FOUND,
            &state.words.say("hub-list-no-format"),
        );
    };
    let Some(secret) = secret.filter(|secret| secret.len() <= MAX_SECRET_BYTES) else {
        let mut response = refused(
            StatusCode::UNAUTHORIZED,
            &state.words.say("hub-list-no-token"),
        );
        let realm = HeaderValue::from_static("Basic realm=\"blocklist\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, realm);
        return response;
    };
    let asking = Arc::clone(&state);
    let found = tokio::task::spawn_blocking(move || fetch(&asking, &secret)).await;
    match found {
        Ok(Ok(sources)) => fresh(&render(&sources, format, family), &headers, secure),
        Ok(Err(StoreError::NotFound)) => refused(
            StatusCode::UNAUTHORIZED,
            &state.words.say("hub-list-no-token"),
        ),
        Ok(Err(_)) | Err(_) => {
            tracing::error!(reason = "store", "a blocklist could not be served");
            // A device keeps what it has; an empty list would take its walls down.
            refused(
                StatusCode::SERVICE_UNAVAILABLE,
                &state.words.say("hub-list-later"),
            )
        }
    }
}

fn fetch(state: &WebState, secret: &str) -> Result<Vec<IpAddr>, StoreError> {
    let now = state.clock.now();
    let device = state.store.device(&secret_hash(secret), now)?;
    let entries = state.store.list(device.member, device.size, now)?;
    Ok(entries.into_iter().map(|entry| entry.source).collect())
}

/// The list, or that it is the one the device has.
fn fresh(text: &str, headers: &HeaderMap, secure: bool) -> Response<Body> {
    let tag = format!("\"{}\"", HEXLOWER.encode(&Sha256::digest(text.as_bytes())));
    let same = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == tag || known.trim() == "*");
    let answer = if same {
        Answer::of(TEXT, String::new()).with_status(StatusCode::NOT_MODIFIED)
    } else {
        Answer::of(TEXT, text.to_owned())
    };
    let mut response = answer.into_response(secure);
    let out = response.headers_mut();
    out.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        out.insert(ETAG, tag);
    }
    response
}
