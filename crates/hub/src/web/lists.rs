//! A device fetches its blocklist ([`larum_link::blocklist`]).

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, ETAG, IF_NONE_MATCH, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri};
use axum::routing::get;
use larum_link::blocklist::{Asked, NotAsked, is_known};

use super::WebState;
use super::answer::Answer;
use crate::people::secret_hash;
use crate::store::StoreError;

const TEXT: &str = "text/plain; charset=utf-8";

/// The doors for devices, beside those for people: no session and no role opens them, only a token.
pub(super) fn doors(pages: Router<Arc<WebState>>) -> Router<Arc<WebState>> {
    pages
        .route("/lists/{format}", get(answer))
        .route("/lists/{secret}/{format}", get(answer))
}

async fn answer(
    State(state): State<Arc<WebState>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    let secure = state.secure();
    let refused = |status: StatusCode, word: &str| {
        let text = state.words.say(word);
        let answer = Answer::of(TEXT, format!("{text}\n")).with_status(status);
        answer.into_response(secure)
    };
    let credentials = headers.get(AUTHORIZATION);
    let credentials = credentials.and_then(|value| value.to_str().ok());
    let asked = match Asked::read(uri.path(), uri.query(), credentials) {
        Ok(asked) => asked,
        Err(NotAsked::NoFormat) => return refused(StatusCode::NOT_FOUND, "hub-list-no-format"),
        Err(NotAsked::NoToken) => {
            let mut response = refused(StatusCode::UNAUTHORIZED, "hub-list-no-token");
            let realm = HeaderValue::from_static("Basic realm=\"blocklist\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, realm);
            return response;
        }
    };
    let (asking, secret) = (Arc::clone(&state), asked.secret.clone());
    let found = tokio::task::spawn_blocking(move || fetch(&asking, &secret)).await;
    match found {
        Ok(Ok(sources)) => fresh(asked.answer(&sources), &headers, secure),
        Ok(Err(StoreError::NotFound)) => refused(StatusCode::UNAUTHORIZED, "hub-list-no-token"),
        Ok(Err(_)) | Err(_) => {
            tracing::error!(reason = "store", "a blocklist could not be served");
            // A device keeps what it has; an empty list would take its walls down.
            refused(StatusCode::SERVICE_UNAVAILABLE, "hub-list-later")
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
fn fresh((text, tag): (String, String), headers: &HeaderMap, secure: bool) -> Response<Body> {
    let known = headers.get_all(IF_NONE_MATCH).iter();
    let answer = if is_known(known.filter_map(|value| value.to_str().ok()), &tag) {
        Answer::of(TEXT, String::new()).with_status(StatusCode::NOT_MODIFIED)
    } else {
        Answer::of(TEXT, text)
    };
    let mut response = answer.into_response(secure);
    let out = response.headers_mut();
    out.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        out.insert(ETAG, tag);
    }
    response
}
