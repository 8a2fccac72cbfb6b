//! The session cookie, and whether a form came from our own pages.
//!
//! Standards: RFC 6265bis (`__Host-`, `SameSite`), Fetch metadata request headers.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HOST, ORIGIN};

use crate::people::challenge::CHALLENGE_SECONDS;
use crate::people::{SECRET_CHARS, SESSION_SECONDS};

const SECURE_NAME: &str = "__Host-larum";
/// Without TLS (a hub on one's own machine) browsers refuse the `__Host-` prefix.
const PLAIN_NAME: &str = "larum";

const SECURE_AWAY: &str = "__Host-larum-away";
const PLAIN_AWAY: &str = "larum-away";
/// Longest note kept of somebody who left for a provider, in bytes.
const MAX_AWAY_BYTES: usize = 1_024;

const fn name(secure: bool) -> &'static str {
    if secure { SECURE_NAME } else { PLAIN_NAME }
}

/// The token in the request's cookie, if there is one of the right shape.
pub(super) fn token(headers: &HeaderMap, secure: bool) -> Option<&str> {
    cookies(headers)
        .find(|(found, value)| *found == name(secure) && value.len() == SECRET_CHARS)
        .map(|(_, value)| value)
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
}

/// The note of somebody who left for a provider, if there is one.
pub(super) fn kept(headers: &HeaderMap, secure: bool) -> Option<&str> {
    let wanted = if secure { SECURE_AWAY } else { PLAIN_AWAY };
    cookies(headers)
        .find(|(found, value)| *found == wanted && value.len() <= MAX_AWAY_BYTES)
        .map(|(_, value)| value)
}

/// The cookie that notes it, for as long as a challenge is good. `Lax`, because coming back begins on
/// the provider's page.
pub(super) fn away(note: &str, secure: bool) -> String {
    let (name, flag) = if secure {
        (SECURE_AWAY, "; Secure")
    } else {
        (PLAIN_AWAY, "")
    };
    format!("{name}={note}; Path=/; HttpOnly; SameSite=Lax; Max-Age={CHALLENGE_SECONDS}{flag}")
}

/// The cookie that begins a session. `Lax`, so that somebody signed in who follows a link from an
/// e-mail arrives signed in; forms from other sites are refused by [`same_site`] too.
pub(super) fn begin(token: &str, secure: bool) -> String {
    let flag = if secure { "; Secure" } else { "" };
    format!(
        "{}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={SESSION_SECONDS}{flag}",
        name(secure)
    )
}

/// The cookie that ends it.
pub(super) fn end(secure: bool) -> String {
    let flag = if secure { "; Secure" } else { "" };
    format!(
        "{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{flag}",
        name(secure)
    )
}

/// Whether a form was sent by a page of ours. Browsers say so in `Sec-Fetch-Site`, older ones in
/// `Origin`; a request with neither is refused.
pub(super) fn same_site(headers: &HeaderMap, page_url: &str) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(axum::http::HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    let Some(origin) = text(ORIGIN) else {
        return false;
    };
    // The host asked for counts as ours too: a hub is reached by an address as well as by its name.
    let host = origin.split_once("://").map(|(_, host)| host);
    origin == page_url || (host.is_some() && host == text(HOST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn finds_its_own_cookie_only() {
        const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz0123456789-_ABCDE";
        let check = |cookie: &str, secure, expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_str(cookie).unwrap());
            assert_eq!(token(&headers, secure), expected, "{cookie}");
        };
        check(&format!("a=b; larum={TOKEN}"), false, Some(TOKEN));
        check(&format!("a=b; larum={TOKEN}"), true, None);
        check(&format!("__Host-larum={TOKEN}; x=y"), true, Some(TOKEN));
        check("larum=short", false, None);
        check("larum", false, None);
        assert!(begin(TOKEN, true).starts_with("__Host-larum="));
        assert!(begin(TOKEN, true).ends_with("; Secure"));
    }

    #[test]
    fn forms_come_from_our_own_pages() {
        let check = |pairs, expected| {
            let headers = headers(pairs);
            assert_eq!(
                same_site(&headers, "https://hub.example.org"),
                expected,
                "{pairs:?}"
            );
        };
        check(&[("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "cross-site")], false);
        check(&[("sec-fetch-site", "same-site")], false);
        check(&[("sec-fetch-site", "none")], false);
        check(
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://hub.example.org"),
            ],
            false,
        );
        check(&[("origin", "https://hub.example.org")], true);
        check(
            &[
                ("origin", "http://127.0.0.1:8080"),
                ("host", "127.0.0.1:8080"),
            ],
            true,
        );
        check(
            &[
                ("origin", "https://evil.example"),
                ("host", "hub.example.org"),
            ],
            false,
        );
        check(&[("origin", "null"), ("host", "hub.example.org")], false);
        check(&[("origin", "null")], false);
        check(&[], false);
    }
}
